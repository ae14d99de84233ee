import { addDecimals } from '../cost/decimal.ts';
import { compareDecimals } from '../cost/exact.ts';
import type { Clock } from '../internal/clock.ts';
import { realClock } from '../internal/clock.ts';
import { ownOptions } from '../outcome/invalid-options.ts';
import type { BreakerRecord } from './breaker.ts';
import type { Semaphore } from './semaphore.ts';
import { createSemaphore } from './semaphore.ts';
import type { SharedState } from './shared-state.ts';

/** Options of {@link memoryState}. */
export interface MemoryStateOptions {
  /** What tells the time; for tests. */
  clock?: Clock | undefined;
}

/**
 * Breakers, places and money in the memory of this process: what a client with several vendors uses by default. Give one
 * to several clients, and they share what they know of their vendors, by the vendors' names.
 *
 * @example
 * const state = memoryState();
 * const [fast, careful] = [createClient({ providers, state }), createClient({ providers, state, maxRetries: 5 })];
 *
 * @throws ChatError `invalid_options`
 */
export function memoryState(options?: MemoryStateOptions): SharedState {
  const { clock = realClock } = ownOptions(options, ['clock'], 'Options of memoryState');
  const breakers = new Map<string, BreakerRecord>();
  const semaphores = new Map<string, Semaphore>();
  const spend = new Map<string, string>();
  return {
    readBreaker: (key) => breakers.get(key),
    updateBreaker(key, change) {
      const record = change(breakers.get(key));
      if (record === undefined) breakers.delete(key);
      else breakers.set(key, record);
      return record;
    },
    acquire(key, wish) {
      let semaphore = semaphores.get(key);
      if (semaphore === undefined) {
        semaphore = createSemaphore(clock);
        semaphores.set(key, semaphore);
      }
      return semaphore.acquire(wish);
    },
    addSpend(key, usd, limitUsd) {
      const sum = addDecimals(spend.get(key) ?? '0', usd);
      if (limitUsd !== undefined && compareDecimals(sum, limitUsd) > 0) return false;
      spend.set(key, sum);
      return true;
    },
    readSpend: (key) => spend.get(key) ?? '0',
  };
}
