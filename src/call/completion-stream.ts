import type { AsyncItems } from '../internal/web.ts';
import type { Report } from '../outcome/report.ts';
import type { CompletionWithReport } from '../outcome/with-report.ts';
import type { Completion } from '../schema/fill.ts';

/** A text completion while it arrives. Can be read once; leaving the loop ends the request, as with a `ChatStream`. */
export interface CompletionStream extends AsyncIterable<Completion> {
  /** What has happened so far; final once the stream has ended. */
  readonly report: Report;
  /** Only the text. */
  text(): AsyncItems<string>;
  /** The complete answer; reads the stream itself if nothing else does. @throws ChatError the stream's own error */
  finalCompletion(): Promise<CompletionWithReport>;
  /** Ends the request. */
  abort(): void;
}
