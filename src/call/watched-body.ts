import { ChatError, isChatError } from '../outcome/chat-error.ts';
import { timeoutError } from '../outcome/timeout-error.ts';
import type { ByteReader } from '../internal/web.ts';

/** Limits of the clocks that run while an answer is read, in milliseconds; `Infinity` for none. */
export interface ReadLimits {
  /** No bytes at all. */
  idleMs: number;
  /** Bytes, comments or blank lines, but nothing of the answer: before the first of it, and after. */
  stallFirstMs: number;
  stallMs: number;
}

/** After the answer is whole, how long its usage and the end of the body may take. */
const finishMs = 5_000;

/**
 * A body with time limits that run only while the caller waits for data. A slow reader cannot exceed them: waiting is
 * counted, not elapsed time. One timer serves all limits and is moved only when it would be late, so a fast stream pays
 * two clock readings a read.
 */
export class WatchedBody implements ByteReader {
  readonly #body: ByteReader;
  readonly #expire: (error: ChatError) => void;
  readonly #stallMs: number;
  #idleLimitMs: number;
  #stallLimitMs: number;
  #isWaiting = false;
  #waitingSince = 0;
  /** Waited since the last content, before the current wait. */
  #stalledMs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;
  #timerAt = Infinity;
  #isFinished = false;

  /** @param expire ends the exchange with this error */
  constructor(
    body: ByteReader,
    { idleMs, stallFirstMs, stallMs }: ReadLimits,
    expire: (error: ChatError) => void,
  ) {
    this.#body = body;
    this.#expire = expire;
    this.#stallMs = stallMs;
    this.#idleLimitMs = idleMs;
    this.#stallLimitMs = stallFirstMs;
  }

  async read(): Promise<Uint8Array | undefined> {
    let bytes: Uint8Array | undefined;
    try {
      bytes = await this.beginRead();
    } catch (error) {
      throw this.failRead(error);
    }
    this.endRead(bytes);
    return bytes;
  }

  /** The first half of a `read`; calling both halves directly saves a promise for each read. */
  beginRead(): Promise<Uint8Array | undefined> {
    this.#isWaiting = true;
    this.#waitingSince = performance.now();
    this.#arm(this.#waitingSince);
    try {
      return Promise.resolve(this.#body.read());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The second half: what came. */
  endRead(bytes: Uint8Array | undefined): void {
    this.#stopWaiting();
    if (bytes === undefined) this.#disarm();
  }

  /** The second half, if nothing came; gives the error to throw. */
  failRead(error: unknown): ChatError {
    this.#stopWaiting();
    this.#disarm();
    if (isChatError(error)) return error as ChatError;
    // A transport of the caller's own may throw anything.
    const message = 'The connection was lost in the middle of the answer';
    return new ChatError('stream_interrupted', message, { retryable: true });
  }

  cancel(): void {
    this.#disarm();
    try {
      this.#body.cancel();
    } catch {
      // A transport of the caller's own. The call ends all the same.
    }
  }

  /** A part of the answer has arrived. Data after its end must not extend the wait. */
  gotContent(): void {
    if (this.#isFinished) return;
    this.#stalledMs = 0;
    this.#stallLimitMs = this.#stallMs;
  }

  /** The answer is whole; only the end of the body is missing, and is not worth a long wait. */
  gotFinish(): void {
    this.#isFinished = true;
    this.#stalledMs = 0;
    this.#idleLimitMs = Math.min(this.#idleLimitMs, finishMs);
    this.#stallLimitMs = Math.min(this.#stallMs, finishMs);
  }

  #arm(now: number): void {
    const waitMs = Math.min(this.#idleLimitMs, this.#stallLimitMs - this.#stalledMs);
    const at = this.#waitingSince + waitMs;
    if (at >= this.#timerAt || at === Infinity) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => this.#ring(), Math.max(0, at - now));
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timerAt = Infinity;
  }

  #ring(): void {
    this.#timerAt = Infinity;
    if (!this.#isWaiting) return;
    const now = performance.now();
    // Timers may come a fraction of a millisecond early.
    const waitedMs = now - this.#waitingSince + 1;
    if (waitedMs >= this.#idleLimitMs) {
      this.#expire(timeoutError('idle', this.#idleLimitMs));
    } else if (this.#stalledMs + waitedMs >= this.#stallLimitMs) {
      this.#expire(timeoutError('stall', this.#stallLimitMs));
    } else {
      this.#arm(now);
    }
  }

  #stopWaiting(): void {
    if (this.#isWaiting) this.#stalledMs += performance.now() - this.#waitingSince;
    this.#isWaiting = false;
  }
}
