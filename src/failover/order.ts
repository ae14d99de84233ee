import { scaled } from '../cost/decimal.ts';
import type { Strategy, StrategyCandidate } from '../options/strategy.ts';
import { invalidOptions } from '../outcome/invalid-options.ts';
import { ChatError, isChatError } from '../outcome/chat-error.ts';
import type { Candidate } from './candidate.ts';

/** The candidates of one call, the first one first. @throws ChatError `invalid_options` for a strategy that fails */
export type Order = (
  candidates: readonly Candidate[],
  params: unknown,
) => readonly Candidate[] | Promise<readonly Candidate[]>;

type OwnStrategy = Exclude<Strategy, string>;

export function createOrder(strategy: Strategy): Order {
  if (strategy === 'priority') return inListOrder;
  if (strategy === 'fastest') return bySpeed;
  if (strategy === 'cheapest') return byPrice;
  return (candidates, params) => byFunction(strategy, candidates, params);
}

/** `priority`: as they were given. */
export const inListOrder: Order = (candidates) => candidates;

/** One that has not been measured lately comes first: there is no other way to find out. */
const bySpeed: Order = (candidates) => {
  const speed = ({ traffic }: Candidate): number => traffic.latency.meanMs() ?? 0;
  return candidates.toSorted((one, other) => speed(one) - speed(other));
};

/** One without prices comes last. */
const byPrice: Order = async (candidates, params) => {
  const priced = await Promise.all(
    candidates.map(async (candidate) => ({
      candidate,
      maxUsd: (await candidate.estimate(params)).maxUsd,
    })),
  );
  priced.sort((one, other) => comparePrices(one.maxUsd, other.maxUsd));
  return priced.map(({ candidate }) => candidate);
};

function comparePrices(one: string | undefined, other: string | undefined): number {
  if (one === undefined || other === undefined) {
    return Number(one === undefined) - Number(other === undefined);
  }
  const difference = scaled(one, 18) - scaled(other, 18);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

async function byFunction(
  strategy: OwnStrategy,
  candidates: readonly Candidate[],
  params: unknown,
): Promise<readonly Candidate[]> {
  const known = await Promise.all(
    candidates.map(async (candidate): Promise<StrategyCandidate> => {
      const { name, provider, traffic } = candidate;
      const { promptTokens, maxUsd } = await candidate.estimate(params);
      const estimate = { provider: name, promptTokens, ...(maxUsd !== undefined && { maxUsd }) };
      return { name, provider, health: traffic.health(), estimate };
    }),
  );
  const chosen = await ask(strategy, known);
  if (!Array.isArray(chosen) || chosen.length === 0) {
    throw refused('must give a list of at least one of the vendors that it was given');
  }
  return Array.from(chosen, (each: unknown) => {
    const found = candidates.find(({ name }) => name === nameOf(each));
    if (found !== undefined) return found;
    throw refused('gave something else than the vendors that it was given');
  });
}

function nameOf(chosen: unknown): unknown {
  try {
    return (chosen as StrategyCandidate | null | undefined)?.name;
  } catch {
    return undefined;
  }
}

async function ask(strategy: OwnStrategy, known: StrategyCandidate[]): Promise<unknown> {
  try {
    return await strategy(known);
  } catch (cause) {
    if (isChatError(cause)) throw cause;
    const message = 'The function given as strategy failed';
    throw new ChatError('invalid_options', message, { cause, param: 'strategy' });
  }
}

function refused(why: string): ChatError {
  return invalidOptions('strategy', `The function given as strategy ${why}`);
}
