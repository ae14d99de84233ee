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
  addEarlierCost(report, earlier);
  const turns = earlier.toSpliced(place, 0, report);
  report.attempts = turns.flatMap(({ attempts }) => attempts);
  // Two that ran beside each other.
  report.attempts.sort((one, other) => one.startedAt - other.startedAt);
  for (const [index, attempt] of report.attempts.entries()) attempt.number = index + 1;
}

function addEarlierCost(report: Report, earlier: readonly Report[]): void {
  // What an answer cost of which nobody knows the price is not what the others cost.
  if (report.cost === undefined && report.completion !== 'interrupted') return;
  const all = [report, ...earlier];
  const [first, ...others] = all.flatMap(({ cost }) => cost ?? []);
  if (first === undefined) return;
  const untold = all.filter(
    ({ cost, attempts }) => cost === undefined && attempts.some(mayBeBilled),
  ).length;
  const cost = others.reduce((sum, each) => addCost(sum, each) ?? sum, first);
  const unpriced = (cost.unpriced ?? 0) + untold;
  report.cost = unpriced === 0 ? cost : { ...cost, unpriced };
}
