import type { AsyncItems } from '../internal/web.ts';
import type { Report } from '../outcome/report.ts';
import type { CompletionWithReport } from '../outcome/with-report.ts';
import type { Completion } from '../schema/fill.ts';

/** A gap that is being filled. Read once, and ended by leaving the loop, as a `ChatStream` is. */
export interface CompletionStream extends AsyncIterable<Completion> {
  /** What happened so far; settled when the stream has ended. */
  readonly report: Report;
  /** The text alone. */
  text(): AsyncItems<string>;
  /** The whole answer; reads the stream itself if nobody does. @throws ChatError the stream's own error */
  finalCompletion(): Promise<CompletionWithReport>;
  /** Ends the request. */
  abort(): void;
}
