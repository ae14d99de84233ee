import type { Cost } from './prices.ts';
import type { DecodedCompletion } from '../schema/response.ts';
import { cacheCounts } from '../schema/usage.ts';
import type { Prices } from './prices.ts';
import { decimals, decimalString, fromScaled, isDecimal, scaled } from './decimal.ts';

/** What of a vendor's facts is about cost. */
export interface Priced {
  /** Where an answer tells what it cost; absent: it does not. */
  cost?: 'usage.cost' | 'meta.usage.usd_spent' | undefined;
  /** Price table for `deepseek-v4-flash`; absent: unknown. */
  prices?: Prices | undefined;
}

/**
 * What an answer cost: the vendor's own figure, else the caller's prices, else the vendor's table; `undefined` where
 * neither figure nor prices and counts are known. Never a guess: without the cache counters there is no exact price.
 *
 * @param atMs when the request was sent, for prices that change by the hour
 */
export function costOf(
  completion: DecodedCompletion,
  profile: Priced,
  pricing: Prices | undefined,
  isFlash: boolean,
  atMs: number,
): Cost | undefined {
  const told = toldCost(completion, profile);
  if (isDecimal(told)) {
    const discount = profile.cost === 'usage.cost' ? usageField(completion, 'discount') : undefined;
    return {
      usd: decimalString(told),
      source: 'provider',
      ...((typeof discount === 'number' || typeof discount === 'string') && { discount }),
    };
  }
  const prices = pricing ?? (isFlash ? profile.prices : undefined);
  const usd = prices && multiply(completion, prices, atMs);
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
): string | undefined {
  const { hit, miss } = cacheCounts(usage);
  const output = usage.completion_tokens;
  if (![hit, miss, output].every((count) => Number.isSafeInteger(count) && Number(count) >= 0)) {
    return undefined;
  }
  const exact = scaledPrices(prices);
  if (exact === undefined) return undefined;
  const { cacheHit, cacheMiss, output: outputPrice, scale } = exact;
  const total =
    cacheHit * BigInt(hit ?? 0) + cacheMiss * BigInt(miss ?? 0) + outputPrice * BigInt(output ?? 0);
  const factor = peakFactor(prices, atMs);
  if (factor === 1) return fromScaled(total, scale + 6);
  if (!isDecimal(factor)) return undefined;
  return fromScaled(total * scaled(factor, decimals(factor)), scale + decimals(factor) + 6);
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

function peakFactor({ peak }: Prices, atMs: number): number {
  if (peak === undefined) return 1;
  const at = new Date(atMs);
  const hour = at.getUTCHours();
  const isPeak =
    peak.days.includes(at.getUTCDay()) &&
    peak.hoursUTC.some(([from, to]) => hour >= from && hour < to);
  return isPeak ? peak.factor : 1;
}
