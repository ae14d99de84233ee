import type { Estimate } from '../cost/call-estimate.ts';
import type { VendorHealth } from '../traffic/vendor-traffic.ts';

/** What a strategy of one's own knows of a vendor. */
export interface StrategyCandidate {
  readonly name: string;
  /** Id of the vendor. */
  readonly provider: string;
  /** How the vendor is, as this process sees it. */
  readonly health: VendorHealth;
  /** What the request could come to there. */
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
