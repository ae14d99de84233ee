/** Time and timers: those of the machine, or of a test. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Calls back after so many milliseconds. */
  setTimeout(callback: () => void, delayMs: number): unknown;
  /** Takes a timer back. */
  clearTimeout(timer: unknown): void;
}

/** The machine's. It looks its timers up each time, so that fake ones are obeyed. */
export const realClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
};

/** A timer holds 31 bits; a larger one, or NaN, rings at once. */
export const maxTimerMs = 2 ** 31 - 1;

/** Calls back at a point in time; returns how to take it back. `Infinity` never comes. */
export function callAt(clock: Clock, atMs: number, callback: () => void): () => void {
  if (atMs === Infinity) return () => {};
  let timer: unknown;
  const wait = (): void => {
    const delayMs = Math.max(0, atMs - clock.now());
    timer = clock.setTimeout(delayMs > maxTimerMs ? wait : callback, Math.min(delayMs, maxTimerMs));
  };
  wait();
  return () => clock.clearTimeout(timer);
}
