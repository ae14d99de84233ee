import type { SpendLedger } from '../../index.ts';
import { format, parse } from '../units.ts';
import { fromGroups, toGroups } from './groups.ts';
import type { Reach } from './reach.ts';
import { spendScript } from './scripts.ts';

/** An amount that Redis may not have heard of. */
interface Owed {
  key: string;
  number: number;
  units: bigint;
  /** It was not spent after all, but may have been told. */
  isRefused: boolean;
}

/**
 * Money in Redis. While it is away, each process spends at most its share of what was left, and tells it later: every amount
 * has a number, and is added once, however often it is sent.
 */
export function createSpend(
  reach: Reach,
  keysOf: (key: string) => string[],
): SpendLedger & { readonly isOwing: boolean; pay(): void } {
  let last = 0;
  const open = new Set<number>();
  const owed: Owed[] = [];
  const sums = new Map<string, bigint>();

  const send = async ({ key, number, units, isRefused }: Owed, limit?: bigint) => {
    const least = Math.min(number, ...open);
    const [isAdded, sum] = await reach.ask(spendScript, keysOf(key), [
      `${number}`,
      `${least}`,
      toGroups(isRefused ? -units : units),
      limit === undefined ? '' : toGroups(limit),
      isRefused ? 'undo' : 'add',
    ]);
    sums.set(key, fromGroups(String(sum)));
    open.delete(number);
    return isAdded === 1;
  };
  /** What this process has spent of a budget since Redis went away. */
  const owedOf = (key: string): bigint =>
    owed
      .filter((each) => each.key === key && !each.isRefused)
      .reduce((sum, { units }) => sum + units, 0n);

  /** At most this process's share of what was left. */
  const fits = ({ key, units }: Owed, limit: bigint | undefined): boolean =>
    limit === undefined ||
    units <= 0n ||
    (owedOf(key) + units) * BigInt(reach.processes) <= limit - (sums.get(key) ?? 0n);

  return {
    get isOwing() {
      return owed.length > 0;
    },
    /** Tells Redis what it does not know, in the order in which it came. */
    pay() {
      for (const entry of owed.splice(0)) {
        send(entry).catch(() => void owed.push(entry));
      }
    },
    async addSpend(key, usd, limitUsd) {
      const [units, limit] = [parse(usd), limitUsd === undefined ? undefined : parse(limitUsd)];
      const entry: Owed = { key, number: ++last, units, isRefused: false };
      open.add(entry.number);
      try {
        return await send(entry, limit);
      } catch {
        entry.isRefused = !fits(entry, limit);
        owed.push(entry);
        return !entry.isRefused;
      }
    },
    async readSpend(key) {
      const asked = reach.ask(spendScript, keysOf(key), ['', '', '', '', '']);
      // Else what was heard last.
      await asked.then(
        ([, sum]) => sums.set(key, fromGroups(String(sum))),
        () => {},
      );
      return format((sums.get(key) ?? 0n) + owedOf(key));
    },
  };
}
