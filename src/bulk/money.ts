import type { Estimate } from '../cost/call-estimate.ts';
import { createBudget } from '../cost/budget.ts';
import { compareDecimals } from '../cost/exact.ts';
import { mayBeBilled } from '../cost/may-be-billed.ts';
import { budgetRefused } from '../outcome/budget-error.ts';
import type { Report } from '../outcome/report.ts';
import { memoryState } from '../traffic/memory-state.ts';

/** The limit of a run. */
export interface Money {
  /**
   * Sets aside what a call could cost; waits while other calls may still give back what is missing.
   *
   * @throws ChatError `budget_exceeded`
   */
  reserve(params: object): Promise<(report: Report | undefined) => void>;
  /** What an earlier run has paid. */
  paid(report: Report): void;
}

/** @param estimate what a request could come to at each vendor */
export function createMoney(
  limitUsd: string,
  estimate: (params: unknown) => Promise<Estimate[]>,
): Money {
  const ledger = memoryState();
  const budget = createBudget({ ledger, key: 'bulk', limitUsd });
  let open = 0;
  let waiting: (() => void)[] = [];
  const reserveNow = async (
    usd: string,
  ): Promise<((report: Report | undefined) => void) | undefined> => {
    const reservation = await budget.reserve(usd);
    if (reservation === undefined) return undefined;
    open++;
    return (report) => {
      open--;
      const mayCost = report === undefined || report.attempts.some(mayBeBilled);
      void reservation.settle(report?.cost?.usd ?? (mayCost ? undefined : '0'));
      const all = waiting;
      waiting = [];
      for (const wake of all) wake();
    };
  };
  return {
    async reserve(params) {
      const maxUsd = dearest(await estimate(params));
      if (maxUsd === undefined) throw budgetRefused(limitUsd, undefined);
      for (;;) {
        const settle = await reserveNow(maxUsd);
        if (settle !== undefined) return settle;
        if (open === 0) throw budgetRefused(limitUsd, maxUsd);
        await new Promise<void>((resolve) => void waiting.push(resolve));
      }
    },
    paid({ cost }) {
      if (cost !== undefined) void ledger.addSpend('bulk', cost.usd);
    },
  };
}

/** Whoever answers, it costs no more; a vendor without prices is not known to keep to any limit. */
function dearest(estimates: readonly Estimate[]): string | undefined {
  let most: string | undefined;
  for (const { maxUsd } of estimates) {
    if (maxUsd === undefined) return undefined;
    if (most === undefined || compareDecimals(maxUsd, most) > 0) most = maxUsd;
  }
  return most;
}
