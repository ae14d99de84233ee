import { isPending } from '../internal/pending.ts';
import type { CountTokens } from '../cost/estimate.ts';
import { estimateTokens, messageText } from '../cost/estimate.ts';
import { resolveCountTokens } from '../options/traffic-options.ts';
import { ChatError } from '../outcome/chat-error.ts';
import { invalidOptions, ownOptions } from '../outcome/invalid-options.ts';
import { invalidRequest } from '../outcome/invalid-request.ts';
import type { ChatCompletionMessageParam } from '../schema/message.ts';
import { messageIssues } from './canonical.ts';

/** Options of {@link fitMessages}. */
export interface FitMessagesOptions<Count extends CountTokens = CountTokens> {
  /**
   * Maximum number of tokens of all messages. Tools, the schema of an answer, and the answer itself are not included:
   * subtract them from the model's context window first.
   */
  maxTokens: number;
  /** Counts the tokens of a text; may be asynchronous. @default DeepSeek's rule of 0.3 and 0.6 tokens a character */
  countTokens?: Count | undefined;
}

/** A conversation that fits. */
export interface FittedMessages {
  /** The messages that remain, in order; the objects themselves, not copies. */
  messages: ChatCompletionMessageParam[];
  /** The messages that were dropped, in order, e.g. to summarize them; empty if everything fits. */
  dropped: ChatCompletionMessageParam[];
  /** Number of tokens of `messages`. Images, audio and files are not counted. */
  tokens: number;
}

/**
 * Makes a conversation fit by leaving out its oldest turns, each whole: what the user said, the answer, the calls and their
 * results. System and developer messages stay, and so does the last turn, from the user's last message to the end. With a
 * `countTokens` that answers later, the result is a promise.
 *
 * @example
 * const { messages, dropped } = fitMessages(history, { maxTokens: 100_000 });
 *
 * @throws ChatError `context_length` if what must stay is too large; `invalid_options`, `invalid_request`
 */
export function fitMessages(
  messages: readonly ChatCompletionMessageParam[],
  options: FitMessagesOptions<(text: string) => number>,
): FittedMessages;
export function fitMessages(
  messages: readonly ChatCompletionMessageParam[],
  options: FitMessagesOptions<(text: string) => Promise<number>>,
): Promise<FittedMessages>;
export function fitMessages(
  messages: readonly ChatCompletionMessageParam[],
  options: FitMessagesOptions,
): FittedMessages | Promise<FittedMessages>;
export function fitMessages(
  messages: readonly ChatCompletionMessageParam[],
  options: FitMessagesOptions,
): FittedMessages | Promise<FittedMessages> {
  const { maxTokens, countTokens } = resolveOptions(options);
  const isEmpty = Array.isArray(messages) && messages.length === 0;
  const issues = isEmpty ? [] : messageIssues(messages);
  if (issues.length > 0) throw invalidRequest(issues);
  const counts = messages.map((message) => countTokens(messageText(message)));
  const fit = (known: readonly number[]): FittedMessages =>
    dropOldest(messages, known.map(Math.ceil), maxTokens);
  return counts.some(isPending) ? Promise.all(counts).then(fit) : fit(counts as number[]);
}

function resolveOptions(options: FitMessagesOptions): {
  maxTokens: number;
  countTokens: CountTokens;
} {
  const names = ['maxTokens', 'countTokens'];
  const hints = { max_tokens: 'maxTokens', maxPromptTokens: 'maxTokens', tokenizer: 'countTokens' };
  const given = ownOptions(options, names, 'Options of fitMessages', hints);
  const { maxTokens } = given;
  if (typeof maxTokens !== 'number' || !(maxTokens > 0)) {
    throw invalidOptions('maxTokens', 'Option maxTokens must be a number above 0');
  }
  return { maxTokens, countTokens: resolveCountTokens(given.countTokens) ?? estimateTokens };
}

function dropOldest(
  messages: readonly ChatCompletionMessageParam[],
  counts: readonly number[],
  maxTokens: number,
): FittedMessages {
  const turns = turnsOf(messages);
  const lastTurn = turns.findLast((turn) => turn !== undefined) ?? 0;
  let tokens = counts.reduce((sum, count) => sum + count, 0);
  /** The turns before this one are dropped. */
  let firstTurn = 0;
  for (; tokens > maxTokens && firstTurn < lastTurn; firstTurn++) {
    for (const [index, turn] of turns.entries())
      if (turn === firstTurn) tokens -= counts[index] ?? 0;
  }
  if (tokens > maxTokens) throw tooLarge(tokens, maxTokens);
  const isDropped = (index: number): boolean => (turns[index] ?? Infinity) < firstTurn;
  return {
    messages: messages.filter((_, index) => !isDropped(index)),
    dropped: messages.filter((_, index) => isDropped(index)),
    tokens,
  };
}

/**
 * To which turn each message belongs, counted from 0; `undefined` for instructions. A turn begins with what the user says:
 * with the first of several messages, if they follow one another.
 */
function turnsOf(messages: readonly ChatCompletionMessageParam[]): (number | undefined)[] {
  let turn = 0;
  let before: ChatCompletionMessageParam['role'] | undefined;
  return messages.map(({ role }) => {
    if (role === 'system' || role === 'developer') return undefined;
    if (role === 'user' && before !== undefined && before !== 'user') turn++;
    before = role;
    return turn;
  });
}

function tooLarge(tokens: number, maxTokens: number): ChatError {
  const message = `The instructions and the last turn have ${tokens} tokens, and maxTokens is ${maxTokens}: there is no older turn left to drop. Shorten them, or raise maxTokens`;
  return new ChatError('context_length', message, { param: 'messages' });
}
