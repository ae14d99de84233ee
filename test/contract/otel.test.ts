import type { ClientOptions } from 'deepseek-v4-flash';
import { ChatStream, createClient, tool } from 'deepseek-v4-flash';
import type { InstrumentOptions } from 'deepseek-v4-flash/otel';
import { instrument } from 'deepseek-v4-flash/otel';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { WireResponse } from '../kit/wire.ts';
import { errorOf } from '../kit/failures.ts';
import { recorder } from '../kit/telemetry.ts';
import { callOf, chunk, clientOf, question, whole } from '../kit/wire.ts';

// What is recorded of calls: by a tracer and a meter that write down what they are told. With the real SDK: test/real.

function instrumented(
  responses: WireResponse | WireResponse[],
  options: ClientOptions = {},
  more: InstrumentOptions = {},
) {
  const { tracer, meter, spans, measured } = recorder();
  const { client, requests } = clientOf(responses, options);
  return { client: instrument(client, { tracer, meter, ...more }), spans, measured, requests };
}

const usage = {
  prompt_tokens: 30,
  completion_tokens: 4,
  total_tokens: 34,
  prompt_cache_hit_tokens: 10,
  prompt_cache_miss_tokens: 20,
  completion_tokens_details: { reasoning_tokens: 3 },
};
const pricing = { cacheHit: 0, cacheMiss: 1, output: 1 };
const prompt = [{ role: 'user' as const, content: 'a private question' }];
const answer = { body: whole({ content: 'a private answer' }, 'stop', { usage }) };
const events = [
  chunk({ content: 'a private ' }),
  chunk({ content: 'answer' }),
  chunk({}, 'stop', { usage }),
];

test('a whole answer is one CLIENT span with what was asked and answered, and none of the words', async () => {
  const { client, spans } = instrumented(answer, { pricing });
  const completion = await client.chat.completions.create({
    messages: prompt,
    max_tokens: 99,
    temperature: 0.5,
    stop: 'END',
    thinking: { type: 'disabled' },
  });

  const [span] = spans;
  expect(completion.choices[0].message.content).toBe('a private answer');
  expect(span).toMatchObject({ name: 'chat deepseek-v4-flash', kind: 2, isEnded: true });
  expect(span?.status).toBeUndefined();
  expect(span?.attributes).toMatchObject({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'deepseek',
    'gen_ai.request.model': 'deepseek-v4-flash',
    'gen_ai.request.stream': false,
    'gen_ai.request.max_tokens': 99,
    'gen_ai.request.temperature': 0.5,
    'gen_ai.request.stop_sequences': ['END'],
    'gen_ai.response.id': 'c-1',
    'gen_ai.response.model': 'deepseek-v4-flash',
    'gen_ai.response.finish_reasons': ['stop'],
    'gen_ai.usage.input_tokens': 30,
    'gen_ai.usage.output_tokens': 4,
    'gen_ai.usage.cache_read.input_tokens': 10,
    'gen_ai.usage.reasoning.output_tokens': 3,
    'server.address': 'api.deepseek.com',
    'server.port': 443,
    'flash.cost.usd': 0.000024,
    'flash.attempts': 1,
    'flash.completion': 'complete',
  });
  expect(JSON.stringify(spans)).not.toMatch(/private|sk-test/);
});

test('each attempt is a child, with its status and its code', async () => {
  const { client, spans } = instrumented(
    [{ status: 503, body: {}, headers: { 'retry-after-ms': '1' } }, answer],
    { maxRetries: 1 },
  );
  await client.chat.completions.create({ messages: question });

  const [call, first, second] = spans;
  expect(spans).toHaveLength(3);
  expect([first?.name, second?.name]).toEqual(['attempt 1', 'attempt 2']);
  expect([first?.parent, second?.parent]).toEqual([call, call]);
  expect(first?.attributes).toMatchObject({
    'http.response.status_code': 503,
    'error.type': 'overloaded',
    'flash.attempt.number': 1,
    'gen_ai.provider.name': 'deepseek',
  });
  expect(first?.status).toEqual({ code: 2, message: '' });
  expect(second?.status).toBeUndefined();
  expect(second?.attributes['http.response.status_code']).toBe(200);
  expect(spans.every(({ isEnded }) => isEnded)).toBe(true);
});

test('a failure has our code, and the error is the client’s own', async () => {
  const { client, spans, measured } = instrumented({ status: 401, body: {} });
  const error = await errorOf(client.chat.completions.create({ messages: question }));

  expect(error.code).toBe('authentication');
  expect(spans[0]?.attributes['error.type']).toBe('authentication');
  expect(spans[0]?.status).toEqual({ code: 2, message: error.message });
  const duration = measured.find(({ name }) => name.endsWith('.duration'));
  expect(duration?.attributes['error.type']).toBe('authentication');
});

test('a request that is refused before it is sent is a call without attempts', async () => {
  const { client, spans } = instrumented(answer);
  const error = await errorOf(client.chat.completions.create({ messages: 7 as never }));

  expect(error.code).toBe('invalid_request');
  expect(spans).toHaveLength(1);
  expect(spans[0]).toMatchObject({
    isEnded: true,
    attributes: { 'error.type': 'invalid_request' },
  });
});

async function drained(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _item of items);
}

type Streamed = ReturnType<ReturnType<typeof clientOf>['client']['chat']['completions']['stream']>;

describe.each<[string, (stream: Streamed) => Promise<unknown>]>([
  ['its chunks', (stream) => drained(stream)],
  ['its events', (stream) => drained(stream.events())],
  ['its text', (stream) => drained(stream.text())],
  ['its end', (stream) => stream.finalCompletion()],
  ['a response', (stream) => (stream.toResponse() as Response).text()],
])('a stream that is read by %s', (_, read) => {
  test('has the times of its chunks and the counts of its end', async () => {
    const { client, spans, measured } = instrumented({ events }, { pricing });
    const stream = client.chat.completions.stream({ messages: prompt });
    expect(stream).toBeInstanceOf(ChatStream);
    await read(stream as Streamed);
    await stream.finalCompletion();

    expect(spans.map(({ name, isEnded }) => [name, isEnded])).toEqual([
      ['chat deepseek-v4-flash', true],
      ['attempt 1', true],
    ]);
    expect(spans[0]?.attributes).toMatchObject({
      'gen_ai.request.stream': true,
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.output_tokens': 4,
      'flash.cost.usd': 0.000024,
    });
    expect(spans[0]?.attributes['gen_ai.response.time_to_first_chunk']).toBeGreaterThan(0);
    const count = (end: string): number =>
      measured.filter(({ name }) => name === `gen_ai.client.operation.${end}`).length;
    expect([count('time_to_first_chunk'), count('time_per_output_chunk')]).toEqual([1, 2]);
    expect(JSON.stringify(spans)).not.toContain('private');
  });

  test('reports the finish reason error where it is cut off', async () => {
    const cut = 'data: {"error":{"message":"gone","type":"server_error"}}\n\n';
    const { client, spans } = instrumented({ events: [...events.slice(0, 2), cut] });
    const stream = client.chat.completions.stream({ messages: prompt });
    await read(stream as Streamed).catch(() => {});
    const error = await errorOf(stream.finalCompletion());

    expect(spans[0]).toMatchObject({
      isEnded: true,
      status: { code: 2 },
      attributes: {
        'gen_ai.response.finish_reasons': ['error'],
        'error.type': error.code,
        'flash.completion': 'interrupted',
      },
    });
  });
});

test('an end by a word that is not known to be good is the finish reason error', async () => {
  const { client, spans } = instrumented({ body: whole({ content: 'x' }, 'abort') });
  await client.chat.completions.create({ messages: question });

  expect(spans[0]?.attributes['gen_ai.response.finish_reasons']).toEqual(['error']);
});

test.each<[string, (stream: Streamed) => unknown]>([
  [
    'whose loop is left',
    async (stream) => {
      for await (const _chunk of stream) break;
    },
  ],
  [
    'whose events are left',
    async (stream) => {
      for await (const _event of stream.events()) break;
    },
  ],
  ['that is aborted unread', (stream) => stream.abort()],
])('a stream %s is over, with the code aborted', async (_, leave) => {
  const { client, spans } = instrumented({ events });
  const stream = await client.chat.completions.create({ messages: question, stream: true });
  await leave(stream as Streamed);

  await expect.poll(() => spans[0]?.isEnded).toBe(true);
  expect(spans[0]?.attributes['error.type']).toBe('aborted');
});

test('a stream whose head is refused is over, also if nobody reads it', async () => {
  const { client, spans } = instrumented({ status: 429, body: {} });
  client.chat.completions.stream({ messages: question });

  await expect.poll(() => spans[0]?.attributes['error.type']).toBe('rate_limit');
});

test.each<[string, object]>([
  ['chat', { messages: question }],
  ['text', { prompt: 'a' }],
])(
  'a stream of a %s that nobody reads is over when the clock for it has run out',
  async (_, asked) => {
    const { client, spans } = instrumented({ events }, { timeout: { unread: 20 } });
    const { create } = ('prompt' in asked ? client.completions : client.chat.completions) as {
      create(params: object): Promise<object>;
    };
    const stream = await create({ ...asked, stream: true });
    expect(spans[0]?.isEnded).toBe(false);

    await expect.poll(() => spans[0]?.isEnded).toBe(true);
    expect(spans[0]?.attributes).toMatchObject({
      'error.type': 'timeout',
      'flash.completion': 'interrupted',
    });
    expect(spans[1]).toMatchObject({ name: 'attempt 1', isEnded: true });
    // Its error is still the reader's.
    await expect(drained(stream as AsyncIterable<unknown>)).rejects.toMatchObject({
      code: 'timeout',
    });
  },
);

test('a stream that is disposed of unread is over', async () => {
  const { client, spans } = instrumented({ events });
  const stream = client.chat.completions.stream({ messages: question });
  await stream[Symbol.asyncDispose]();

  await expect.poll(() => spans[0]?.isEnded).toBe(true);
  expect(spans[0]?.attributes['error.type']).toBe('aborted');
});

test('tokens, cost and duration are measured, under the names of either set', async () => {
  const measuredBy = async (names: 'released' | 'renamed') => {
    const { client, measured } = instrumented(answer, { pricing }, { names });
    await client.chat.completions.create({ messages: question });
    return measured;
  };
  const released = await measuredBy('released');
  const renamed = await measuredBy('renamed');

  expect(released.map(({ name }) => name)).toEqual([
    'gen_ai.client.operation.duration',
    'gen_ai.client.token.usage',
    'gen_ai.client.token.usage',
    'flash.client.cost',
  ]);
  expect(
    released.slice(1, 3).map(({ value, attributes }) => [value, attributes['gen_ai.token.type']]),
  ).toEqual([
    [30, 'input'],
    [4, 'output'],
  ]);
  expect(released[3]?.value).toBeCloseTo(0.000024);
  expect(renamed.map(({ name }) => name)).toEqual([
    'gen_ai.client.inference.duration',
    'gen_ai.client.inference.usage.input_tokens',
    'gen_ai.client.inference.usage.output_tokens',
    'flash.client.cost',
  ]);
  expect(renamed[1]?.attributes).not.toHaveProperty('gen_ai.token.type');
  // Nothing that differs from call to call: each would be a time series of its own.
  expect(Object.keys(released[0]?.attributes ?? {}).toSorted()).toEqual([
    'gen_ai.operation.name',
    'gen_ai.provider.name',
    'gen_ai.request.model',
    'gen_ai.response.model',
    'server.address',
    'server.port',
  ]);
});

describe('content', () => {
  const messages = [
    { role: 'system' as const, content: 'Be brief.' },
    ...prompt,
    { role: 'user' as const, content: [{ type: 'text' as const, text: 'and a part' }] },
  ];
  const contentOf = async (captureContent: InstrumentOptions['captureContent']) => {
    const { client, spans } = instrumented(answer, {}, { captureContent });
    await client.chat.completions.create({ messages });
    const { 'gen_ai.input.messages': input, 'gen_ai.output.messages': output } =
      spans[0]?.attributes ?? {};
    return {
      input: input === undefined ? undefined : (JSON.parse(String(input)) as object[]),
      output: output === undefined ? undefined : (JSON.parse(String(output)) as object[]),
    };
  };

  test('is recorded by choice', async () => {
    const { input, output } = await contentOf(true);
    expect(input?.[1]).toEqual({
      role: 'user',
      parts: [{ type: 'text', content: 'a private question' }],
    });
    expect(output).toEqual([
      {
        role: 'assistant',
        parts: [{ type: 'text', content: 'a private answer' }],
        finish_reason: 'stop',
      },
    ]);
  });

  test('passes a redactor, text by text, which knows where it stands', async () => {
    const seen: unknown[] = [];
    const { input, output } = await contentOf((text, place) => {
      seen.push([place.direction, place.role]);
      return text.replaceAll('private', '***');
    });
    expect(JSON.stringify([input, output])).not.toContain('private');
    expect(JSON.stringify(input)).toContain('a *** question');
    expect(seen).toEqual([
      ['input', 'system'],
      ['input', 'user'],
      ['input', 'user'],
      ['output', 'assistant'],
    ]);
  });

  test.each<[string, unknown]>([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['gives nothing', () => {}],
    ['gives a promise', async (text: string) => text],
    ['gives an object', () => ({})],
  ])('is left out where the redactor %s', async (_, redact) => {
    expect(await contentOf(redact as never)).toEqual({ input: undefined, output: undefined });
  });
});

const weather = (execute: () => unknown) =>
  tool({ name: 'weather', parameters: z.object({ city: z.string() }), execute });
const calling = {
  events: [
    chunk({ tool_calls: [callOf('call_1', 'weather', '{"city":"Oslo"}', 0)] }),
    chunk({}, 'tool_calls', { usage }),
  ],
};

test.each(['final', 'events'])(
  'a run of tools is the parent of its calls and its tools, read by %s()',
  async (way) => {
    const { client, spans } = instrumented([calling, { events }]);
    const run = client.chat.completions.runTools({
      messages: prompt,
      tools: [weather(async () => 'Sunny')],
    });
    const types: string[] = [];
    if (way === 'events') for await (const { type } of run.events()) types.push(type);
    const { completion, steps, end } = await run.final();

    expect([completion.choices[0].message.content, steps.length, end]).toEqual([
      'a private answer',
      2,
      'answered',
    ]);
    expect(run.steps).toHaveLength(2);
    expect(run.usage?.prompt_tokens).toBe(60);
    await expect.poll(() => spans.every(({ isEnded }) => isEnded)).toBe(true);
    expect(spans.map(({ name, parent }) => [name, parent?.name])).toEqual([
      ['invoke_agent', undefined],
      ['chat deepseek-v4-flash', 'invoke_agent'],
      ['execute_tool weather', 'invoke_agent'],
      ['attempt 1', 'chat deepseek-v4-flash'],
      ['chat deepseek-v4-flash', 'invoke_agent'],
      ['attempt 1', 'chat deepseek-v4-flash'],
    ]);
    expect(spans[0]?.attributes).toMatchObject({
      'flash.run.steps': 2,
      'gen_ai.usage.input_tokens': 60,
    });
    expect(spans[2]?.attributes).toMatchObject({
      'gen_ai.tool.name': 'weather',
      'gen_ai.tool.call.id': 'call_1',
    });
    if (way === 'events') expect(types).toContain('tool.result');
    expect(JSON.stringify(spans.map(({ attributes }) => attributes))).not.toMatch(
      /private|Sunny|Oslo/,
    );
  },
);

test('a tool that fails is told by its class alone, and the answer that called it is none', async () => {
  const { client, spans } = instrumented([calling, { events }]);
  const run = client.chat.completions.runTools({
    messages: prompt,
    onToolError: 'throw',
    tools: [
      weather(() => {
        throw new RangeError('a private detail');
      }),
    ],
  });
  await expect(run.final()).rejects.toBeInstanceOf(RangeError);
  await expect.poll(() => spans.every(({ isEnded }) => isEnded)).toBe(true);

  const typeOf = (name: string) =>
    spans.find((span) => span.name.startsWith(name))?.attributes['error.type'];
  expect([typeOf('execute_tool'), typeOf('invoke_agent'), typeOf('chat')]).toEqual([
    'RangeError',
    'RangeError',
    undefined,
  ]);
  expect(JSON.stringify(spans.map(({ status, attributes }) => [status, attributes]))).not.toContain(
    'private',
  );
});

test('a run whose call fails, and one that is left, end all their spans', async () => {
  const failing = instrumented({ status: 401, body: {} });
  const run = failing.client.chat.completions.runTools({
    messages: prompt,
    tools: [weather(() => 1)],
  });
  const error = await errorOf(run.final());
  await expect.poll(() => failing.spans.every(({ isEnded }) => isEnded)).toBe(true);
  expect(failing.spans.map(({ attributes }) => attributes['error.type'])).toEqual(
    Array.from({ length: 3 }, () => error.code),
  );

  const left = instrumented([calling, { events }]);
  const second = left.client.chat.completions.runTools({
    messages: prompt,
    tools: [weather(() => 1)],
  });
  for await (const event of second.events()) if (event.type === 'tool_call.delta') break;
  await expect.poll(() => left.spans.every(({ isEnded }) => isEnded)).toBe(true);
  expect(left.spans.map(({ attributes }) => attributes['error.type'])).toContain('aborted');
});

test('parse, texts and clients made by withOptions are recorded as well', async () => {
  const body = whole({ content: '{"city":"Rome"}' }, 'stop', { usage });
  const { client, spans } = instrumented({ body });
  const response_format = z.object({ city: z.string() });
  const parsed = await client.chat.completions.parse({ messages: question, response_format });
  expect(parsed.choices[0].message.parsed).toEqual({ city: 'Rome' });
  await client.withOptions({ provider: 'vtrix', apiKey: 'k' }).chat.completions.create({
    messages: question,
    model: 'another',
  });
  expect(
    spans
      .filter(({ name }) => name.startsWith('chat'))
      .map(({ name, attributes }) => [
        name,
        attributes['gen_ai.provider.name'],
        attributes['server.address'],
      ]),
  ).toEqual([
    ['chat deepseek-v4-flash', 'deepseek', 'api.deepseek.com'],
    ['chat another', 'vtrix', 'cloud.vtrix.ai'],
  ]);

  const text = { id: 't', object: 'text_completion', created: 1, model: 'm' };
  const filled = instrumented([
    { body: { ...text, choices: [{ index: 0, text: 'b', finish_reason: 'stop' }], usage } },
    { events: [{ ...text, choices: [{ index: 0, text: 'b', finish_reason: 'stop' }] }] },
    { events: [{ ...text, choices: [{ index: 0, text: 'b', finish_reason: 'stop' }] }] },
  ]);
  await filled.client.completions.create({ prompt: 'a private text' });
  const streamed = await filled.client.completions.create({ prompt: 'a', stream: true });
  for await (const _text of streamed.text());
  const drained = await filled.client.completions.create({ prompt: 'a', stream: true });
  expect((await drained.finalCompletion()).choices[0]?.text).toBe('b');
  await expect.poll(() => filled.spans.every(({ isEnded }) => isEnded)).toBe(true);
  expect(filled.spans.map(({ name }) => name)).toEqual(
    Array.from({ length: 3 }, () => ['text_completion deepseek-v4-flash', 'attempt 1']).flat(),
  );
  expect(filled.spans[2]?.attributes['gen_ai.response.finish_reasons']).toEqual(['stop']);
});

test('telemetry that throws anywhere harms no call', async () => {
  const broken = (): never => {
    throw new Error('the exporter is gone');
  };
  const halfBroken = { setAttributes: broken, setStatus: broken, end: broken };
  const instrument_ = { record: broken, add: broken };
  for (const startSpan of [broken, () => halfBroken]) {
    const { client } = clientOf([answer, { events }, calling, { events }]);
    const observed = instrument(client, {
      tracer: { startSpan } as never,
      meter: { createHistogram: () => instrument_, createCounter: () => instrument_ },
      captureContent: broken,
    });
    const { completions } = observed.chat;
    expect((await completions.create({ messages: question })).choices).toHaveLength(1);
    expect(
      (await completions.stream({ messages: question }).finalCompletion()).choices,
    ).toHaveLength(1);
    const run = completions.runTools({ messages: question, tools: [weather(() => 'x')] });
    expect((await run.final()).end).toBe('answered');
  }
});

test.each([[undefined], [{}], [{ apiKey: 'k' }]])(
  '%j in place of a client is refused',
  (client) => {
    expect(() => instrument(client as never)).toThrow(
      expect.objectContaining({ code: 'invalid_options', param: 'client' }) as Error,
    );
  },
);

test.each<[string, object]>([
  ['an unknown option', { recordInputs: true }],
  ['names of no set', { names: 'old' }],
  ['a captureContent that is a text', { captureContent: 'yes' }],
])('%s is refused', (_, options) => {
  expect(() => instrument(createClient({ apiKey: 'k' }) as never, options)).toThrow(
    expect.objectContaining({ code: 'invalid_options' }) as Error,
  );
});

test('without a provider of telemetry everything works, and nothing is recorded', async () => {
  const { client } = clientOf(answer);
  const { choices, report } = await instrument(client).chat.completions.create({
    messages: question,
  });

  expect(choices[0].message.content).toBe('a private answer');
  expect(report.completion).toBe('complete');
});
