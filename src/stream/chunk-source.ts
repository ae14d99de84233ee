import type { ChatError } from '../outcome/chat-error.ts';
import type { ChatCompletionChunk } from '../schema/chunk.ts';
import type { DecodedCompletion } from '../schema/response.ts';
import type { AbortSignalLike } from '../internal/web.ts';

/** Where a {@link ChatStream} gets its chunks. */
export interface ChunkSource {
  /** Aborted when the call ends from outside, with the error to throw. */
  readonly signal: AbortSignalLike;
  /** Sends the request; resolves with the response head. */
  open(): Promise<void>;
  /** The next chunk that is here already. Not to be asked once the signal has aborted. */
  pull(): ChatCompletionChunk | undefined;
  /** Whether the last chunk is the one before it but for its text. */
  readonly isRepeat: boolean;
  fill(): Promise<boolean>;
  /** The first half of a `fill`, where that is all there is to it; `undefined` where it is not. */
  read(): Promise<Uint8Array | undefined> | undefined;
  /** The second half: what came of the first. */
  feed(bytes: Uint8Array | undefined): void;
  failRead(error: unknown): unknown;
  /** Something of the answer came; the answer is whole. For the clocks. */
  gotContent(): void;
  gotFinish(): void;
  /** What was held back of the text so far, when nothing more will come. */
  rest(): ChatCompletionChunk | undefined;
  /** Ends the request, wherever it is. */
  cancel(error: ChatError): void;
  /** Called once, at the end: completes the report. */
  settle(outcome: StreamOutcome): void;
}

export type StreamOutcome = { completion: DecodedCompletion } | { error: ChatError };
