import { addDecimals } from '../cost/decimal.ts';
import { countUnpriced, noteUnpriced } from '../cost/unpriced.ts';
import type { Adjustment, Report } from './report.ts';
import type { Cost } from '../cost/prices.ts';
import { addIssue } from './report-issues.ts';
import type { ReportUsage } from '../schema/usage.ts';

/**
 * Makes `last` the report of both turns of one call: every attempt, all tokens, the whole cost, from the first start on.
 *
 * @param sums the sum with a turn that has no counts: `nothing`, or the counts of the other turn (for a turn that failed)
 */
export function continueReport(
  first: Report,
  last: Report,
  sums: 'nothing' | 'what is known' = 'nothing',
): void {
  const unpriced = countUnpriced(first) + countUnpriced(last);
  const laterMs = last.timings.startedAt - first.timings.startedAt;
  last.attempts.unshift(...first.attempts);
  for (const [index, attempt] of last.attempts.entries()) attempt.number = index + 1;
  const reportedAdjustments = new Set(last.adjustments.map(keyOf));
  last.adjustments.unshift(
    ...first.adjustments.filter((each) => !reportedAdjustments.has(keyOf(each))),
  );
  for (const issue of last.issues.splice(0, last.issues.length, ...first.issues)) {
    addIssue(last.issues, issue);
  }
  const known =
    sums === 'what is known'
      ? { usage: last.usage ?? first.usage, cost: last.cost ?? first.cost }
      : {};
  assign(last, 'usage', addUsage(first.usage, last.usage) ?? known.usage);
  const cost = addCost(first.cost, last.cost) ?? known.cost;
  // Of a turn that failed it may be unknown what it cost: then that is said.
  assign(last, 'cost', cost && { ...cost, ...(unpriced > 0 && { unpriced }) });
  noteUnpriced(last);
  const { timings } = last;
  for (const name of ['headersMs', 'firstReasoningMs', 'firstContentMs', 'totalMs'] as const) {
    const atMs = timings[name];
    if (atMs !== undefined) timings[name] = atMs + laterMs;
  }
  timings.startedAt = first.timings.startedAt;
}

/** Equal for the same change of the same parameter. Its value, which may be anything, adds nothing to that. */
function keyOf({ param, action, reason }: Adjustment): string {
  return JSON.stringify([param, action, reason]);
}

function assign<Field extends 'usage' | 'cost'>(
  report: Report,
  field: Field,
  value: Report[Field] | undefined,
): void {
  if (value === undefined) delete report[field];
  else report[field] = value;
}

/**
 * The sum of two counts. A counter that only one turn has is left out, since a part is not a total; of the details, which
 * vendors omit where they are zero, the known ones count. `undefined` if a turn has no counts at all.
 */
export function addUsage(
  one: ReportUsage | undefined,
  other: ReportUsage | undefined,
): ReportUsage | undefined {
  if (one === undefined || other === undefined) return undefined;
  const [left, right] = [one as Counters, other as Counters];
  const names = namesOf(left, right);
  const sums = names.map((name): [string, unknown] => {
    const [a, b] = [left[name], right[name]];
    return isDetail(a) || isDetail(b)
      ? [name, addDetails(isDetail(a) ? a : {}, isDetail(b) ? b : {})]
      : [name, typeof a === 'number' && typeof b === 'number' ? a + b : undefined];
  });
  return Object.fromEntries(sums.filter(([, sum]) => sum !== undefined));
}

type Counters = Record<string, unknown>;

function addDetails(left: Counters, right: Counters): Counters {
  const countOrZero = (value: unknown): number => (typeof value === 'number' ? value : 0);
  return Object.fromEntries(
    namesOf(left, right)
      .filter((name) => typeof left[name] === 'number' || typeof right[name] === 'number')
      .map((name) => [name, countOrZero(left[name]) + countOrZero(right[name])]),
  );
}

function namesOf(left: Counters, right: Counters): string[] {
  return [...new Set([...Object.keys(left), ...Object.keys(right)])];
}

function isDetail(value: unknown): value is Counters {
  return typeof value === 'object' && value !== null;
}

/** The sum of two costs; `undefined` if one of them is unknown, since a part is not a total. */
export function addCost(one: Cost | undefined, other: Cost | undefined): Cost | undefined {
  if (one === undefined || other === undefined) return undefined;
  // Discounts stay with the turns they were reported for: their base is unknown.
  const { discount: _discount, ...kind } = other.source === 'provider' ? one : other;
  const unpriced = (one.unpriced ?? 0) + (other.unpriced ?? 0);
  const usd = addDecimals(one.usd, other.usd);
  return { ...kind, usd, ...(unpriced > 0 && { unpriced }) };
}
