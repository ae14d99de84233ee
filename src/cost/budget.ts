import { isPending } from '../internal/pending.ts';
import { addDecimals } from './decimal.ts';
import { compareDecimals, subtractDecimals } from './exact.ts';
import type { SpendLedger } from './spend.ts';

// Money is reserved before a call is sent, and the reserve is replaced by what the call cost. So calls in flight pass the
// limit by no more than what they cost above their reserves, however many there are.

/** A limit on spending. */
export interface Budget {
  /** Sets an amount aside for a call; `undefined` if the limit does not leave so much. */
  reserve(usd: string): Reservation | undefined | Promise<Reservation | undefined>;
}

/** Where the money of a limit is, in US dollars as exact decimals. */
export interface Standing {
  limitUsd: string;
  /** Spent; with what others who share the ledger hold for their calls. */
  spentUsd: string;
  /** Held for calls that are under way here. */
  heldUsd: string;
  /** How many these are. */
  heldCalls: number;
  /** What is left of the limit, and never below zero. */
  leftUsd: string;
}

/** A limit on spending that can say where its money is. */
export interface CountedBudget extends Budget {
  readonly limitUsd: string;
  standing(): Promise<Standing>;
}

/** Money that is set aside for one call. */
export interface Reservation {
  /** How much, as an exact decimal. */
  readonly usd: string;
  /** Sets more aside; `false` if the limit does not leave so much. */
  extend(usd: string): boolean | Promise<boolean>;
  /**
   * The call has ended: what it cost takes the place of the reserve. Where that is not known (`undefined`) the reserve
   * stays, since it may have been spent. Only the first time counts. Nothing was sent, or it was not billed: `'0'`.
   */
  settle(actualUsd: string | undefined): void | Promise<void>;
}

export interface BudgetOptions {
  ledger: SpendLedger;
  /** Under which name it is written down. */
  key: string;
  /** An exact decimal. */
  limitUsd: string;
}

export function createBudget({ ledger, key, limitUsd }: BudgetOptions): CountedBudget {
  const held = new Set<Reservation>();
  const add = (usd: string): boolean | Promise<boolean> => ledger.addSpend(key, usd, limitUsd);
  const reservation = (reservedUsd: string): Reservation => {
    let usd = reservedUsd;
    let isOpen = true;
    const extended = (isAdded: boolean, moreUsd: string): boolean => {
      if (isAdded) usd = addDecimals(usd, moreUsd);
      return isAdded;
    };
    const own: Reservation = {
      get usd() {
        return usd;
      },
      extend(moreUsd) {
        if (!isOpen) return false;
        const isAdded = add(moreUsd);
        if (!isPending(isAdded)) return extended(isAdded, moreUsd);
        return isAdded.then((is) => extended(is, moreUsd));
      },
      settle(actualUsd) {
        if (!isOpen) return;
        isOpen = false;
        held.delete(own);
        if (actualUsd === undefined) return;
        const added = ledger.addSpend(key, subtractDecimals(actualUsd, usd));
        if (isPending(added)) return added.then(() => {});
      },
    };
    held.add(own);
    return own;
  };
  return {
    limitUsd,
    reserve(usd) {
      const isAdded = add(usd);
      if (isPending(isAdded)) return isAdded.then((is) => (is ? reservation(usd) : undefined));
      return isAdded ? reservation(usd) : undefined;
    },
    standing() {
      // Read at the same time as the sum, where nothing has to be waited for: figures of two moments contradict each other.
      const sumUsd = ledger.readSpend(key);
      let heldUsd = '0';
      for (const { usd } of held) heldUsd = addDecimals(heldUsd, usd);
      const heldCalls = held.size;
      const figures = (sum: string): Standing => ({
        limitUsd,
        spentUsd: notNegative(subtractDecimals(sum, heldUsd)),
        heldUsd,
        heldCalls,
        leftUsd: notNegative(subtractDecimals(limitUsd, sum)),
      });
      return isPending(sumUsd) ? sumUsd.then(figures) : Promise.resolve(figures(sumUsd));
    },
  };
}

function notNegative(usd: string): string {
  return compareDecimals(usd, '0') < 0 ? '0' : usd;
}

/** Of two limits the one that leaves less: the one that refuses. */
export async function tighter(one: CountedBudget, other: CountedBudget): Promise<Standing> {
  const [left, right] = await Promise.all([one.standing(), other.standing()]);
  return compareDecimals(left.leftUsd, right.leftUsd) < 0 ? left : right;
}

/** Two limits that both hold, as a client's and a call's. What one of them refuses is not held back at the other. */
export function bothBudgets(one: Budget, other: Budget): Budget {
  const pair = async (usd: string): Promise<Reservation | undefined> => {
    const first = await one.reserve(usd);
    if (first === undefined) return undefined;
    const second = await other.reserve(usd);
    if (second !== undefined) return bothReservations(first, second);
    await first.settle('0');
    return undefined;
  };
  return { reserve: pair };
}

function bothReservations(one: Reservation, other: Reservation): Reservation {
  return {
    get usd() {
      return one.usd;
    },
    // Of two limits the first may have set aside what the second then refuses. It is given back when the call ends.
    extend: async (usd) => (await one.extend(usd)) && (await other.extend(usd)),
    settle: async (actualUsd) => {
      await one.settle(actualUsd);
      await other.settle(actualUsd);
    },
  };
}
