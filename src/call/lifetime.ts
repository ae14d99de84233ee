import { LocalAbort, onAbort } from '../internal/abort.ts';
import { ChatError } from '../outcome/chat-error.ts';
import { timeoutError } from '../outcome/timeout-error.ts';
import type { AbortSignalLike } from '../internal/web.ts';

/** A call from its start to its end, however many attempts it takes. */
export interface Lifetime {
  /** Aborted with the {@link ChatError} that ends the call. */
  readonly signal: AbortSignalLike;
  /** When the call ends at the latest, epoch milliseconds. */
  readonly endsAtMs: number;
  abort(error: ChatError): void;
  /** Stops the clocks and takes the listeners off. */
  end(): void;
}

/** The caller's signals, the clock over everything, and the deadline, in one. */
export function createLifetime(options: {
  signal: AbortSignalLike | null | undefined;
  /** Aborted when the client is closed. */
  closing: AbortSignalLike;
  totalMs: number;
  totalHint: string;
  deadlineMs: number | undefined;
}): Lifetime {
  const { signal, closing, totalMs, deadlineMs } = options;
  const stop = new LocalAbort();
  // An error a call, never a shared one: it is going to carry this call's report and partial answer.
  const follow = (): void =>
    stop.abort(new ChatError('aborted', 'The call was aborted', { cause: signal?.reason }));
  const followClosing = (): void => stop.abort(new ChatError('aborted', 'The client was closed'));
  if (closing.aborted) followClosing();
  else if (signal?.aborted) follow();
  closing.addEventListener('abort', followClosing);
  const detach = signal == null ? undefined : onAbort(signal, follow);

  const now = Date.now();
  const leftMs = deadlineMs === undefined ? Infinity : deadlineMs - now;
  const expire = (): void =>
    stop.abort(
      leftMs < totalMs
        ? new ChatError('deadline_exceeded', 'The deadline of the call has passed')
        : timeoutError('total', totalMs, options.totalHint),
    );
  const limitMs = Math.min(totalMs, leftMs);
  if (limitMs <= 0) expire();
  // A timer holds 31 bits; a deadline that is further away does not matter to this process.
  const timer = limitMs > 0 && limitMs < 2 ** 31 ? setTimeout(expire, limitMs) : undefined;
  return {
    signal: stop,
    endsAtMs: now + limitMs,
    abort: (error) => stop.abort(error),
    end() {
      clearTimeout(timer);
      closing.removeEventListener('abort', followClosing);
      detach?.();
    },
  };
}
