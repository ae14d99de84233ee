import { addDecimals, isDecimal } from '../cost/decimal.ts';
import { compareDecimals } from '../cost/exact.ts';
import type { SpendLedger } from '../cost/spend.ts';
import { isPending } from '../internal/pending.ts';
import type { Patience } from '../internal/or-else.ts';
import { orElse } from '../internal/or-else.ts';
import type { ReportIssue } from '../schema/issue.ts';

/** A ledger that always answers. */
export interface SteadyLedger extends SpendLedger {
  /** What the report of a call says of its money; `undefined` while it is written down where it should be. */
  spendIssue(): ReportIssue | undefined;
}

const aloneIssue: ReportIssue = {
  code: 'state_unavailable',
  message:
    'the shared state could not be reached: what this process spends is held to the limit by itself',
};

/**
 * A ledger of the user's own that may fail. While it does, this process holds what it has itself spent to the limit, and
 * writes it down later. What the ledger was doing when it failed may be in it, and is then written down twice: rather too
 * much than too little.
 */
export function steadyLedger(ledger: SpendLedger, patience: Patience): SteadyLedger {
  const spent = new Map<string, string>();
  const owed = new Map<string, string>();
  let isAway = false;
  const add = (sums: Map<string, string>, key: string, usd: string): void =>
    void sums.set(key, addDecimals(sums.get(key) ?? '0', usd));

  const write = createWriter(ledger, patience, (now) => (isAway = now));
  const addAlone = (key: string, usd: string, limitUsd: string | undefined): boolean => {
    const sum = addDecimals(spent.get(key) ?? '0', usd);
    if (limitUsd !== undefined && compareDecimals(sum, limitUsd) > 0) return false;
    add(owed, key, usd);
    return true;
  };
  const addNow = (key: string, usd: string, limitUsd?: string): boolean | Promise<boolean> => {
    const told = (written: Written): boolean => {
      const isAdded = written === 'failed' ? addAlone(key, usd, limitUsd) : written;
      if (isAdded) add(spent, key, usd);
      return isAdded;
    };
    const written = write(key, usd, limitUsd);
    return isPending(written) ? written.then(told) : told(written);
  };
  /** Writes down what is owed, so that what follows is judged by all of it. */
  const pay = (key: string): void | Promise<void> => {
    const due = owed.get(key);
    if (due === undefined) return;
    owed.delete(key);
    const told = (written: Written): void => {
      if (written !== true) add(owed, key, due);
    };
    const written = write(key, due);
    return isPending(written) ? written.then(told) : told(written);
  };
  return {
    addSpend(key, usd, limitUsd) {
      const paid = pay(key);
      return isPending(paid)
        ? paid.then(() => addNow(key, usd, limitUsd))
        : addNow(key, usd, limitUsd);
    },
    readSpend: (key) =>
      orElse<string>(
        () => ledger.readSpend(key),
        isDecimal,
        () => spent.get(key) ?? '0',
        patience,
      ),
    spendIssue: () => (isAway ? aloneIssue : undefined),
  };
}

type Written = boolean | 'failed';

/** Writes down, or says that it failed, and whether the ledger is away. */
function createWriter(
  ledger: SpendLedger,
  patience: Patience,
  onAway: (isAway: boolean) => void,
): (key: string, usd: string, limitUsd?: string) => Written | Promise<Written> {
  const noted = (written: Written): Written => {
    onAway(written === 'failed');
    return written;
  };
  return (key, usd, limitUsd) => {
    const written = orElse<Written>(
      () => ledger.addSpend(key, usd, limitUsd),
      (value) => typeof value === 'boolean',
      () => 'failed',
      patience,
    );
    return isPending(written) ? written.then(noted) : noted(written);
  };
}
