import type { Report } from './report.ts';
import type { ChatCompletion, ParsedChatCompletion } from '../schema/response.ts';
import type { Completion } from '../schema/fill.ts';
import type { CompletionUsage } from '../schema/usage.ts';

/** A whole answer and what happened on the way to it; `report` is not enumerable, so the rest is plain wire data. */
export type ChatCompletionWithReport = ChatCompletion & { readonly report: Report };

/** {@link ParsedChatCompletion} and what happened on the way to it. */
export type ParsedChatCompletionWithReport<T> = ParsedChatCompletion<T> & {
  readonly report: Report;
};

/** A filled gap and what happened on the way to it; `report` is not enumerable. */
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
