import type { Asked, Asker } from './ask.ts';
import { attachToError, isChatError } from '../outcome/chat-error.ts';
import type { RequestOptions } from '../options/options.ts';
import { defaultModel, findModel } from '../dialect/models.ts';
import type { Profile } from '../dialect/profile.ts';
import type { ThinkingStyle } from '../dialect/thinking.ts';
import { thinkingStyle } from '../dialect/thinking.ts';
import type { Report } from '../outcome/report.ts';
import type { ReasoningEffort } from '../schema/request.ts';
import { addIssue } from '../outcome/report-issues.ts';
import type { ChatCompletionWithReport } from '../outcome/with-report.ts';
import { continueReport } from '../outcome/combine-reports.ts';

/** A whole answer; asked for once more if all its tokens went into thinking, and the caller wants that. */
export async function completeRecovering(
  asker: Pick<Asker, 'complete' | 'withLessThinking'>,
  asked: Asked,
): Promise<{ completion: ChatCompletionWithReport; params: Record<string, unknown> }> {
  const completion = await asker.complete(asked);
  const params = asker.withLessThinking(asked, completion.report);
  if (params === undefined) {
    return { completion, params: asked.params as Record<string, unknown> };
  }
  const again = (): Promise<ChatCompletionWithReport> => asker.complete({ ...asked, params });
  const recovered = await continueCall(completion, again);
  noteRecovery(recovered.report);
  return { completion: recovered, params };
}

/** Says what came of asking again. */
export function noteRecovery(report: Report): void {
  const path = 'thinking';
  addIssue(
    report.issues,
    report.completion === 'reasoning_exhausted'
      ? {
          code: 'reasoning_not_recovered',
          path,
          message: 'all tokens went into thinking, also when asked with less of it',
        }
      : {
          code: 'reasoning_recovered',
          path,
          message: 'all tokens went into thinking; asked once more, with less of it',
        },
  );
}

/**
 * The request with less thinking, if that is wanted after such an end; `undefined` if not, or if the vendor offers no
 * less, which is noted.
 */
export function recoveryParams(
  profile: Profile,
  { params, options }: Asked,
  report: Report,
): Record<string, unknown> | undefined {
  // Only what the caller's object itself has, as with all options.
  const isGiven = options != null && Object.hasOwn(options, 'onReasoningExhausted');
  const wanted = (isGiven ? options.onReasoningExhausted : undefined) ?? 'return';
  if (wanted === 'return' || report.completion !== 'reasoning_exhausted') return undefined;
  const given = params as Record<string, unknown>;
  const asked = typeof given.model === 'string' ? given.model : defaultModel;
  const style = thinkingStyle(profile, findModel(asked, profile));
  const isPossible = wanted === 'disable' ? style.off !== undefined : lowers(style, given);
  const path = 'thinking';
  if (!isPossible) {
    const message = `all tokens went into thinking, and ${profile.name} offers no way to think less`;
    addIssue(report.issues, { code: 'reasoning_not_recovered', path, message });
    return undefined;
  }
  return wanted === 'disable'
    ? { ...given, thinking: { type: 'disabled' }, reasoning_effort: null }
    : { ...given, thinking: null, reasoning_effort: 'low' };
}

function lowers({ effort }: ThinkingStyle, given: Record<string, unknown>): boolean {
  const { reasoning_effort, thinking } = given as {
    reasoning_effort?: ReasoningEffort | null;
    thinking?: { reasoning_effort?: ReasoningEffort | null } | null;
  };
  const asked = reasoning_effort ?? thinking?.reasoning_effort ?? 'high';
  if (effort === undefined || asked === 'minimal' || asked === 'low') return false;
  // The vendor may have nothing below what it was asked for.
  const before = asked === 'none' ? undefined : effort.values[asked === 'ultra' ? 'max' : asked];
  return before !== effort.values.low;
}

/** Does another turn of the same call: its report, or that of its error, covers both. */
export async function continueCall(
  before: ChatCompletionWithReport,
  turn: () => Promise<ChatCompletionWithReport>,
): Promise<ChatCompletionWithReport> {
  try {
    const completion = await turn();
    continueReport(before.report, completion.report);
    return completion;
  } catch (error) {
    continueError(before, error);
    throw error;
  }
}

/** Gives the error of a later turn what was there before: what was paid for is not lost with it. */
export function continueError(before: ChatCompletionWithReport, error: unknown): void {
  if (!isChatError(error)) return;
  if (error.report === undefined) attachToError(error, { report: before.report });
  else continueReport(before.report, error.report, 'what is known');
  if (error.partial === undefined) attachToError(error, { partial: before });
}

/** A request's options without those that are for whole calls only. */
export function streamOptions(
  options: RequestOptions<unknown> | null | undefined,
): RequestOptions<unknown> {
  const { onReasoningExhausted: _recovery, ...rest } = options ?? {};
  return rest;
}
