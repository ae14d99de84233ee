import type { Asked } from '../call/ask.ts';
import type { CountedBudget, Reservation, Standing } from '../cost/budget.ts';
import { bothBudgets, createBudget, tighter } from '../cost/budget.ts';
import { resolveMaxCost } from '../options/traffic-options.ts';
import { budgetRefused, costUnknown } from '../outcome/budget-error.ts';
import type { ChatError } from '../outcome/chat-error.ts';
import { isChatError } from '../outcome/chat-error.ts';
import { memoryState } from '../traffic/memory-state.ts';
import type { SharedState } from '../traffic/shared-state.ts';
import type { Candidate, PricedEstimate } from './candidate.ts';

/** Money that was set aside for one vendor's turn. */
export interface Reserved {
  reservation: Reservation;
  estimate: PricedEstimate;
  /** Where the money of its limit is now; of two limits, of the one that leaves less. */
  standing(): Promise<Standing>;
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
      : createBudget({ ledger: state, key: 'spend', limitUsd: clientUsd });
  return (asked) =>
    client === undefined && asked.options == null ? undefined : spendingOf(client, asked);
}

/** @throws ChatError `invalid_options` */
function spendingOf(
  client: CountedBudget | undefined,
  { options, run = {} }: Pick<Asked, 'options' | 'run'>,
): Spending | undefined {
  const limitUsd = resolveMaxCost(options?.maxCostUsd);
  // One for all requests of a run.
  const own =
    limitUsd === undefined
      ? undefined
      : (run.budget ??= createBudget({ ledger: memoryState(), key: 'call', limitUsd }));
  const one = client ?? own;
  if (one === undefined) return undefined;
  const other = own ?? one;
  const budget = one === other ? one : bothBudgets(one, other);
  const standing = (): Promise<Standing> => tighter(one, other);
  return async (candidate, params) => {
    try {
      const estimate = await candidate.estimate(params);
      const { maxUsd } = estimate;
      const { name: provider } = candidate;
      if (maxUsd === undefined) return costUnknown(other.limitUsd, { provider });
      const reservation = await budget.reserve(maxUsd);
      if (reservation !== undefined) return { reservation, estimate, standing };
      return budgetRefused(maxUsd, await standing(), { provider });
    } catch (error) {
      if (isChatError(error)) return error as ChatError;
      throw error;
    }
  };
}
