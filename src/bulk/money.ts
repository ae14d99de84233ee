import type { Asker } from '../call/ask.ts';
import type { Estimate } from '../cost/call-estimate.ts';
import type { Reservation } from '../cost/budget.ts';
import { createBudget } from '../cost/budget.ts';
import { compareDecimals } from '../cost/exact.ts';
import type { Prices } from '../cost/prices.ts';
import { spentUsd } from '../cost/spent.ts';
import { isPending } from '../internal/pending.ts';
import { budgetRefused, costUnknown } from '../outcome/budget-error.ts';
import { isChatError } from '../outcome/chat-error.ts';
import type { Report } from '../outcome/report.ts';
import { memoryState } from '../traffic/memory-state.ts';

/** The limit of a run. */
export interface Money {
  /**
   * The same asker, under the limit: each request, a correction too, sets aside what it could cost before it is sent. It
   * waits while other requests may still give back what is missing, and fails with `budget_exceeded` where none can.
   */
  limit(asker: Asker): Asker;
  /** What an earlier run has paid. */
  paid(report: Report): void;
}

/** What is known of prices. */
export interface BulkPrices {
  /** What a request could come to at each vendor. */
  estimate(params: unknown): Promise<Estimate[]>;
  /** The prices of a model at the vendor of this name, as far as they are known; of the first one, if there is no name. */
  pricesOf(model: unknown, name?: string): Prices | undefined;
}

/** Tells what came of a request for which money is set aside. */
type Pay = (report: Report | undefined) => void;

export function createMoney(limitUsd: string, { estimate, pricesOf }: BulkPrices): Money {
  const ledger = memoryState();
  const budget = createBudget({ ledger, key: 'bulk', limitUsd });
  let open = 0;
  let waiting: (() => void)[] = [];
  const spent = (report: Report | undefined, reservedUsd: string): string | undefined => {
    const answered = report?.attempts.find(({ error }) => error === undefined);
    return spentUsd(report, reservedUsd, pricesOf(report?.model, answered?.provider));
  };
  const payerOf = ({ settle }: Reservation, usd: string): Pay => {
    open++;
    return (report) => {
      open--;
      void settle(spent(report, usd));
      const all = waiting;
      waiting = [];
      for (const wake of all) wake();
    };
  };
  const reserve = async (params: unknown): Promise<Pay> => {
    const maxUsd = dearest(await estimate(params));
    if (maxUsd === undefined) throw costUnknown(limitUsd);
    for (;;) {
      // Nothing is waited for between the refusal, the count of open calls and the figures: they are of one moment.
      const reserving = budget.reserve(maxUsd);
      const reservation = isPending(reserving) ? await reserving : reserving;
      if (reservation !== undefined) return payerOf(reservation, maxUsd);
      if (open === 0) throw budgetRefused(maxUsd, await budget.standing());
      await new Promise<void>((resolve) => void waiting.push(resolve));
    }
  };
  return {
    limit: (asker) => ({
      ...asker,
      async complete(asked) {
        const pay = await reserve(asked.params);
        try {
          const completion = await asker.complete(asked);
          pay(completion.report);
          return completion;
        } catch (error) {
          pay(isChatError(error) ? error.report : undefined);
          throw error;
        }
      },
    }),
    paid(report) {
      // What was set aside for it then is not known any more.
      const usd = spent(report, '0');
      if (usd !== undefined) void ledger.addSpend('bulk', usd);
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
