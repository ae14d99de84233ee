import type { Report } from './report.ts';
import type { ChatCompletion, ParsedChatCompletion } from '../schema/response.ts';
import type { Completion } from '../schema/fill.ts';
import type { CompletionUsage } from '../schema/usage.ts';

/** The texts of the first answer, without the way to them. Not enumerable: the answer stays plain wire data. */
export interface AnswerShorthands {
  /** `choices[0].message.content`, or `''` if there is none. */
  readonly text: string;
  /** `choices[0].message.reasoning_content`, or `''` if there is none. */
  readonly reasoning: string;
}

/**
 * A whole answer and what happened on the way to it. `report`, `text` and `reasoning` are not enumerable, so the rest is
 * plain wire data.
 */
export type ChatCompletionWithReport = ChatCompletion &
  AnswerShorthands & {
    /** What happened on the way: attempts, adjustments, tokens, cost, times. Not enumerable. */
    readonly report: Report;
  };

/** {@link ParsedChatCompletion} and what happened on the way to it. */
export type ParsedChatCompletionWithReport<T> = ParsedChatCompletion<T> &
  AnswerShorthands & {
    /** What happened on the way: attempts, adjustments, tokens, cost, times. Not enumerable. */
    readonly report: Report;
  };

/** A text completion and the report of its call; `report` is not enumerable. */
export type CompletionWithReport = Completion & {
  /** Token counts; absent if the vendor gave none. */
  usage?: CompletionUsage | undefined;
  /** What happened on the way: attempts, adjustments, tokens, cost, times. Not enumerable. */
  readonly report: Report;
};

/** Adds the report to a completion: not enumerable, so the completion stays plain wire data. */
export function withReport<T extends object>(
  completion: T,
  report: Report,
): T & { readonly report: Report } {
  return Object.defineProperty(completion, 'report', {
    value: report,
    enumerable: false,
    configurable: true,
  }) as T & { readonly report: Report };
}

const shorthands = {
  text: {
    get(this: ChatCompletion): string {
      return this.choices[0].message.content ?? '';
    },
    enumerable: false,
    configurable: true,
  },
  reasoning: {
    get(this: ChatCompletion): string {
      return this.choices[0].message.reasoning_content ?? '';
    },
    enumerable: false,
    configurable: true,
  },
};

/** Adds the report and the shorthands to an answer. Fields of the vendor's that are called the same stay as they are. */
export function answerWithReport(
  completion: ChatCompletion,
  report: Report,
): ChatCompletionWithReport {
  if (!('text' in completion)) Object.defineProperty(completion, 'text', shorthands.text);
  if (!('reasoning' in completion)) {
    Object.defineProperty(completion, 'reasoning', shorthands.reasoning);
  }
  return withReport(completion as ChatCompletion & AnswerShorthands, report);
}
