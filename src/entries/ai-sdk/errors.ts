import type { WebAbortSignal } from '../../index.ts';
import { ChatError, isChatError } from '../../index.ts';

// `ai` sends again what fails with an `APICallError` that is retryable. A `ChatError` is none, and that is meant: the
// client has done what can be done, and three attempts of three sends each would be nine.

/** The signal's own reason, if it ended the call: this is how `ai` distinguishes an abort from a failure. */
export function whyAborted(
  error: unknown,
  signal: WebAbortSignal | undefined,
): { reason: unknown } | undefined {
  const { aborted = false, reason } = (signal ?? {}) as { aborted?: boolean; reason?: unknown };
  return aborted && isChatError(error, 'aborted') ? { reason: reason ?? error } : undefined;
}

/** Waits for a call. @throws what it fails with; the signal's reason, if that was why */
export async function orReason<T>(
  call: Promise<T>,
  signal: WebAbortSignal | undefined,
): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw whyAborted(error, signal)?.reason ?? error;
  }
}

export function toChatError(error: unknown): ChatError {
  if (isChatError(error)) return error;
  return new ChatError('invalid_response', 'The answer could not be handed on', { cause: error });
}
