import { ChatError, isChatError, timeoutError } from '../errors.ts';
import type { ByteReader } from '../web.ts';

/** Limits of the clocks that run while an answer is read, in milliseconds; `Infinity` for none. */
export interface ReadLimits {
  /** No bytes at all. */
  idleMs: number;
  /** Bytes, comments or blank lines, but nothing of the answer: before the first of it, and after. */
  stallFirstMs: number;
  stallMs: number;
}

/** A body under clocks that run only while somebody waits for it. */
export interface WatchedBody extends ByteReader {
  /** The first half of a `read`: whoever does the second one too saves a promise for each. */
  beginRead(): Promise<Uint8Array | undefined>;
  /** The second half: what came. */
  endRead(bytes: Uint8Array | undefined): void;
  /** The second half, if nothing came; gives the error to throw. */
  failRead(error: unknown): ChatError;
  /** Something of the answer has arrived. */
  gotContent(): void;
  /** The answer is whole; only the end of the body is missing, and is not worth a long wait. */
  gotFinish(): void;
}

/** After the answer is whole, how long its usage and the end of the body may take. */
const finishMs = 5_000;

/**
 * Watches a body. A slow reader costs the vendor nothing: waiting is counted, not passing time. One timer serves all
 * clocks and is moved only when it would be late, so a fast stream pays two clock readings a read.
 *
 * @param expire ends the exchange with this error
 */
export function watchBody(
  body: ByteReader,
  { idleMs, stallFirstMs, stallMs }: ReadLimits,
  expire: (error: ChatError) => void,
): WatchedBody {
  let idleLimitMs = idleMs;
  let stallLimitMs = stallFirstMs;
  let waitingSince: number | undefined;
  /** Waited since the last content, before the current wait. */
  let stalledMs = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let timerAt = Infinity;

  const disarm = (): void => {
    clearTimeout(timer);
    timerAt = Infinity;
  };
  const arm = (now: number): void => {
    const since = waitingSince ?? now;
    const at = Math.min(since + idleLimitMs, since + stallLimitMs - stalledMs);
    if (at >= timerAt || at === Infinity) return;
    clearTimeout(timer);
    timerAt = at;
    timer = setTimeout(ring, Math.max(0, at - now));
  };
  const ring = (): void => {
    timerAt = Infinity;
    if (waitingSince === undefined) return;
    const now = performance.now();
    // Timers may come a fraction of a millisecond early.
    const waitedMs = now - waitingSince + 1;
    if (waitedMs >= idleLimitMs) expire(timeoutError('idle', idleLimitMs));
    else if (stalledMs + waitedMs >= stallLimitMs) expire(timeoutError('stall', stallLimitMs));
    else arm(now);
  };

  const stopWaiting = (): void => {
    if (waitingSince !== undefined) stalledMs += performance.now() - waitingSince;
    waitingSince = undefined;
  };
  const beginRead = (): Promise<Uint8Array | undefined> => {
    waitingSince = performance.now();
    arm(waitingSince);
    try {
      return Promise.resolve(body.read());
    } catch (error) {
      return Promise.reject(error);
    }
  };
  const endRead = (bytes: Uint8Array | undefined): void => {
    stopWaiting();
    if (bytes === undefined) disarm();
  };
  const failRead = (error: unknown): ChatError => {
    stopWaiting();
    disarm();
    if (isChatError(error)) return error as ChatError;
    // A transport of the caller's own may throw anything.
    const message = 'The connection was lost in the middle of the answer';
    return new ChatError('stream_interrupted', message, { retryable: true });
  };

  return {
    beginRead,
    endRead,
    failRead,
    async read() {
      let bytes: Uint8Array | undefined;
      try {
        bytes = await beginRead();
      } catch (error) {
        throw failRead(error);
      }
      endRead(bytes);
      return bytes;
    },
    cancel() {
      disarm();
      body.cancel();
    },
    gotContent() {
      stalledMs = 0;
      stallLimitMs = stallMs;
    },
    gotFinish() {
      stalledMs = 0;
      idleLimitMs = Math.min(idleLimitMs, finishMs);
      stallLimitMs = Math.min(stallMs, finishMs);
    },
  };
}
