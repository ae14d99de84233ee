import type { Estimate } from '../cost/call-estimate.ts';
import type { VendorHealth } from '../traffic/vendor-traffic.ts';

/** What a strategy of one's own knows of a vendor. */
export interface StrategyCandidate {
  readonly name: string;
  /** Id of the vendor. */
  readonly provider: string;
  readonly health: VendorHealth;
  readonly estimate: Estimate;
}

/**
 * In which order vendors are asked: as they are listed; the one with the lowest estimated price first; the one whose answers
 * begin soonest first; or what a function makes of the list, which may leave some out.
 */
export type Strategy =
  | 'priority'
  | 'cheapest'
  | 'fastest'
  | ((
      candidates: readonly StrategyCandidate[],
    ) => readonly StrategyCandidate[] | Promise<readonly StrategyCandidate[]>);

/** When a second vendor is tried, while the first has not answered. */
export interface HedgeOptions {
  /** After so many milliseconds without content. */
  afterMs?: number | undefined;
  /** `p95`: after the time within which 95 of 100 of the vendor's own latest answers began; not before it has given 20. */
  after?: 'p95' | undefined;
  /** The cap on such extra calls: a share of all calls, and how many at once. Default: 0.05 and 10. */
  maxExtraCalls?: { share?: number | undefined; burst?: number | undefined } | undefined;
}
