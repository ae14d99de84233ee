/**
 * How long the stream has not been read. One timer, moved only when it fires, since every chunk starts and stops the clock.
 */
export class UnreadClock {
  readonly #limitMs: number;
  readonly #expire: () => void;
  #isRunning = false;
  #since = 0;
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;

  constructor(limitMs: number, expire: () => void) {
    this.#limitMs = limitMs;
    this.#expire = expire;
  }

  start(): void {
    this.#isRunning = true;
    this.#since = performance.now();
    if (this.#timer === undefined && this.#limitMs !== Infinity) this.#arm(this.#limitMs);
  }

  stop(): void {
    this.#isRunning = false;
  }

  /** Lets go of the stream for good. */
  end(): void {
    this.#isRunning = false;
    clearTimeout(this.#timer);
  }

  #arm(delayMs: number): void {
    this.#timer = setTimeout(() => this.#ring(), Math.min(delayMs + 1, 2 ** 31 - 1));
    // The open socket keeps the process awake until then; the clock alone need not.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  #ring(): void {
    this.#timer = undefined;
    if (!this.#isRunning) return;
    const leftMs = this.#since + this.#limitMs - performance.now();
    if (leftMs <= 0) this.#expire();
    else this.#arm(leftMs);
  }
}
