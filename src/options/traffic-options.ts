import { maxTimerMs } from '../internal/clock.ts';
import { isDecimal, moneyString } from '../cost/decimal.ts';
import type { CountTokens } from '../cost/estimate.ts';
import { isPending } from '../internal/pending.ts';
import { ChatError } from '../outcome/chat-error.ts';
import { invalidOptions, ownOptions } from '../outcome/invalid-options.ts';
import type { MaxExtraCalls } from '../traffic/hedge-budget.ts';
import type { SharedState } from '../traffic/shared-state.ts';
import { readable } from './option-values.ts';
import type { HedgeOptions } from './strategy.ts';

/** {@link HedgeOptions} with every default filled in. */
export interface ResolvedHedge {
  after: 'p95' | number;
  maxExtraCalls: MaxExtraCalls;
}

/** How many calls at the same time; `undefined` if it is not given. @throws ChatError `invalid_options` */
export function resolveConcurrency(given: unknown, param = 'concurrency'): number | undefined {
  if (given == null || given === Infinity) return undefined;
  if (!Number.isSafeInteger(given) || Number(given) < 1) {
    throw invalidOptions(param, `Option ${param} must be a whole number from 1 on, or Infinity`);
  }
  return Number(given);
}

/** US dollars as an exact decimal; `undefined` if it is not given. @throws ChatError `invalid_options` */
export function resolveMaxCost(given: unknown, param = 'maxCostUsd'): string | undefined {
  if (given == null) return undefined;
  if (!isDecimal(given) || Number(given) < 0) {
    const message = `Option ${param} must be a number of US dollars from 0 on, e.g. 5 or '0.25'`;
    throw invalidOptions(param, message);
  }
  return moneyString(given);
}

/** How long a call waits when every vendor is left alone, in milliseconds. @throws ChatError `invalid_options` */
export function resolveMaxWait(given: unknown, param = 'maxWaitMs'): number {
  if (given == null) return 10_000;
  if (typeof given !== 'number' || !(given >= 0 && given <= maxTimerMs)) {
    throw invalidOptions(param, `Option ${param} must be 0 to ${maxTimerMs} ms`);
  }
  return given;
}

/** `undefined` if it is not given: hedging is off by default. @throws ChatError `invalid_options` */
export function resolveHedge(given: HedgeOptions | null | undefined): ResolvedHedge | undefined {
  if (given == null) return undefined;
  const names = ['afterMs', 'after', 'maxExtraCalls'];
  const { afterMs, after, maxExtraCalls } = ownOptions(given, names, 'Option hedge');
  if ((afterMs == null) === (after == null)) {
    const message =
      "Option hedge needs either afterMs or after, e.g. { afterMs: 2_000 } or { after: 'p95' }";
    throw invalidOptions('hedge', message);
  }
  if (after != null && after !== 'p95') {
    throw invalidOptions(
      'hedge.after',
      "Option hedge.after must be 'p95'; for a time use hedge.afterMs",
    );
  }
  const isTime = typeof afterMs === 'number' && afterMs >= 0 && afterMs <= maxTimerMs;
  if (afterMs != null && !isTime) {
    const message = `Option hedge.afterMs must be 0 to ${maxTimerMs} ms`;
    throw invalidOptions('hedge.afterMs', message);
  }
  return { after: after ?? Number(afterMs), maxExtraCalls: resolveExtraCalls(maxExtraCalls) };
}

function resolveExtraCalls(given: HedgeOptions['maxExtraCalls']): MaxExtraCalls {
  const what = 'Option hedge.maxExtraCalls';
  const { share, burst } = ownOptions(given, ['share', 'burst'], what);
  if (share != null && !(typeof share === 'number' && share >= 0 && share <= 1)) {
    throw invalidOptions('hedge.maxExtraCalls.share', `${what}.share must be 0 to 1`);
  }
  if (burst != null && !(Number.isSafeInteger(burst) && burst >= 0 && burst <= 1e6)) {
    const message = `${what}.burst must be a whole number from 0 to 1000000`;
    throw invalidOptions('hedge.maxExtraCalls.burst', message);
  }
  return { share: share ?? 0.05, burst: burst ?? 10 };
}

/**
 * The user's own counter, held to numbers; `undefined` if it is not given. What it throws is the `cause` of an
 * `invalid_options`, as with a strategy: without a count nothing is sent.
 *
 * @throws ChatError `invalid_options`
 */
export function resolveCountTokens(given: unknown): CountTokens | undefined {
  if (given == null) return undefined;
  if (typeof given !== 'function') {
    const message = 'Option countTokens must be a function of a text that gives its tokens';
    throw invalidOptions('countTokens', message);
  }
  const checked = (count: unknown): number => {
    if (typeof count === 'number' && count >= 0 && count < Infinity) return count;
    const message = 'Option countTokens must give a number from 0 on, or a promise of one';
    throw invalidOptions('countTokens', message);
  };
  return (text) => {
    let count: unknown;
    try {
      count = given(text);
    } catch (cause) {
      throw counterFailed(cause);
    }
    if (!isPending(count)) return checked(count);
    return count.then(checked, (cause: unknown) => {
      throw counterFailed(cause);
    });
  };
}

function counterFailed(cause: unknown): ChatError {
  const message = 'The function given as countTokens failed';
  return new ChatError('invalid_options', message, { cause, param: 'countTokens' });
}

const stateNames = [
  'readBreaker',
  'updateBreaker',
  'acquire',
  'addSpend',
  'readSpend',
] as const satisfies readonly (keyof SharedState)[];

/** `undefined` if it is not given. @throws ChatError `invalid_options` */
export function resolveState(given: unknown): SharedState | undefined {
  if (given == null) return undefined;
  const isState = readable('state', () =>
    stateNames.every((name) => typeof (given as Partial<SharedState>)[name] === 'function'),
  );
  if (isState) return given as SharedState;
  const message = `Option state must be a shared state, e.g. memoryState(): an object with ${stateNames.join(', ')}`;
  throw invalidOptions('state', message);
}
