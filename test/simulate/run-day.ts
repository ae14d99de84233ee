import { install } from '@sinonjs/fake-timers';
import { seededRandom } from '../kit/random.ts';
import { answerTokens, content, emulateDay, promptTokens } from './emulated-day.ts';
import type { Policy } from './policies.ts';
import { costOf, vendors } from './vendors.ts';
import type { Weather } from './weather.ts';
import { serves } from './weather.ts';

/** What came of one call. */
interface Outcome {
  atMs: number;
  endMs: number;
  firstContentMs?: number | undefined;
  error?: unknown;
}

/** What a day came to under a policy. */
export interface DayResult {
  name: string;
  calls: number;
  failed: number;
  /** Failed calls during which at least one vendor could have given the answer. */
  needless: number;
  /** What the reader saw first, of calls that went well. */
  p50Ms: number;
  p99Ms: number;
  usd: number;
  requests: number;
  /** Requests that are no answer that was used, as a share of all requests. */
  wasted: number;
}

export interface Day {
  weather: Map<string, Weather>;
  arrivals: readonly number[];
  seed: number;
}

// A Monday.
const startMs = Date.UTC(2026, 10, 16);

/** Runs a day in seconds: the clock jumps from timer to timer, and all that waits for a promise has its turn between them. */
export async function runDay(policy: Policy, { weather, arrivals, seed }: Day): Promise<DayResult> {
  const { setImmediate } = globalThis;
  const clock = install({
    now: startMs,
    toFake: ['Date', 'setTimeout', 'clearTimeout', 'performance'],
  });
  const { random } = Math;
  Math.random = seededRandom(seed + 2);
  try {
    const day = emulateDay(weather, { seed, startMs });
    const makeCall = policy.connect(day.transport, seededRandom(seed + 3));
    const outcomes: Outcome[] = [];
    const callOnce = async (number: number): Promise<Outcome> => {
      const atMs = Date.now() - startMs;
      let firstContentMs: number | undefined;
      const gotContent = (): void => {
        firstContentMs ??= Date.now() - startMs - atMs;
      };
      try {
        const answer = await makeCall({ number, gotContent, gotReset() {} });
        const error = answer === content ? undefined : new Error('The answer is another one');
        return { atMs, endMs: Date.now() - startMs, firstContentMs, error };
      } catch (error) {
        return { atMs, endMs: Date.now() - startMs, error };
      }
    };
    // One after the other: each timer that waits is looked at whenever one rings.
    const arrive = (number: number): void => {
      const atMs = arrivals[number];
      if (atMs === undefined) return;
      clock.setTimeout(
        () => {
          arrive(number + 1);
          void callOnce(number).then((each) => outcomes.push(each));
        },
        startMs + atMs - clock.now,
      );
    };
    arrive(0);
    while (outcomes.length < arrivals.length) {
      if (clock.countTimers() === 0) throw new Error(`Calls of ${policy.name} never ended`);
      clock.next();
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
    return summary(policy.name, outcomes, day.billed, weather);
  } finally {
    Math.random = random;
    clock.uninstall();
  }
}

function summary(
  name: string,
  outcomes: readonly Outcome[],
  billed: { requests: number; cost: number },
  weather: Map<string, Weather>,
): DayResult {
  const failed = outcomes.filter(({ error }) => error !== undefined);
  const needless = failed.filter((each) => couldBeServed(each, weather));
  const times = outcomes.flatMap(({ error, firstContentMs }) =>
    error === undefined ? (firstContentMs ?? []) : [],
  );
  times.sort((one, other) => one - other);
  const answered = outcomes.length - failed.length;
  return {
    name,
    calls: outcomes.length,
    failed: failed.length,
    needless: needless.length,
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
    usd: billed.cost / 1e12,
    requests: billed.requests,
    wasted: (billed.requests - answered) / billed.requests,
  };
}

const percentile = (sorted: readonly number[], share: number): number =>
  Math.round(sorted[Math.ceil(sorted.length * share) - 1] ?? NaN);

/** Whether a vendor gave every answer from the call's begin to its end. */
function couldBeServed({ atMs, endMs }: Outcome, weather: Map<string, Weather>): boolean {
  return [...weather.values()].some((each) => {
    for (let ms = atMs; ms <= endMs + 1_000; ms += 500) if (!serves(each(ms))) return false;
    return true;
  });
}

/** What it would have cost to ask, for each call, the cheapest vendor that gives every answer then. */
export function cheapestUsd({ arrivals, weather }: Day): number {
  let cost = 0;
  for (const atMs of arrivals) {
    const costs = vendors
      .filter(({ name }) => serves(weather.get(name)?.(atMs)))
      .map((vendor) => costOf(vendor, promptTokens, answerTokens));
    if (costs.length > 0) cost += Math.min(...costs);
  }
  return cost / 1e12;
}
