import type { ChatCompletionChunk, ChatStream } from '../../index.ts';
import { ChatError, handOnFrames } from '../../index.ts';
import type { Pieces } from './answer.ts';
import type { Reader } from './statuses.ts';
import { wordsFor } from './statuses.ts';

/**
 * A stream for a client that knows nothing of this library. Such a client takes `[DONE]` for a good end whatever the
 * `finish_reason` was, so after an answer that was interrupted by a word it gets an error in its place.
 */
export function streamPieces(
  stream: ChatStream,
  reader: Reader,
  keepAliveMs?: number | undefined,
): Pieces {
  const onError = (error: ChatError): string => wordsFor(error, reader);
  const closing = async (): Promise<string> => {
    if (stream.report.completion !== 'interrupted') return '[DONE]';
    const error = interrupted(await endOf(stream));
    const { code } = error;
    return JSON.stringify({
      error: { message: onError(error), type: 'flash_error', code, param: null },
    });
  };
  const frames = handOnFrames(stream, { transform: refuseReset, onError, keepAliveMs }, closing);
  return { read: () => frames.read(), cancel: () => void frames.cancel().catch(() => {}) };
}

/** An answer that ended with a word that is not known to be good. */
export function interrupted(word: string): ChatError {
  const message = `The answer ended with the unknown finish_reason "${word}", so it may be incomplete`;
  return new ChatError('stream_interrupted', message);
}

async function endOf(stream: ChatStream): Promise<string> {
  const { choices } = await stream.finalCompletion();
  return choices.map(({ finish_reason }) => String(finish_reason)).join(', ');
}

/** An answer that begins anew, which such a client would take for more of the same. */
function refuseReset(chunk: ChatCompletionChunk): ChatCompletionChunk {
  const { flash } = chunk as { flash?: { reset?: unknown } | undefined };
  if (flash?.reset !== true) return chunk;
  const message =
    'The answer was interrupted, and this protocol cannot tell a client that it starts again';
  throw new ChatError('stream_interrupted', message);
}
