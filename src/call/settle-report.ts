import { costOf } from '../cost/cost.ts';
import { mayBeBilled } from '../cost/may-be-billed.ts';
import { findModel } from '../dialect/models.ts';
import { isOtherModel } from '../dialect/other-model.ts';
import type { Profile } from '../dialect/profile.ts';
import type { ResolvedOptions } from '../options/options.ts';
import type { Secrets } from '../outcome/redact.ts';
import type { Report } from '../outcome/report.ts';
import type { CallParts } from './call-parts.ts';
import type { NoteIssue } from '../schema/issue.ts';
import { callsInText } from '../schema/call-in-text.ts';
import type { FinishWords } from '../schema/finish-reason.ts';
import { announcesCalls, answerEnd, knownEnd } from '../schema/finish-reason.ts';
import type { Choice, DecodedCompletion } from '../schema/response.ts';
import { countUsage } from '../schema/count-usage.ts';
import { cacheCounts, hasCounts, reportUsage } from '../schema/usage.ts';

/** What an answer, whole or partial, adds to the report of its call: who answered, counts, cost, whether the model thought. */
export function settleReport(
  { report, options, secrets, note, hasServerTools, body, watchCache }: CallParts,
  completion: DecodedCompletion,
): void {
  settleModel(report, completion, options.provider.profile, secrets, note);
  settleCost(report, completion, options, hasServerTools, note);
  settleUsage(report, completion);
  settleCache(report);
  watchCache?.(report, body, note);
  settleThinking(report, completion, note);
}

function settleModel(
  report: Report,
  { model }: DecodedCompletion,
  profile: Profile,
  secrets: Secrets,
  note: NoteIssue,
): void {
  // Not every answer names one.
  if (model.trim() === '') return;
  report.answeredBy = model === report.model ? model : secrets.redactName(model);
  if (model === report.model || !isOtherModel(report.model, model, profile)) return;
  const message = 'the answer names another model than the one requested; see answeredBy';
  note({ code: 'other_model', path: 'model', message });
}

function settleCost(
  report: Report,
  completion: DecodedCompletion,
  { provider: { profile }, pricing }: ResolvedOptions,
  hasServerTools: boolean,
  note: NoteIssue,
): void {
  const sentAt = report.attempts.at(-1)?.startedAt ?? report.timings.startedAt;
  const priced = { cost: profile.cost, prices: findModel(report.model, profile)?.prices };
  const cost = costOf(completion, priced, pricing, sentAt, note);
  // Only the vendor itself knows what its tools cost.
  if (hasServerTools && cost?.source !== 'provider') {
    const message = 'tools run by the vendor cost extra, and the vendor does not say how much';
    note({ code: 'unpriced_tools', path: 'cost', message });
  } else if (cost !== undefined) {
    // Attempts before the one that answered told nothing.
    const unpriced = report.attempts.slice(0, -1).filter(mayBeBilled).length;
    report.cost = unpriced === 0 ? cost : { ...cost, unpriced };
  }
}

/** The report has what came; the completion has counts that are whole, or none. */
function settleUsage(report: Report, completion: DecodedCompletion): void {
  const { usage } = completion;
  if (usage === undefined) return;
  const counted = countUsage(completion).usage;
  // Some vendors put nothing but a price there.
  if (hasCounts(usage)) report.usage = reportUsage(usage, counted);
}

/** How much of the prompt came from the vendor's cache. */
function settleCache(report: Report): void {
  const { hit, miss } = cacheCounts(report.usage ?? {});
  if (hit === undefined || miss === undefined || hit + miss === 0) return;
  report.cache = { hitTokens: hit, missTokens: miss, hitRate: hit / (hit + miss) };
}

/** A switch that a vendor accepts but ignores costs money and time, and only this shows it. */
function settleThinking(
  { thinking, usage, completion: state }: Report,
  completion: DecodedCompletion,
  note: NoteIssue,
): void {
  if (thinking === undefined) return;
  const tokens = usage?.completion_tokens_details?.reasoning_tokens ?? 0;
  const texts = completion.choices.map(({ message }) => message.reasoning_content);
  thinking.seen = tokens > 0 || texts.some((text) => text != null && text !== '');
  if (thinking.asked === 'disabled' && thinking.seen) {
    const message = 'the model thought, although thinking was disabled';
    note({ code: 'thinking_not_off', path: 'thinking', message });
  }
  if (thinking.asked === 'enabled' && !thinking.seen && state === 'complete') {
    const message = 'no reasoning arrived, although it was requested';
    note({ code: 'thinking_not_seen', path: 'thinking', message });
  }
}

/** What kind of end an answer had. */
export function completionState(
  completion: DecodedCompletion,
  words: FinishWords | undefined,
): Report['completion'] {
  const [{ finish_reason, message }] = completion.choices;
  const end = answerEnd(finish_reason, words);
  if (end === 'good') return 'complete';
  if (end !== 'length') return end;
  const isEmpty = !message.content && !message.tool_calls?.length;
  const counted = completion.usage?.completion_tokens_details?.reasoning_tokens ?? 0;
  const hasThought = counted > 0 || !!message.reasoning_content;
  return isEmpty && hasThought ? 'reasoning_exhausted' : 'length';
}

/**
 * What is odd about the end of an answer.
 *
 * @param hasTools whether the request offered some
 */
export function noteEnd(
  { choices }: DecodedCompletion,
  words: FinishWords | undefined,
  hasTools: boolean,
  note: NoteIssue,
): void {
  for (const choice of choices) {
    const path = `choices.${choice.index}`;
    const end = knownEnd(choice.finish_reason, words);
    if (end === undefined) {
      const message = 'this finish_reason is unknown, so the answer is treated as incomplete';
      note({ code: 'unknown_finish_reason', path: `${path}.finish_reason`, message });
    }
    if (end === 'good') noteNothing(choice, path, note);
    if (hasTools) noteCallInText(choice, path, note);
  }
}

/** A good end, and nothing that it is the end of. */
function noteNothing({ message, finish_reason }: Choice, path: string, note: NoteIssue): void {
  const { content, refusal, audio, tool_calls, invalid_tool_calls } = message;
  if (tool_calls?.length || invalid_tool_calls?.length) return;
  if (announcesCalls(finish_reason)) {
    const why = 'the finish_reason says that tools were called, but the answer contains no call';
    note({ code: 'missing_tool_calls', path: `${path}.message.tool_calls`, message: why });
  } else if (!content?.trim() && !refusal && !audio) {
    const why = 'the answer is complete, but contains neither content nor a tool call';
    note({ code: 'empty_answer', path: `${path}.message.content`, message: why });
  }
}

function noteCallInText({ message }: Choice, path: string, note: NoteIssue): void {
  for (const field of callsInText(message)) {
    const why =
      'a tool call arrived as plain text, because the vendor failed to parse it; it was not run';
    note({ code: 'tool_call_in_text', path: `${path}.message.${field}`, message: why });
  }
}
