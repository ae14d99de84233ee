/** How long nobody has pulled. */
export interface UnreadClock {
  start(): void;
  stop(): void;
  /** Lets go of the stream for good. */
  end(): void;
}

/** Runs while nobody pulls. One timer, moved only when it rings, since every chunk starts and stops the clock. */
export function createUnreadClock(limitMs: number, expire: () => void): UnreadClock {
  let since: number | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ring = (): void => {
    timer = undefined;
    if (since === undefined) return;
    const leftMs = since + limitMs - performance.now();
    if (leftMs <= 0) expire();
    else arm(leftMs);
  };
  const arm = (delayMs: number): void => {
    timer = setTimeout(ring, Math.min(delayMs + 1, 2 ** 31 - 1));
    // The open socket keeps the process awake until then; the clock alone need not.
    (timer as { unref?: () => void }).unref?.();
  };
  return {
    start() {
      since = performance.now();
      if (timer === undefined && limitMs !== Infinity) arm(limitMs);
    },
    stop() {
      since = undefined;
    },
    end() {
      since = undefined;
      clearTimeout(timer);
    },
  };
}
