import type { StrategyCandidate } from 'deepseek-v4-flash';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { errorOf } from '../kit/failures.ts';
import type { Behaviour } from '../kit/several.ts';
import { down, failing, says, severalOf, silent } from '../kit/several.ts';
import { callOf, chunk, question, whole } from '../kit/wire.ts';
import { tool } from 'deepseek-v4-flash';
import * as z from 'zod';

const messages = question;
const price = (output: string) => ({ cacheHit: '0', cacheMiss: '0', output });

describe('in which order vendors are asked', () => {
  test('as they are listed', async () => {
    const { client, order } = severalOf([
      { provider: 'vtrix', does: down },
      { provider: 'anyfast', does: down },
      { provider: 'shortapi', does: says('Hi') },
    ]);
    await client.chat.completions.create({ messages });
    expect(order).toEqual(['vtrix', 'anyfast', 'shortapi']);
  });

  test('the cheapest first, and one without prices last', async () => {
    const { client, order } = severalOf(
      [
        { provider: 'anyfast', name: 'untold', does: says('Hi') },
        { provider: 'anyfast', name: 'dear', pricing: price('2'), does: down },
        { provider: 'anyfast', name: 'cheap', pricing: price('1'), does: down },
      ],
      { strategy: 'cheapest' },
    );
    await client.chat.completions.create({ messages });
    expect(order).toEqual(['cheap', 'dear', 'untold']);
    expect(await client.estimate({ messages })).toMatchObject([
      { provider: 'untold', promptTokens: 1 },
      { provider: 'dear', maxUsd: '0.016384' },
      { provider: 'cheap', maxUsd: '0.008192' },
    ]);
  });

  test('the fastest first, once each has been measured', async () => {
    const slow: Behaviour = {
      afterMs: 40,
      response: { events: [chunk({ content: 'slow' }), chunk({}, 'stop')] },
    };
    const quick: Behaviour = { events: [chunk({ content: 'quick' }), chunk({}, 'stop')] };
    const { client, order } = severalOf(
      [
        { provider: 'anyfast', does: slow },
        { provider: 'shortapi', does: quick },
      ],
      { strategy: 'fastest' },
    );
    for (let calls = 0; calls < 4; calls++) {
      await client.chat.completions.stream({ messages }).finalCompletion();
    }
    expect(order).toEqual(['anyfast', 'shortapi', 'shortapi', 'shortapi']);
    expect(client.health().anyfast?.firstContentMs).toBeGreaterThanOrEqual(30);
  });

  test('as a function says, which sees health and estimates, and may leave some out', async () => {
    const seen: (readonly StrategyCandidate[])[] = [];
    const { client, order } = severalOf(
      [
        { provider: 'anyfast', does: says('never') },
        { provider: 'shortapi', does: says('Hi') },
      ],
      {
        strategy: async (candidates) => {
          seen.push(candidates);
          return candidates.filter(({ name }) => name === 'shortapi');
        },
      },
    );
    await client.chat.completions.create({ messages });
    expect(order).toEqual(['shortapi']);
    expect(seen[0]).toMatchObject([
      {
        name: 'anyfast',
        provider: 'anyfast',
        health: { state: 'closed' },
        estimate: { promptTokens: 1 },
      },
      { name: 'shortapi' },
    ]);
  });

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new TypeError('mine');
      },
    ],
    ['gives nothing', () => undefined],
    ['gives an empty list', () => []],
    ['gives somebody else', () => [{ name: 'nobody' }]],
    ['gives null in a list', () => [null]],
    ['gives a list with a hole', () => Array(1)],
    [
      'gives what cannot be read',
      () => [
        {
          get name() {
            throw new Error('mine');
          },
        },
      ],
    ],
  ])('a function that %s is refused, and nothing is sent', async (_what, strategy) => {
    const { client, order } = severalOf([{ provider: 'anyfast', does: says('never') }], {
      strategy: strategy as never,
    });
    const error = await errorOf(client.chat.completions.create({ messages }));
    expect(error).toMatchObject({ code: 'invalid_options', param: 'strategy' });
    expect(order).toEqual([]);
  });

  test('a run of tools stays with the vendor that answered its first step', async () => {
    const calls = {
      events: [chunk({ tool_calls: [callOf('c1', 'weather', '{}', 0)] }), chunk({}, 'tool_calls')],
    };
    const done = { events: [chunk({ content: 'Sunny.' }), chunk({}, 'stop')] };
    const weather = tool({
      name: 'weather',
      description: 'w',
      parameters: z.object({}),
      execute: () => 'sun',
    });
    const { client, order } = severalOf([
      { provider: 'anyfast', does: [failing(503), done] },
      { provider: 'shortapi', does: [calls, done] },
    ]);
    const run = client.chat.completions.runTools({ messages, tools: [weather] });
    expect((await run.final()).end).toBe('answered');
    expect(order).toEqual(['anyfast', 'shortapi', 'shortapi']);
  });

  test('and moves on with the history when that vendor fails', async () => {
    const calls = {
      events: [chunk({ tool_calls: [callOf('c1', 'weather', '{}', 0)] }), chunk({}, 'tool_calls')],
    };
    const done = { events: [chunk({ content: 'Sunny.' }), chunk({}, 'stop')] };
    const weather = tool({
      name: 'weather',
      description: 'w',
      parameters: z.object({}),
      execute: () => 'sun',
    });
    const { client, order, sent } = severalOf([
      { provider: 'anyfast', does: [failing(503), done] },
      { provider: 'shortapi', does: [calls, failing(500)] },
    ]);
    const run = client.chat.completions.runTools({ messages, tools: [weather] });
    expect((await run.final()).end).toBe('answered');
    expect(order).toEqual(['anyfast', 'shortapi', 'shortapi', 'anyfast']);
    const history = JSON.parse(sent.anyfast?.[1]?.body ?? '').messages;
    expect(history.map(({ role }: { role: string }) => role)).toEqual([
      'user',
      'assistant',
      'tool',
    ]);
  });
});

describe('rounds', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('maxRetries counts them over the whole list, and each waits', async () => {
    const { client, order } = severalOf(
      [
        { provider: 'anyfast', does: [failing(500), says('Hi')] },
        { provider: 'shortapi', does: failing(500) },
      ],
      { maxRetries: 1 },
    );
    const call = client.chat.completions.create({ messages });
    await vi.advanceTimersByTimeAsync(1_000);
    const { report } = await call;
    expect(order).toEqual(['anyfast', 'shortapi', 'anyfast']);
    expect(report.attempts.map(({ provider, error }) => [provider, error])).toEqual([
      ['anyfast', 'server_error'],
      ['shortapi', 'server_error'],
      ['anyfast', undefined],
    ]);
  });

  test('0 is one round', async () => {
    const { client, order } = severalOf([
      { provider: 'anyfast', does: failing(500) },
      { provider: 'shortapi', does: failing(500) },
    ]);
    await errorOf(client.chat.completions.create({ messages }));
    expect(order).toEqual(['anyfast', 'shortapi']);
  });

  test('a vendor whose refusal would come again is not asked in the next one', async () => {
    const { client, order } = severalOf(
      [
        { provider: 'anyfast', does: failing(401) },
        { provider: 'shortapi', does: failing(500) },
      ],
      { maxRetries: 1 },
    );
    const failed = errorOf(client.chat.completions.create({ messages }));
    await vi.advanceTimersByTimeAsync(2_000);
    expect((await failed).code).toBe('all_providers_failed');
    expect(order).toEqual(['anyfast', 'shortapi', 'shortapi']);
  });

  test('the wait is the shortest that a vendor has asked for', async () => {
    const { client, order } = severalOf(
      [
        {
          provider: 'anyfast',
          does: [failing(429, { headers: { 'retry-after': '3' } }), says('Hi')],
        },
        { provider: 'shortapi', does: failing(429, { headers: { 'retry-after': '30' } }) },
      ],
      { maxRetries: 1 },
    );
    const call = client.chat.completions.create({ messages });
    await vi.advanceTimersByTimeAsync(2_900);
    expect(order).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(200);
    await call;
    expect(order).toEqual(['anyfast', 'shortapi', 'anyfast']);
  });

  test('the clock over everything is one for all vendors, and says what was asked for', async () => {
    const { client } = severalOf(
      [
        { provider: 'anyfast', does: { afterMs: 700, response: failing(500) } },
        { provider: 'shortapi', does: silent },
      ],
      { timeout: 1_000 },
    );
    const failed = errorOf(client.chat.completions.create({ messages }));
    await vi.advanceTimersByTimeAsync(1_100);
    const error = await failed;
    expect(error).toMatchObject({ code: 'timeout', phase: 'total' });
    expect(error.message).toContain('1000 ms');
    expect(error.report?.attempts).toHaveLength(2);
  });

  test('an abort ends the wait between them', async () => {
    const controller = new AbortController();
    const { client, order } = severalOf(
      [
        { provider: 'anyfast', does: failing(500) },
        { provider: 'shortapi', does: failing(500) },
      ],
      { maxRetries: 2 },
    );
    const failed = errorOf(
      client.chat.completions.create({ messages }, { signal: controller.signal }),
    );
    await vi.advanceTimersByTimeAsync(0);
    controller.abort(new Error('enough'));
    const error = await failed;
    expect(error.code).toBe('aborted');
    expect((error.cause as Error).message).toBe('enough');
    expect(order).toHaveLength(2);
  });

  test('closing the client ends it too', async () => {
    const { client } = severalOf(
      [
        { provider: 'anyfast', does: failing(500) },
        { provider: 'shortapi', does: failing(500) },
      ],
      { maxRetries: 2 },
    );
    const failed = errorOf(client.chat.completions.create({ messages }));
    await vi.advanceTimersByTimeAsync(0);
    await client.close();
    expect((await failed).code).toBe('aborted');
  });
});

describe('the breaker', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('leaves a vendor alone that failed three times in a row, and lets one call try it later', async () => {
    const { client, order } = severalOf([
      { provider: 'anyfast', does: [down, down, down, says('back')] },
      { provider: 'shortapi', does: says('Hi') },
    ]);
    for (let calls = 0; calls < 4; calls++) await client.chat.completions.create({ messages });
    expect(order.filter((name) => name === 'anyfast')).toHaveLength(3);
    expect(client.health().anyfast).toMatchObject({ state: 'open', failures: 3 });
    await vi.advanceTimersByTimeAsync(5_001);
    expect(client.health().anyfast?.state).toBe('half_open');
    const { report } = await client.chat.completions.create({ messages });
    expect(report.provider).toBe('anyfast');
    expect(client.health().anyfast?.state).toBe('closed');
  });

  test('a call that finds all open waits for the first to return', async () => {
    const { client, order } = severalOf([
      {
        provider: 'anyfast',
        does: [failing(429, { headers: { 'retry-after': '4' } }), says('Hi')],
      },
      { provider: 'shortapi', does: failing(402) },
    ]);
    await errorOf(client.chat.completions.create({ messages }));
    const call = client.chat.completions.create({ messages });
    await vi.advanceTimersByTimeAsync(3_900);
    expect(order).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(200);
    expect((await call).report.provider).toBe('anyfast');
  });

  test('but not for longer than maxWaitMs: it fails at once, and says when it is worth trying', async () => {
    const { client, order } = severalOf([
      { provider: 'anyfast', does: failing(402) },
      { provider: 'shortapi', does: failing(402) },
    ]);
    await errorOf(client.chat.completions.create({ messages }));
    const error = await errorOf(client.chat.completions.create({ messages }));
    expect(error).toMatchObject({ code: 'all_providers_failed', retryable: true });
    expect(error.retryAfterMs).toBeGreaterThan(290_000);
    expect(order).toHaveLength(2);
    expect(error.report?.attempts).toEqual([]);
  });

  test('the only vendor is never left alone', async () => {
    const { client, order } = severalOf([
      { provider: 'anyfast', does: [down, down, down, down, says('Hi')] },
    ]);
    for (let calls = 0; calls < 4; calls++) {
      const error = await errorOf(client.chat.completions.create({ messages }));
      expect(error).toMatchObject({ code: 'connection', provider: 'anyfast' });
    }
    await client.chat.completions.create({ messages });
    expect(order).toHaveLength(5);
    expect(client.health()).toEqual({
      anyfast: { state: 'closed', failures: 0, running: 0, waiting: 0 },
    });
  });
});

test('whole answers are whole where the first one is not', async () => {
  const { client } = severalOf([
    { provider: 'anyfast', does: { body: whole({ content: 'x' }, null) } },
    { provider: 'shortapi', does: says('whole') },
  ]);
  expect((await client.chat.completions.create({ messages })).choices[0].message.content).toBe(
    'whole',
  );
});
