import type { SharedState } from 'deepseek-v4-flash';
import { memoryState } from 'deepseek-v4-flash';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { errorOf } from '../kit/failures.ts';
import { down, says, severalOf } from '../kit/several.ts';
import { chunk, question as messages, whole } from '../kit/wire.ts';

// A shared state of the user's own that throws, rejects, or gives what is none.

const names = ['readBreaker', 'updateBreaker', 'acquire', 'addSpend', 'readSpend'] as const;
const perToken = { cacheHit: '0', cacheMiss: '0', output: '1000000' };
const counted = (completion_tokens: number) => ({
  usage: { prompt_tokens: 1, prompt_cache_hit_tokens: 1, completion_tokens },
});

const ways: [string, () => unknown][] = [
  [
    'throws',
    () => {
      throw new TypeError('no store');
    },
  ],
  ['rejects', () => Promise.reject(new TypeError('no store'))],
  ['gives undefined', () => undefined],
  ['gives undefined later', async () => undefined],
  ['gives NaN', () => Number.NaN],
  ['gives null later', async () => null],
  ['gives an object of nothing', () => ({})],
];

const broken = (way: () => unknown, which: readonly string[] = names): SharedState =>
  Object.assign(
    { ...memoryState() },
    Object.fromEntries(which.map((name) => [name, way])),
  ) as never;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe.each(ways)('a state that %s', (how, way) => {
  test('takes no call down, whole or streamed, and the report says so', async () => {
    const events = [chunk({ content: 'Hi' }), chunk({}, 'stop')];
    const { client } = severalOf(
      [
        { provider: 'anyfast', does: [down, says('Hi'), { events }], pricing: perToken },
        { provider: 'shortapi', does: says('Hi'), pricing: perToken },
      ],
      { state: broken(way), concurrency: 2, maxCostUsd: 100 },
    );
    const { completions } = client.chat;
    const moved = await completions.create({ messages, max_tokens: 3 });
    expect(moved.report.provider).toBe('shortapi');
    const completion = await completions.create({ messages, max_tokens: 3 });
    const stream = await completions.create({ messages, max_tokens: 3, stream: true });
    const streamed = await stream.finalCompletion();
    for (const { choices, report } of [moved, completion, streamed]) {
      expect(choices[0].message.content).toBe('Hi');
      expect(report.completion).toBe('complete');
      expect(report.issues.map(({ code }) => code)).toContain('state_unavailable');
    }
    expect(client.health().anyfast).toMatchObject({ state: 'closed', running: 0, waiting: 0 });
  });

  test.each(names)('in %s alone takes no call down', async (name) => {
    const { client } = severalOf([{ provider: 'anyfast', does: says('Hi'), pricing: perToken }], {
      state: broken(way, [name]),
      concurrency: 1,
      maxCostUsd: 100,
    });
    for (let calls = 0; calls < 3; calls++) {
      const { choices } = await client.chat.completions.create({ messages, max_tokens: 3 });
      expect(choices[0].message.content).toBe('Hi');
    }
  });

  test('still leaves a vendor alone that is down, as this process has seen it', async () => {
    // A store that has no record, and keeps none, cannot be told from one that has forgotten.
    const isForgetful = how.includes('undefined');
    const { client, order } = severalOf(
      [
        { provider: 'anyfast', does: down },
        { provider: 'shortapi', does: says('Hi') },
      ],
      { state: broken(way) },
    );
    for (let calls = 0; calls < 5; calls++) await client.chat.completions.create({ messages });
    expect(order.filter((name) => name === 'anyfast')).toHaveLength(isForgetful ? 5 : 3);
  });

  test('still has the limit on money kept, by this process', async () => {
    const { client, order } = severalOf(
      [
        {
          provider: 'anyfast',
          does: { body: whole({ content: 'Hi' }, 'stop', counted(2)) },
          pricing: perToken,
        },
      ],
      { state: broken(way), maxCostUsd: 5 },
    );
    const { completions } = client.chat;
    await completions.create({ messages, max_tokens: 3 });
    await completions.create({ messages, max_tokens: 3 });
    const error = await errorOf(completions.create({ messages, max_tokens: 3 }));
    expect(error.code).toBe('budget_exceeded');
    expect(order).toHaveLength(2);
  });
});

test('what was spent while a state was away is written down when it is back', async () => {
  const memory = memoryState();
  let isAway = true;
  const state: SharedState = {
    ...memory,
    addSpend(key, usd, limitUsd) {
      if (isAway) throw new Error('away');
      return memory.addSpend(key, usd, limitUsd);
    },
  };
  const { client } = severalOf(
    [
      {
        provider: 'anyfast',
        does: { body: whole({ content: 'Hi' }, 'stop', counted(2)) },
        pricing: perToken,
      },
    ],
    { state, maxCostUsd: 7 },
  );
  const { completions } = client.chat;
  const first = await completions.create({ messages, max_tokens: 3 });
  expect(first.report.issues).toEqual([
    { code: 'state_unavailable', message: expect.stringContaining('held to the limit by itself') },
  ]);
  expect(memory.readSpend('spend')).toBe('0');
  isAway = false;
  const second = await completions.create({ messages, max_tokens: 3 });
  expect(second.report.issues).toEqual([]);
  expect(memory.readSpend('spend')).toBe('4');
});

test('a place whose return fails, or whose issue cannot be read, is one all the same', async () => {
  const fails = (): never => {
    throw new Error('gone');
  };
  const leases = [{ release: fails }, { release: async () => fails() }, { issue: 7, release() {} }];
  for (const lease of [
    ...leases,
    Object.defineProperty({ release() {} }, 'issue', { get: fails }),
  ]) {
    const state = { ...memoryState(), acquire: () => lease as never };
    const { client } = severalOf([{ provider: 'anyfast', does: says('Hi') }], {
      state,
      concurrency: 1,
    });
    const { report } = await client.chat.completions.create({ messages });
    expect(report.issues).toEqual([]);
    expect(client.health().anyfast?.running).toBe(0);
  }
});

test('a call that is left while it waits for a place ends as that, whatever the state says', async () => {
  const state: SharedState = {
    ...memoryState(),
    acquire: (_key, { signal }) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('no connection')));
      }),
  };
  const { client, order } = severalOf([{ provider: 'anyfast', does: says('Hi') }], { state });
  const controller = new AbortController();
  const first = client.chat.completions.create({ messages }, { signal: controller.signal });
  const failed = errorOf(first);
  await vi.advanceTimersByTimeAsync(1);
  controller.abort();
  await vi.advanceTimersByTimeAsync(1);
  expect((await failed).code).toBe('aborted');
  expect(order).toEqual([]);
});

test.each(names)('a call ends in time where %s never answers', async (name) => {
  const { client, order } = severalOf(
    [
      { provider: 'anyfast', does: says('Hi'), pricing: perToken },
      { provider: 'shortapi', does: says('Hi'), pricing: perToken },
    ],
    { state: broken(() => new Promise(() => {}), [name]), maxCostUsd: 5 },
  );
  const deadline = Date.now() + 2_000;
  const failed = client.chat.completions
    .create({ messages, max_tokens: 3 }, { deadline })
    .catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(2_001);
  // Nobody waits for a record that is changed, or for a sum that is read.
  const isWaitedFor = ['readBreaker', 'acquire', 'addSpend'].includes(name);
  expect(await failed).toMatchObject(isWaitedFor ? { code: 'deadline_exceeded' } : {});
  expect(order).toHaveLength(isWaitedFor ? 0 : 1);
  expect(client.health().anyfast?.running).toBe(0);
});

describe('a state that hangs', () => {
  const never = (): Promise<never> => new Promise(() => {});

  test.each([[names], [['readBreaker', 'updateBreaker', 'acquire']], [['addSpend']]])(
    'in %j holds a first call up for seconds, and the next ones not at all',
    async (which) => {
      const { client } = severalOf(
        [
          { provider: 'anyfast', does: says('Hi'), pricing: perToken },
          { provider: 'shortapi', does: says('Hi'), pricing: perToken },
        ],
        { state: broken(never, which), concurrency: 2, maxCostUsd: 100 },
      );
      const ask = () => client.chat.completions.create({ messages, max_tokens: 3 });
      const first = ask();
      await vi.advanceTimersByTimeAsync(4_500);
      const { choices, report } = await first;
      expect(choices[0].message.content).toBe('Hi');
      expect(report.issues.map(({ code }) => code)).toContain('state_unavailable');
      const next = ask();
      await vi.advanceTimersByTimeAsync(100);
      expect((await next).choices[0].message.content).toBe('Hi');
    },
  );

  test('a place that is really waited for is waited for', async () => {
    const { client } = severalOf(
      [{ provider: 'anyfast', does: { afterMs: 20_000, response: says('Hi') } }],
      { state: broken(() => undefined, []), concurrency: 1 },
    );
    const ask = () => client.chat.completions.create({ messages });
    const calls = Promise.all([ask(), ask()]);
    await vi.advanceTimersByTimeAsync(40_000);
    const [, second] = await calls;
    expect(second.report.timings.queuedMs).toBe(20_000);
    expect(second.report.issues).toEqual([]);
  });
});

test('of many calls that wait for places, one asks now and then whether the state still answers', async () => {
  const inMemory = memoryState();
  const reads = vi.fn(inMemory.readBreaker);
  const { client } = severalOf(
    [{ provider: 'anyfast', does: { afterMs: 20_000, response: says('Hi') } }],
    { state: { ...inMemory, readBreaker: reads }, concurrency: 1 },
  );
  const calls = Promise.all(
    Array.from({ length: 5 }, () => client.chat.completions.create({ messages })),
  );
  await vi.advanceTimersByTimeAsync(100_000);
  await calls;
  expect(reads.mock.calls.length).toBeLessThanOrEqual(50);
});
