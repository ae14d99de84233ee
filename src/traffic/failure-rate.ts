/** How many of the latest calls failed. */
export interface FailureRate {
  count(nowMs: number, isFailure: boolean): void;
  /** Whether at least half of at least ten calls of the last 30 seconds failed. */
  isHalfFailing(nowMs: number): boolean;
  forget(): void;
}

const windowSeconds = 30;
const fewestCalls = 10;

/**
 * Counts by the second, in fixed memory. This process's own, also where breakers are shared: what it decides is shared,
 * and an answer that went well is no reason for a message to a store.
 */
export function createFailureRate(): FailureRate {
  const seconds = new Float64Array(windowSeconds);
  const calls = new Uint32Array(windowSeconds);
  const failures = new Uint32Array(windowSeconds);
  return {
    count(nowMs, isFailure) {
      const second = Math.floor(nowMs / 1000);
      const slot = second % windowSeconds;
      if (seconds[slot] !== second) {
        seconds[slot] = second;
        calls[slot] = 0;
        failures[slot] = 0;
      }
      calls[slot] = (calls[slot] ?? 0) + 1;
      if (isFailure) failures[slot] = (failures[slot] ?? 0) + 1;
    },
    isHalfFailing(nowMs) {
      const oldest = Math.floor(nowMs / 1000) - windowSeconds;
      let all = 0;
      let failed = 0;
      for (let slot = 0; slot < windowSeconds; slot++) {
        if ((seconds[slot] ?? 0) <= oldest) continue;
        all += calls[slot] ?? 0;
        failed += failures[slot] ?? 0;
      }
      return all >= fewestCalls && failed * 2 >= all;
    },
    forget() {
      calls.fill(0);
      failures.fill(0);
    },
  };
}
