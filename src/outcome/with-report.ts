import type { Report } from './report.ts';
import type { ChatCompletion, ParsedChatCompletion } from '../schema/response.ts';
import type { Completion } from '../schema/fill.ts';
import type { CompletionUsage } from '../schema/usage.ts';

/** A complete answer and the report of its call; `report` is not enumerable, so the rest is plain wire data. */
export type ChatCompletionWithReport = ChatCompletion & { readonly report: Report };

/** {@link ParsedChatCompletion} and the report of its call. */
export type ParsedChatCompletionWithReport<T> = ParsedChatCompletion<T> & {
  readonly report: Report;
};

/** A text completion and the report of its call; `report` is not enumerable. */
export type CompletionWithReport = Completion & {
  usage?: CompletionUsage | undefined;
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
