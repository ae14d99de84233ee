import type { Decoder } from '../dialect/decoder.ts';
import type { ChatError } from '../outcome/chat-error.ts';
import type { DecodedChunk, StreamMemory } from '../schema/chunk.ts';
import type { NoteIssue } from '../schema/issue.ts';
import type { DecodedCompletion } from '../schema/response.ts';

/** What the stream decoder asks the vendor's dialect. */
export interface StreamDialect {
  decodeChunk(data: unknown, note: NoteIssue, memory: StreamMemory): DecodedChunk;
  /** Whether `decodeChunk` returns such data unchanged, whatever its text. Absent if unknown. */
  isPlainChunk?: ((data: unknown, memory: StreamMemory) => boolean) | undefined;
  /** A whole answer, for vendors that send one although a stream was asked for. */
  decode(body: unknown, note: NoteIssue): DecodedCompletion;
  /** The error in an event or body; `undefined` if there is none. */
  findError(data: unknown): unknown;
  toError(error: unknown): ChatError;
}

export interface StreamLimits {
  eventBytes: number;
  toolCalls: number;
}

/** What a vendor's stream is read with. */
export function streamDialect(
  provider: Decoder,
  toError: (error: unknown) => ChatError,
): StreamDialect {
  const decode: StreamDialect['decode'] = (body, note) =>
    provider.decode(body, note, provider.profile);
  return { ...provider, decode, toError };
}
