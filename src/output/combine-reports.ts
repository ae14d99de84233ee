import { addDecimals } from '../providers/dialect/decimal.ts';
import type { Cost, Report } from '../report.ts';
import type { CompletionUsage } from '../schema/usage.ts';

/**
 * Makes `last` the report of both turns of one call: every attempt, all tokens, the whole cost, from the first start on.
 *
 * @param sums what to tell where a turn told nothing: nothing, or what the other one told, as for a turn that failed
 */
export function continueReport(
  first: Report,
  last: Report,
  sums: 'nothing' | 'what is known' = 'nothing',
): void {
  const laterMs = last.timings.startedAt - first.timings.startedAt;
  last.attempts.unshift(...first.attempts);
  for (const [index, attempt] of last.attempts.entries()) attempt.number = index + 1;
  const told = new Set(last.adjustments.map((adjustment) => JSON.stringify(adjustment)));
  last.adjustments.unshift(
    ...first.adjustments.filter((adjustment) => !told.has(JSON.stringify(adjustment))),
  );
  last.issues.unshift(...first.issues);
  const known =
    sums === 'what is known'
      ? { usage: last.usage ?? first.usage, cost: last.cost ?? first.cost }
      : {};
  assign(last, 'usage', addUsage(first.usage, last.usage) ?? known.usage);
  assign(last, 'cost', addCost(first.cost, last.cost) ?? known.cost);
  const { timings } = last;
  for (const name of ['headersMs', 'firstReasoningMs', 'firstContentMs', 'totalMs'] as const) {
    const atMs = timings[name];
    if (atMs !== undefined) timings[name] = atMs + laterMs;
  }
  timings.startedAt = first.timings.startedAt;
}

function assign<Field extends 'usage' | 'cost'>(
  report: Report,
  field: Field,
  value: Report[Field] | undefined,
): void {
  if (value === undefined) delete report[field];
  else report[field] = value;
}

/** The sum of two counts, counter by counter; `undefined` if one of them is not known, since a part is no total. */
export function addUsage(
  one: CompletionUsage | undefined,
  other: CompletionUsage | undefined,
): CompletionUsage | undefined {
  return one && other && (addCounters(one, other) as CompletionUsage);
}

function addCounters(one: object, other: object): Record<string, unknown> {
  const sum: Record<string, unknown> = {};
  const [left, right] = [one as Record<string, unknown>, other as Record<string, unknown>];
  for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const [a, b] = [left[name], right[name]];
    if (isDetail(a) || isDetail(b)) {
      sum[name] = addCounters(isDetail(a) ? a : {}, isDetail(b) ? b : {});
    } else if (typeof a === 'number' || typeof b === 'number') {
      sum[name] = (typeof a === 'number' ? a : 0) + (typeof b === 'number' ? b : 0);
    }
  }
  return sum;
}

function isDetail(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** The sum of two costs; `undefined` if one of them is not known, since a part is no total. */
export function addCost(one: Cost | undefined, other: Cost | undefined): Cost | undefined {
  if (one === undefined || other === undefined) return undefined;
  // Discounts stay with the turns that they were told for: nobody knows what they are of.
  const { discount: _discount, ...kind } = other.source === 'provider' ? one : other;
  return { ...kind, usd: addDecimals(one.usd, other.usd) };
}
