import type { Asked } from '../call/ask.ts';
import type { Budget, Reservation } from '../cost/budget.ts';
import { bothBudgets, createBudget } from '../cost/budget.ts';
import { resolveMaxCost } from '../options/traffic-options.ts';
import { budgetRefused } from '../outcome/budget-error.ts';
import type { ChatError } from '../outcome/chat-error.ts';
import { isChatError } from '../outcome/chat-error.ts';
import { memoryState } from '../traffic/memory-state.ts';
import type { SharedState } from '../traffic/shared-state.ts';
import type { Candidate, PricedEstimate } from './candidate.ts';

/** Money that was set aside for one vendor's turn. */
export interface Reserved {
  reservation: Reservation;
  estimate: PricedEstimate;
  limitUsd: string;
}

/** Sets money aside; gives the refusal where there is not enough, or nobody knows how much it takes. */
export type Spending = (candidate: Candidate, params: unknown) => Promise<Reserved | ChatError>;

/** How the limits of each call are found: its client's and its own. */
export function spendingUnder(
  clientUsd: string | undefined,
  state: SharedState,
): (asked: Pick<Asked, 'options' | 'run'>) => Spending | undefined {
  const client =
    clientUsd === undefined
      ? undefined
      : {
          budget: createBudget({ ledger: state, key: 'spend', limitUsd: clientUsd }),
          limitUsd: clientUsd,
        };
  return (asked) => spendingOf(client, asked);
}

interface Limit {
  budget: Budget;
  limitUsd: string;
}

/** @throws ChatError `invalid_options` */
function spendingOf(
  client: Limit | undefined,
  { options, run = {} }: Pick<Asked, 'options' | 'run'>,
): Spending | undefined {
  const ownUsd = resolveMaxCost(options?.maxCostUsd);
  if (client === undefined && ownUsd === undefined) return undefined;
  const own =
    ownUsd === undefined
      ? undefined
      : {
          // One for all requests of a run.
          budget: (run.budget ??= createBudget({
            ledger: memoryState(),
            key: 'call',
            limitUsd: ownUsd,
          })),
          limitUsd: ownUsd,
        };
  const limits = [client, own].flatMap((each) => each ?? []);
  const [first, second] = limits;
  if (first === undefined) return undefined;
  const budget = second === undefined ? first.budget : bothBudgets(first.budget, second.budget);
  const limitUsd = (own ?? first).limitUsd;
  return async (candidate, params) => {
    try {
      const estimate = await candidate.estimate(params);
      const { maxUsd } = estimate;
      const reservation = maxUsd === undefined ? undefined : await budget.reserve(maxUsd);
      if (reservation !== undefined) return { reservation, estimate, limitUsd };
      return budgetRefused(limitUsd, maxUsd, { provider: candidate.name });
    } catch (error) {
      if (isChatError(error)) return error as ChatError;
      throw error;
    }
  };
}
