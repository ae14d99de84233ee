import type { ClientOptions } from 'deepseek-v4-flash';
import { createClient, defineProvider } from 'deepseek-v4-flash';
import { describe, expect, test } from 'vitest';
import { errorOf } from '../kit/failures.ts';
import { down, failing, says, severalOf, silent } from '../kit/several.ts';
import { question } from '../kit/wire.ts';

const messages = question;
const refusalOf = (options: unknown): unknown => {
  try {
    createClient(options as ClientOptions);
    return undefined;
  } catch (error) {
    return error;
  }
};

describe('what is refused when the client is made', () => {
  test.each<[what: string, options: object, param: string]>([
    ['one vendor beside several', { provider: 'deepseek', providers: ['aimlapi'] }, 'provider'],
    ['a key for all', { apiKey: 'k', providers: ['aimlapi'] }, 'apiKey'],
    ['a base URL for all', { baseURL: 'https://a.example', providers: ['aimlapi'] }, 'baseURL'],
    ['headers for all', { headers: { a: 'b' }, providers: ['aimlapi'] }, 'headers'],
    [
      'prices for all',
      { pricing: { cacheHit: '1', cacheMiss: '1', output: '1' }, providers: ['aimlapi'] },
      'pricing',
    ],
    ['no vendor', { providers: [] }, 'providers'],
    ['what is no list', { providers: 'deepseek' }, 'providers'],
    ['an element that is missing', { providers: ['aimlapi', undefined] }, 'providers.1'],
    ['an element that is null', { providers: [null] }, 'providers.0'],
    // oxlint-disable-next-line no-sparse-arrays
    ['a hole', { providers: [, 'aimlapi'] }, 'providers.0'],
    ['a vendor that nobody knows', { providers: ['deepsek'] }, 'provider'],
    ['the same vendor twice', { providers: ['deepseek', 'deepseek'] }, 'providers.1.name'],
    [
      'two of one name',
      {
        providers: [
          { provider: 'deepseek', name: 'a' },
          { provider: 'aimlapi', name: 'a' },
        ],
      },
      'providers.1.name',
    ],
    [
      'a name with a blank',
      { providers: [{ provider: 'deepseek', name: 'a b' }] },
      'providers.0.name',
    ],
    [
      'an unknown option of an element',
      { providers: [{ provider: 'deepseek', key: 'k' }] },
      'providers.0.key',
    ],
    ['a strategy that nobody knows', { providers: ['deepseek'], strategy: 'random' }, 'strategy'],
    ['a strategy without several', { strategy: 'cheapest' }, 'strategy'],
    ['hedging without several', { hedge: { afterMs: 10 } }, 'hedge'],
    [
      'a mode that nobody knows',
      { providers: ['deepseek'], onInterrupted: 'retry' },
      'onInterrupted',
    ],
    ['hedging without a time', { providers: ['deepseek'], hedge: {} }, 'hedge'],
    [
      'hedging after NaN',
      { providers: ['deepseek'], hedge: { afterMs: Number.NaN } },
      'hedge.afterMs',
    ],
    ['a concurrency of none', { concurrency: 0 }, 'concurrency'],
    [
      'a concurrency of an element',
      { providers: [{ provider: 'deepseek', concurrency: 1.5 }] },
      'providers.0.concurrency',
    ],
    ['a budget of NaN', { maxCostUsd: Number.NaN }, 'maxCostUsd'],
    ['a negative budget', { maxCostUsd: -1 }, 'maxCostUsd'],
    ['a wait below zero', { providers: ['deepseek'], maxWaitMs: -1 }, 'maxWaitMs'],
    ['a counter that is none', { countTokens: 3 }, 'countTokens'],
    ['a state that is none', { state: {} }, 'state'],
  ])('%s', (_what, options, param) => {
    expect(refusalOf(options)).toMatchObject({ code: 'invalid_options', param });
  });

  test('the same vendor twice is fine under two names', async () => {
    const { client, order } = severalOf([
      { provider: 'anyfast', name: 'first-key', does: failing(401) },
      { provider: 'anyfast', name: 'second-key', does: says('Hi') },
    ]);
    const { report } = await client.chat.completions.create({ messages });
    expect(order).toEqual(['first-key', 'second-key']);
    expect(report.provider).toBe('anyfast');
    expect(report.attempts.map(({ provider }) => provider)).toEqual(['first-key', 'second-key']);
    expect(Object.keys(client.health())).toEqual(['first-key', 'second-key']);
  });

  test('a vendor of one’s own is an element as it is', async () => {
    const mine = defineProvider({ id: 'mine', baseURL: 'https://mine.example/v1' });
    const { client } = severalOf([
      { provider: mine, does: down },
      { provider: 'anyfast', does: says('Hi') },
    ]);
    const { report } = await client.chat.completions.create({ messages });
    expect(report.attempts.map(({ provider }) => provider)).toEqual(['mine', 'anyfast']);
  });

  test('options of a call are checked before anything is sent', async () => {
    const { client, order } = severalOf([{ provider: 'anyfast', does: says('Hi') }]);
    for (const options of [{ maxRetries: -1 }, { maxCostUsd: 'much' }, { nonsense: 1 }]) {
      const error = await errorOf(client.chat.completions.create({ messages }, options as object));
      expect(error.code).toBe('invalid_options');
      const streamed = client.chat.completions.stream({ messages }, options as object);
      expect((await errorOf(streamed.finalCompletion())).code).toBe('invalid_options');
    }
    expect(order).toEqual([]);
  });
});

describe('withOptions', () => {
  test('keeps several vendors, and what is said about them', async () => {
    const { client, order } = severalOf([
      { provider: 'anyfast', does: down },
      { provider: 'shortapi', does: says('Hi') },
    ]);
    await client.withOptions({ timeout: 1_000 }).chat.completions.create({ messages });
    expect(order).toEqual(['anyfast', 'shortapi']);
  });

  test('with one vendor, nothing of the several goes along', () => {
    const { client } = severalOf([{ provider: 'anyfast', does: down }], {
      strategy: 'fastest',
      onInterrupted: 'restart',
    });
    const one = client.withOptions({ provider: 'deepseek', apiKey: 'k' });
    expect(Object.keys(one.health())).toEqual(['deepseek']);
  });

  test('with several, nothing of the one goes along', () => {
    const one = createClient({ provider: 'deepseek', apiKey: 'key', headers: { 'x-team': 'a' } });
    const several = one.withOptions({ providers: ['aimlapi', 'vtrix'] });
    expect(Object.keys(several.health())).toEqual(['aimlapi', 'vtrix']);
  });
});

describe('the other calls', () => {
  test('prepare is the first vendor’s', () => {
    const { client } = severalOf([
      { provider: 'aimlapi', does: down },
      { provider: 'anyfast', does: down },
    ]);
    expect(client.chat.completions.prepare({ messages })).toMatchObject({ provider: 'aimlapi' });
  });

  test('the list of models is that of all who have one, each with its vendor', async () => {
    const list = (id: string) => ({ body: { object: 'list', data: [{ id, object: 'model' }] } });
    const { client } = severalOf([
      { provider: 'deepseek', does: list('deepseek-v4-flash') },
      { provider: 'anyfast', does: down },
      { provider: 'bytespike', does: list('other') },
    ]);
    const { data } = await client.models.list();
    expect(data).toMatchObject([
      { id: 'deepseek-v4-flash', provider: 'deepseek' },
      { id: 'other', provider: 'bytespike' },
    ]);
  });

  test('a vendor that is down does not keep the models of the others back, and is named', async () => {
    const list = { body: { object: 'list', data: [{ id: 'one', object: 'model' }] } };
    const { client } = severalOf([
      { provider: 'deepseek', does: down },
      { provider: 'bytespike', does: list },
    ]);
    const page = await client.models.list();
    expect(page.data).toEqual([{ id: 'one', object: 'model', provider: 'bytespike' }]);
    expect(page.failures).toEqual([
      { provider: 'deepseek', error: expect.objectContaining({ code: 'connection' }) },
    ]);
    expect(Object.keys(page)).toEqual(['object', 'data']);
    const ids: string[] = [];
    for await (const { id } of client.models.list()) ids.push(id);
    expect(ids).toEqual(['one']);

    const whole = severalOf([
      { provider: 'anyfast', does: down },
      { provider: 'bytespike', does: list },
    ]);
    expect((await whole.client.models.list()).failures).toBeUndefined();
  });

  test('the list of models fails where nobody gives one, and where the caller leaves', async () => {
    const list = { body: { object: 'list', data: [{ id: 'one', object: 'model' }] } };
    const none = severalOf([
      { provider: 'anyfast', does: down },
      { provider: 'deepseek', does: down },
    ]);
    expect((await errorOf(none.client.models.list())).code).toBe('connection');
    const { client } = severalOf([
      { provider: 'deepseek', does: silent },
      { provider: 'bytespike', does: list },
    ]);
    const left = client.models.list({ signal: AbortSignal.timeout(20) });
    expect((await errorOf(left)).code).toBe('aborted');
  });

  test('the balance is that of the first vendor that tells one', async () => {
    const { client } = severalOf([
      { provider: 'anyfast', does: down },
      {
        provider: 'deepseek',
        does: {
          body: { is_available: true, balance_infos: [{ currency: 'USD', total_balance: '5.00' }] },
        },
      },
    ]);
    expect(await client.balance()).toMatchObject({ total: '5.00' });
    const none = severalOf([{ provider: 'anyfast', does: down }]);
    expect((await errorOf(none.client.balance())).code).toBe('unsupported');
  });
});

test('the end of a call is told once, with the report of all vendors', async () => {
  const ends: unknown[] = [];
  const { client } = severalOf(
    [
      { provider: 'anyfast', does: [down, down] },
      { provider: 'shortapi', does: [says('Hi'), down] },
    ],
    { hooks: { onEnd: (report, error) => void ends.push([report.attempts.length, error?.code]) } },
  );
  await client.chat.completions.create({ messages });
  await errorOf(client.chat.completions.create({ messages }));
  expect(ends).toEqual([
    [2, undefined],
    [2, 'all_providers_failed'],
  ]);
});
