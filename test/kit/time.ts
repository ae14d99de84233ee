// Waiting. Windows of time are here to find hangs; none says how fast anything is.

/** Longest wait for anything. */
export const patienceMs = 15_000;

export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}

/** Waits for something that happens elsewhere. */
export async function eventually(what: string, isSo: () => boolean): Promise<void> {
  const startedAt = performance.now();
  while (!isSo()) {
    if (performance.now() - startedAt > patienceMs) throw new Error(`Never came: ${what}`);
    await pause(5);
  }
}

export async function timed<T>(promise: Promise<T>): Promise<{ value: T; tookMs: number }> {
  const startedAt = performance.now();
  const value = await promise;
  return { value, tookMs: performance.now() - startedAt };
}

/** A promise, and how to settle it. */
export function deferred<T = void>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((resolved, rejected) => {
    resolve = resolved;
    reject = rejected;
  });
  return { promise, resolve, reject };
}

/** Does a number of things, a few at a time. */
export async function inLanes(
  lanes: number,
  count: number,
  work: (at: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
