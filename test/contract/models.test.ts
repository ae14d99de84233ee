import type {
  ChatCompletionCreateParams,
  ChatCompletionWithReport,
  ClientOptions,
  ProviderId,
} from 'deepseek-v4-flash';
import { createClient, defineProvider, isChatError, providers } from 'deepseek-v4-flash';
import { describe, expect, test } from 'vitest';
import type { WireResponse } from '../kit/wire.ts';
import { chunk, clientOf, question, whole } from '../kit/wire.ts';

type Params = Partial<ChatCompletionCreateParams>;

const vendors = Object.keys(providers) as ProviderId[];
const ways = ['whole', 'streamed'] as const;
const usage = {
  prompt_tokens: 1_000_000,
  prompt_cache_hit_tokens: 0,
  completion_tokens: 1_000_000,
  total_tokens: 2_000_000,
};

/** What the vendor was sent, and what was said of it. */
function prepare(provider: ClientOptions['provider'], params: Params = {}) {
  const client = createClient({ provider, apiKey: 'k', onUnsupported: 'adjust' });
  return client.chat.completions.prepare({ messages: question, ...params } as never);
}

/** An answer in which the vendor names that model, in either way. */
async function answerOf(
  way: (typeof ways)[number],
  named: unknown,
  options: ClientOptions = {},
  params: Params = {},
): Promise<ChatCompletionWithReport> {
  const top = named === undefined ? { model: undefined } : { model: named };
  const response: WireResponse =
    way === 'whole'
      ? { body: whole({ content: 'Hi' }, 'stop', top) }
      : { events: [chunk({ content: 'Hi' }, null, top), chunk({}, 'stop', top)] };
  const { client } = clientOf(response, options);
  const given = { messages: question, ...params };
  if (way === 'whole') return client.chat.completions.create({ ...given, stream: false });
  return client.chat.completions.stream(given).finalCompletion();
}

const codesOf = ({ report }: ChatCompletionWithReport): string[] =>
  report.issues.map(({ code, path }) => `${code} ${path}`);

// The entry of a model

test('what holds of the model hangs on its entry, and another model has none of it', () => {
  for (const vendor of vendors) {
    const { models } = providers[vendor].profile;
    expect(Object.keys(models)[0]).toBe('deepseek-v4-flash');
  }
  expect(providers.deepseek.profile.models['deepseek-v4-flash']).toMatchObject({
    generation: 'v4.1',
    aliases: ['deepseek-flash'],
    caps: { max_tokens: 393_216 },
  });
  expect(providers.bytespike.profile.models['deepseek-v4-flash']).toMatchObject({
    generation: 'v4',
    caps: { max_tokens: 8192 },
    contextWindow: '64K',
    parts: [],
  });
});

test.each(['constructor', '__proto__', 'toString'])('%s is the name of no entry', (model) => {
  const { body, adjustments } = prepare('bytespike', { model, max_tokens: 10_000 });
  expect(body).toMatchObject({ model, max_tokens: 10_000 });
  expect(adjustments).toEqual([]);
});

describe('a provider of one’s own', () => {
  const base = { id: 'own', baseURL: 'https://own.test/v1' } as const;
  const image = { type: 'image_url' as const, image_url: { url: 'https://x.test/a.png' } };

  test('says in short what holds of deepseek-v4-flash, over what the vendor it extends says', () => {
    const changed = defineProvider({
      id: 'bytespike',
      extends: 'bytespike',
      caps: { max_tokens: 16_384 },
      prices: { cacheHit: '1', cacheMiss: '1', output: '1' },
      parts: ['image_url'],
      contextWindow: '128K',
      modelAliases: ['flash'],
    });
    expect(changed.profile.models['deepseek-v4-flash']).toEqual({
      generation: 'v4',
      caps: { max_tokens: 16_384, stop: 16, toolNameLength: 128 },
      prices: { cacheHit: '1', cacheMiss: '1', output: '1' },
      parts: ['image_url'],
      contextWindow: '128K',
      aliases: ['flash'],
    });
    expect(prepare(changed, { max_tokens: 20_000 }).body.max_tokens).toBe(16_384);
    expect(prepare(changed, { model: 'flash', max_tokens: 20_000 }).body).toMatchObject({
      model: 'flash',
      max_tokens: 16_384,
    });
    expect(prepare(changed, { model: 'other', max_tokens: 20_000 }).body.max_tokens).toBe(20_000);
    expect(providers.bytespike.profile.models['deepseek-v4-flash']?.caps.max_tokens).toBe(8192);
  });

  test('may list models, each with what holds of it', () => {
    const provider = defineProvider({
      ...base,
      modelPrefix: 'vendor/',
      caps: { max_tokens: 100 },
      models: {
        'deepseek-v4-flash': { caps: { stop: 1 } },
        'deepseek-v4.1-flash': {
          wireId: 'accounts/own/flash-4p1',
          generation: 'v4.1',
          caps: { max_tokens: 50 },
          parts: [],
        },
      },
    });
    const text = prepare(provider, { max_tokens: 1000, stop: ['a', 'b'] });
    expect(text.body).toMatchObject({
      model: 'vendor/deepseek-v4-flash',
      max_tokens: 100,
      stop: ['a'],
    });
    expect(text.adjustments.some(({ param }) => param === 'model')).toBe(false);
    const newer = prepare(provider, { model: 'deepseek-v4.1-flash', max_tokens: 1000 });
    expect(newer.body).toMatchObject({ model: 'accounts/own/flash-4p1', max_tokens: 50 });
    const seen = [{ role: 'user' as const, content: [image] }];
    expect(() => prepare(provider, { messages: seen })).not.toThrow();
    expect(() => prepare(provider, { messages: seen, model: 'deepseek-v4.1-flash' })).toThrow(
      'image_url',
    );
  });

  test.each([
    [{ models: { x: { cap: {} } } }, 'did you mean caps?'],
    [{ models: { x: { caps: { max_tokens: '5' } } } }, 'models.x.caps.max_tokens'],
    [{ models: { x: { generation: 'v5' } } }, 'models.x.generation'],
    [{ models: { x: { wireId: '' } } }, 'models.x.wireId'],
    [{ models: { x: null } }, 'models.x'],
    [{ models: [] }, 'models'],
    [
      {
        prices: {
          cacheHit: '1',
          cacheMiss: '1',
          output: '1',
          peak: {
            factor: 2,
            hoursUTC: [],
            days: [],
            holidays: { years: [2026], days: [['2026-1-1', '2026-01-02']] },
          },
        },
      },
      'prices.peak.holidays.days.0.0',
    ],
  ])('is told what is no fact of a model: %j', (facts, told) => {
    const define = (): unknown => defineProvider({ ...base, ...facts } as never);
    expect(define).toThrow(told);
    try {
      define();
    } catch (error) {
      expect(isChatError(error, 'invalid_options')).toBe(true);
    }
  });
});

// Names

describe('a name of the vendor’s own', () => {
  const sold = (generation: 'v4' | 'v4.1') =>
    defineProvider({
      id: 'own',
      baseURL: 'https://own.test/v1',
      models: { 'deepseek-v4-flash': { wireId: 'own-flash-0731', generation } },
    });

  test('is sent in the place of ours, and told: lossless within a generation', () => {
    const { body, adjustments } = prepare(sold('v4'));
    expect(body.model).toBe('own-flash-0731');
    expect(adjustments).toMatchObject([
      {
        param: 'model',
        action: 'mapped',
        lossy: false,
        from: 'deepseek-v4-flash',
        to: 'own-flash-0731',
      },
    ]);
  });

  test('of another generation is lossy, and refused if the caller wants that', () => {
    expect(prepare(sold('v4.1')).adjustments).toMatchObject([{ param: 'model', lossy: true }]);
    const strict = createClient({ provider: sold('v4.1'), onUnsupported: 'error' });
    expect(() => strict.chat.completions.prepare({ messages: question })).toThrow('model');
  });

  test('goes as it is if the caller writes it, with all that holds of the model', () => {
    const provider = defineProvider({
      id: 'mine',
      extends: sold('v4'),
      modelPrefix: 'x/',
      caps: { max_tokens: 7 },
    });
    const { body, adjustments } = prepare(provider, { model: 'own-flash-0731', max_tokens: 9 });
    expect(body).toMatchObject({ model: 'own-flash-0731', max_tokens: 7 });
    expect(adjustments.map(({ param }) => param)).toEqual(['max_tokens']);
  });

  test('in an answer is no other model', async () => {
    for (const named of ['own-flash-0731', 'deepseek-v4-flash', 'deepseek/DeepSeek-V4-Flash']) {
      const completion = await answerOf('whole', named, { provider: sold('v4') });
      expect(codesOf(completion)).toEqual([]);
      expect(completion.report.answeredBy).toBe(named);
    }
  });
});

test('a prefix is nothing to tell, and an alias goes as it is written', () => {
  expect(prepare('aimlapi').adjustments).toEqual([]);
  const { body, adjustments } = prepare('deepseek', { model: 'deepseek-flash' });
  expect(body.model).toBe('deepseek-flash');
  expect(adjustments).toEqual([]);
});

// Who answered

/** Vendor, the model that was asked, the one that the answer names, and whether it is known to be another one. */
const answers: [ProviderId, string, string, boolean][] = [
  // Served by V4.1 there, by the page's own words.
  ['deepseek', 'deepseek-v4-flash', 'deepseek-v4-flash', false],
  ['deepseek', 'deepseek-v4-flash', 'deepseek-flash', false],
  ['deepseek', 'deepseek-v4-flash', 'DeepSeek-V4.1-Flash-1017', false],
  ['deepseek', 'deepseek-flash', 'deepseek-v4-flash', false],
  ['deepseek', 'deepseek-v4-flash', 'deepseek-v4-flash-0731', false],
  ['deepseek', 'deepseek-v4-flash', 'deepseek-v4-pro', true],
  ['deepseek', 'deepseek-v4-pro', 'deepseek-flash', true],
  ['deepseek', 'deepseek-v4-pro', 'deepseek-v4-pro-0813', false],
  // The others sell V4 under its name.
  ['bytespike', 'deepseek-v4-flash', 'deepseek-v4-flash-0731', false],
  ['bytespike', 'deepseek-v4-flash', 'DeepSeek_V4_Flash', false],
  ['bytespike', 'deepseek-v4-flash', 'deepseek/deepseek-v4-flash:free', false],
  ['bytespike', 'deepseek-v4-flash', 'accounts/x/models/deepseek-v4-flash-ga-260731', false],
  ['bytespike', 'deepseek-v4-flash', 'deepseek-v4', false],
  ['bytespike', 'deepseek-v4-flash', 'deepseek-flash', true],
  ['bytespike', 'deepseek-v4-flash', 'deepseek-v4p1-flash', true],
  ['bytespike', 'deepseek-v4-flash', 'deepseek-ai/DeepSeek-V4.1-Flash', true],
  ['bytespike', 'deepseek-v4-flash', 'deepseek-v3.2', true],
  ['bytespike', 'deepseek-v4-flash', 'deepseek-r1-0528', true],
  ['bytespike', 'deepseek-v4-flash', 'gpt-4o', true],
  ['bytespike', 'deepseek-v4-flash', 'qwen3-max', true],
  ['aimlapi', 'deepseek-v4-flash', 'deepseek-v4-flash', false],
  ['aimlapi', 'deepseek-v4-flash', 'deepseek-flash', true],
  // Names that say nothing prove nothing.
  ['bytespike', 'deepseek-v4-flash', 'm', false],
  ['bytespike', 'deepseek-v4-flash', 'flash-prod-7', false],
  ['bytespike', 'deepseek-v4-flash', '/models/weights', false],
  ['bytespike', 'deepseek-v4-flash', 'deepseek-chat', false],
  ['bytespike', 'deepseek-v4-flash', 'gptless', false],
  ['bytespike', 'my-own-model', 'deepseek-v4-flash', false],
];

test.each(answers)('%s: asked %s, answered by %s; another model: %j', async (...row) => {
  const [provider, model, named, isOther] = row;
  for (const way of ways) {
    const completion = await answerOf(way, named, { provider }, { model });
    expect(completion.model).toBe(named);
    expect(completion.report.answeredBy).toBe(named);
    expect(codesOf(completion)).toEqual(isOther ? ['other_model model'] : []);
  }
});

test.each(ways)('%s: an answer that names no model is answered by nobody known', async (way) => {
  for (const named of [undefined, null, '', ' ', 5]) {
    const { report } = await answerOf(way, named);
    expect(report).not.toHaveProperty('answeredBy');
    expect(report.issues.map(({ code }) => code)).not.toContain('other_model');
  }
});

test('also of a stream that is left early, and of one that breaks, it is known who answered', async () => {
  const top = { model: 'deepseek-v4-pro' };
  const events = [chunk({ content: 'Hi' }, null, top), chunk({ content: '!' }, null, top)];
  const { client } = clientOf({ events });
  const left = client.chat.completions.stream({ messages: question });
  for await (const _ of left) break;
  expect(left.report.answeredBy).toBe('deepseek-v4-pro');
  const broken = client.chat.completions.stream({ messages: question });
  const failure: unknown = await broken.finalCompletion().catch((reason: unknown) => reason);
  expect(isChatError(failure, 'stream_interrupted')).toBe(true);
  expect(broken.report).toMatchObject({ answeredBy: 'deepseek-v4-pro' });
  expect(broken.report.issues).toContainEqual(
    expect.objectContaining({ code: 'other_model', path: 'model' }),
  );
});

test('the name of a model is told without the key, and never at any length', async () => {
  const key = 'sk-test-0123456789abcdef';
  const echoed = await answerOf('whole', `deepseek-v4-flash-${key}`, { apiKey: key });
  expect(JSON.stringify(echoed.report)).not.toContain(key);
  const long = await answerOf('whole', 'x'.repeat(10_000));
  expect(long.report.answeredBy?.length).toBeLessThan(300);
});

test('the size of the context is told of the model that it is known of, and of no other', async () => {
  const error = { message: 'maximum context length exceeded', type: 'invalid_request_error' };
  const { client } = clientOf({ status: 400, body: { error } }, { provider: 'bytespike' });
  const messageFor = async (model: string): Promise<string> => {
    const failure: unknown = await client.chat.completions
      .create({ messages: question, model })
      .catch((reason: unknown) => reason);
    if (!isChatError(failure, 'context_length')) throw failure;
    return failure.message;
  };
  expect(await messageFor('deepseek-v4-flash')).toContain('64K');
  expect(await messageFor('another-model')).not.toContain('64K');
});

// What only DeepSeek has

describe('deepseek', () => {
  const look = {
    type: 'function' as const,
    function: { name: 'look', parameters: { type: 'object' } },
  };
  const own = (deepseek: object) => ({ providerOptions: { deepseek } }) as never;

  test('a title is asked for, typed, and never sent back', async () => {
    const responses: WireResponse[] = [
      { body: whole({ content: 'Hi', title: 'A greeting' }) },
      { events: [chunk({ content: 'Hi' }), chunk({ title: 'A greeting' }, 'stop')] },
    ];
    for (const response of responses) {
      const { client, requests } = clientOf(response);
      const options = own({ title: { enabled: true } });
      const { completions } = client.chat;
      const completion =
        response.events === undefined
          ? await completions.create({ messages: question }, options)
          : await completions.stream({ messages: question }, options).finalCompletion();
      expect(JSON.parse(requests[0]?.body ?? '')).toMatchObject({ title: { enabled: true } });
      const [{ message }] = completion.choices;
      const title: string | null | undefined = message.title;
      expect(title).toBe('A greeting');
      const { body } = prepare('deepseek', { messages: [...question, message] });
      expect(body.messages).toEqual([...question, { role: 'assistant', content: 'Hi' }]);
    }
  });

  test.each(ways)('%s: a title that is no text is left out, and said', async (way) => {
    const title = { text: 'x' };
    const { client } = clientOf(
      way === 'whole'
        ? { body: whole({ content: 'Hi', title }) }
        : { events: [chunk({ content: 'Hi', title }), chunk({}, 'stop')] },
    );
    const { completions } = client.chat;
    const completion =
      way === 'whole'
        ? await completions.create({ messages: question })
        : await completions.stream({ messages: question }).finalCompletion();
    expect(completion.choices[0].message.title).toBeUndefined();
    expect(completion.choices[0].message.content).toBe('Hi');
    expect(codesOf(completion)).toContain('unreadable_field title');
  });

  test('server tools stand beside the functions', () => {
    const server_tools = ['deepseek_web_search', 'deepseek_read_url'];
    const sent = server_tools.map((type) => ({ type }));
    const { completions } = createClient({ apiKey: 'k' }).chat;
    const alone = completions.prepare({ messages: question }, own({ server_tools }));
    expect(alone.body).toEqual({ model: 'deepseek-v4-flash', messages: question, tools: sent });
    expect(alone.adjustments).toEqual([]);
    const both = completions.prepare(
      { messages: question, tools: [look], tool_choice: 'none' },
      own({ server_tools }),
    );
    expect(both.body).toMatchObject({ tools: [look, ...sent], tool_choice: 'none' });
    expect(both.body).not.toHaveProperty('server_tools');
    const none = completions.prepare(
      { messages: question, tool_choice: 'none' },
      own({ server_tools }),
    );
    expect(none.body.tool_choice).toBe('none');
    const empty = completions.prepare({ messages: question }, own({ server_tools: [] }));
    expect(empty.body).toEqual({ model: 'deepseek-v4-flash', messages: question });
  });

  test('with server tools, too, every earlier turn has its reasoning', () => {
    const { completions } = createClient({ apiKey: 'k' }).chat;
    const messages = [...question, { role: 'assistant' as const, content: 'Hi' }, ...question];
    const options = own({ server_tools: ['deepseek_web_search'] });
    const { body } = completions.prepare({ messages }, options);
    expect((body.messages as object[])[1]).toMatchObject({ reasoning_content: '' });
  });

  test('an unknown server tool is refused with its path', () => {
    const { completions } = createClient({ apiKey: 'k' }).chat;
    const options = own({ server_tools: ['deepseek_dig'] });
    expect(() => completions.prepare({ messages: question }, options)).toThrow(
      'providerOptions.deepseek.server_tools.0',
    );
  });

  test.each(ways)('%s: what server tools cost is not known, so there is no cost', async (way) => {
    const server_tools = ['deepseek_web_search'];
    const results = [{ url: 'https://x.test' }];
    for (const [options, extra] of [
      [own({ server_tools }), {}],
      [{ extraBody: { tools: [{ type: 'deepseek_web_search' }] } } as never, {}],
      [own({ server_tools }), { pricing: { cacheHit: 1, cacheMiss: 1, output: 1 } }],
    ] as const) {
      const { client } = clientOf(
        way === 'whole'
          ? { body: whole({ content: 'Hi', server_results: results }, 'stop', { usage }) }
          : {
              events: [
                chunk({ content: 'Hi' }),
                chunk({ server_results: results }, 'stop', { usage }),
              ],
            },
        extra,
      );
      const { completions } = client.chat;
      const completion =
        way === 'whole'
          ? await completions.create({ messages: question }, options)
          : await completions.stream({ messages: question }, options).finalCompletion();
      expect(completion.report).not.toHaveProperty('cost');
      expect(codesOf(completion)).toEqual(['unpriced_tools cost']);
      const [{ message }] = completion.choices;
      expect(message).toMatchObject({ server_results: results });
      const { body } = prepare('deepseek', { messages: [...question, message] });
      expect(JSON.stringify(body)).not.toContain('server_results');
    }
  });

  test('functions alone leave the cost as it is', async () => {
    const { client } = clientOf({ body: whole({ content: 'Hi' }, 'stop', { usage }) });
    const completion = await client.chat.completions.create({ messages: question, tools: [look] });
    expect(completion.report.cost).toMatchObject({ source: 'table' });
    expect(codesOf(completion)).toEqual([]);
  });

  test('the effort ultra is max, wherever it is written', () => {
    for (const params of [
      { reasoning_effort: 'ultra' },
      { thinking: { type: 'enabled', reasoning_effort: 'ultra' } },
    ] as Params[]) {
      const { body, adjustments } = prepare('deepseek', params);
      expect(body.reasoning_effort).toBe('max');
      expect(adjustments).toContainEqual(
        expect.objectContaining({ action: 'mapped', from: 'ultra', to: 'max' }),
      );
    }
  });

  test('a top_p of 0 is clamped to what is taken, and the reason says what becomes of that', () => {
    const reasonOf = (params: Params): string | undefined =>
      prepare('deepseek', params).adjustments.find(({ param }) => param === 'top_p')?.reason;
    expect(reasonOf({ top_p: 0 })).toContain('0.95');
    expect(reasonOf({ top_p: 0, thinking: { type: 'disabled' } })).toContain('without an effect');
    expect(reasonOf({ top_p: 0.5, model: 'deepseek-v4-pro' })).toBeUndefined();
  });
});
