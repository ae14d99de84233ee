import type { ClientOptions, ProviderId } from 'deepseek-v4-flash';
import { createClient, isChatError } from 'deepseek-v4-flash';
import type { EmulatorReply } from 'deepseek-v4-flash/testing';
import { createEmulator, faults } from 'deepseek-v4-flash/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

// What a call over several vendors cost, worked out by hand from the vendors' price lists of 2026-11-20 and compared to the
// last digit.

const offPeak = Date.UTC(2026, 10, 30, 0, 30);
const peak = Date.UTC(2026, 10, 30, 2);

beforeEach(() => {
  vi.useFakeTimers({ now: offPeak, toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const pricing = { cacheHit: '0.1', cacheMiss: '0.5', output: '2' };
const usage = { prompt_tokens: 1_003, completion_tokens: 211, cached_tokens: 500 };
const content = 'alpha beta gamma delta';
const answer = { content, reasoning_content: '', usage };

function connect(providers: ClientOptions['providers'], options: ClientOptions = {}) {
  const emulator = createEmulator();
  const client = createClient({
    onUnsupported: 'adjust',
    maxRetries: 0,
    ...options,
    transport: emulator.transport,
    providers: providers as NonNullable<typeof providers>,
  });
  const params = { messages: [{ role: 'user', content: 'Hi' } as const] };
  return { emulator, client, completions: client.chat.completions, params };
}

const at = (provider: ProviderId, more: object = {}) => ({ provider, apiKey: 'any', ...more });

/**
 * Of 1,003 tokens asked, 500 from the cache, and 211 answered:
 *   deepseek   500 × 0.003  + 503 × 0.15 + 211 × 0.60 = 1.5 + 75.45 + 126.6 = 203.55 millionths; twice that at peak
 *   shortapi   500 × 0.0028 + 503 × 0.14 + 211 × 0.28 = 1.4 + 70.42 +  59.08 = 130.9 millionths
 *   pricing    500 × 0.1    + 503 × 0.5  + 211 × 2    = 50  + 251.5 + 422    = 723.5 millionths
 */
const costs = { deepseek: '0.00020355', shortapi: '0.0001309', priced: '0.0007235' };

describe('of the vendor that answered, after one that refused and bills nothing', () => {
  test.each<[ProviderId, object, string]>([
    ['deepseek', {}, costs.deepseek],
    ['shortapi', {}, costs.shortapi],
    ['anyfast', { pricing }, costs.priced],
  ])('%s', async (provider, more, usd) => {
    const others: ProviderId[] = ['deepseek', 'shortapi'];
    const first = others.find((each) => each !== provider) as ProviderId;
    for (const stream of [false, true]) {
      const { emulator, client, completions, params } = connect([at(first), at(provider, more)]);
      emulator.reply({ error: 'rate_limit' }, answer);
      const { report } = stream
        ? await completions.stream(params).finalCompletion()
        : await completions.create(params);
      expect(report.provider).toBe(provider);
      expect(report.cost).toMatchObject({ usd });
      expect(report.cost).not.toHaveProperty('unpriced');
      expect(client.totals().cost).toEqual({ usd, unpriced: 0 });
      expect(client.totals().byProvider[provider]?.cost).toEqual({ usd, unpriced: 0 });
      expect(client.totals().byProvider[first]?.cost).toBeUndefined();
    }
  });
});

test('an answer without a price has no cost, whatever those before it cost', async () => {
  const { emulator, client, completions, params } = connect([at('deepseek'), at('bytespike')], {
    onInterrupted: 'restart',
  });
  emulator.reply(cutWithCounts(), answer);
  const { report } = await completions.stream(params).finalCompletion();
  expect(report.provider).toBe('bytespike');
  expect(report).not.toHaveProperty('cost');
  expect(client.totals().cost).toEqual({ usd: '0.00007875', unpriced: 1 });
});

test('the hour of each attempt decides its price', async () => {
  vi.setSystemTime(peak);
  const { emulator, completions, params } = connect([at('shortapi'), at('deepseek')]);
  emulator.reply({ error: 'rate_limit' }, answer);
  const { report } = await completions.create(params);
  expect(report.cost?.usd).toBe('0.0004071');
});

/** A stream that tells its counts so far, and breaks off. */
const cutWithCounts = (): EmulatorReply =>
  faults.compose({ ...faults.edit(withCounts), answer }, faults.cutAfterEvents(4, 'reset'));

function withCounts(json: Record<string, unknown>): Record<string, unknown> {
  const counts = {
    prompt_tokens: 1_003,
    completion_tokens: 3,
    total_tokens: 1_006,
    prompt_cache_hit_tokens: 500,
    prompt_cache_miss_tokens: 503,
  };
  return { ...json, usage: counts };
}

test('an attempt that broke off and told its counts is in the sum', async () => {
  const { emulator, client, completions, params } = connect([at('deepseek'), at('shortapi')], {
    onInterrupted: 'restart',
  });
  emulator.reply(cutWithCounts(), answer);
  const { report } = await completions.stream(params).finalCompletion();
  // 500 × 0.003 + 503 × 0.15 + 3 × 0.60 = 78.75 millionths, and 130.9.
  expect(report.cost?.usd).toBe('0.00020965');
  expect(report.attempts.map(({ error }) => error)).toEqual(['stream_interrupted', undefined]);
  expect(client.totals().byProvider.deepseek?.cost?.usd).toBe('0.00007875');
  expect(client.totals().cost?.usd).toBe('0.00020965');
  expect(client.totals()).toMatchObject({ calls: 1, attempts: 2 });
});

test('an attempt that broke off and told no counts is named as unpriced, and never counted as nothing', async () => {
  const { emulator, client, completions, params } = connect([at('deepseek'), at('shortapi')], {
    onInterrupted: 'restart',
  });
  emulator.reply({ ...faults.cutAfterEvents(4, 'reset'), answer }, answer);
  const { report } = await completions.stream(params).finalCompletion();
  expect(report.cost).toMatchObject({ usd: costs.shortapi, unpriced: 1 });
  expect(client.totals().cost).toEqual({ usd: costs.shortapi, unpriced: 1 });
});

test('what a server error may have cost is unpriced; what a refusal cost is nothing', async () => {
  const { emulator, completions, params } = connect([
    at('deepseek'),
    at('anyfast'),
    at('aimlapi'),
    at('shortapi'),
  ]);
  emulator.reply(
    { error: 'bad_gateway' },
    { error: 'overloaded' },
    { error: 'insufficient_balance' },
    answer,
  );
  const { report } = await completions.create(params);
  expect(report.attempts).toHaveLength(4);
  expect(report.cost).toMatchObject({ usd: costs.shortapi, unpriced: 1 });
});

test('the figures of vendors that tell their own are added as they are', async () => {
  const { emulator, completions, params } = connect([at('vtrix'), at('deepseek')], {
    onInterrupted: 'restart',
  });
  const told = faults.edit((json) => ({
    ...json,
    usage: { ...(json.usage as object | undefined), cost: '0.000000000000000000123' },
  }));
  emulator.reply(faults.compose({ ...told, answer }, faults.cutAfterEvents(4, 'reset')), answer);
  const { report } = await completions.stream(params).finalCompletion();
  expect(report.provider).toBe('deepseek');
  expect(report.cost?.usd).toBe('0.000203550000000000123');
});

test('when all fail, what is known and what is not is on the error', async () => {
  const { emulator, client, completions, params } = connect([at('deepseek'), at('shortapi')], {
    onInterrupted: 'restart',
  });
  emulator.reply(cutWithCounts(), { ...faults.cutAfterEvents(3, 'fin'), answer });
  const error: unknown = await completions
    .stream(params)
    .finalCompletion()
    .catch((caught: unknown) => caught);
  if (!isChatError(error)) throw error;
  expect(error.report?.cost).toMatchObject({ usd: '0.00007875', unpriced: 1 });
  expect(client.totals().cost).toEqual({ usd: '0.00007875', unpriced: 1 });
});
