/** A clock that stands still until it is told to go on. */
export interface VirtualClock {
  now(): number;
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
  /** Lets time pass, with everything that rings in it, in its order; also what waits for a promise gets its turn. */
  pass(durationMs: number): Promise<void>;
  /** Timers that have not rung. */
  pending(): number;
}

export function virtualClock(startMs = 1_800_000_000_000): VirtualClock {
  let nowMs = startMs;
  let created = 0;
  const timers = new Map<number, { atMs: number; callback: () => void }>();
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  const next = (untilMs: number) =>
    [...timers].filter(([, { atMs }]) => atMs <= untilMs).toSorted(byTime)[0];
  return {
    now: () => nowMs,
    setTimeout(callback, delayMs) {
      timers.set(++created, { atMs: nowMs + delayMs, callback });
      return created;
    },
    clearTimeout: (timer) => void timers.delete(timer as number),
    async pass(durationMs) {
      const endMs = nowMs + durationMs;
      await settle();
      for (let due = next(endMs); due !== undefined; due = next(endMs)) {
        const [id, { atMs, callback }] = due;
        timers.delete(id);
        nowMs = Math.max(nowMs, atMs);
        callback();
        await settle();
      }
      nowMs = endMs;
    },
    pending: () => timers.size,
  };
}

function byTime(
  [one, { atMs: oneMs }]: [number, { atMs: number }],
  [other, { atMs: otherMs }]: [number, { atMs: number }],
): number {
  return oneMs - otherMs || one - other;
}
