import { isPending } from '../internal/pending.ts';
import type { ChatError } from '../outcome/chat-error.ts';
import { isChatError } from '../outcome/chat-error.ts';
import type { Report } from '../outcome/report.ts';
import { addIssue } from '../outcome/report-issues.ts';
import { compareDecimals } from '../cost/exact.ts';
import type { Candidate } from './candidate.ts';
import type { EndedCall } from '../cost/spent.ts';
import { spentUsd } from '../cost/spent.ts';
import type { Reserved, Spending } from './spending.ts';

/**
 * Sets aside what a vendor's turn could cost. Gives the refusal where the limit does not leave so much; a cheaper vendor may
 * do.
 *
 * @throws ChatError what is wrong with the request
 */
export async function reserve(
  spending: Spending | undefined,
  candidate: Candidate,
  params: unknown,
): Promise<Reserved | ChatError | undefined> {
  const reserved = await spending?.(candidate, params);
  if (isChatError(reserved) && reserved.code !== 'budget_exceeded') throw reserved;
  return reserved;
}

/**
 * A limit holds as far as vendors keep to `max_tokens`. One that does not has spent more than was set aside, and the report
 * says so; all of it counts against the limit.
 */
export function noteOverspent(reserved: Reserved | undefined, report: Report): void {
  const { cost, usage } = report;
  if (reserved === undefined || cost === undefined) return;
  const { reservation, estimate } = reserved;
  const { answerTokens, isLimited } = estimate;
  const written = usage?.completion_tokens ?? 0;
  if (!isLimited || written <= answerTokens || compareDecimals(cost.usd, reservation.usd) <= 0) {
    return;
  }
  const message = `the vendor did not keep to max_tokens ${answerTokens}: it counted ${written} tokens of answer. They cost ${cost.usd} USD, and ${reservation.usd} USD was set aside for them`;
  addIssue(report.issues, {
    code: 'max_tokens_exceeded',
    path: 'usage.completion_tokens',
    message,
  });
}

/** What a turn has cost takes the place of what was set aside for it; where nobody knows, that stays. */
export function pay(reserved: Reserved | undefined, ended: EndedCall | undefined): void {
  if (reserved === undefined) return;
  const { reservation, estimate } = reserved;
  const settled = reservation.settle(spentUsd(ended, reservation.usd, estimate.prices));
  // A store that is away says so by its own means; the call has its answer.
  if (isPending(settled)) settled.catch(() => {});
}
