import type {
  AbortSignalLike,
  ChatCompletionChunk,
  ChatStream,
  OnDisconnect,
} from '../../index.ts';
import { ChatError, handOnFrames } from '../../index.ts';
import type { Pieces } from './answer.ts';
import type { Reader } from './statuses.ts';
import { wordsFor } from './statuses.ts';

/** Who an answer goes to, and until when. */
export interface Addressee {
  reader: Reader;
  /** Aborted when the reader leaves. */
  signal: AbortSignalLike | undefined;
  keepAliveMs?: number | undefined;
  onDisconnect?: OnDisconnect | undefined;
}

/**
 * A stream for a client that knows nothing of this library. Such a client takes `[DONE]` for a good end whatever the
 * `finish_reason` was, so after an answer that was interrupted by a word it gets an error in its place.
 */
export function streamPieces(
  stream: ChatStream,
  { reader, signal, keepAliveMs, onDisconnect }: Addressee,
): Pieces {
  const onError = (error: ChatError): string => wordsFor(error, reader);
  const closing = async (): Promise<string> => {
    if (stream.report.completion !== 'interrupted') return '[DONE]';
    const error = interrupted(await endOf(stream));
    const { code, retryable } = error;
    return JSON.stringify({
      error: { message: onError(error), type: 'flash_error', code, param: null, retryable },
    });
  };
  // Who has left need not be told, so then the answer may still be restarted.
  if (onDisconnect !== 'finish') stream.refuseResets();
  const init = { onError, keepAliveMs, onDisconnect };
  const frames = handOnFrames(stream, init, { check: refuseReset, closing });
  const cancel = (): void => void frames.cancel().catch(() => {});
  // A server need not take the body of an answer whose visitor has left meanwhile.
  if (onDisconnect === 'finish') onAbort(signal, cancel);
  return { read: () => frames.read(), cancel };
}

/** An answer that ended with a word that is not known to be good. */
export function interrupted(word: string): ChatError {
  const message = `The answer ended with the unknown finish_reason "${word}", so it may be incomplete`;
  return new ChatError('stream_interrupted', message, { retryable: true });
}

async function endOf(stream: ChatStream): Promise<string> {
  const { choices } = await stream.finalCompletion();
  return choices.map(({ finish_reason }) => String(finish_reason)).join(', ');
}

/** An answer that begins anew, which such a client would take for more of the same. */
function refuseReset(chunk: ChatCompletionChunk): void {
  const { flash } = chunk as { flash?: { reset?: unknown } | undefined };
  if (flash?.reset !== true) return;
  const message =
    'The answer was interrupted, and this protocol cannot tell a client that it starts again';
  throw new ChatError('stream_interrupted', message);
}

function onAbort(signal: Addressee['signal'], listener: () => void): void {
  if (signal?.aborted) listener();
  else signal?.addEventListener('abort', listener);
}
