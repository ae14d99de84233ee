import { peakFactor } from './cost.ts';
import type { Prices } from './prices.ts';

const hourMs = 3_600_000;
// The longest row of holidays and weekends has an end well before.
const maxHours = 24 * 31;

/** From when on the lower price holds, epoch milliseconds: now or later. Hours of which nobody knows count as dear. */
export function cheaperFrom(prices: Prices, nowMs: number): number {
  let atMs = nowMs;
  for (let hour = 0; hour < maxHours && peakFactor(prices, atMs) !== 1; hour++) {
    atMs = (Math.floor(atMs / hourMs) + 1) * hourMs;
  }
  return atMs;
}
