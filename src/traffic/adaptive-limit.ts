/** How many calls at the same time a vendor seems to allow. */
export interface AdaptiveLimit {
  /** At least 1; `Infinity` until the vendor refused a call for want of room. Never above what was configured. */
  value(): number;
  /** A call begins; gives its number. */
  begin(): number;
  /** A call went well while so many were running. */
  succeeded(running: number): void;
  /** A call was refused; `named` is the limit that the vendor told. */
  refused(call: number, running: number, named: number | undefined): void;
}

/**
 * Additive increase, multiplicative decrease: a refusal that names a limit sets it, one that names none halves what was
 * running, and each round of successes under a full house tries one place more.
 */
export function createAdaptiveLimit(configured: number): AdaptiveLimit {
  let learned = Infinity;
  let begun = 0;
  /** The calls that were under way when the limit was cut: their refusals say nothing new. */
  let begunBeforeCut = 0;
  /** Since the limit was last changed. */
  let successes = 0;
  const value = (): number => Math.min(configured, learned);
  return {
    value,
    begin: () => ++begun,
    succeeded(running) {
      if (learned === Infinity || running < value() || ++successes < learned) return;
      learned++;
      successes = 0;
    },
    refused(call, running, named) {
      if (named !== undefined && Number.isSafeInteger(named) && named > 0) learned = named;
      else if (call > begunBeforeCut) learned = Math.max(1, Math.floor(running / 2));
      else return;
      begunBeforeCut = begun;
      successes = 0;
    },
  };
}
