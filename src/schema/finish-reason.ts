import type { FinishReason } from './response.ts';

/**
 * What kind of end an answer had. Only a `good` one makes the answer whole: lets a call without arguments be a call, a
 * tool be run, an object be looked for in the text.
 */
export type AnswerEnd = 'good' | 'length' | 'content_filter' | 'interrupted';

/** A vendor's own finish reasons and what each means, in lower case with `_`. */
export type FinishWords = Readonly<Record<string, AnswerEnd>>;

// Good ends are listed, and nothing else is good: hosts invent words for failures all the time, and a call that was cut
// off would be run with its defaults.
const good =
  'stop tool_calls tool_call tool_use function_call end end_turn eos eos_token stop_sequence complete completed';
const length = 'length max_tokens max_output_tokens model_length model_context_window_exceeded';
const filtered = 'content_filter safety sensitive';
const interrupted =
  'insufficient_system_resource abort aborted cancel cancelled canceled interrupted timeout error network_error ' +
  'repetition';

const ends = /* @__PURE__ */ new Map<string, AnswerEnd>(
  /* @__PURE__ */
  (
    [
      [good, 'good'],
      [length, 'length'],
      [filtered, 'content_filter'],
      [interrupted, 'interrupted'],
    ] as const
  ).flatMap(([words, end]) => words.split(' ').map((word) => [word, end] as const)),
);

const goodWords = /* @__PURE__ */ good.split(' ');

const callWords = new Set(['tool_calls', 'tool_call', 'tool_use', 'function_call']);

/** What a finish_reason means; `undefined` for a word that is not known, which means `interrupted`. */
export function knownEnd(reason: FinishReason, own?: FinishWords): AnswerEnd | undefined {
  if (reason === null) return 'interrupted';
  if (own === undefined && ends.has(reason)) return ends.get(reason);
  const word = spelled(reason);
  return own !== undefined && Object.hasOwn(own, word) ? own[word] : ends.get(word);
}

/** What a finish_reason means. */
export function answerEnd(reason: FinishReason, own?: FinishWords): AnswerEnd {
  return knownEnd(reason, own) ?? 'interrupted';
}

/** Whether a finish_reason is a good end, for readers that need to know no more. */
export function isGoodEnd(reason: FinishReason): boolean {
  return reason !== null && goodWords.includes(spelled(reason));
}

/** Whether a finish_reason says that tools were called. */
export function announcesCalls(reason: FinishReason): boolean {
  if (reason === null) return false;
  // Nearly all are spelled as they are known.
  return callWords.has(ends.has(reason) ? reason : spelled(reason));
}

/** A word as it is compared: trimmed, in lower case, with `_`. */
export function spelled(reason: string): string {
  return reason.trim().toLowerCase().replaceAll('-', '_');
}
