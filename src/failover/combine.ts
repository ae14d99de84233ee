import { addCost } from '../outcome/combine-reports.ts';
import { mayBeBilled } from '../cost/may-be-billed.ts';
import type { Report } from '../outcome/report.ts';

/**
 * Makes the report of the vendor that answered the report of the whole call: every attempt, from the first start on, and
 * what all of them cost.
 *
 * @param report that of the last vendor, or another one that takes its place
 * @param earlier those of the other vendors
 * @param place how many of these came before it
 */
export function addEarlier(
  report: Report,
  earlier: readonly Report[],
  startedAtMs: number,
  place = earlier.length,
): void {
  const { timings } = report;
  const laterMs = timings.startedAt - startedAtMs;
  if (laterMs !== 0) {
    for (const name of ['headersMs', 'firstReasoningMs', 'firstContentMs', 'totalMs'] as const) {
      const atMs = timings[name];
      if (atMs !== undefined) timings[name] = atMs + laterMs;
    }
    timings.startedAt = startedAtMs;
  }
  if (earlier.length === 0) return;
  const turns = earlier.toSpliced(place, 0, report);
  report.attempts = turns.flatMap(({ attempts }) => attempts);
  // Two that ran beside each other.
  report.attempts.sort((one, other) => one.startedAt - other.startedAt);
  for (const [index, attempt] of report.attempts.entries()) attempt.number = index + 1;
  addEarlierCost(report, earlier);
}

function addEarlierCost(report: Report, earlier: readonly Report[]): void {
  const costs = earlier.flatMap(({ cost }) => cost ?? []);
  const unpriced = earlier.filter(
    (each) => each.cost === undefined && each.attempts.some(mayBeBilled),
  ).length;
  if (report.cost === undefined) return;
  const cost = costs.reduce((sum, each) => addCost(sum, each) ?? sum, report.cost);
  report.cost = unpriced === 0 ? cost : { ...cost, unpriced };
}
