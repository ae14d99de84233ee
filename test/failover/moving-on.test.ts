import type { ChatError, ChatErrorCode, ClientOptions } from 'deepseek-v4-flash';
import { describe, expect, test } from 'vitest';
import { errorOf } from '../kit/failures.ts';
import type { Behaviour } from '../kit/several.ts';
import { down, failing, says, severalOf } from '../kit/several.ts';
import { chunk, clientOf, question, whole } from '../kit/wire.ts';

const messages = question;
const two = (does: Behaviour | readonly Behaviour[], options = {}) =>
  severalOf(
    [
      { provider: 'anyfast', does },
      { provider: 'shortapi', does: says('from the second') },
    ],
    options,
  );
const overFull = failing(400, {
  body: { error: { message: "This model's maximum context length is 10 tokens" } },
});
const empty403 = failing(403, {
  body: { error: { message: 'insufficient quota', code: 'insufficient_quota' } },
});

describe('a whole answer', () => {
  test.each<[ChatErrorCode, Behaviour]>([
    ['connection', down],
    ['rate_limit', failing(429)],
    ['overloaded', failing(503)],
    ['server_error', failing(500)],
    ['authentication', failing(401)],
    ['insufficient_balance', failing(402)],
    ['insufficient_balance', empty403],
    ['permission_denied', failing(403)],
    ['not_found', failing(404)],
    ['context_length', overFull],
    ['invalid_response', { body: '<html>Welcome to the hotel</html>' }],
    ['unexpected_redirect', { status: 302, headers: { location: 'https://elsewhere.example' } }],
    ['stream_interrupted', { body: whole({ content: 'half' }, null) }],
  ])('moves on from %s', async (code, does) => {
    const { client, order } = two(does);
    const completion = await client.chat.completions.create({ messages });
    expect(completion.choices[0].message.content).toBe('from the second');
    expect(order).toEqual(['anyfast', 'shortapi']);
    const { report } = completion;
    expect(report).toMatchObject({ provider: 'shortapi', completion: 'complete' });
    expect(report.attempts).toMatchObject([
      { number: 1, provider: 'anyfast', error: code },
      { number: 2, provider: 'shortapi' },
    ]);
    expect(report.attempts[1]).not.toHaveProperty('error');
  });

  test.each<[ChatErrorCode, Behaviour]>([
    ['bad_request', failing(400)],
    ['content_filter', failing(400, { body: { error: { message: 'x', code: 'content_filter' } } })],
  ])('does not move on from %s, which would come again', async (code, does) => {
    const { client, order } = two(does);
    const error = await errorOf(client.chat.completions.create({ messages }));
    expect(error).toMatchObject({ code, provider: 'anyfast' });
    expect(order).toEqual(['anyfast']);
    expect(error.report?.attempts).toMatchObject([{ provider: 'anyfast', error: code }]);
  });

  test('that is refused before it is sent goes to nobody', async () => {
    const { client, order } = two(down);
    const error = await errorOf(client.chat.completions.create({ messages: [] }));
    expect(error.code).toBe('invalid_request');
    expect(order).toEqual([]);
  });

  test.each(['create', 'stream'] as const)(
    'a call that nobody answers is a call in the totals, of the last one to fail: %s',
    async (how) => {
      const { client } = severalOf([
        { provider: 'anyfast', does: down },
        { provider: 'shortapi', does: down },
      ]);
      const { completions } = client.chat;
      const call =
        how === 'create'
          ? completions.create({ messages })
          : completions.stream({ messages }).finalCompletion();
      expect((await errorOf(call)).code).toBe('all_providers_failed');
      expect(client.totals()).toMatchObject({
        calls: 1,
        attempts: 2,
        byProvider: { anyfast: { calls: 0 }, shortapi: { calls: 1 } },
      });
    },
  );

  test('moves on from an end by a bad word, and gives the answer that ended so if there is no better one', async () => {
    const cut = { body: whole({ content: 'cut' }, 'abort') };
    const better = two(cut);
    const completion = await better.client.chat.completions.create({ messages });
    expect(completion.choices[0].message.content).toBe('from the second');

    const worse = severalOf([
      { provider: 'anyfast', does: cut },
      { provider: 'shortapi', does: down },
    ]);
    const last = await worse.client.chat.completions.create({ messages });
    expect(last.choices[0]).toMatchObject({ finish_reason: 'abort', message: { content: 'cut' } });
    expect(last.report).toMatchObject({ provider: 'anyfast', completion: 'interrupted' });
    expect(last.report.attempts.map(({ provider }) => provider)).toEqual(['anyfast', 'shortapi']);
    expect(last.report.attempts[0]).not.toHaveProperty('error');
    expect(completion.report.attempts.map(({ error }) => error)).toEqual([
      'stream_interrupted',
      undefined,
    ]);
  });

  test.each([
    ['one vendor under a limit', 1, { provider: 'deepseek', maxCostUsd: 1 }],
    [
      'several vendors',
      2,
      {
        apiKey: undefined,
        providers: [
          { provider: 'anyfast', apiKey: 'k-0123456789' },
          { provider: 'deepseek', apiKey: 'k-0123456789' },
        ],
      },
    ],
  ] as const)(
    'an answer that ended by a bad word is counted once: %s',
    async (_, sends, options) => {
      const usage = {
        prompt_tokens: 5,
        prompt_cache_hit_tokens: 0,
        completion_tokens: 1,
        total_tokens: 6,
      };
      const { client, requests } = clientOf(
        { body: whole({ content: 'cut' }, 'abort', { usage }) },
        options as ClientOptions,
      );
      const { report } = await client.chat.completions.create({ messages });
      expect(requests).toHaveLength(sends);
      const { attempts, usage: sum, cost } = client.totals();
      expect(attempts).toBe(sends);
      expect(sum.total_tokens).toBe(6 * sends);
      expect(cost).toMatchObject({ usd: report.cost?.usd });
    },
  );

  test('each vendor gets the request in its own form, with its own key', async () => {
    const { client, sent } = severalOf([
      { provider: 'deepseek', does: failing(503) },
      { provider: 'aimlapi', does: says('Hi') },
    ]);
    const completion = await client.chat.completions.create({
      messages,
      thinking: { type: 'disabled' },
    });
    const bodies = [sent.deepseek, sent.aimlapi].map((requests) =>
      JSON.parse(requests?.[0]?.body ?? ''),
    );
    expect(bodies[0]).toMatchObject({ model: 'deepseek-v4-flash', thinking: { type: 'disabled' } });
    expect(bodies[1]).toMatchObject({
      model: 'deepseek/deepseek-v4-flash',
      reasoning_effort: 'none',
    });
    expect(sent.deepseek?.[0]?.headers.authorization).toBe('Bearer key-of-deepseek-0123456789');
    expect(sent.aimlapi?.[0]?.headers.authorization).toBe('Bearer key-of-aimlapi-0123456789');
    expect(completion.report).toMatchObject({
      provider: 'aimlapi',
      model: 'deepseek/deepseek-v4-flash',
    });
  });
});

describe('when all fail', () => {
  const both = (first: Behaviour, second: Behaviour) =>
    severalOf([
      { provider: 'anyfast', does: first },
      { provider: 'shortapi', does: second },
    ]);

  test('the error names each, has their errors as causes and their attempts in one report', async () => {
    const { client } = both(failing(503, { headers: { 'retry-after': '7' } }), down);
    const error = await errorOf(client.chat.completions.create({ messages }));
    expect(error).toMatchObject({
      code: 'all_providers_failed',
      message: 'All providers failed (anyfast: overloaded, shortapi: connection)',
      retryable: true,
      retryAfterMs: 7_000,
    });
    expect(error.causes?.map(({ code }: ChatError) => code)).toEqual(['overloaded', 'connection']);
    expect(error.report?.attempts).toMatchObject([
      { number: 1, provider: 'anyfast', status: 503, error: 'overloaded' },
      { number: 2, provider: 'shortapi', error: 'connection' },
    ]);
    expect(error.report?.completion).toBe('interrupted');
    expect(JSON.stringify(error)).not.toContain('key-of');
  });

  test('it is not retryable if no vendor’s failure is', async () => {
    const { client } = both(failing(401), failing(402));
    const error = await errorOf(client.chat.completions.create({ messages }));
    expect(error).toMatchObject({ code: 'all_providers_failed', retryable: false });
  });

  test('a stream fails in the same way, when it is read', async () => {
    const { client } = both(down, failing(500));
    const stream = client.chat.completions.stream({ messages });
    const error = await errorOf(stream.finalCompletion());
    expect(error.code).toBe('all_providers_failed');
    expect(error.report).toBe(stream.report);
    expect(stream.report.attempts.map(({ provider }) => provider)).toEqual(['anyfast', 'shortapi']);
  });
});

describe('a vendor without a key', () => {
  test('is left out', async () => {
    const { client, order } = severalOf([
      { provider: 'anyfast', apiKey: () => '', does: says('never') },
      { provider: 'shortapi', does: says('Hi') },
    ]);
    const completion = await client.chat.completions.create({ messages });
    expect(completion.choices[0].message.content).toBe('Hi');
    expect(order).toEqual(['shortapi']);
  });

  test('is no cause where others failed, and the error only where nobody has one', async () => {
    const some = severalOf([
      { provider: 'anyfast', apiKey: () => '', does: says('never') },
      { provider: 'shortapi', does: down },
    ]);
    const mixed = await errorOf(some.client.chat.completions.create({ messages }));
    expect(mixed).toMatchObject({ code: 'all_providers_failed' });
    expect(mixed.causes).toHaveLength(1);
    const none = severalOf([
      { provider: 'anyfast', apiKey: () => '', does: says('never') },
      { provider: 'shortapi', apiKey: () => '', does: says('never') },
    ]);
    const error = await errorOf(none.client.chat.completions.create({ messages }));
    expect(error.code).toBe('missing_api_key');
  });
});

describe('what a vendor cannot serve when another can', () => {
  const capped = (options = {}) =>
    severalOf(
      [
        { provider: 'bytespike', does: says('from the small one') },
        { provider: 'anyfast', does: says('from the large one') },
      ],
      options,
    );

  test('a limit that would be cut goes to a vendor that takes it whole', async () => {
    const { client, order } = capped();
    const completion = await client.chat.completions.create({ messages, max_tokens: 20_000 });
    expect(completion.choices[0].message.content).toBe('from the large one');
    expect(order).toEqual(['anyfast']);
    expect(completion.report.adjustments).toEqual([]);
  });

  test('and is cut where nobody takes it whole', async () => {
    const { client, order } = severalOf([
      { provider: 'bytespike', does: says('Hi') },
      { provider: 'anyfast', does: down },
    ]);
    const completion = await client.chat.completions.create({ messages, max_tokens: 20_000 });
    expect(order).toEqual(['anyfast', 'bytespike']);
    expect(completion.report.adjustments).toMatchObject([
      { param: 'max_tokens', action: 'clamped' },
    ]);
  });

  test('a part that it does not take goes to a vendor that does', async () => {
    const { client, order } = severalOf([
      { provider: 'anyfast', does: says('never') },
      { provider: 'shortapi', does: says('A cat.') },
    ]);
    const image = { type: 'image_url' as const, image_url: { url: 'https://example.com/a.png' } };
    const completion = await client.chat.completions.create({
      messages: [{ role: 'user', content: [image] }],
    });
    expect(completion.choices[0].message.content).toBe('A cat.');
    expect(order).toEqual(['shortapi']);
  });

  test('with onUnsupported: error, a lossy change is left to a vendor that needs none', async () => {
    const { client, order } = severalOf(
      [
        { provider: 'vtrix', does: says('never') },
        { provider: 'anyfast', does: says('Hi') },
      ],
      { onUnsupported: 'error' },
    );
    await client.chat.completions.create({ messages, thinking: { type: 'disabled' } });
    expect(order).toEqual(['anyfast']);
  });

  test('nobody does: the refusal is told as it is', async () => {
    const { client, order } = severalOf(
      [
        { provider: 'vtrix', does: says('never') },
        { provider: 'bytespike', does: says('never') },
      ],
      { onUnsupported: 'error' },
    );
    const call = client.chat.completions.create({ messages, thinking: { type: 'disabled' } });
    expect(await errorOf(call)).toMatchObject({ code: 'unsupported_parameter', param: 'thinking' });
    expect(order).toEqual([]);
  });
});

describe('a switch of the model’s generation', () => {
  const generations = (options = {}) =>
    severalOf(
      [
        { provider: 'deepseek', does: failing(503) },
        { provider: 'anyfast', does: says('Hi') },
      ],
      options,
    );

  test('is an adjustment', async () => {
    const { client } = generations();
    const { report } = await client.chat.completions.create({ messages });
    expect(report.adjustments).toMatchObject([
      { param: 'model', action: 'mapped', lossy: true, from: 'v4.1', to: 'v4' },
    ]);
  });

  test('is refused with onUnsupported: error', async () => {
    const { client, order } = generations({ onUnsupported: 'error' });
    const error = await errorOf(client.chat.completions.create({ messages }));
    expect(error.code).toBe('all_providers_failed');
    expect(order).toEqual(['deepseek']);
  });

  test('is told of a stream too, before its first chunk', async () => {
    const { client } = severalOf([
      { provider: 'deepseek', does: failing(503) },
      { provider: 'anyfast', does: { events: [chunk({ content: 'Hi' }), chunk({}, 'stop')] } },
    ]);
    const stream = client.chat.completions.stream({ messages });
    const completion = await stream.finalCompletion();
    expect(completion.report.adjustments[0]).toMatchObject({
      param: 'model',
      from: 'v4.1',
      to: 'v4',
    });
  });
});
