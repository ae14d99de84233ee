import type { ReportUsage } from '../schema/usage.ts';
import { addDecimals } from './decimal.ts';
import { maxUsdOf } from './estimate.ts';
import type { BilledAttempt } from './may-be-billed.ts';
import { mayBeBilled } from './may-be-billed.ts';
import type { Cost, Prices } from './prices.ts';

/** What is known of a call, or of a vendor's turn in one, that has ended. */
export interface EndedCall {
  attempts: readonly BilledAttempt[];
  usage?: ReportUsage | undefined;
  cost?: Pick<Cost, 'usd' | 'unpriced'> | undefined;
  issues?: readonly { code: string }[] | undefined;
}

/**
 * What takes the place of the money that was set aside for a call: what it cost. Where the vendor has counted the tokens,
 * but not those from the cache, it is the most that they can cost, since a limit has to hold. For each attempt of which
 * nobody knows that either, what was set aside stays; `undefined` if that is all of it.
 */
export function spentUsd(
  ended: EndedCall | undefined,
  reservedUsd: string,
  prices: Prices | undefined,
): string | undefined {
  if (ended === undefined) return undefined;
  const { attempts, cost } = ended;
  const counted = cost === undefined ? mostOfCounts(ended, prices) : undefined;
  const known = cost?.usd ?? counted;
  const billable = attempts.filter(mayBeBilled).length;
  const untold = counted === undefined ? billable : Math.max(0, billable - 1);
  const unknown = cost === undefined ? untold : (cost.unpriced ?? 0);
  if (known === undefined && unknown === 1) return undefined;
  let usd = known ?? '0';
  for (let each = 0; each < unknown; each++) usd = addDecimals(usd, reservedUsd);
  return usd;
}

function mostOfCounts({ usage, issues = [] }: EndedCall, prices: Prices | undefined) {
  const { prompt_tokens, completion_tokens } = usage ?? {};
  if (prices === undefined || prompt_tokens === undefined || completion_tokens === undefined) {
    return undefined;
  }
  // What the vendor's own tools cost is in no count.
  if (issues.some(({ code }) => code === 'unpriced_tools')) return undefined;
  return maxUsdOf(prices, prompt_tokens, completion_tokens);
}
