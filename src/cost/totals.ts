import type { ReportUsage } from '../schema/usage.ts';
import { counters } from '../schema/usage.ts';
import type { BilledAttempt } from './may-be-billed.ts';
import { mayBeBilled } from './may-be-billed.ts';
import { isDecimal } from './decimal.ts';
import { ExactSum } from './exact.ts';

/** What a number of calls came to. */
export interface CallTotals {
  /** Calls that have ended, well or not. Of one vendor: those that it answered, or was the last to fail. */
  calls: number;
  /** Sends, those that failed included. */
  attempts: number;
  /** The sum of the token counts that were told. What was not told is not in it. */
  usage: ReportUsage;
  /** What is known of the cost; absent as long as nothing is. */
  cost?: TotalCost | undefined;
}

/** A sum that names what is missing in it. */
export interface TotalCost {
  /** US dollars as an exact decimal string: the sum of all costs that are known. */
  usd: string;
  /** Sends of which nobody said what they cost, and which may have been billed. They are not in `usd`. */
  unpriced: number;
}

/** {@link CallTotals} of a client, and of each of its vendors by name. */
export interface Totals extends CallTotals {
  /** The same for each vendor, by its name. */
  byProvider: Record<string, CallTotals>;
}

/** What of a vendor's report is counted. */
export interface CountedReport {
  attempts: readonly BilledAttempt[];
  usage?: ReportUsage | undefined;
  cost?: { usd: string } | undefined;
}

/** Adds up what calls came to. */
export interface TotalsCounter {
  /** A vendor has done what it was asked for in a call, well or not; several may be asked in one. */
  addTurn(name: string, report: CountedReport): void;
  /** A call has ended, at the vendor of this name. */
  addCall(name: string): void;
  /** The sums now, as a copy. */
  read(): Totals;
}

/** What calls of one vendor came to. */
interface Sums {
  calls: number;
  attempts: number;
  usage: ReportUsage;
  usd: ExactSum;
  isPriced: boolean;
  unpriced: number;
}

export function createTotals(): TotalsCounter {
  const byProvider = new Map<string, Sums>();
  const of = (name: string): Sums => {
    let sums = byProvider.get(name);
    if (sums === undefined) byProvider.set(name, (sums = noSums()));
    return sums;
  };
  return {
    addTurn: (name, report) => addTo(of(name), report),
    addCall: (name) => void of(name).calls++,
    read() {
      const all = noSums();
      for (const sums of byProvider.values()) addAll(all, sums);
      return {
        ...told(all),
        byProvider: Object.fromEntries([...byProvider].map(([name, sums]) => [name, told(sums)])),
      };
    },
  };
}

function noSums(): Sums {
  return {
    calls: 0,
    attempts: 0,
    usage: {},
    usd: new ExactSum(),
    isPriced: false,
    unpriced: 0,
  };
}

function addTo(sums: Sums, { attempts, usage, cost }: CountedReport): void {
  sums.attempts += attempts.length;
  if (usage !== undefined) addCounts(sums.usage as Counts, usage as Counts);
  const isPriced = cost !== undefined && isDecimal(cost.usd);
  if (isPriced) sums.usd.add(cost.usd);
  // The cost is that of the last attempt, also where it broke off and had told its counts.
  const last = isPriced ? attempts.at(-1) : undefined;
  for (const attempt of attempts) if (attempt !== last && mayBeBilled(attempt)) sums.unpriced++;
  sums.isPriced ||= isPriced || sums.unpriced > 0;
}

function addAll(all: Sums, { calls, attempts, usage, usd, isPriced, unpriced }: Sums): void {
  all.calls += calls;
  all.attempts += attempts;
  addCounts(all.usage as Counts, usage as Counts);
  all.usd.add(usd.toString());
  all.isPriced ||= isPriced;
  all.unpriced += unpriced;
}

function told({ calls, attempts, usage, usd, isPriced, unpriced }: Sums): CallTotals {
  return {
    calls,
    attempts,
    usage: structuredClone(usage),
    ...(isPriced && { cost: { usd: usd.toString(), unpriced } }),
  };
}

type Counts = Record<string, unknown>;

const places = {
  usage: [...counters.usage, ...counters.cache],
  prompt_tokens_details: counters.prompt,
  completion_tokens_details: counters.completion,
} as const;

const details = ['prompt_tokens_details', 'completion_tokens_details'] as const;

/** Adds what is a known counter in its place; what else a vendor puts there is its own. */
function addCounts(sum: Counts, counts: Counts, place: keyof typeof places = 'usage'): void {
  for (const name of places[place]) {
    const count = counts[name];
    if (Number.isFinite(count)) sum[name] = Number(sum[name] ?? 0) + Number(count);
  }
  for (const name of place === 'usage' ? details : []) {
    const inner = counts[name];
    if (typeof inner === 'object' && inner !== null) {
      addCounts((sum[name] ??= {}) as Counts, inner as Counts, name);
    }
  }
}
