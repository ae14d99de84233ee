import type { Cost } from './prices.ts';
import type { NoteIssue } from '../schema/issue.ts';
import type { DecodedCompletion } from '../schema/response.ts';
import { cacheCounts } from '../schema/usage.ts';
import type { Prices } from './prices.ts';
import { decimals, fromScaled, isDecimal, moneyString, scaled } from './decimal.ts';

/** What is known of the cost of a model at a vendor. */
export interface Priced {
  /** Where an answer tells what it cost; absent: it does not. */
  cost?: 'usage.cost' | 'meta.usage.usd_spent' | undefined;
  /** The vendor's price table for the model; absent: unknown. */
  prices?: Prices | undefined;
}

/**
 * What an answer cost: the vendor's own figure, else the caller's prices, else the vendor's table; `undefined` where
 * neither figure nor prices and counts are known. Never a guess: without the cache counters there is no exact price.
 *
 * @param atMs when the request was sent, for prices that change by the hour
 * @param note is told why there is no cost, where that is not plain to see
 */
export function costOf(
  completion: DecodedCompletion,
  priced: Priced,
  pricing: Prices | undefined,
  atMs: number,
  note: NoteIssue,
): Cost | undefined {
  const told = toldCost(completion, priced);
  if (isDecimal(told)) {
    const discount = priced.cost === 'usage.cost' ? usageField(completion, 'discount') : undefined;
    return {
      usd: moneyString(told),
      source: 'provider',
      ...((typeof discount === 'number' || typeof discount === 'string') && { discount }),
    };
  }
  const prices = pricing ?? priced.prices;
  const usd = prices && multiply(completion, prices, atMs, note);
  if (prices === undefined || usd === undefined) return undefined;
  return {
    usd,
    source: pricing === undefined ? 'table' : 'pricing',
    ...(prices.date !== undefined && { priceDate: prices.date }),
  };
}

/** A field beside the counts: one vendor's own, so not in the type that all share. */
function usageField({ usage }: DecodedCompletion, field: string): unknown {
  return (usage as Record<string, unknown> | undefined)?.[field];
}

function toldCost(completion: DecodedCompletion, { cost }: Priced): unknown {
  switch (cost) {
    case 'usage.cost':
      return usageField(completion, 'cost');
    case 'meta.usage.usd_spent':
      return completion.meta?.usage?.usd_spent;
    case undefined:
      return undefined;
  }
}

function multiply(
  { usage = {} }: DecodedCompletion,
  prices: Prices,
  atMs: number,
  note: NoteIssue,
): string | undefined {
  const { hit, miss } = cacheCounts(usage);
  const output = usage.completion_tokens;
  if (!isCount(hit) || !isCount(miss) || !isCount(output)) return undefined;
  const exact = scaledPrices(prices);
  if (exact === undefined) return undefined;
  const { cacheHit, cacheMiss, output: outputPrice, scale } = exact;
  const total = cacheHit * BigInt(hit) + cacheMiss * BigInt(miss) + outputPrice * BigInt(output);
  const factor = peakFactor(prices, atMs);
  if (factor === undefined) {
    const message =
      'whether this was a public holiday, and so which price holds, is not known for this year';
    note({ code: 'unknown_holiday', path: 'cost', message });
    return undefined;
  }
  if (factor === 1) return fromScaled(total, scale + 6);
  if (!isDecimal(factor)) return undefined;
  return fromScaled(total * scaled(factor, decimals(factor)), scale + decimals(factor) + 6);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

interface ScaledPrices {
  cacheHit: bigint;
  cacheMiss: bigint;
  output: bigint;
  /** How many digits stand behind the point. */
  scale: number;
}

const known = new WeakMap<Prices, ScaledPrices | undefined>();

/** Prices are a million tokens, with up to `scale` decimals: whole numbers all the way. Read once a table. */
function scaledPrices(prices: Prices): ScaledPrices | undefined {
  if (known.has(prices)) return known.get(prices);
  const { cacheHit, cacheMiss, output } = prices;
  const all = [cacheHit, cacheMiss, output];
  const scale = all.every(isDecimal) ? Math.max(...all.map(decimals)) : undefined;
  const exact = scale !== undefined && {
    cacheHit: scaled(cacheHit, scale),
    cacheMiss: scaled(cacheMiss, scale),
    output: scaled(output, scale),
    scale,
  };
  known.set(prices, exact || undefined);
  return exact || undefined;
}

/** What the price is multiplied by at that time; `undefined` where that depends on holidays that are not known. */
export function peakFactor({ peak }: Prices, atMs: number): number | undefined {
  if (peak === undefined) return 1;
  const hour = Math.floor(atMs / 3_600_000);
  const last = lastFactor.get(peak);
  if (last?.hour === hour) return last.factor;
  const factor = factorAt(peak, atMs);
  lastFactor.set(peak, { hour, factor });
  return factor;
}

/** It changes with the hour, and is asked for with each call. */
const lastFactor = new WeakMap<Peak, { hour: number; factor: number | undefined }>();

type Peak = NonNullable<Prices['peak']>;

function factorAt(peak: Peak, atMs: number): number | undefined {
  const at = new Date(atMs);
  const hour = at.getUTCHours();
  const isPeak =
    peak.days.includes(at.getUTCDay()) &&
    peak.hoursUTC.some(([from, to]) => hour >= from && hour < to);
  if (!isPeak) return 1;
  const { holidays } = peak;
  if (holidays === undefined) return peak.factor;
  const day = at.toISOString().slice(0, 'YYYY-MM-DD'.length);
  if (holidays.days.some(([from, to]) => day >= from && day <= to)) return 1;
  return holidays.years.includes(at.getUTCFullYear()) ? peak.factor : undefined;
}
