import type { ChatError, TransportRequest } from 'deepseek-v4-flash';
import { createClient, jsonSchemaTool } from 'deepseek-v4-flash';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { errorOf } from '../kit/failures.ts';
import type { Behaviour } from '../kit/several.ts';
import { down, failing, says, severalOf, silent } from '../kit/several.ts';
import { chunk, clientOf, question, serving, whole } from '../kit/wire.ts';

const messages = question;
const perToken = { cacheHit: '0', cacheMiss: '0', output: '1000000' };
const usage = (completion_tokens: number) => ({
  usage: {
    prompt_tokens: 10,
    prompt_cache_hit_tokens: 10,
    completion_tokens,
    total_tokens: 10 + completion_tokens,
  },
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('hedging', () => {
  const stream = (content: string): Behaviour => ({
    events: [chunk({ content }), chunk({}, 'stop')],
  });
  const two = (first: Behaviour, second: Behaviour, maxExtraCalls = { share: 0, burst: 1 }) =>
    severalOf(
      [
        { provider: 'anyfast', does: first },
        { provider: 'shortapi', does: second },
      ],
      { hedge: { afterMs: 100, maxExtraCalls } },
    );

  test.each(['whole', 'streamed'])(
    'a silent vendor is given up for one that answers first: %s',
    async (kind) => {
      const { client, order } = two(silent, kind === 'whole' ? says('Hi') : stream('Hi'));
      const call =
        kind === 'whole'
          ? client.chat.completions.create({ messages })
          : client.chat.completions.stream({ messages }).finalCompletion();
      await vi.advanceTimersByTimeAsync(99);
      expect(order).toEqual(['anyfast']);
      await vi.advanceTimersByTimeAsync(2);
      const completion = await call;
      expect(completion.choices[0].message.content).toBe('Hi');
      expect(completion.report.attempts.map(({ provider, error }) => [provider, error])).toEqual([
        ['anyfast', 'aborted'],
        ['shortapi', undefined],
      ]);
      expect(completion.report.issues.map(({ code }) => code)).toContain('hedged');
      expect(client.health().anyfast).toMatchObject({ state: 'closed', failures: 0, running: 0 });
    },
  );

  test('nobody else is asked if the first one answers in time', async () => {
    const { client, order } = two(says('Hi'), says('never'));
    await client.chat.completions.create({ messages });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(order).toEqual(['anyfast']);
  });

  test('the first one wins if it answers before the second', async () => {
    const { client, order } = two({ afterMs: 200, response: says('slow') }, silent);
    const call = client.chat.completions.create({ messages });
    await vi.advanceTimersByTimeAsync(250);
    expect((await call).choices[0].message.content).toBe('slow');
    expect(order).toEqual(['anyfast', 'shortapi']);
  });

  test('if the second fails, the first one is waited for', async () => {
    const { client } = two({ afterMs: 200, response: says('slow') }, down);
    const call = client.chat.completions.create({ messages });
    await vi.advanceTimersByTimeAsync(250);
    expect((await call).choices[0].message.content).toBe('slow');
  });

  test('a failure of both is the failure of all', async () => {
    const { client } = two({ afterMs: 200, response: failing(500) }, down);
    const failed = errorOf(client.chat.completions.create({ messages }));
    await vi.advanceTimersByTimeAsync(250);
    expect((await failed).code).toBe('all_providers_failed');
  });

  test('there are no more extra calls than the cap allows', async () => {
    const slow: Behaviour = { afterMs: 150, response: says('slow') };
    const { client, order } = two(slow, silent);
    for (let calls = 0; calls < 3; calls++) {
      const call = client.chat.completions.create({ messages });
      await vi.advanceTimersByTimeAsync(200);
      await call;
    }
    expect(order).toEqual(['anyfast', 'shortapi', 'anyfast', 'anyfast']);
  });

  test.each(['whole', 'streamed'])(
    'of two answers that come at once one is given, and both are paid for: %s',
    async (kind) => {
      let release = (): void => {};
      const gate = new Promise<void>((resolve) => (release = resolve));
      const answered =
        kind === 'whole'
          ? { body: whole({ content: 'Hi' }, 'stop', usage(1)) }
          : {
              events: [chunk({ content: 'Hi' }), { ...chunk({}, 'stop'), ...usage(1) }],
            };
      const providers = (['anyfast', 'shortapi'] as const).map((provider) => ({
        provider,
        apiKey: 'any-key',
        pricing: perToken,
        transport: {
          async send(request: TransportRequest) {
            await gate;
            return serving([answered]).transport.send(request);
          },
        },
      }));
      const client = createClient({ providers, hedge: { afterMs: 100 }, maxRetries: 0 });
      const call =
        kind === 'whole'
          ? client.chat.completions.create({ messages })
          : client.chat.completions.stream({ messages }).finalCompletion();
      await vi.advanceTimersByTimeAsync(150);
      release();
      await vi.advanceTimersByTimeAsync(1);
      const { choices, report } = await call;

      expect(choices[0].message.content).toBe('Hi');
      expect(report.attempts.map(({ provider }) => provider)).toEqual(['anyfast', 'shortapi']);
      const unpriced = kind === 'whole' ? 0 : 1;
      expect(client.totals().cost).toEqual({ usd: kind === 'whole' ? '2' : '1', unpriced });
      expect(report.cost).toMatchObject({ usd: kind === 'whole' ? '2' : '1' });
      expect(report.cost?.unpriced ?? 0).toBe(unpriced);
    },
  );

  test('an abort of the caller ends both', async () => {
    const controller = new AbortController();
    const { client, order } = two(silent, silent);
    const failed = errorOf(
      client.chat.completions.create({ messages }, { signal: controller.signal }),
    );
    await vi.advanceTimersByTimeAsync(150);
    controller.abort();
    expect((await failed).code).toBe('aborted');
    expect(order).toHaveLength(2);
    expect(client.health()).toMatchObject({ anyfast: { running: 0 }, shortapi: { running: 0 } });
  });
});

describe('concurrency', () => {
  test('calls beyond it go to the next vendor, and queue where none has room', async () => {
    const slow: Behaviour = { afterMs: 100, response: says('Hi') };
    const { client, order } = severalOf(
      [
        { provider: 'anyfast', does: slow },
        { provider: 'shortapi', does: slow },
      ],
      { concurrency: 1 },
    );
    const calls = [1, 2, 3].map(() => client.chat.completions.create({ messages }));
    await vi.advanceTimersByTimeAsync(50);
    expect(order).toEqual(['anyfast', 'shortapi']);
    expect(client.health()).toMatchObject({
      anyfast: { running: 1, waiting: 1 },
      shortapi: { running: 1 },
    });
    await vi.advanceTimersByTimeAsync(300);
    const reports = (await Promise.all(calls)).map(({ report }) => report);
    expect(reports.map(({ timings }) => timings.queuedMs)).toEqual([undefined, undefined, 100]);
  });

  test('holds for one vendor too, whose own retries stay as they are', async () => {
    const slow = severalOf(
      [{ provider: 'anyfast', does: { afterMs: 100, response: says('Hi') } }],
      {
        concurrency: 1,
      },
    );
    const calls = [1, 2].map(() => slow.client.chat.completions.create({ messages }));
    await vi.advanceTimersByTimeAsync(50);
    expect(slow.order).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    await Promise.all(calls);
    const { client, requests } = clientOf([failing(500), says('Hi')], {
      concurrency: 2,
      maxRetries: 1,
    });
    const call = client.chat.completions.create({ messages });
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await call).report.attempts).toHaveLength(2);
    expect(requests).toHaveLength(2);
  });

  test('who waits can be aborted, and takes no place', async () => {
    const { client, order } = severalOf(
      [{ provider: 'anyfast', does: { afterMs: 100, response: says('Hi') } }],
      { concurrency: 1 },
    );
    const controller = new AbortController();
    const first = client.chat.completions.create({ messages });
    const second = errorOf(
      client.chat.completions.create({ messages }, { signal: controller.signal }),
    );
    await vi.advanceTimersByTimeAsync(10);
    controller.abort();
    expect((await second).code).toBe('aborted');
    await vi.advanceTimersByTimeAsync(100);
    await first;
    expect(order).toHaveLength(1);
    expect(client.health().anyfast).toMatchObject({ running: 0, waiting: 0 });
  });

  test('the limit that a vendor names is heeded by the calls after it', async () => {
    const busy = failing(429, {
      body: {
        error: {
          message: 'which exceeds your concurrency limit of 1 based on your remaining balance',
        },
      },
    });
    const { client, order } = severalOf(
      [{ provider: 'deepseek', does: [busy, { afterMs: 100, response: says('Hi') }] }],
      { maxRetries: 2 },
    );
    const calls = [1, 2].map(() => client.chat.completions.create({ messages }));
    await vi.advanceTimersByTimeAsync(5_000);
    const done = await Promise.all(calls);
    expect(done.every(({ report }) => report.completion === 'complete')).toBe(true);
    expect(order).toHaveLength(3);
  });

  test('a deadline that comes first ends the wait', async () => {
    const { client, order } = severalOf([{ provider: 'anyfast', does: silent }], {
      concurrency: 1,
    });
    void errorOf(client.chat.completions.create({ messages }));
    const failed = errorOf(
      client.chat.completions.create({ messages }, { deadline: Date.now() + 50 }),
    );
    await vi.advanceTimersByTimeAsync(60);
    expect((await failed).code).toBe('deadline_exceeded');
    expect(order).toHaveLength(1);
    await client.close();
  });
});

describe('money', () => {
  const priced = (does: Behaviour | readonly Behaviour[], options = {}) =>
    severalOf([{ provider: 'anyfast', pricing: perToken, does }], options);

  test.each(['whole', 'streamed'])(
    'a vendor that ignores max_tokens is named, and all that it cost counts against the limit: %s',
    async (kind) => {
      const answers: Behaviour =
        kind === 'whole'
          ? { body: whole({ content: 'Hi' }, 'stop', usage(7)) }
          : { events: [chunk({ content: 'Hi' }), chunk({}, 'stop', usage(7))] };
      const { client, order } = priced(answers, { maxCostUsd: 9 });
      const { completions } = client.chat;
      const params = { messages, max_tokens: 3 };
      const { report } =
        kind === 'whole'
          ? await completions.create(params)
          : await completions.stream(params).finalCompletion();

      expect(report.cost?.usd).toBe('7');
      expect(report.issues).toEqual([
        {
          code: 'max_tokens_exceeded',
          path: 'usage.completion_tokens',
          message:
            'the vendor did not keep to max_tokens 3: it counted 7 tokens of answer. They cost 7 USD, and 3 USD was set aside for them',
        },
      ]);
      expect(client.totals().cost?.usd).toBe('7');
      const next = await errorOf(completions.create(params));
      expect([next.code, order.length]).toEqual(['budget_exceeded', 1]);
    },
  );

  test('a vendor that keeps to max_tokens is not accused', async () => {
    const { client } = priced(
      { body: whole({ content: 'Hi' }, 'stop', usage(3)) },
      { maxCostUsd: 9 },
    );
    const { report } = await client.chat.completions.create({ messages, max_tokens: 3 });
    expect(report.issues).toEqual([]);
  });

  test('a call that could pass the limit is refused before it is sent', async () => {
    const { client, order } = priced(says('never'), { maxCostUsd: 5 });
    const error = await errorOf(client.chat.completions.create({ messages, max_tokens: 6 }));
    expect(error).toMatchObject({ code: 'budget_exceeded', param: 'maxCostUsd', retryable: false });
    expect(order).toEqual([]);
  });

  test('what a call cost takes the place of what was set aside for it', async () => {
    const { client } = priced(
      { body: whole({ content: 'Hi' }, 'stop', usage(1)) },
      { maxCostUsd: 5 },
    );
    for (let calls = 0; calls < 2; calls++) {
      const { report } = await client.chat.completions.create({ messages, max_tokens: 3 });
      expect(report.cost?.usd).toBe('1');
    }
    expect(client.totals()).toMatchObject({
      calls: 2,
      attempts: 2,
      cost: { usd: '2', unpriced: 0 },
    });
    // Three are left.
    const error = await errorOf(client.chat.completions.create({ messages, max_tokens: 4 }));
    expect(error.code).toBe('budget_exceeded');
    await client.chat.completions.create({ messages, max_tokens: 3 });
  });

  test('twenty calls at once pass it by nothing', async () => {
    const { client, order } = priced(
      { afterMs: 10, response: { body: whole({ content: 'Hi' }, 'stop', usage(2)) } },
      { maxCostUsd: 10 },
    );
    const calls = Array.from({ length: 20 }, () =>
      client.chat.completions.create({ messages, max_tokens: 2 }),
    );
    const settled = Promise.allSettled(calls);
    await vi.advanceTimersByTimeAsync(100);
    expect((await settled).filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    expect(order).toHaveLength(5);
    expect(client.totals().cost?.usd).toBe('10');
  });

  test('a refusal says what is spent, what is held for calls under way, and what is left', async () => {
    const slow: Behaviour = { afterMs: 10, response: { body: whole({}, 'stop', usage(2)) } };
    const { client, order } = priced(slow, { maxCostUsd: 10 });
    const ask = (max_tokens: number, options = {}) =>
      client.chat.completions.create({ messages, max_tokens }, options);
    const first = ask(2);
    await vi.advanceTimersByTimeAsync(20);
    await first;
    const running = [ask(3), ask(4)];
    await vi.advanceTimersByTimeAsync(1);

    expect((await errorOf(ask(2))).message).toBe(
      'The request was not sent: it could cost 2 USD, and maxCostUsd 10 leaves 1 (2 spent, 7 held for 2 calls in flight). Wait for these calls, lower max_tokens, shorten the prompt, or raise maxCostUsd',
    );
    // Of two limits, the one that refuses.
    expect((await errorOf(ask(2, { maxCostUsd: 50 }))).message).toContain('maxCostUsd 10 leaves 1');
    expect((await errorOf(ask(1, { maxCostUsd: 0.5 }))).message).toContain(
      'maxCostUsd 0.5 leaves 0.5 (0 spent)',
    );
    await vi.advanceTimersByTimeAsync(20);
    await Promise.all(running);
    const last = ask(2);
    await vi.advanceTimersByTimeAsync(20);
    await last;
    expect(order).toHaveLength(4);
  });

  test('a call may have a limit of its own, at one vendor too', async () => {
    const { client, requests } = clientOf(
      { body: whole({ content: 'Hi' }, 'stop', usage(1)) },
      { provider: 'anyfast', pricing: perToken },
    );
    const refused = await errorOf(
      client.chat.completions.create({ messages, max_tokens: 2 }, { maxCostUsd: 1 }),
    );
    expect(refused.code).toBe('budget_exceeded');
    expect(requests).toHaveLength(0);
    await client.chat.completions.create({ messages, max_tokens: 2 }, { maxCostUsd: '2' });
    await client.chat.completions.create({ messages, max_tokens: 2 });
    expect(client.totals()).toMatchObject({
      calls: 2,
      cost: { usd: '2' },
      byProvider: { anyfast: { calls: 2 } },
    });
  });

  const uncached = (completion_tokens: number) => ({
    usage: { prompt_tokens: 10, completion_tokens, total_tokens: 10 + completion_tokens },
  });

  test('where the cached tokens are not told, a limit counts the most that the others can cost', async () => {
    const { client } = priced(
      { body: whole({ content: 'Hi' }, 'stop', uncached(1)) },
      { maxCostUsd: 5 },
    );
    for (let calls = 0; calls < 3; calls++) {
      const { report } = await client.chat.completions.create({ messages, max_tokens: 3 });
      expect(report.cost).toBeUndefined();
    }
    const error = await errorOf(client.chat.completions.create({ messages, max_tokens: 3 }));
    expect(error.code).toBe('budget_exceeded');
  });

  test('the limit of a run is that of all its steps together', async () => {
    const look = { index: 0, id: 'call_1', function: { name: 'look', arguments: '{}' } };
    const events = [chunk({ tool_calls: [look] }), { ...chunk({}, 'tool_calls'), ...usage(1) }];
    const { client, requests } = clientOf({ events }, { provider: 'anyfast', pricing: perToken });
    const tools = [
      jsonSchemaTool({ name: 'look', jsonSchema: { type: 'object' }, execute: () => 'nothing' }),
    ];
    const run = client.chat.completions.runTools(
      { messages, tools, max_tokens: 2 },
      { maxCostUsd: 3 },
    );
    // One is spent in each step, and two are set aside for it.
    expect((await errorOf(run.final())).code).toBe('budget_exceeded');
    expect(requests).toHaveLength(2);
    expect(run.cost?.usd).toBe('2');
  });

  test('an attempt that may have been billed keeps what was set aside, though the next one is answered', async () => {
    const { client } = clientOf(
      [failing(500), { body: whole({ content: 'Hi' }, 'stop', usage(1)) }],
      { provider: 'anyfast', pricing: perToken, maxCostUsd: 5, maxRetries: 1 },
    );
    const call = client.chat.completions.create({ messages, max_tokens: 3 });
    await vi.advanceTimersByTimeAsync(60_000);
    const { report } = await call;
    expect(report.cost).toMatchObject({ usd: '1', unpriced: 1 });
    expect(client.totals().cost).toEqual({ usd: '1', unpriced: 1 });
    // One was paid, and three may have been.
    const error = await errorOf(client.chat.completions.create({ messages, max_tokens: 2 }));
    expect(error.code).toBe('budget_exceeded');
    await client.chat.completions.create({ messages, max_tokens: 1 });
  });

  test('a vendor without prices is no candidate under a limit', async () => {
    const { client, order } = severalOf(
      [
        { provider: 'anyfast', does: says('never') },
        { provider: 'shortapi', pricing: perToken, does: says('Hi') },
      ],
      { maxCostUsd: 100 },
    );
    await client.chat.completions.create({ messages, max_tokens: 2 });
    expect(order).toEqual(['shortapi']);
  });

  test('such a vendor is named in a warning when the client is made', () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    warned.mockClear();
    const providers = [{ provider: 'vtrix', name: 'no-prices' } as const, 'deepseek' as const];
    createClient({ providers });
    expect(warned).not.toHaveBeenCalled();
    createClient({ providers, maxCostUsd: 1 });
    createClient({ providers, maxCostUsd: 1 });
    expect(warned.mock.calls.map(([message]) => message)).toEqual([
      expect.stringMatching(/^no-prices is left out: .*pricing/),
    ]);
    warned.mockRestore();
  });

  test('what the limit refuses at every vendor is budget_exceeded, as with one', async () => {
    const { client } = severalOf(
      [
        { provider: 'anyfast', does: says('never') },
        { provider: 'shortapi', pricing: perToken, does: says('never') },
      ],
      { maxCostUsd: 1 },
    );
    const error = await errorOf(client.chat.completions.create({ messages, max_tokens: 2 }));
    expect(error).toMatchObject({ code: 'budget_exceeded', retryable: false });
  });

  test.each([
    ['an invalid request', {}, 'invalid_request'],
    [
      'a counter of tokens that throws',
      {
        countTokens: () => {
          throw new Error('no tokenizer');
        },
      },
      undefined,
    ],
  ])('%s keeps no place among the calls at the same time', async (_, options, code) => {
    const { client } = priced(says('Hi'), { maxCostUsd: 100, concurrency: 1, ...options });
    const failed = await client.chat.completions
      .create({ messages: code === undefined ? messages : [], max_tokens: 1 })
      .catch((error: unknown) => error);
    expect(failed).toMatchObject(
      code === undefined
        ? { code: 'invalid_options', param: 'countTokens', cause: { message: 'no tokenizer' } }
        : { code },
    );
    expect(client.health().anyfast).toMatchObject({ running: 0, waiting: 0 });
  });

  test.each([
    ['at once', () => JSON.parse('{') as number],
    ['later', async () => JSON.parse('{') as number],
  ])(
    'a counter of tokens that throws %s is the cause, whole and streamed, and nothing is sent or held',
    async (_, broken) => {
      let isBroken = true;
      const countTokens = (): number | Promise<number> => (isBroken ? broken() : 0);
      const options = { maxCostUsd: 3, concurrency: 1, countTokens };
      const { client, order } = priced(says('Hi'), options);
      const { completions } = client.chat;
      const params = { messages, max_tokens: 3 };
      const started = await errorOf(completions.create({ ...params, stream: true }));
      const errors = [
        await errorOf(completions.create(params)),
        started,
        await errorOf(completions.stream(params).finalCompletion()),
        await errorOf(client.estimate(params)),
      ];
      for (const error of errors) {
        expect(error).toMatchObject({ code: 'invalid_options', param: 'countTokens' });
        expect(error.cause).toBeInstanceOf(SyntaxError);
      }
      expect(order).toEqual([]);
      expect(client.health().anyfast).toMatchObject({ running: 0, waiting: 0 });
      isBroken = false;
      expect((await completions.create(params)).choices[0].message.content).toBe('Hi');
    },
  );

  test('a call is left at once while its tokens are counted, and keeps no place and no money', async () => {
    let counted = (_tokens: number): void => {};
    const countTokens = () => new Promise<number>((resolve) => (counted = resolve));
    const { client, order } = priced(says('Hi'), { maxCostUsd: 3, concurrency: 1, countTokens });
    const controller = new AbortController();
    const { signal } = controller;
    const left = errorOf(client.chat.completions.create({ messages, max_tokens: 3 }, { signal }));
    await vi.advanceTimersByTimeAsync(1);
    controller.abort();
    expect((await left).code).toBe('aborted');
    counted(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(client.health().anyfast).toMatchObject({ running: 0, waiting: 0 });
    const next = client.chat.completions.create({ messages, max_tokens: 3 });
    await vi.advanceTimersByTimeAsync(1);
    counted(0);
    expect((await next).choices[0].message.content).toBe('Hi');
    expect(order).toHaveLength(1);
  });

  test('a stream that passes it is ended, with what had come', async () => {
    const words = Array.from({ length: 30_000 }, () => chunk({ content: 'word ' }));
    const { client } = priced({ events: [...words, chunk({}, 'stop')] }, { maxCostUsd: 8_300 });
    const stream = client.chat.completions.stream({ messages });
    const error = await errorOf(stream.finalCompletion());
    expect(error.code).toBe('budget_exceeded');
    expect(error.message).toMatch(
      /^The answer was ended: .* maxCostUsd 8300 leaves 108 \(0 spent, 8192 held for 1 call in flight\)/,
    );
    // 0.3 tokens a character, and 8,192 tokens set aside.
    const length = error.partial?.choices[0].message.content?.length ?? 0;
    expect(length * 0.3).toBeGreaterThan(8_000);
    expect(length * 0.3).toBeLessThan(8_300);
  });

  test('a failed attempt that may have been billed is named, not counted as nothing', async () => {
    const { client } = severalOf([
      { provider: 'anyfast', does: failing(500) },
      {
        provider: 'shortapi',
        pricing: perToken,
        does: { body: whole({ content: 'Hi' }, 'stop', usage(1)) },
      },
    ]);
    const { report } = await client.chat.completions.create({ messages });
    expect(report.cost).toMatchObject({ usd: '1', unpriced: 1 });
    expect(report.unpriced).toBe(1);
    expect(client.totals()).toMatchObject({
      calls: 1,
      attempts: 2,
      byProvider: {
        anyfast: { calls: 0, attempts: 1, cost: { usd: '0', unpriced: 1 } },
        shortapi: { calls: 1 },
      },
    });
  });

  test.each([
    ['that failed at work', failing(500), 1],
    ['whose price nobody knows', says('Hi'), 1],
    ['that was refused', failing(429), undefined],
  ])('the report of a call %s counts what it has no price for', async (_what, does, unpriced) => {
    const { client } = severalOf([{ provider: 'anyfast', does }], { maxRetries: 0 });
    const call = client.chat.completions.create({ messages });
    const report = await call.then(
      (completion) => completion.report,
      (error: ChatError) => error.report,
    );
    expect(report?.cost).toBeUndefined();
    expect(report?.unpriced).toBe(unpriced);
    expect(client.totals().cost?.unpriced).toBe(unpriced);
  });

  test('the known cost of an answer that broke off is in the sum', async () => {
    const body = [chunk({ content: 'Hel' }), { ...chunk({ content: 'lo' }), ...usage(4) }];
    const cut: Behaviour = {
      headers: { 'content-type': 'text/event-stream' },
      body: body.map((each) => `data: ${JSON.stringify(each)}\n\n`).join(''),
    };
    const { client } = severalOf(
      [
        { provider: 'anyfast', pricing: perToken, does: cut },
        {
          provider: 'shortapi',
          pricing: perToken,
          does: { events: [chunk({ content: 'Hi' }), { ...chunk({}, 'stop'), ...usage(1) }] },
        },
      ],
      { onInterrupted: 'restart' },
    );
    const { report } = await client.chat.completions.stream({ messages }).finalCompletion();
    expect(report.cost?.usd).toBe('5');
    expect(report.usage?.completion_tokens).toBe(1);
  });
});

test('estimates say what a call could cost, and are refused for what is no request', async () => {
  const client = createClient({ provider: 'deepseek', countTokens: (text) => text.length });
  expect(await client.estimate({ messages, max_tokens: 1_000 })).toEqual([
    { provider: 'deepseek', promptTokens: 2, maxUsd: '0.0012006' },
  ]);
  expect((await errorOf(client.estimate({ messages: [] }))).code).toBe('invalid_request');
});

test('a second vendor that is found too late has sent nothing, and its money is free again', async () => {
  let counts = 0;
  const { client, order } = severalOf(
    [
      {
        provider: 'anyfast',
        pricing: perToken,
        does: { afterMs: 150, response: { body: whole({ content: 'Hi' }, 'stop', usage(1)) } },
      },
      { provider: 'shortapi', pricing: perToken, does: says('never') },
    ],
    {
      maxCostUsd: 20,
      hedge: { afterMs: 100 },
      // The reckoning for the second one takes longer than the first one's answer.
      countTokens: () =>
        ++counts === 2 ? new Promise((resolve) => void setTimeout(resolve, 200, 1)) : 1,
    },
  );
  const call = client.chat.completions.create({ messages, max_tokens: 10 });
  await vi.advanceTimersByTimeAsync(400);
  await call;
  expect(order).toEqual(['anyfast']);
  // One is spent, and nineteen are left.
  const next = client.chat.completions.create({ messages, max_tokens: 19 });
  await vi.advanceTimersByTimeAsync(200);
  expect((await next).report.provider).toBe('anyfast');
});
