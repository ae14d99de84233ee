import type { ClientOptions, ProviderId } from 'deepseek-v4-flash';
import {
  createClient,
  decodeStream,
  defineProvider,
  fetchTransport,
  isChatError,
  providers,
  tool,
  undiciTransport,
} from 'deepseek-v4-flash';
import { afterEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { clientOf, question, serving, whole } from '../kit/wire.ts';
import { errorOf } from '../kit/failures.ts';

// Options are held as strictly as parameters, and what belongs to one vendor goes to no other.

const answer = { body: whole({ content: 'x' }) };

function thrownBy(run: () => unknown): {
  code: string;
  param: string | undefined;
  message: string;
} {
  try {
    run();
  } catch (error) {
    if (isChatError(error)) return { code: error.code, param: error.param, message: error.message };
    throw error;
  }
  throw new Error('It did not throw');
}

describe('an unknown name', () => {
  test.each([
    ['baseUrl', 'baseURL'],
    ['base_url', 'baseURL'],
    ['baseURl', 'baseURL'],
    ['apikey', 'apiKey'],
    ['api_key', 'apiKey'],
    ['maxRetrys', 'maxRetries'],
    ['retries', 'maxRetries'],
    ['timeuot', 'timeout'],
    ['timeoutMs', 'timeout'],
    ['defaultHeaders', 'headers'],
    ['fetch', 'transport: fetchTransport({ fetch })'],
    ['dispatcher', 'transport: undiciTransport({ dispatcher })'],
    ['abortSignal', 'signal'],
    ['model', 'model, a parameter of each call'],
  ])('of createClient, %s, is told with what was meant: %s', (name, meant) => {
    const { code, param, message } = thrownBy(() =>
      createClient({ [name]: 'https://x.test' } as never),
    );
    expect([code, param]).toEqual(['invalid_options', name]);
    expect(message).toContain(`did you mean ${meant}`);
  });

  test('that is like none is told with those that there are', () => {
    const { message } = thrownBy(() => createClient({ banana: 1 } as never));
    expect(message).toContain('banana');
    expect(message).toContain('apiKey');
    // Not given.
    createClient({ banana: undefined } as never);
  });

  test.each([
    ['abortSignal', 'signal'],
    ['Signal', 'signal'],
    ['max_retries', 'maxRetries'],
    ['extra_body', 'extraBody'],
    ['extra_headers', 'headers'],
    ['time_out', 'timeout'],
  ])('of a call, %s, ends it, with what was meant: %s', async (name, meant) => {
    const { client, requests } = clientOf(answer);
    const options = { [name]: 1 } as never;
    const { completions } = client.chat;
    const format = {
      '~standard': {
        version: 1,
        vendor: 'x',
        validate: () => ({ value: 1 }),
        jsonSchema: { input: () => ({}) },
      },
    };
    const calls = [
      completions.create({ messages: question }, options),
      completions.stream({ messages: question }, options).finalCompletion(),
      completions.parse({ messages: question, response_format: format as never }, options),
      completions.runTools({ messages: question, tools: [] }, options).final(),
      client.models.list(options),
      client.completions.create({ prompt: 'x' }, options),
    ];
    for (const call of calls) {
      const error = await errorOf(call);
      expect([error.code, error.param]).toEqual(['invalid_options', name]);
      expect(error.message).toContain(`did you mean ${meant}?`);
    }
    expect(thrownBy(() => completions.prepare({ messages: question }, options)).code).toBe(
      'invalid_options',
    );
    expect(requests).toHaveLength(0);
  });

  test.each([
    ['max_token', 'max_tokens'],
    ['maxTokens', 'max_tokens'],
    ['tempreature', 'temperature'],
    ['topP', 'top_p'],
    ['responseFormat', 'response_format'],
    ['tool', 'tools'],
    ['reasoningEffort', 'reasoning_effort'],
  ])('of a request, %s, is told with what was meant: %s', async (name, meant) => {
    const { client } = clientOf(answer);
    const error = await errorOf(client.chat.completions.create({ messages: question, [name]: 1 }));
    expect([error.code, error.param]).toEqual(['invalid_request', name]);
    expect(error.message).toContain(`did you mean ${meant}?`);
  });

  test('of a request that is an option of the call is told so', async () => {
    const { client } = clientOf(answer);
    for (const name of ['signal', 'timeout', 'headers', 'extraBody', 'deadline']) {
      const error = await errorOf(
        client.chat.completions.create({ messages: question, [name]: 1 }),
      );
      expect(error.message).toContain('second argument');
    }
  });

  test('of a transport, of prices, of limits and of decodeStream is told as well', async () => {
    expect(thrownBy(() => fetchTransport({ fecth: fetch } as never)).message).toContain(
      'did you mean fetch?',
    );
    expect(thrownBy(() => undiciTransport({ agent: {} } as never)).code).toBe('invalid_options');
    const pricing = { cacheHit: 1, cacheMis: 1, output: 1 };
    expect(thrownBy(() => createClient({ pricing } as never)).message).toContain(
      'did you mean cacheMiss?',
    );
    expect(thrownBy(() => createClient({ limits: { responseByte: 1 } } as never)).code).toBe(
      'invalid_options',
    );
    const reading = decodeStream(new Blob([]).stream(), { vendor: 'vtrix' } as never).next();
    expect((await errorOf(reading)).code).toBe('invalid_options');
  });

  test.each([
    [{ maxTokens: 4096 }, 'maxTokens'],
    [{ caps: { maxTokens: 4096 } }, 'did you mean max_tokens?'],
    [{ paths: { chats: 'x' } }, 'did you mean chat?'],
    [{ thinking: { effect: 'x' } }, 'did you mean effort?'],
    [{ parameters: { topP: 'dropped' } }, 'did you mean top_p?'],
    [{ baseUrl: 'https://x.test' }, 'did you mean baseURL?'],
    [{ apiKey: 'sk-mine' }, 'apiKey, an option of createClient'],
  ])('of a provider is told as well: %j', (facts, told) => {
    const spec = { id: 'own', baseURL: 'https://own.test/v1', ...facts };
    const { code, message } = thrownBy(() => defineProvider(spec as never));
    expect(code).toBe('invalid_options');
    expect(message).toContain(told);
    expect(message).not.toContain('sk-mine');
  });

  test.each([
    [{ inputSchema: z.object({}) }, 'did you mean parameters?'],
    [{ handler: () => '' }, 'did you mean execute?'],
    [{ descripton: 'x' }, 'did you mean description?'],
  ])('of a tool is told as well', (more, told) => {
    const definition = { name: 'x', parameters: z.object({}), execute: () => '', ...more };
    const { code, message } = thrownBy(() => tool(definition as never));
    expect(code).toBe('invalid_options');
    expect(message).toContain(told);
  });

  test('of a vendor in providerOptions is told as well; those of other vendors are passed over', async () => {
    const { client, requests } = clientOf(answer);
    const { completions } = client.chat;
    const options = { providerOptions: { deepsek: { user_tier: 1 } } };
    const error = await errorOf(completions.create({ messages: question }, options as never));
    expect(error.code).toBe('invalid_options');
    expect(error.message).toContain('did you mean deepseek?');
    expect(requests).toHaveLength(0);
    await completions.create(
      { messages: question },
      { providerOptions: { bytespike: { top_k: 1 } } as never },
    );
    expect(requests).toHaveLength(1);
  });
});

describe('a value of an option', () => {
  test('is refused by prepare as it is by a call', () => {
    const { client } = clientOf(answer);
    for (const options of [
      { deadline: 5000 },
      { timeout: -1 },
      { signal: {} },
      { maxRetries: 0.5 },
    ]) {
      const prepare = () =>
        client.chat.completions.prepare({ messages: question }, options as never);
      expect(thrownBy(prepare).code).toBe('invalid_options');
    }
  });

  test('that is null is not given', async () => {
    const { transport, requests } = serving([answer]);
    const none = {
      baseURL: null,
      timeout: { total: null },
      maxRetries: null,
      onUnsupported: null,
      limits: { responseBytes: null },
      pricing: null,
      headers: null,
      hooks: null,
      logger: null,
    };
    const client = createClient({ apiKey: 'k', transport, ...none } as never);
    const options = {
      signal: null,
      timeout: null,
      maxRetries: null,
      headers: null,
      deadline: null,
      extraBody: null,
      onReasoningExhausted: null,
      providerOptions: null,
    };
    await client.chat.completions.create({ messages: question }, options as never);
    expect(requests).toHaveLength(1);
    // Another key than the one that was meant must not be taken in its place.
    expect(thrownBy(() => createClient({ apiKey: null } as never)).code).toBe('invalid_options');
  });

  test('that throws when it is read is told, and does not throw by itself', async () => {
    const throwing = {
      get timeout(): number {
        throw new Error('mine');
      },
    };
    const proxied = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('mine');
        },
      },
    );
    const { client } = clientOf(answer);
    for (const options of [throwing, proxied]) {
      expect(thrownBy(() => createClient(options)).code).toBe('invalid_options');
      const call = client.chat.completions.create({ messages: question }, options);
      expect((await errorOf(call)).code).toBe('invalid_options');
    }
  });
});

describe('a prototype', () => {
  const polluted = Object.prototype as unknown as Record<string, unknown>;
  afterEach(() => {
    for (const name of ['baseURL', 'apiKey', 'headers', 'transport', 'provider', 'maxRetries'])
      delete polluted[name];
  });

  test('adds nothing to the options of a client or of a call, whatever it holds', async () => {
    const elsewhere = serving([answer]);
    Object.assign(polluted, {
      baseURL: 'https://evil.test',
      transport: elsewhere.transport,
      headers: { 'x-evil': '1' },
      provider: 'vtrix',
      maxRetries: 7,
    });
    const { transport, requests } = serving([answer]);
    const options = Object.assign(Object.create(null) as ClientOptions, { apiKey: 'k', transport });
    const client = createClient(options);
    await client.chat.completions.create({ messages: question }, {});
    await client.withOptions({ maxRetries: 0 }).chat.completions.create({ messages: question });
    await createClient({ apiKey: 'k', transport }).chat.completions.create({ messages: question });
    expect(elsewhere.requests).toHaveLength(0);
    expect(requests.map(({ url }) => url)).toEqual(
      Array(3).fill('https://api.deepseek.com/chat/completions'),
    );
    for (const { headers } of requests) expect(headers).not.toHaveProperty('x-evil');
  });

  test.each([
    [
      'a class',
      new (class {
        apiKey = 'k';
      })(),
    ],
    ['an object', Object.create({ baseURL: 'https://evil.test' }) as object],
    ['a list', []],
    ['a function', () => {}],
    ['a text', 'deepseek'],
    ['a date', new Date()],
  ])('of its own makes %s no options', async (_what, options) => {
    expect(thrownBy(() => createClient(options as never)).code).toBe('invalid_options');
    const { client } = clientOf(answer);
    const call = client.chat.completions.create({ messages: question }, options as never);
    expect((await errorOf(call)).code).toBe('invalid_options');
  });
});

describe('what is bound to one vendor', () => {
  test('goes along to no other: key, host, headers and prices', async () => {
    const { transport, requests } = serving([answer]);
    const pricing = { cacheHit: '1', cacheMiss: '1', output: '1' };
    const client = createClient({
      apiKey: 'sk-of-deepseek',
      baseURL: 'https://mine.test/v2',
      headers: { 'x-tenant': 'acme' },
      pricing,
      transport,
    });
    vi.stubEnv('VTRIX_API_KEY', 'sk-of-vtrix');
    const other = client.withOptions({ provider: 'vtrix' });
    const { report } = await other.chat.completions.create({ messages: question });
    expect(requests[0]?.url).toBe('https://cloud.vtrix.ai/llm/chat/completions');
    expect(requests[0]?.headers.authorization).toBe('Bearer sk-of-vtrix');
    expect(requests[0]?.headers).not.toHaveProperty('x-tenant');
    expect(report.cost).toBeUndefined();
    const same = client.withOptions({ provider: 'deepseek', maxRetries: 1 });
    await same.chat.completions.create({ messages: question });
    expect(requests[1]?.headers).toMatchObject({
      authorization: 'Bearer sk-of-deepseek',
      'x-tenant': 'acme',
    });
    vi.unstubAllEnvs();
  });

  test.each([
    ['chat', { paths: { chat: 'https://evil.test/chat' } }],
    ['chat, over http', { paths: { chat: 'http://own.test/chat' } }],
    ['chat, without a scheme', { paths: { chat: '//evil.test/chat' } }],
    ['beta', { paths: { beta: 'https://evil.test/beta' } }],
    ['models', { paths: { models: '//evil.test/models' } }],
    ['balance', { paths: { balance: 'https://own.test:444/balance' } }],
    ['filling', { fim: { path: 'https://evil.test/fim', max_tokens: 1 } }],
  ])('a path of a profile that leaves its host is refused (%s)', (_which, facts) => {
    const provider = defineProvider({ id: 'own', baseURL: 'https://own.test/v1', ...facts });
    const { code, message } = thrownBy(() => createClient({ provider, apiKey: 'k' }));
    expect(code).toBe('invalid_options');
    expect(message).toContain('https://own.test');
  });
});

describe('a base URL', () => {
  const urlsAt = async (provider: ProviderId, baseURL: string): Promise<string[]> => {
    const text = {
      id: 'c',
      object: 'text_completion',
      choices: [{ index: 0, text: 'y', finish_reason: 'stop' }],
    };
    const { transport, requests } = serving([
      answer,
      answer,
      { body: { data: [] } },
      { body: text },
    ]);
    const client = createClient({
      provider,
      apiKey: 'k',
      baseURL,
      transport,
      onUnsupported: 'adjust',
    });
    await client.chat.completions.create({ messages: question });
    const prefix = { role: 'assistant' as const, content: 'x', prefix: true };
    if (provider === 'deepseek') {
      await client.chat.completions.create({ messages: [...question, prefix] });
      await client.models.list();
      await client.completions.create({ prompt: 'x' });
    }
    return requests.map(({ url }) => url);
  };

  test('on another host that ends in /v1 is a plain server: every path is appended to it', async () => {
    expect(await urlsAt('deepseek', 'https://gateway.test/x/v1')).toEqual([
      'https://gateway.test/x/v1/chat/completions',
      'https://gateway.test/x/v1/chat/completions',
      'https://gateway.test/x/v1/models',
      'https://gateway.test/x/v1/completions',
    ]);
    expect(await urlsAt('vtrix', 'http://127.0.0.1:8000/v1/')).toEqual([
      'http://127.0.0.1:8000/v1/chat/completions',
    ]);
  });

  test('that ends otherwise, or is the vendor’s own, has the vendor’s paths', async () => {
    for (const base of [
      'https://proxy.test/deepseek',
      'https://api.deepseek.com',
      'https://api.deepseek.com/v1',
    ]) {
      const [chat, ...others] = await urlsAt('deepseek', base);
      const root = base.replace(/\/v1$/, '');
      expect(chat).toBe(`${base}/chat/completions`);
      expect(others).toEqual([
        `${root}/beta/chat/completions`,
        `${root}/models`,
        `${root}/beta/completions`,
      ]);
    }
  });
});

test.each([0, 5_000, 600_000, -1, new Date(5_000)])(
  'a deadline of %s was meant as a duration, and is told so',
  async (deadline) => {
    const { client } = clientOf(answer);
    const error = await errorOf(
      client.chat.completions.create({ messages: question }, { deadline }),
    );
    expect([error.code, error.param]).toEqual(['invalid_options', 'deadline']);
    expect(error.message).toContain('Date.now() + 5000');
    // One that has passed is another thing.
    const passed = client.chat.completions.create(
      { messages: question },
      { deadline: Date.now() - 1 },
    );
    expect((await errorOf(passed)).code).toBe('deadline_exceeded');
  },
);

describe('a fetch that gives no response', () => {
  test.each([undefined, null, {}, 'x', { status: '200' }])(
    '%j is one invalid_options, and no unhandled rejection',
    async (value) => {
      const unhandled: unknown[] = [];
      const listen = (reason: unknown): void => void unhandled.push(reason);
      process.on('unhandledRejection', listen);
      let calls = 0;
      const given = async (): Promise<never> => {
        calls++;
        return value as never;
      };
      const client = createClient({
        apiKey: 'k',
        maxRetries: 2,
        transport: fetchTransport({ fetch: given }),
      });
      const error = await errorOf(client.chat.completions.create({ messages: question }));
      expect([error.code, error.retryable]).toEqual(['invalid_options', false]);
      expect(calls).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      process.off('unhandledRejection', listen);
      expect(unhandled).toEqual([]);
    },
  );
});

test('over fetch the clock for the head counts from the send', async () => {
  const fetchNever = (): Promise<never> => new Promise(() => {});
  const client = createClient({
    apiKey: 'k',
    maxRetries: 0,
    timeout: { connect: 60_000, headers: 30 },
    transport: fetchTransport({ fetch: fetchNever }),
  });
  const error = await errorOf(client.chat.completions.create({ messages: question }));
  expect(error).toMatchObject({ code: 'timeout', phase: 'headers' });
});

test('deepseek-flash, the current name of the model, has its cap, its price and its parts', async () => {
  const usage = {
    prompt_tokens: 1_000_000,
    completion_tokens: 0,
    total_tokens: 1_000_000,
    prompt_cache_hit_tokens: 0,
  };
  const { client, requests } = clientOf({ body: whole({ content: 'x' }, 'stop', { usage }) });
  const completion = await client.chat.completions.create({
    model: 'deepseek-flash',
    messages: question,
    max_tokens: 500_000,
  });
  expect(JSON.parse(requests[0]?.body ?? '')).toMatchObject({
    model: 'deepseek-flash',
    max_tokens: 393_216,
  });
  expect(completion.report.cost).toMatchObject({ source: 'table' });
  const video = { type: 'video_url' as const, video_url: { url: 'https://x.test/v.mp4' } };
  const call = client.chat.completions.create({
    model: 'deepseek-flash',
    messages: [{ role: 'user', content: [video] }],
  });
  expect((await errorOf(call)).code).toBe('unsupported_parameter');
});

test.each<[string, object]>([
  ['hooks.onRequst', { hooks: { onRequst() {} } }],
  ['hooks', { hooks: 5 }],
  ['hooks.onEnd', { hooks: { onEnd: 'x' } }],
  ['logger', { logger: 5 }],
  ['limits', { limits: 5 }],
  ['timeout', { timeout: [] }],
  ['timeout', { timeout: true }],
  ['timeout', { timeout: '5' }],
  ['splitThinkTags', { splitThinkTags: 'yes' }],
  ['allowHttp', { allowHttp: 'yes', baseURL: 'http://example.test' }],
])('a value that %s cannot have is refused', (param, options) => {
  const { code, message } = thrownBy(() => createClient({ apiKey: 'any-key', ...options }));
  expect(code).toBe('invalid_options');
  expect(message).toContain(param.split('.').at(-1));
});

test('a transport is given what it can use', () => {
  expect(thrownBy(() => fetchTransport({ fetch: 5 as never })).param).toBe('fetch');
  expect(thrownBy(() => undiciTransport({ dispatcher: {} as never })).param).toBe('dispatcher');
});

test('a parameter that objects have by birth gets no made-up hint', async () => {
  const { client } = clientOf(answer);
  const params = { messages: question, constructor: 1 } as never;
  const error = await errorOf(client.chat.completions.create(params));
  expect(error).toMatchObject({ code: 'invalid_request' });
  expect(error.message).not.toContain('native code');
});

test('a field of extraBody that is undefined is none', () => {
  const { client } = clientOf(answer);
  const params = { messages: question, max_tokens: 5 };
  const { body } = client.chat.completions.prepare(params, {
    extraBody: { max_tokens: undefined },
  });
  expect(body).toMatchObject({ max_tokens: 5 });
});

test('a header of the client that is null takes off what would be sent, and a call may set it', () => {
  const { client } = clientOf(answer, { headers: { accept: null, 'user-agent': null } });
  const prepared = client.chat.completions.prepare({ messages: question });
  expect(Object.keys(prepared.headers)).toEqual(['content-type', 'accept-encoding']);
  const options = { headers: { accept: 'text/plain' } };
  const again = client.chat.completions.prepare({ messages: question }, options);
  expect(again.headers).toHaveProperty('accept', 'text/plain');
});

describe('what throws when it is read', () => {
  const throwing = (name: string): object =>
    Object.defineProperty({}, name, {
      enumerable: true,
      get() {
        throw new TypeError('mine');
      },
    });

  test.each([
    [{ timeout: throwing('total') }],
    [{ limits: throwing('responseBytes') }],
    [{ headers: throwing('x-mine') }],
    [{ pricing: throwing('output') }],
    [{ hooks: throwing('onEnd') }],
  ])('of a client is invalid_options: %#', (options) => {
    expect(thrownBy(() => createClient(options as never)).code).toBe('invalid_options');
  });

  test.each([
    [{ timeout: throwing('total') }],
    [{ headers: throwing('x-mine') }],
    [{ signal: throwing('addEventListener') }],
    [{ extraBody: throwing('a') }],
    [{ providerOptions: throwing('deepseek') }],
  ])('of a call is invalid_options, and nothing is sent: %#', async (options) => {
    const { client, requests } = clientOf(answer);
    const call = client.chat.completions.create({ messages: question }, options as never);
    expect((await errorOf(call)).code).toBe('invalid_options');
    expect(requests).toHaveLength(0);
  });

  test('behind an answer that was paid for is not read', async () => {
    const options = new Proxy(
      {},
      {
        get() {
          throw new TypeError('mine');
        },
      },
    );
    const { client } = clientOf(answer);
    const call = client.chat.completions.create({ messages: question }, options);
    expect((await call).choices[0].message.content).toBe('x');
  });
});

test('a prototype sets no clock and no limit', async () => {
  const polluted = Object.prototype as unknown as Record<string, unknown>;
  Object.assign(polluted, { total: 1, headers: 1, responseBytes: 1 });
  try {
    const { client } = clientOf({ body: whole({ content: 'x'.repeat(100) }) }, { timeout: {} });
    const options = { timeout: { idle: 10_000 } };
    const { choices } = await client.chat.completions.create({ messages: question }, options);
    expect(choices[0].message.content).toHaveLength(100);
  } finally {
    for (const name of ['total', 'headers', 'responseBytes']) delete polluted[name];
  }
});

describe('a fact of a provider', () => {
  const base = { id: 'own', baseURL: 'https://own.test/v1' };

  test.each([
    ['id', { id: '' }],
    ['caps.max_tokens', { caps: { max_tokens: '5' } }],
    ['parameters.seed', { parameters: { seed: 'drop' } }],
    ['finishReasons.done', { finishReasons: { done: 'ok' } }],
    ['prices.output', { prices: { cacheHit: '1', cacheMiss: '1', output: 2 } }],
    ['thinking.effort.field', { thinking: { effort: {} } }],
    ['unbilledStatuses', { unbilledStatuses: '5xx' }],
    ['jsonSchema', { jsonSchema: 'yes' }],
    ['fim.max_tokens', { fim: { path: 'x' } }],
    ['user.name', { user: { field: 'user', name: 'x' } }],
  ])('that is none is refused before anything is sent: %s', (path, facts) => {
    const { code, message } = thrownBy(() => defineProvider({ ...base, ...facts } as never));
    expect(code).toBe('invalid_options');
    expect(message).toContain(path);
  });

  test.each([null, undefined, 'own', []])('%j is no provider', (spec) => {
    expect(thrownBy(() => defineProvider(spec as never)).code).toBe('invalid_options');
  });

  test('in whatever spelling, a word for an end is known', async () => {
    const provider = defineProvider({ ...base, finishReasons: { 'All-Done': 'good' } });
    const { client } = clientOf({ body: whole({ content: 'x' }, 'all_done') }, { provider });
    const { report } = await client.chat.completions.create({ messages: question });
    expect(report.completion).toBe('complete');
  });

  test('of the known vendors is what it must be', () => {
    for (const { profile } of Object.values(providers)) {
      expect(defineProvider({ ...profile } as never).profile).toMatchObject(profile);
    }
  });
});
