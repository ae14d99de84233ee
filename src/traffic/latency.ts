/** How long a vendor takes to its first content. */
export interface Latency {
  note(firstContentMs: number, nowMs: number): void;
  /** A mean in which what is new weighs more; `undefined` before the first answer. */
  meanMs(): number | undefined;
  /** What 95 of the last 100 answers took at most; `undefined` while there are fewer than 20. */
  p95Ms(): number | undefined;
}

const kept = 100;
const fewest = 20;
/** In this time the weight of an answer halves. */
const halfLifeMs = 60_000;

/** In fixed memory. */
export function createLatency(): Latency {
  const latest = new Float64Array(kept);
  let noted = 0;
  let p95: number | undefined;
  let sum = 0;
  let weight = 0;
  let lastMs = 0;
  return {
    note(firstContentMs, nowMs) {
      // What is no duration would stay in the mean for good.
      if (!(firstContentMs >= 0 && firstContentMs < Infinity)) return;
      const fading = weight === 0 ? 0 : 2 ** (-Math.max(0, nowMs - lastMs) / halfLifeMs);
      sum = sum * fading + firstContentMs;
      weight = weight * fading + 1;
      lastMs = nowMs;
      latest[noted % kept] = firstContentMs;
      noted++;
      p95 = undefined;
    },
    meanMs: () => (weight === 0 ? undefined : sum / weight),
    p95Ms() {
      if (noted < fewest) return undefined;
      p95 ??= percentile([...latest.subarray(0, Math.min(noted, kept))], 0.95);
      return p95;
    },
  };
}

function percentile(values: readonly number[], share: number): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1];
}
