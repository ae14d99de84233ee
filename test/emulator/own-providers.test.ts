import type { ChatCompletionMessageParam, Provider } from 'deepseek-v4-flash';
import { createClient, defineProvider, fetchTransport } from 'deepseek-v4-flash';
import type { Emulator, EmulatorOptions } from 'deepseek-v4-flash/testing';
import { createEmulator, faults, startEmulator } from 'deepseek-v4-flash/testing';
import { handlers } from 'deepseek-v4-flash/testing/msw';
import { setupServer } from 'msw/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// Vendors that nobody but their user knows.

const mine = defineProvider({
  id: 'mine',
  name: 'Mine',
  baseURL: 'https://llm.mine.example/api/v1',
  apiKeyVariables: ['MINE_API_KEY'],
  paths: { chat: 'talk', models: 'models' },
  caps: { max_tokens: 100, toolNameLength: 8 },
  thinking: {
    off: 'reasoning_effort none',
    on: 'default',
    effort: {
      field: 'reasoning_effort',
      values: { minimal: 'a', low: 'a', medium: 'b', high: 'b', xhigh: 'c', max: 'c' },
    },
  },
  parameters: { seed: 'dropped', stream_options: 'dropped' },
  jsonSchema: 'json_object',
  forcedToolChoice: 'thinking off',
  cost: 'usage.cost',
  insufficientBalanceStatuses: [418],
  requestIdHeader: 'x-mine-id',
});

const messages: ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hi' }];
const tool = {
  type: 'function',
  function: {
    name: 'weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
  },
} as const;

interface Carried {
  emulator: Emulator;
  client: ReturnType<typeof createClient>;
}

const common = { provider: mine, apiKey: 'any', maxRetries: 0, onUnsupported: 'adjust' } as const;

const carriers: Record<string, () => Promise<Carried & { close(): unknown }>> = {
  'in memory': () => {
    const emulator = createEmulator({ providers: [mine] });
    const client = createClient({ ...common, transport: emulator.transport });
    return Promise.resolve({ emulator, client: client as Carried['client'], close: () => {} });
  },
  'on a socket': async () => {
    const emulator = await startEmulator({ providers: [mine] });
    const client = createClient({ ...common, baseURL: emulator.baseURL(mine) });
    return { emulator, client: client as Carried['client'], close: emulator.close };
  },
  'in msw': () => {
    const emulated = handlers({ providers: [mine] });
    const { emulator } = emulated;
    const server = setupServer(...emulated);
    server.listen({ onUnhandledRequest: 'error' });
    const client = createClient({ ...common, transport: fetchTransport() });
    return Promise.resolve({
      emulator,
      client: client as Carried['client'],
      close: () => server.close(),
    });
  },
};

describe.each(Object.keys(carriers))('a vendor of a user’s own, %s,', (name) => {
  let carried: Carried & { close(): unknown };
  beforeAll(async () => {
    carried = await (carriers[name] as (typeof carriers)[string])();
  });
  afterAll(() => carried.close());

  test('answers whole and streamed, thinks, and tells its id, its cost and its counts', async () => {
    const { emulator, client } = carried;
    const whole = await client.chat.completions.create({ messages });
    const stream = client.chat.completions.stream({ messages });
    expect(await stream.finalCompletion()).toEqual(whole);
    const [{ message }] = whole.choices;
    expect(message.content).toContain('This is the built-in emulator of Mine');
    expect(message.content).toContain('MINE_API_KEY');
    expect(message.reasoning_content).toBeTruthy();
    for (const report of [whole.report, stream.report]) {
      expect(report).toMatchObject({ provider: 'mine', requestId: 'emulated-request' });
      expect(Number(report.cost?.usd)).toBeGreaterThan(0);
      expect(report.usage?.total_tokens).toBeGreaterThan(0);
    }
    expect(emulator.requests.at(-1)).toMatchObject({ provider: 'mine', undocumented: [] });
  });

  test('stops thinking, and thinks as much as it is told, in its own words', async () => {
    const { emulator, client } = carried;
    const ask = async (reasoning_effort: 'none' | 'max') => {
      const { choices } = await client.chat.completions.create({ messages, reasoning_effort });
      const { body } = emulator.requests.at(-1) ?? {};
      return [body?.reasoning_effort, Boolean(choices[0].message.reasoning_content)];
    };
    expect(await ask('none')).toEqual(['none', false]);
    expect(await ask('max')).toEqual(['c', true]);
  });

  test('calls a tool and takes its result', async () => {
    const { completions } = carried.client.chat;
    const { choices } = await completions.create({ messages, tools: [tool] });
    const { message } = choices[0];
    const [call] = message.tool_calls ?? [];
    expect(call).toMatchObject({ function: { name: 'weather', arguments: '{"city":"text"}' } });
    const result = { role: 'tool', tool_call_id: call?.id ?? '', content: 'Rain.' } as const;
    const second = completions.stream({ messages: [...messages, message, result], tools: [tool] });
    const { choices: answered } = await second.finalCompletion();
    expect(answered[0].message.content).toContain('The tool said: "Rain."');
  });

  test('answers JSON that fits a schema', async () => {
    const { emulator, client } = carried;
    const schema = { type: 'object', properties: { n: { type: 'integer' } } };
    const { choices } = await client.chat.completions.create({
      messages,
      response_format: { type: 'json_schema', json_schema: { name: 'number', schema } },
    });
    expect(choices[0].message.content).toBe('{"n":1}');
    expect(emulator.requests.at(-1)?.body?.response_format).toEqual({ type: 'json_object' });
  });

  test('fails in the status that it documents for an empty account, and in the usual ones', async () => {
    const { emulator, client } = carried;
    for (const [kind, code, status] of [
      ['insufficient_balance', 'insufficient_balance', 418],
      ['quota', 'insufficient_balance', 418],
      ['rate_limit', 'rate_limit', 429],
      ['overloaded', 'overloaded', 503],
      ['context_length', 'context_length', 400],
    ] as const) {
      emulator.reply({ error: kind });
      const asked = client.chat.completions.create({ messages });
      const requestId = 'emulated-request';
      await expect(asked).rejects.toMatchObject({ code, status, requestId, provider: 'mine' });
    }
  });

  test('refuses what its profile says that it refuses, and lists what it does not document', async () => {
    const { emulator, client } = carried;
    const ask = (extraBody: Record<string, unknown>) =>
      client.chat.completions.create({ messages }, { extraBody });
    const limit = { code: 'bad_request', message: expect.stringContaining('[1, 100]') as string };
    await expect(ask({ max_tokens: 101 })).rejects.toMatchObject(limit);
    await expect(ask({ reasoning_effort: 'max' })).rejects.toMatchObject({ status: 400 });
    const forced = { tools: [tool], tool_choice: 'required' };
    await expect(ask(forced)).rejects.toMatchObject({
      message: expect.stringContaining('Thinking mode') as string,
    });
    await ask({ seed: 1, mystery: 2, thinking: {}, temperature: 1 });
    expect(emulator.requests.at(-1)?.undocumented).toEqual(['seed', 'mystery', 'thinking']);
  });

  test('has its answers bent as any vendor’s', async () => {
    const { emulator, client } = carried;
    const read = () => client.chat.completions.stream({ messages }).finalCompletion();
    const answer = { content: 'One two three', reasoning_content: '' };
    emulator.reply(
      { ...faults.cutAfterEvents(3), answer },
      { ...faults.compose(faults.noDone(), faults.oneByteWrites()), answer },
      { ...faults.errorFrame({ at: 'first event' }), answer },
    );
    await expect(read()).rejects.toMatchObject({ code: 'stream_interrupted', provider: 'mine' });
    expect((await read()).choices[0].message.content).toBe('One two three');
    await expect(read()).rejects.toMatchObject({ code: 'server_error' });
  });

  test('lists its model, takes any other, and knows no other path', async () => {
    const { client } = carried;
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['deepseek-v4-flash']);
    const { model } = await client.chat.completions.create({ model: 'my-tuned-model', messages });
    expect(model).toBe('my-tuned-model');
    await expect(client.balance()).rejects.toMatchObject({ code: 'unsupported' });
  });
});

const over = (emulator: Emulator, provider: Provider, baseURL?: string) =>
  createClient({
    provider,
    apiKey: 'any',
    maxRetries: 0,
    onUnsupported: 'adjust',
    ...(baseURL === undefined ? { transport: emulator.transport } : { baseURL }),
  });

test('a provider is emulated from the moment that its base URL is asked for', async () => {
  await using server = await startEmulator();
  const memory = createEmulator();
  const early = over(memory, mine);
  await expect(early.chat.completions.create({ messages })).rejects.toMatchObject({
    code: 'connection',
    message: expect.stringContaining('option providers') as string,
  });
  expect(memory.baseURL(mine)).toBe('https://llm.mine.example/api/v1');
  expect(server.baseURL(mine)).toBe(`${server.url}/mine/api/v1`);
  for (const client of [early, over(server, mine, server.baseURL(mine))]) {
    const { report } = await client.chat.completions.create({ messages });
    expect(report.provider).toBe('mine');
  }
});

test('msw has no handler for a host that it was not told of, and says so', () => {
  const { emulator } = handlers();
  expect(() => emulator.baseURL(mine)).toThrow('option providers');
  expect(handlers({ providers: [mine] }).emulator.baseURL(mine)).toBe(mine.profile.baseURL);
});

test('another fact about a known vendor keeps the vendor’s answers', async () => {
  const larger = defineProvider({
    id: 'bytespike',
    extends: 'bytespike',
    caps: { max_tokens: 9000 },
  });
  const emulator = createEmulator({ providers: [larger] });
  const ask = (max_tokens: number) =>
    over(emulator, larger).chat.completions.create({ messages }, { extraBody: { max_tokens } });
  await expect(ask(9001)).rejects.toThrow('[1, 9000]');
  emulator.reply({ reasoning_content: 'Hm.', content: 'Yes.' }, { error: 'quota' });
  expect((await ask(9000)).choices[0].message.reasoning_content).toBe('Hm.');
  await expect(ask(9000)).rejects.toMatchObject({ vendorCode: 'quota_exceeded' });
});

test('a vendor that extends another one tells the balance in the form that it reads', async () => {
  for (const base of ['deepseek', 'aimlapi'] as const) {
    const own = defineProvider({ id: 'own', extends: base, baseURL: 'https://own.example/v1' });
    const { available, total } = await over(createEmulator({ providers: [own] }), own).balance();
    expect([available, Number(total)]).toEqual([true, 12.5]);
  }
});

test('two vendors of one host are told apart by their paths, and else the last one given answers', async () => {
  const at = (id: string, path: string) =>
    defineProvider({ id, baseURL: `http://127.0.0.1:8000${path}` });
  const [one, two, three] = [at('one', '/one/v1'), at('two', '/two/v1'), at('three', '/one/v1')];
  const emulator = createEmulator({ providers: [one, two, three] });
  for (const provider of [one, two])
    await over(emulator, provider)
      .models.list()
      .catch(() => {});
  for (const provider of [one, two, three]) {
    await over(emulator, provider).chat.completions.create({ messages });
  }
  expect(emulator.requests.map(({ provider }) => provider)).toEqual(['three', 'two', 'three']);
});

test('a base URL that ends in /v1 is served at OpenAI’s paths, where a client elsewhere looks', async () => {
  const own = defineProvider({
    id: 'own',
    baseURL: 'https://own.example/v1',
    paths: { chat: '../talk', beta: '../beta/talk', models: '../list' },
    fim: { path: '../gap', max_tokens: 100 },
    strictTools: 'beta',
  });
  await using server = await startEmulator();
  const strict = [{ ...tool, function: { ...tool.function, strict: true } }];
  for (const client of [
    over(server, own, server.baseURL(own)),
    over(createEmulator({ providers: [own] }), own),
  ]) {
    expect((await client.models.list()).data).toHaveLength(1);
    const { choices } = await client.chat.completions.create({ messages, tools: strict });
    expect(choices[0].message.tool_calls).toHaveLength(1);
    const filled = await client.completions.create({ prompt: 'Once' });
    expect(filled.choices[0]?.text).toBe(' and so on.');
  }
  expect(server.requests.map(({ path }) => path)).toEqual([
    '/v1/models',
    '/v1/chat/completions',
    '/v1/completions',
  ]);
});

test('a strict emulator takes the options of an own vendor, of which only their schema knows the names', async () => {
  const options = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) => ({ value: value as { flavour?: string } }),
    },
  } as const;
  const own = defineProvider({
    id: 'own',
    baseURL: 'https://own.example/v1',
    parameters: { seed: 'dropped' },
    options,
  });
  const emulator = createEmulator({ strict: true, providers: [own] });
  const client = createClient({ provider: own, apiKey: 'any', transport: emulator.transport });
  await client.chat.completions.create(
    { messages },
    { providerOptions: { own: { flavour: 'plum' } } },
  );
  expect(emulator.requests[0]?.body?.flavour).toBe('plum');
  const asked = client.chat.completions.create({ messages }, { extraBody: { seed: 1 } });
  await expect(asked).rejects.toMatchObject({ code: 'bad_request' });
});

const wrong: [providers: unknown, told: string][] = [
  ['mine', 'options.providers must be a list'],
  [['deepseek'], 'options.providers.0 must be a provider from defineProvider(), but is "deepseek"'],
  [[{ id: 'mine', baseURL: 'https://x.example' }], 'options.providers.0 must be a provider'],
  [[mine, mine], 'options.providers.1.id is "mine", which is already the id of another vendor'],
  [[{ ...mine, id: '..' }], 'options.providers.0.id must consist of'],
  [
    [{ ...mine, profile: { ...mine.profile, baseURL: 'llm' } }],
    'options.providers.0.profile.baseURL must be an absolute URL',
  ],
];

test.each(wrong)('the providers %o are refused', (providers, told) => {
  const refusal = { code: 'invalid_options', message: expect.stringContaining(told) as string };
  const create = () => createEmulator({ providers } as EmulatorOptions);
  expect(create).toThrow(expect.objectContaining(refusal) as Error);
});

test('what is no provider has no base URL', () => {
  const emulator = createEmulator({ providers: [mine] });
  expect(() => emulator.baseURL({ id: 'x' } as Provider)).toThrow(
    'a provider from defineProvider()',
  );
  expect(() => emulator.baseURL('vtrx' as 'vtrix')).toThrow('did you mean "vtrix"?');
  expect(emulator.baseURL('mine' as 'vtrix')).toBe(mine.profile.baseURL);
});
