import { ChatError, isChatError } from '../outcome/chat-error.ts';
import { isCutOff } from '../internal/json.ts';

// How an answer ends badly: one rule for whole answers, for streams, and for streams that are only decoded.

/** Not even the first event came. */
export function unbegun(): ChatError {
  const message = 'The stream ended before the answer began';
  return new ChatError('stream_interrupted', message, { retryable: true });
}

/** There is no finish_reason, so the answer may be incomplete. */
export function unfinished(what: 'stream' | 'answer'): ChatError {
  const message =
    what === 'stream'
      ? 'The stream ended without a finish_reason: the answer may be cut off'
      : 'The answer has no finish_reason: it may be cut off';
  return new ChatError('stream_interrupted', message, { retryable: true });
}

/** The vendor says itself that it broke off: an end by a word that is not known to be a good one. */
export function brokenOff(): ChatError {
  const message = 'The vendor ended the answer before it was complete (finish_reason)';
  return new ChatError('stream_interrupted', message, { retryable: true });
}

/** Somebody else has come first. */
export function consumed(): ChatError {
  const message = 'The stream can be read only once, and is already being read or was read';
  return new ChatError('stream_consumed', message);
}

/** Whether an answer that has its finish_reason is whole in spite of this: the connection broke, or nothing more came. */
export function isHarmlessAfterFinish(error: unknown): boolean {
  const isQuiet =
    isChatError(error, 'timeout') && (error.phase === 'idle' || error.phase === 'stall');
  return isQuiet || isChatError(error, 'stream_interrupted');
}

/**
 * What a body is that is neither JSON nor events.
 *
 * @param wanted what was asked for
 */
export function noAnswer(text: string, wanted: 'stream' | 'answer'): ChatError {
  if ((text === '' && wanted === 'answer') || (text.startsWith('{') && isCutOff(text))) {
    const message = 'The answer ended before it was complete: its JSON is cut off';
    return new ChatError('stream_interrupted', message, { retryable: true });
  }
  const what = text.startsWith('<') ? 'a web page' : 'something that is not JSON';
  const instead = wanted === 'stream' ? ' instead of a stream' : '';
  return new ChatError('invalid_response', `The vendor answered with ${what}${instead}`);
}

/** What a stream broke on, if nothing here has foreseen it. */
export function unreadable(cause: unknown): ChatError {
  if (cause instanceof RangeError) {
    // A JavaScript string cannot have more than about half a billion characters.
    return new ChatError('limit_exceeded', 'The answer is too large to be assembled', {
      cause,
    });
  }
  return new ChatError('invalid_response', 'The stream could not be read', { cause });
}
