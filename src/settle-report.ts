import type { ResolvedOptions } from './options.ts';
import { costOf } from './providers/dialect/cost.ts';
import { isFlashModel } from './providers/dialect/encoding.ts';
import type { NoteIssue, Report } from './report.ts';
import type { ChatCompletion } from './schema/response.ts';
import type { CompletionUsage } from './schema/usage.ts';
import { withCacheCounters } from './schema/usage.ts';

/** What an answer, whole or partial, adds to the report of its call: counts, cost, whether the model thought. */
export function settleReport(
  report: Report,
  completion: ChatCompletion,
  { provider, pricing }: ResolvedOptions,
  note: NoteIssue,
): void {
  if (completion.usage !== undefined) report.usage = withCacheCounters(completion.usage);
  const sentAt = report.attempts.at(-1)?.startedAt ?? report.timings.startedAt;
  const isFlash = isFlashModel(report.model);
  const cost = costOf(completion, provider.profile, pricing, isFlash, sentAt);
  if (cost !== undefined) report.cost = cost;
  // Some vendors put nothing but a price there; counts that were not given are not zero.
  if (completion.usage !== undefined && !hasCounts(completion.usage)) {
    delete completion.usage;
    delete report.usage;
  }
  settleThinking(report, completion, note);
}

function hasCounts({ prompt_tokens, completion_tokens, total_tokens }: CompletionUsage): boolean {
  return (prompt_tokens ?? completion_tokens ?? total_tokens) != null;
}

/** A switch that a vendor takes and ignores costs money and time, and nothing else tells of it. */
function settleThinking(
  { thinking, completion: state }: Report,
  completion: ChatCompletion,
  note: NoteIssue,
): void {
  if (thinking === undefined) return;
  const tokens = completion.usage?.completion_tokens_details?.reasoning_tokens ?? 0;
  const texts = completion.choices.map(({ message }) => message.reasoning_content);
  thinking.seen = tokens > 0 || texts.some((text) => text != null && text !== '');
  if (thinking.asked === 'disabled' && thinking.seen) {
    const message = 'the model thought, although it was asked not to';
    note({ code: 'thinking_not_off', path: 'thinking', message });
  }
  if (thinking.asked === 'enabled' && !thinking.seen && state === 'complete') {
    const message = 'no reasoning came, although it was asked for';
    note({ code: 'thinking_not_seen', path: 'thinking', message });
  }
}

/** What kind of end an answer had. */
export function completionState(completion: ChatCompletion): Report['completion'] {
  const [{ finish_reason, message }] = completion.choices;
  switch (finish_reason) {
    case 'length': {
      const isEmpty = !message.content && !message.tool_calls?.length;
      const counted = completion.usage?.completion_tokens_details?.reasoning_tokens ?? 0;
      const hasThought = counted > 0 || !!message.reasoning_content;
      return isEmpty && hasThought ? 'reasoning_exhausted' : 'length';
    }
    case 'content_filter':
      return 'content_filter';
    // The vendor's own words for "not finished".
    case 'insufficient_system_resource':
    case 'aborted':
    case 'error':
    case null:
      return 'interrupted';
    default:
      return 'complete';
  }
}
