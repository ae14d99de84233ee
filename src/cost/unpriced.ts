import type { BilledAttempt } from './may-be-billed.ts';
import { mayBeBilled } from './may-be-billed.ts';
import type { Cost } from './prices.ts';

/** What of a report says which of its sends have no price. */
export interface PricedReport {
  attempts: readonly BilledAttempt[];
  cost?: Pick<Cost, 'unpriced'> | undefined;
  unpriced?: number | undefined;
}

/** How many sends of a call may have been billed, and cost nobody knows what. A known cost says itself what is not in it. */
export function countUnpriced({ attempts, cost }: PricedReport): number {
  return cost === undefined ? attempts.filter(mayBeBilled).length : (cost.unpriced ?? 0);
}

/** Writes that down, once the attempts and the cost of a report are what they are going to be. */
export function noteUnpriced(report: PricedReport): void {
  const count = countUnpriced(report);
  // Nearly always there is nothing to take back, and an object that something is deleted from becomes slow.
  if (count > 0) report.unpriced = count;
  else if (report.unpriced !== undefined) delete report.unpriced;
}
