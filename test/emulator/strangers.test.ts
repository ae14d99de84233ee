import type { ChatCompletionChunk, ClientOptions, RequestOptions } from 'deepseek-v4-flash';
import { ChatError, createClient, decodeStream, defineProvider } from 'deepseek-v4-flash';
import { createEmulator, startEmulator } from 'deepseek-v4-flash/testing';
import { expect, test, vi } from 'vitest';
import { errorOf as failureOf } from '../kit/failures.ts';

// What strangers did to this package, and what broke. Each test is named for it.

const messages = [{ role: 'user', content: 'Hi' } as const];
const encoder = new TextEncoder();

const chunk = (delta: object, finish_reason: string | null = null): string =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] })}\n\n`;

function emulated(
  writes: readonly (string | Uint8Array | 'hang')[],
  options: Partial<ClientOptions> = {},
) {
  const emulator = createEmulator();
  emulator.reply({ writes });
  const client = createClient({
    apiKey: 'test-key',
    transport: emulator.transport,
    maxRetries: 0,
    ...options,
  });
  return client.chat.completions.stream({ messages });
}

test('closing the client gives each call an error, a partial and a report of its own', async () => {
  const emulator = createEmulator();
  emulator.reply(
    { writes: [chunk({ content: 'for A' }), 'hang'] },
    { writes: [chunk({ content: 'for B' }), 'hang'] },
  );
  const client = createClient({ apiKey: 'test-key', transport: emulator.transport });
  const streams = [1, 2].map(() => client.chat.completions.stream({ messages }));
  const iterators = streams.map((stream) => stream[Symbol.asyncIterator]());
  for (const iterator of iterators) await iterator.next();
  const pending = iterators.map((iterator) => failureOf(iterator.next()));
  await client.close();
  const [a, b] = await Promise.all(pending);
  expect(a).not.toBe(b);
  expect(a?.partial?.choices[0].message.content).toBe('for A');
  expect(b?.partial?.choices[0].message.content).toBe('for B');
  expect(a?.report).toBe(streams[0]?.report);
  const after = await failureOf(client.chat.completions.create({ messages }));
  expect(after).toMatchObject({ code: 'aborted', message: 'The client was closed' });
  expect(after.partial).toBeUndefined();
});

test('a reason that is a ChatError becomes the cause, and is not written on', async () => {
  const reason = new ChatError('rate_limit', "Somebody else's");
  const error = await failureOf(
    createClient({ apiKey: 'test-key' }).chat.completions.create(
      { messages },
      { signal: AbortSignal.abort(reason) },
    ),
  );
  expect(error).toMatchObject({ code: 'aborted', cause: reason });
  expect(reason.report).toBeUndefined();
});

test.each([[[1]], [[2]], [[1, 2]], [[]]])('a BOM cut at %j costs no event', async (cuts) => {
  const bytes = encoder.encode(
    `\uFEFF${chunk({ content: 'first ' })}${chunk({ content: 'second' }, 'stop')}`,
  );
  const edges = [0, ...cuts, bytes.length];
  const pieces = edges.slice(1).map((edge, index) => bytes.slice(edges[index], edge));
  const { choices } = await emulated(pieces).finalCompletion();
  expect(choices[0].message.content).toBe('first second');
});

test('a whole answer in place of a stream may begin with a BOM in pieces', async () => {
  const bytes = encoder.encode(
    '\uFEFF{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}',
  );
  const { choices } = await emulated([bytes.slice(0, 1), bytes.slice(1)]).finalCompletion();
  expect(choices[0].message.content).toBe('x');
});

test('two functions under one index are never made one call', async () => {
  const piece = (id: string, name: string, text: string) =>
    chunk({
      tool_calls: [{ index: 0, id, type: 'function', function: { name, arguments: text } }],
    });
  const stream = emulated([
    piece('a', 'get_time', ''),
    piece('b', 'delete_file', '{"path":"/x"}'),
    chunk({}, 'tool_calls'),
  ]);
  const { choices } = await stream.finalCompletion();
  expect(choices[0].message.tool_calls).toMatchObject([
    { id: 'a', function: { name: 'get_time', arguments: '{}' } },
    { id: 'b', function: { name: 'delete_file', arguments: '{"path":"/x"}' } },
  ]);
});

test('a peak price may be any multiple, and no price voids an answer', async () => {
  const emulator = createEmulator();
  const peak = { factor: 1.5, hoursUTC: [[0, 24]], days: [0, 1, 2, 3, 4, 5, 6] } as const;
  const prices = { cacheHit: '1', cacheMiss: '1', output: '1' };
  const usage = { prompt_tokens: 1, completion_tokens: 1 };
  for (const [factor, usd] of [
    [1.5, '0.000003'],
    [Number.NaN, undefined],
  ] as const) {
    const { profile, ...functions } = defineProvider({ id: 'x', extends: 'deepseek' });
    const model = { caps: {}, parts: [], prices: { ...prices, peak: { ...peak, factor } } };
    // By hand, since defineProvider refuses what is no number.
    const provider = {
      ...functions,
      profile: { ...profile, models: { 'deepseek-v4-flash': model } },
    };
    const client = createClient({ provider, apiKey: 'test-key', transport: emulator.transport });
    emulator.reply({ content: 'x', usage }, { content: 'x', usage });
    expect((await client.chat.completions.create({ messages })).report.cost?.usd).toBe(usd);
    const stream = client.chat.completions.stream({ messages });
    expect((await stream.finalCompletion()).report.cost?.usd).toBe(usd);
  }
});

test('a vendor that is another host by inheritance does not inherit the key', async () => {
  vi.stubEnv('DEEPSEEK_API_KEY', 'sk-real-key');
  const provider = defineProvider({
    id: 'proxy',
    extends: 'deepseek',
    baseURL: 'https://proxy.example',
  });
  const transport = { send: () => Promise.reject(new Error('nothing may be sent')) };
  const error = await failureOf(
    createClient({ provider, transport }).chat.completions.create({ messages }),
  );
  expect(error.code).toBe('missing_api_key');
  vi.unstubAllEnvs();
});

test('a client of another vendor inherits neither the key nor the base URL', () => {
  const client = createClient({ apiKey: 'deepseek-key', baseURL: 'https://proxy.example' });
  const other = client.withOptions({ provider: 'aimlapi' });
  expect(other.chat.completions.prepare({ messages }).url).toContain('api.aimlapi.com');
  expect(
    client.withOptions({ maxRetries: 0 }).chat.completions.prepare({ messages }).url,
  ).toContain('proxy.example');
});

test('a loop over models that fails is one error, and no unhandled one', async () => {
  const client = createClient({ provider: 'vtrix', apiKey: 'test-key' });
  const loop = async (): Promise<void> => {
    for await (const _model of client.models.list());
  };
  expect((await failureOf(loop())).code).toBe('unsupported');
  // Vitest fails the run if a rejection was left alone.
  await new Promise((resolve) => setTimeout(resolve, 10));
});

test('neither a key nor a prompt is in an error, however it is cut, broken or escaped', async () => {
  const key = `sk-${'k'.repeat(40)}`;
  const prompt =
    'My secret plan is:\nrob the "bank" at noon, and then to leave the country by the night train.';
  const args = '{"account":"the hidden account number 12345"}';
  const emulator = createEmulator();
  const client = createClient({ apiKey: key, transport: emulator.transport, maxRetries: 0 });
  const said = [
    `${'z'.repeat(470)} Bearer ${key}`,
    `invalid message: ${prompt}`,
    `invalid message: ${JSON.stringify(prompt)}`,
    `invalid message: ${prompt.slice(0, 60)}…`,
    `invalid message: ${prompt.replace('\n', ' ')}`,
    `bad call: ${args}`,
  ];
  for (const message of said) {
    for (const writes of [[message], [JSON.stringify({ error: { message } })]]) {
      emulator.reply({ status: 400, writes });
      const call = client.chat.completions.create({
        messages: [
          { role: 'user', content: prompt },
          {
            role: 'assistant',
            content: '',
            tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: args } }],
          },
          { role: 'tool', tool_call_id: 'c', content: 'done' },
        ],
      });
      const { message: told } = await failureOf(call);
      expect(told).toContain('answered 400');
      expect(told).not.toMatch(/kkkkkkkk|secret plan|bank|hidden account/);
    }
  }
});

test('reasoning that is repeated in another place is not doubled', async () => {
  const stream = emulated([
    chunk({ reasoning: 'think ' }),
    chunk({ reasoning: 'hard' }),
    chunk({ content: 'a' }),
    chunk({ reasoning_content: 'think hard' }, 'stop'),
  ]);
  const { choices } = await stream.finalCompletion();
  expect(choices[0].message.reasoning_content).toBe('think hard');
});

test('hooks and loggers may throw, at once or later', async () => {
  const emulator = createEmulator();
  const fail = (): never => {
    throw new Error('mine');
  };
  const failLater = async (): Promise<void> => fail();
  for (const each of [fail, failLater]) {
    const client = createClient({
      apiKey: 'test-key',
      transport: emulator.transport,
      logger: { debug: each },
      hooks: { onRequest: each, onResponse: each, onRetry: each, onEnd: each },
    });
    emulator.reply({ error: 'overloaded', headers: { 'retry-after': '0' } }, { content: 'x' });
    const { choices } = await client.chat.completions.create({ messages });
    expect(choices[0].message.content).toBe('x');
  }
});

test('hooks see that a header of the caller is there, and its value only if it is known to be harmless', async () => {
  const emulator = createEmulator();
  let seen: Record<string, string> = {};
  const client = createClient({
    apiKey: 'test-key',
    transport: emulator.transport,
    headers: { 'x-api-key': 'hush', 'x-plain': 'perhaps', 'x-request-id': 'r-1' },
    hooks: { onRequest: ({ headers }) => void (seen = headers) },
  });
  await client.chat.completions.create({ messages });
  expect(seen).toMatchObject({
    'x-api-key': '[hidden]',
    'x-plain': '[hidden]',
    'x-request-id': 'r-1',
    'content-type': 'application/json',
  });
});

test('mistakes of the caller are ChatErrors that say so, with a report, and nothing is sent', async () => {
  const transport = { send: () => Promise.reject(new Error('nothing may be sent')) };
  const client = createClient({ apiKey: 'test-key', transport });
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  const json_schema = { name: 'x', schema: circle };
  const requests: [object, object | undefined | null][] = [
    [{ messages, response_format: { type: 'json_schema', json_schema } }, undefined],
    [
      { messages: [{ role: 'user', content: Array.from({ length: 200_000 }, () => 1) }] },
      undefined,
    ],
    [{ messages }, { deadline: '2030' }],
    [{ messages }, { signal: new AbortController() }],
    [{ messages }, { timeout: -1 }],
    [{ messages }, { maxRetries: 0.5 }],
    [{ messages }, { extraBody: 'abc' }],
    [{ messages }, { extraBody: [1] }],
  ];
  for (const [params, options] of requests) {
    const given = [params, options] as unknown as [{ messages: typeof messages }, RequestOptions];
    for (const call of [
      client.chat.completions.create(...given),
      client.chat.completions.stream(...given).finalCompletion(),
    ]) {
      const error = await failureOf(call);
      expect(['invalid_request', 'invalid_options']).toContain(error.code);
      expect(error).toMatchObject({ provider: 'deepseek', report: { attempts: [] } });
    }
  }
  for (const options of [{ provider: {} }, { transport: {} }, { apiKey: 123 }]) {
    expect(() => createClient(options as unknown as ClientOptions)).toThrow(
      expect.objectContaining({ code: 'invalid_options' }),
    );
  }
  // `null` stands for "not given" everywhere.
  const emulator = createEmulator();
  const lenient = createClient({ apiKey: 'test-key', transport: emulator.transport });
  await lenient.chat.completions.create({ messages }, null as unknown as RequestOptions);
});

test('decodeStream ends like a ChatStream: ChatErrors with a partial, and whole once it is finished', async () => {
  async function* broken(...texts: string[]): AsyncGenerator<Uint8Array> {
    for (const text of texts) yield encoder.encode(text);
    throw new TypeError('terminated');
  }
  const read = async (body: Parameters<typeof decodeStream>[0]): Promise<ChatCompletionChunk[]> => {
    const chunks: ChatCompletionChunk[] = [];
    for await (const each of decodeStream(body)) chunks.push(each);
    return chunks;
  };
  const error = await failureOf(read(broken(chunk({ content: 'Half' }))));
  expect(error.code).toBe('stream_interrupted');
  expect(error.partial?.choices[0].message.content).toBe('Half');
  expect(await read(broken(chunk({ content: 'All' }, 'stop')))).toHaveLength(1);
  const nothing = null as unknown as Parameters<typeof decodeStream>[0];
  expect((await failureOf(read(nothing))).code).toBe('invalid_options');
});

test("a partial is nobody else's", async () => {
  const usageOnly = 'data: {"choices":[],"usage":{"prompt_tokens":1}}\n\n';
  const first = await failureOf(emulated([usageOnly]).finalCompletion());
  if (first.partial) first.partial.choices[0].message.content = 'written on';
  const second = await failureOf(emulated([usageOnly]).finalCompletion());
  expect(second.partial?.choices[0].message.content).toBeNull();
});

test.each([
  ['<think>a</think>', '\n\nHello'],
  ['<think>', '\nabc</think>\nHi'],
  ['<think></think>Hi'],
  [' <thi', 'nk>\n', 'a</thi', 'nk>\n', '\nHi\n'],
  ['<thinking> is no tag'],
])('think tags are the same whole and cut: %j', async (...pieces) => {
  const emulator = createEmulator();
  const client = createClient({
    apiKey: 'test-key',
    transport: emulator.transport,
    splitThinkTags: true,
  });
  const message = { role: 'assistant', content: pieces.join('') };
  emulator.reply(
    { writes: [JSON.stringify({ choices: [{ index: 0, message, finish_reason: 'stop' }] })] },
    { writes: [...pieces.map((content) => chunk({ content })), chunk({}, 'stop')] },
  );
  const whole = await client.chat.completions.create({ messages });
  const streamed = await client.chat.completions.stream({ messages }).finalCompletion();
  expect(streamed.choices).toEqual(whole.choices);
});

test.each(['events', 'text'] as const)(
  'leaving %s() while it waits ends the request at once',
  async (name) => {
    await using emulator = await startEmulator();
    emulator.reply({ writes: [chunk({ content: 'x' }), 'hang'] });
    const client = createClient({ apiKey: 'test-key', baseURL: emulator.baseURL('deepseek') });
    const stream = client.chat.completions.stream({ messages });
    const iterator = stream[name]();
    await iterator.next();
    const pending = failureOf(iterator.next());
    await iterator.return?.();
    expect((await pending).code).toBe('aborted');
    expect((await failureOf(stream.finalCompletion())).code).toBe('aborted');
  },
);

test('a loop that is left at the finish_reason has the whole answer', async () => {
  const stream = emulated([chunk({ content: 'All' }), chunk({}, 'stop'), 'hang']);
  for await (const { choices } of stream) if (choices[0]?.finish_reason) break;
  const { choices, report } = await stream.finalCompletion();
  expect(choices[0].message.content).toBe('All');
  expect(report).toMatchObject({ completion: 'complete', issues: [{ code: 'left_early' }] });
});

test('a compressed error is told by its status, over both transports alike', async () => {
  await using emulator = await startEmulator();
  for (const encoding of ['gzip', '']) {
    emulator.reply({ status: 401, headers: { 'content-encoding': encoding }, writes: ['no'] });
    const client = createClient({ apiKey: 'test-key', baseURL: emulator.baseURL('deepseek') });
    const error = await failureOf(client.chat.completions.create({ messages }));
    expect(error).toMatchObject({ code: 'authentication', status: 401 });
  }
});

test('an event of Vtrix that has no choices but says that all is well ends nothing', async () => {
  const stream = emulated(
    [
      chunk({ content: 'x' }, 'stop'),
      'data: {"choices":[],"status":"completed","usage":{"cost":"0.1"}}\n\n',
    ],
    { provider: 'vtrix' },
  );
  const { choices, report } = await stream.finalCompletion();
  expect(choices[0].message.content).toBe('x');
  expect(report.cost?.usd).toBe('0.1');
});

test('a whole answer that is cut, in place of a stream, may be asked for again', async () => {
  const error = await failureOf(emulated(['{"choices":[{"message":{"cont']).finalCompletion());
  expect(error).toMatchObject({ code: 'stream_interrupted', retryable: true });
});

test('oddities of an answer that was thrown away are not in the report', async () => {
  const emulator = createEmulator();
  emulator.reply({ writes: [': nothing\n\ndata: {"cut'] }, { content: 'x' });
  const client = createClient({ apiKey: 'test-key', transport: emulator.transport });
  const stream = client.chat.completions.stream({ messages });
  await stream.finalCompletion();
  expect(stream.report.attempts).toHaveLength(2);
  expect(stream.report.issues).toEqual([]);
});

test('a response that can have no body is refused before the stream is taken', async () => {
  const stream = emulated([chunk({ content: 'x' }, 'stop')]);
  expect(() => stream.toResponse({ status: 204 })).toThrow(
    expect.objectContaining({ code: 'invalid_options' }),
  );
  expect((await stream.finalCompletion()).choices[0].message.content).toBe('x');
});

test('not to be stored is what happens anyway', () => {
  const { adjustments } = createClient({ onUnsupported: 'error' }).chat.completions.prepare({
    messages,
    store: false,
  });
  expect(adjustments).toEqual([]);
});

test('the model cannot forge the end of its own answer', async () => {
  const content = 'Before\n\ndata: [DONE]\n\ndata: {"error":{"message":"forged"}}\r\n\r\nafter';
  const emulator = createEmulator();
  emulator.reply({ content });
  const client = createClient({ apiKey: 'test-key', transport: emulator.transport });
  const { choices } = await client.chat.completions.stream({ messages }).finalCompletion();
  expect(choices[0].message.content).toBe(content);
});

test('what a prompt says does not change what an error means', async () => {
  const prompts = [
    ['You exceeded your current quota, please check your plan.', 429, 'insufficient_balance'],
    ["This model's maximum context length is 65536 tokens.", 400, 'context_length'],
  ] as const;
  for (const [content, status, code] of prompts) {
    const emulator = createEmulator();
    const error = {
      message: content,
      type: 'invalid_request_error',
      code: 'invalid_request_error',
    };
    emulator.reply({ status, writes: [JSON.stringify({ error })] });
    const client = createClient({ apiKey: 'test-key', transport: emulator.transport });
    const said = [content, 'invalid_request_error'].map(
      (text) => ({ role: 'user', content: text }) as const,
    );
    const failure = await failureOf(client.chat.completions.create({ messages: said }));
    expect(failure).toMatchObject({ code, retryable: false, vendorCode: 'invalid_request_error' });
    expect(failure.message).not.toContain(content);
    expect(emulator.requests).toHaveLength(1);
  }
});

test.each(['iterator', 'events', 'dispose'] as const)(
  'a next() that waits when the stream is left after its finish is done, not hung (%s)',
  async (way) => {
    await using server = await startEmulator();
    for (const emulator of [createEmulator(), server]) {
      emulator.reply({ writes: [chunk({ content: 'All' }, 'stop'), 'hang'] });
      const isServer = emulator === server;
      const client = createClient({
        apiKey: 'test-key',
        ...(isServer ? { baseURL: server.baseURL('deepseek') } : { transport: emulator.transport }),
      });
      const stream = client.chat.completions.stream({ messages });
      const iterator = way === 'events' ? stream.events() : stream[Symbol.asyncIterator]();
      await iterator.next();
      const pending = iterator.next();
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (way === 'dispose') await stream[Symbol.asyncDispose]();
      else await iterator.return?.();
      // Of the events, the end is still to come.
      if (way !== 'events') expect(await pending).toEqual({ done: true, value: undefined });
      else await pending;
      expect((await stream.finalCompletion()).choices[0].message.content).toBe('All');
    }
  },
);

test('a response takes headers in any case, and refuses wrong ones before the stream is taken', async () => {
  const stream = emulated([chunk({ content: 'x' }, 'stop')]);
  const wrong = (): unknown => stream.toResponse({ headers: { 'bad header': 'x' } });
  expect(wrong).toThrow(expect.objectContaining({ code: 'invalid_options' }));
  const response = stream.toResponse({ headers: { 'Content-Type': 'text/plain' } });
  expect(response.headers.get('content-type')).toBe('text/plain');
  expect(await response.text()).toContain('[DONE]');
});

test('decodeStream says so when it is given text in place of bytes', async () => {
  const text = (async function* () {
    yield 'data: x';
  })() as unknown as AsyncIterable<Uint8Array>;
  const error = await failureOf(decodeStream(text).next());
  expect(error.code).toBe('invalid_options');
});
