import type { AbortSignalLike } from '../internal/web.ts';
import type { ChatError } from '../outcome/chat-error.ts';
import type { ChatCompletionChunk } from '../schema/chunk.ts';
import type { NoteIssue } from '../schema/issue.ts';
import type { DecodedCompletion } from '../schema/response.ts';
import type { Accumulator } from './accumulate.ts';

/** Where a {@link ChatStream} gets its answer. */
export interface ChunkSource {
  /** Aborted when the call ends from outside, with the error to throw. */
  readonly signal: AbortSignalLike;
  /** Sends the request; resolves with the response head. */
  open(): Promise<ChunkReading>;
  /**
   * Called when the reading has ended, with an error or without one. Returns another reading if this end must not
   * count: one with the same accumulator continues the answer, one with its own restarts it. Absent: the end is
   * final.
   *
   * @param mayReset whether the reader can be told that the answer is restarted
   * @throws what it failed with elsewhere
   */
  replace?(error: unknown, mayReset: boolean): Promise<ChunkReading | undefined>;
  /** Ends the request, wherever it is. */
  cancel(error: ChatError): void;
  /** Called once, at the end: completes the report. */
  settle(outcome: StreamOutcome): void;
}

/** One answer as it comes, chunk by chunk. */
export interface ChunkReading {
  /** What has come of the answer. */
  readonly accumulator: Accumulator;
  /** Takes what is odd about it. */
  readonly note: NoteIssue;
  /** The next chunk that is here already. Not to be asked once the signal has aborted. */
  pull(): ChatCompletionChunk | undefined;
  /** Whether the last chunk is the one before it but for its text. */
  readonly isRepeat: boolean;
  /** The JSON of the last chunk, as its event had it; `undefined` where the chunk is not just that. */
  jsonOf(chunk: ChatCompletionChunk): string | undefined;
  /** Waits for more; `false` if nothing more will come. */
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
}

/** Chunks for one reader, who may ask without waiting for the ones that came together. */
export interface ArrivingChunks extends AsyncIterator<ChatCompletionChunk, undefined> {
  /** The next chunk if it is here already; `undefined` where only `next` can tell what is next. */
  arrived?(): ChatCompletionChunk | undefined;
  /** The JSON of the chunk that was given last, if it is still as it was, where it need not be written anew. */
  jsonOf?(chunk: ChatCompletionChunk): string | undefined;
}

export type StreamOutcome = { completion: DecodedCompletion } | { error: ChatError };
