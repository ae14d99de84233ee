import type { OutputSchema, RunToolsParams } from 'deepseek-v4-flash';
import { defineProvider, fetchTransport, tool } from 'deepseek-v4-flash';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { callOf, chunk, clientOf, question, whole } from '../kit/wire.ts';
import { errorOf } from '../kit/failures.ts';

// What the user's own code does, or does not do, ends no call without a word, and holds none up.

const never = new Promise<never>(() => {});
const answer = { body: whole({ content: '{"city":"Oslo"}' }) };
const streamed = { events: [chunk({ content: '{"city":"Oslo"}' }), chunk({}, 'stop')] };

/** A schema that says of every value what `validate` gives. */
const schemaOf = (validate: (value: unknown) => unknown): OutputSchema =>
  ({
    '~standard': {
      version: 1,
      vendor: 'test',
      validate,
      jsonSchema: { input: () => ({ type: 'object' }) },
    },
  }) as OutputSchema;

describe('a schema that never settles', () => {
  const response_format = schemaOf(() => never);
  const ways = [
    [
      'parse',
      (options: object) => {
        const { client } = clientOf(answer);
        return client.chat.completions.parse({ messages: question, response_format }, options);
      },
    ],
    [
      'stream',
      (options: object) => {
        const { client } = clientOf(streamed);
        const stream = client.chat.completions.stream(
          { messages: question, response_format },
          options,
        );
        return stream.finalCompletion();
      },
    ],
  ] as const;

  test.each(ways)('ends with the signal (%s)', async (_way, ask) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort('enough'), 20);
    const error = await errorOf(ask({ signal: controller.signal }));
    expect(error).toMatchObject({ code: 'aborted', cause: 'enough' });
    expect(error.partial?.choices[0].message.content).toBe('{"city":"Oslo"}');
    expect(error.report?.completion).toBe('complete');
  });

  test.each(ways)('ends with the deadline (%s)', async (_way, ask) => {
    const error = await errorOf(ask({ deadline: Date.now() + 50 }));
    expect(error.code).toBe('deadline_exceeded');
  });

  test.each(ways)('ends with the clock over everything (%s)', async (_way, ask) => {
    const error = await errorOf(ask({ timeout: { total: 50 } }));
    expect(error).toMatchObject({ code: 'timeout', phase: 'total' });
    expect(error.message).toContain('schema');
  });

  test('ends with the client', async () => {
    const { client } = clientOf(answer);
    const call = client.chat.completions.parse({ messages: question, response_format });
    setTimeout(() => void client.close(), 20);
    expect((await errorOf(call)).code).toBe('aborted');
  });
});

describe('a schema that gives nonsense', () => {
  const nonsense: [string, (value: unknown) => unknown][] = [
    ['null', () => null],
    ['undefined', () => undefined],
    ['a promise of null', async () => null],
    ['issues that are null', () => ({ issues: null })],
    ['an issue that is null', () => ({ issues: [null] })],
    [
      'a getter that throws',
      () =>
        Object.defineProperty({}, 'issues', {
          get: () => {
            throw new Error('x');
          },
        }),
    ],
    [
      'an error',
      () => {
        throw new Error('x');
      },
    ],
    ['a rejection with nothing', () => Promise.reject(undefined)],
  ];

  test.each(nonsense)('%s is invalid_output, with the answer', async (_what, validate) => {
    const response_format = schemaOf(validate);
    const { client } = clientOf(answer);
    const error = await errorOf(
      client.chat.completions.parse({ messages: question, response_format }),
    );
    expect(error.code).toBe('invalid_output');
    expect(error.partial?.choices[0].message.content).toBe('{"city":"Oslo"}');
    const other = clientOf(streamed).client.chat.completions.stream({
      messages: question,
      response_format,
    });
    expect((await errorOf(other.finalCompletion())).code).toBe('invalid_output');
  });

  test.each(nonsense)(
    '%s in the schema of a provider is invalid_options',
    async (_what, validate) => {
      const provider = defineProvider({
        id: 'own',
        baseURL: 'https://own.test/v1',
        options: { '~standard': { version: 1, vendor: 'test', validate } } as never,
      });
      const { client } = clientOf(answer, { provider });
      const call = client.chat.completions.create({ messages: question }, {
        providerOptions: { own: { a: 1 } },
      } as never);
      expect((await errorOf(call)).code).toMatch(/^invalid_(options|request)$/);
    },
  );
});

test('a value that is nested deeper than the stack is checked, and is no raw error', async () => {
  const deep = `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
  const { client } = clientOf({ body: whole({ content: deep }) });
  const response_format = schemaOf((value) => ({ value }));
  const { choices } = await client.chat.completions.parse({ messages: question, response_format });
  expect(choices[0].message.parsed).toHaveProperty('a');
});

describe('tools', () => {
  const events = [chunk({ tool_calls: [callOf('a', 'f', '{"x":1}', 0)] }), chunk({}, 'tool_calls')];
  const more = { events: [chunk({ content: 'ok' }, 'stop')] };

  const run = (
    execute: (args: { x: number }) => unknown,
    params: Partial<RunToolsParams> = {},
    options: object = {},
  ) => {
    const { client } = clientOf([{ events }, more]);
    const f = tool({ name: 'f', parameters: z.object({ x: z.number() }), execute });
    return client.chat.completions
      .runTools({ messages: question, tools: [f], ...params }, options)
      .final();
  };

  const hostile: [string, () => unknown][] = [
    [
      'a message that throws',
      () =>
        Object.defineProperty(new Error('x'), 'message', {
          get: () => {
            throw new Error('y');
          },
        }),
    ],
    [
      'a proxy that throws',
      () =>
        new Proxy(
          {},
          {
            get: () => {
              throw new Error('y');
            },
            getPrototypeOf: () => {
              throw new Error('z');
            },
            has: () => {
              throw new Error('w');
            },
          },
        ),
    ],
    ['an object without a prototype', () => Object.create(null)],
    ['a symbol', () => Symbol('x')],
    ['nothing', () => undefined],
    ['a message that is no text', () => Object.assign(new Error('x'), { message: { a: 1 } })],
  ];

  test.each(hostile)('that throw %s have failed, and the run goes on', async (_what, make) => {
    const thrown = make();
    const { end, steps } = await run(() => {
      throw thrown;
    });
    expect(end).toBe('answered');
    const [result] = steps[0]?.results ?? [];
    expect(result?.failure).toBe('tool_error');
    expect(result?.error === thrown).toBe(true);
    expect(JSON.parse(result?.content ?? '')).toEqual({ error: expect.any(String) as string });
  });

  test('that never settle end with the run', async () => {
    expect((await errorOf(run(() => never, {}, { deadline: Date.now() + 50 }))).code).toBe(
      'deadline_exceeded',
    );
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    const aborted = run(() => never, {}, { signal: controller.signal });
    expect((await errorOf(aborted)).code).toBe('aborted');
  });

  test.each(['approve', 'stopWhen'] as const)(
    'whose %s never settles end with the run',
    async (name) => {
      const call = run(() => 1, { [name]: () => never }, { deadline: Date.now() + 50 });
      expect((await errorOf(call)).code).toBe('deadline_exceeded');
    },
  );

  test('get copies, so that neither they nor whoever approves can rewrite what the model asked', async () => {
    const seen: unknown[] = [];
    const { client, requests } = clientOf([{ events }, more]);
    const f = tool({
      name: 'f',
      parameters: z.object({ x: z.number(), list: z.array(z.string()).default(['a']) }),
      execute(args, { call }) {
        seen.push(structuredClone(args));
        call.function.arguments = '{"x":666}';
        call.id = 'other';
        args.x = 666;
        return 'done';
      },
    });
    const tools = [f];
    const { messages, steps } = await client.chat.completions
      .runTools({
        messages: question,
        tools,
        approve(call, args) {
          call.function.arguments = '{"x":5}';
          call.function.name = 'g';
          (args as { x: number; list: string[] }).x = 5;
          (args as { list: string[] }).list.push('b');
          return true;
        },
      })
      .final();
    expect(seen).toEqual([{ x: 1, list: ['a'] }]);
    const asked = { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } };
    expect(messages[1]).toMatchObject({ tool_calls: [asked] });
    expect(steps[0]?.results[0]?.tool_call).toEqual(asked);
    const sent = JSON.parse(requests[1]?.body ?? '') as { messages: unknown[] };
    expect(sent.messages.at(-1)).toEqual({ role: 'tool', tool_call_id: 'a', content: 'done' });
  });

  test('what a schema made of the arguments stays what it is', async () => {
    class Point {
      readonly x: number;
      constructor(x: number) {
        this.x = x;
      }
    }
    const { client } = clientOf([{ events }, more]);
    const seen: unknown[] = [];
    const f = tool({
      name: 'f',
      parameters: z.object({ x: z.number().transform((x) => new Point(x)) }),
      execute: ({ x }) => void seen.push(x),
    });
    const approve: RunToolsParams['approve'] = (_call, args) => {
      seen.push((args as { x: unknown }).x);
      return true;
    };
    await client.chat.completions.runTools({ messages: question, tools: [f], approve }).final();
    expect(seen).toEqual([new Point(1), new Point(1)]);
    for (const each of seen) expect(each).toBeInstanceOf(Point);
  });

  test('run one at a time with parallel_tool_calls: false', async () => {
    let running = 0;
    let most = 0;
    const calls = [0, 1, 2].map((at) => callOf(`c${at}`, 'f', '{"x":1}', at));
    for (const [parallel_tool_calls, expected] of [
      [false, 1],
      [true, 3],
      [undefined, 3],
    ] as const) {
      most = 0;
      const { client } = clientOf([
        { events: [chunk({ tool_calls: calls }), chunk({}, 'tool_calls')] },
        more,
      ]);
      const f = tool({
        name: 'f',
        parameters: z.object({ x: z.number() }),
        async execute() {
          most = Math.max(most, ++running);
          await new Promise((resolve) => setTimeout(resolve, 5));
          running--;
        },
      });
      const params = { messages: question, tools: [f], parallel_tool_calls };
      await client.chat.completions.runTools(params).final();
      expect(most).toBe(expected);
    }
  });
});

test('hooks are told of the end, and of the error if there is one', async () => {
  const told: unknown[] = [];
  const hooks = { onEnd: (...all: unknown[]) => void told.push(all) };
  const { client } = clientOf([answer, { status: 401, body: {} }], { hooks });
  await client.chat.completions.create({ messages: question });
  const error = await errorOf(client.chat.completions.create({ messages: question }));
  expect(told).toEqual([
    [expect.objectContaining({ completion: 'complete' }), undefined],
    [error.report, error],
  ]);
});

describe('a transport that never settles', () => {
  const hanging = { send: () => never };
  const silent = {
    send: async () => ({ status: 200, headers: {}, body: { read: () => never, cancel() {} } }),
  };

  test.each([
    ['in send', hanging],
    ['in read', silent],
  ])('ends with the clocks and the signal (%s)', async (_where, transport) => {
    const { client } = clientOf(answer, { transport });
    const { completions } = client.chat;
    const bounds = { timeout: { total: 30 } };
    for (const call of [
      completions.create({ messages: question }, bounds),
      completions.stream({ messages: question }, bounds).finalCompletion(),
      client.models.list(bounds),
    ]) {
      expect((await errorOf(call)).code).toBe('timeout');
    }
    const signal = AbortSignal.timeout(30);
    const aborted = completions.create({ messages: question }, { signal });
    expect((await errorOf(aborted)).code).toBe('aborted');
  });
});

test('a read of a fetch that gives nothing is told', async () => {
  const reader = { read: async () => undefined as never, cancel: async () => {} };
  const fetch = async () => ({
    status: 200,
    headers: new Headers(),
    body: { getReader: () => reader },
  });
  const { client } = clientOf(answer, { transport: fetchTransport({ fetch }) });
  const error = await errorOf(client.chat.completions.create({ messages: question }));
  expect(error.code).toBe('stream_interrupted');
});

test('a response that is handed out twice is a fault of this process', async () => {
  const body = JSON.stringify(whole({ content: 'x' }));
  const same = new Response(body, { headers: { 'content-type': 'application/json' } });
  const fetch = (async () => same) as never;
  const { client } = clientOf(answer, { transport: fetchTransport({ fetch }), maxRetries: 2 });
  await client.chat.completions.create({ messages: question });
  const error = await errorOf(client.chat.completions.create({ messages: question }));
  expect(error.code).not.toBe('connection');
  expect(error.report?.attempts).toHaveLength(1);
});

test('a signal that cannot be let go of loses no answer', async () => {
  const signal = {
    aborted: false,
    addEventListener() {},
    removeEventListener() {
      throw new Error('not here');
    },
  };
  const { client } = clientOf({ body: whole({ content: 'paid' }) });
  const call = client.chat.completions.create({ messages: question }, { signal: signal as never });
  expect((await call).choices[0].message.content).toBe('paid');
});

test.each([5, {}, 'x'])('a schema that gives no result has failed (%j)', async (result) => {
  const { client } = clientOf(answer);
  const response_format = schemaOf(() => result);
  const error = await errorOf(
    client.chat.completions.parse({ messages: question, response_format }),
  );
  expect(error.code).toBe('invalid_output');
});

test('abort() ends the wait for a schema that never settles', async () => {
  const { client } = clientOf(streamed);
  const response_format = schemaOf(() => never);
  const stream = client.chat.completions.stream({ messages: question, response_format });
  for await (const _ of stream);
  stream.abort();
  expect((await errorOf(stream.finalCompletion())).code).toBe('aborted');
});
