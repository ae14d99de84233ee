import type { ReportUsage } from '../schema/usage.ts';
import { counters } from '../schema/usage.ts';
import { addDecimals, isDecimal } from './decimal.ts';

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
  byProvider: Record<string, CallTotals>;
}

/** What of one send is counted. */
export interface CountedAttempt {
  /** The vendor's name, where it is not the report's. */
  provider?: string | undefined;
  error?: string | undefined;
  /** `false`: the vendor does not bill it. */
  billed?: boolean | undefined;
  usage?: ReportUsage | undefined;
  cost?: { usd: string } | undefined;
}

/** What of a report is counted. Any `Report` fits. */
export interface CountedReport {
  provider: string;
  attempts: readonly CountedAttempt[];
  usage?: ReportUsage | undefined;
  cost?: { usd: string } | undefined;
}

/** Adds up reports. */
export interface TotalsCounter {
  /** A call has ended. */
  add(report: CountedReport): void;
  /** The sums now, as a copy. */
  read(): Totals;
}

interface Sums extends CallTotals {
  usd: string;
  isPriced: boolean;
  unpriced: number;
}

/**
 * Where attempts tell their own usage and cost, each is its vendor's. Where only the report does, they are those of the
 * attempt that answered, and so of the report's vendor.
 */
export function createTotals(): TotalsCounter {
  const all = noSums();
  const byProvider = new Map<string, Sums>();
  const of = (name: string): Sums => {
    let sums = byProvider.get(name);
    if (sums === undefined) byProvider.set(name, (sums = noSums()));
    return sums;
  };
  return {
    add(report) {
      const own = of(report.provider);
      all.calls++;
      own.calls++;
      const isDetailed = report.attempts.some((each) => each.usage ?? each.cost);
      const last = report.attempts.at(-1);
      for (const attempt of report.attempts) {
        const isWhole = !isDetailed && attempt === last;
        const counted = isWhole ? { ...attempt, usage: report.usage, cost: report.cost } : attempt;
        // An earlier turn of the same call that went well is in the report's own sum.
        const isCovered = !isDetailed && !isWhole && attempt.error === undefined;
        for (const sums of [all, of(attempt.provider ?? report.provider)]) {
          sums.attempts++;
          if (!isCovered) addTo(sums, counted);
        }
      }
    },
    read: () => ({
      ...told(all),
      byProvider: Object.fromEntries([...byProvider].map(([name, sums]) => [name, told(sums)])),
    }),
  };
}

function noSums(): Sums {
  return { calls: 0, attempts: 0, usage: {}, usd: '0', isPriced: false, unpriced: 0 };
}

function addTo(sums: Sums, { usage, cost, billed }: CountedAttempt): void {
  if (usage !== undefined) addCounts(sums.usage, usage);
  if (cost !== undefined && isDecimal(cost.usd)) {
    sums.usd = addDecimals(sums.usd, cost.usd);
    sums.isPriced = true;
  } else if (billed !== false) {
    sums.unpriced++;
  }
}

function told({ calls, attempts, usage, usd, isPriced, unpriced }: Sums): CallTotals {
  return {
    calls,
    attempts,
    usage: structuredClone(usage),
    ...(isPriced && { cost: { usd, unpriced } }),
  };
}

type Counters = Record<string, number | undefined>;

const [promptDetails, completionDetails] = [
  'prompt_tokens_details',
  'completion_tokens_details',
] as const;

function addCounts(sum: ReportUsage, usage: ReportUsage): void {
  addNamed(sum as Counters, usage as Counters, [...counters.usage, ...counters.cache]);
  if (usage[promptDetails] != null) {
    addNamed((sum[promptDetails] ??= {}) as Counters, usage[promptDetails], counters.prompt);
  }
  if (usage[completionDetails] != null) {
    const details = (sum[completionDetails] ??= {}) as Counters;
    addNamed(details, usage[completionDetails], counters.completion);
  }
}

function addNamed(sum: Counters, counts: object, names: readonly string[]): void {
  for (const name of names) {
    const count = (counts as Counters)[name];
    if (typeof count === 'number' && Number.isFinite(count)) sum[name] = (sum[name] ?? 0) + count;
  }
}
