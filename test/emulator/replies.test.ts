import { createClient, fetchTransport, isChatError } from 'deepseek-v4-flash';
import type { Emulator, EmulatorOptions, EmulatorReply } from 'deepseek-v4-flash/testing';
import { createEmulator, faults, startEmulator } from 'deepseek-v4-flash/testing';
import { handlers } from 'deepseek-v4-flash/testing/msw';
import { setupServer } from 'msw/node';
import { describe, expect, test, vi } from 'vitest';

const messages = [{ role: 'user', content: 'Hi' } as const];

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** What a client says of its first call, over one of the three ways to the emulator. */
async function ask(
  way: 'memory' | 'server' | 'msw',
  options: EmulatorOptions,
  prepare: (emulator: Emulator) => void = () => {},
): Promise<{ error: unknown; emulator: Emulator }> {
  const call = (client: ReturnType<typeof createClient>): Promise<unknown> =>
    client.chat.completions.create({ messages }).then(
      () => undefined,
      (error: unknown) => error,
    );
  if (way === 'memory') {
    const emulator = createEmulator(options);
    prepare(emulator);
    const { transport } = emulator;
    return { error: await call(createClient({ apiKey: 'any', transport })), emulator };
  }
  if (way === 'server') {
    await using emulator = await startEmulator(options);
    prepare(emulator);
    const baseURL = emulator.baseURL('deepseek');
    return { error: await call(createClient({ apiKey: 'any', baseURL })), emulator };
  }
  const emulated = handlers(options);
  prepare(emulated.emulator);
  const server = setupServer(...emulated);
  server.listen();
  try {
    const transport = fetchTransport();
    const error = await call(createClient({ apiKey: 'any', transport }));
    return { error, emulator: emulated.emulator };
  } finally {
    server.close();
  }
}

// ---------------------------------------------------------------- replies that mean nothing

const meaningless: [reply: unknown, param: string, told: RegExp][] = [
  [{ contnet: 'x' }, 'contnet', /did you mean "content"/],
  [{ Content: 'x' }, 'Content', /did you mean "content"/],
  [{ toolCalls: [] }, 'toolCalls', /did you mean "tool_calls"/],
  [{ eror: 'rate_limit' }, 'eror', /did you mean "error"/],
  [{ write: ['x'] }, 'write', /did you mean "writes"/],
  [{ content: 'x', foo: 1 }, 'foo', /content, reasoning_content/],
  [{ error: 'ratelimit' }, 'error', /did you mean "rate_limit"/],
  [{ error: 'nonsense' }, 'error', /must be missing_key, authentication/],
  [{ error: 429 }, 'error', /is 429/],
  [{ error: undefined }, 'error', /is missing/],
  [{ error: 'rate_limit', content: 'x' }, 'content', /cannot be combined with "error"/],
  [{ error: 'rate_limit', message: 5 }, 'message', /must be a string/],
  [{ status: 500 }, 'status', /only together with "writes"/],
  [{ headers: {} }, 'headers', /only together with "writes" or "error"/],
  [{ writes: 'x' }, 'writes', /must be a list, but is "x"/],
  [{ writes: [5] }, 'writes.0', /must be a string, bytes/],
  [{ writes: ['x', { delay: 5 }] }, 'writes.1.delay', /did you mean|delayMs/],
  [{ writes: [{ repeat: 'x' }] }, 'writes.0.everyMs', /is missing/],
  [{ writes: [], status: 42 }, 'status', /from 200 to 599/],
  [{ writes: [], headers: { 'x y': 'z' } }, 'headers.x y', /not a valid HTTP header/],
  [{ writes: [], headers: { x: 'a\nb' } }, 'headers.x', /not a valid HTTP header/],
  [{ fault: 5 }, 'fault', /must be a function, but is 5/],
  [{ fault: () => {}, answer: { contnet: 'x' } }, 'answer.contnet', /did you mean "content"/],
  [{ fault: () => {}, answer: { error: 'x' } }, 'answer.error', /is "x"/],
  [{ fault: () => {}, answer: null }, 'answer', /is null/],
  [{ fault: () => {}, answer: faults.noDone() }, 'answer.fault', /compose/],
  [{ content: 5 }, 'content', /must be a string or null, but is 5/],
  [{ reasoning_content: null }, 'reasoning_content', /must be a string, but is null/],
  [{ finish_reason: 5 }, 'finish_reason', /must be a string/],
  [{ tool_calls: {} }, 'tool_calls', /must be a list, but is an object/],
  [{ tool_calls: [{ name: 'f' }] }, 'tool_calls.0.arguments', /is missing/],
  [{ tool_calls: [{ name: 'f', arguments: 5 }] }, 'tool_calls.0.arguments', /an object/],
  [{ tool_calls: [{ name: 'f', arguments: { n: 1n } }] }, 'tool_calls.0.arguments', /JSON/],
  [{ tool_calls: [{ type: 'function' }] }, 'tool_calls.0.type', /id, name or arguments/],
  [{ usage: { prompt_tokens: 1 } }, 'usage.completion_tokens', /is missing/],
  [{ usage: { prompt_tokens: -1, completion_tokens: 1 } }, 'usage.prompt_tokens', /0 or more/],
];

test.each(meaningless)('%o is refused where it is queued', (reply, param, told) => {
  const emulator = createEmulator();
  const error = thrownBy(() => emulator.reply({ content: 'Fine.' }, reply as EmulatorReply));
  expect(error).toMatchObject({ code: 'invalid_options', param: `replies.1.${param}` });
  expect(error).toHaveProperty('message', expect.stringMatching(told));
  expect(error).toHaveProperty('message', expect.stringContaining(`replies.1.${param}`));
  expect(emulator.pendingReplies).toEqual([]);
});

class Answer {
  content = 'x';
}

test.each([null, undefined, 'x', 5, [], () => ({}), Promise.resolve({}), new Map(), new Answer()])(
  'a reply that is no plain object is refused: %o',
  (reply) => {
    const emulator = createEmulator();
    expect(thrownBy(() => emulator.reply(reply as EmulatorReply))).toMatchObject({
      code: 'invalid_options',
      param: 'replies.0',
    });
  },
);

test('every kind of reply that means something is taken', () => {
  const emulator = createEmulator();
  const replies: EmulatorReply[] = [
    {},
    { content: undefined },
    { content: null, tool_calls: [{ name: 'f', arguments: '{' }], finish_reason: 'odd' },
    { reasoning_content: '', usage: { prompt_tokens: 1, completion_tokens: 0 } },
    { error: 'quota', message: undefined, headers: { 'retry-after': '1' } },
    { writes: [] },
    { status: 204, writes: ['x', new Uint8Array(1), { delayMs: 0 }, 'hang'] },
    { writes: [{ repeat: 'x', everyMs: 1 }], headers: {} },
    faults.compose(faults.noDone(), faults.oneByteWrites()),
    { ...faults.noDone(), answer: { content: 'x' } },
    Object.assign(Object.create(null) as object, { content: 'x' }),
  ];
  emulator.reply(...replies);
  expect(emulator.pendingReplies).toEqual(replies);
});

// ---------------------------------------------------------------- functions of the test

const broken: [what: string, options: EmulatorOptions, reply: object | undefined, told: RegExp][] =
  [
    ['that throws', { answer: () => fail() }, undefined, /threw RangeError: mine/],
    ['that gives null', { answer: () => null as never }, undefined, /answer\(\).*is null/],
    ['that gives a text', { answer: () => 'x' as never }, undefined, /answer\(\).*is "x"/],
    [
      'that is async',
      { answer: (async () => fail()) as never },
      undefined,
      /is an object of class Promise/,
    ],
    [
      'that gives a reply which means nothing',
      { answer: () => ({ contnet: 'x' }) as never },
      undefined,
      /answer\(\)\.contnet does not exist; did you mean "content"/,
    ],
    ['of a fault that throws', {}, { fault: () => fail() }, /threw RangeError: mine/],
    ['of a fault that gives nothing', {}, { fault: () => undefined }, /fault\(\).*is undefined/],
    [
      'of a fault that gives no list',
      {},
      { fault: () => ({ status: 200, headers: {}, writes: 'x' }) },
      /fault\(\)\.writes must be a list/,
    ],
    [
      'of a fault that gives a header which is none',
      {},
      faults.headers({ 'x-bad': 'a\r\nb' }),
      /fault\(\)\.headers\.x-bad/,
    ],
    ['of a fault at a place that does not exist', {}, faults.pause(1, 'midle' as never), /midle/],
  ];

function fail(): never {
  throw new RangeError('mine');
}

describe.each(['memory', 'server', 'msw'] as const)('over %s', (way) => {
  test.each(broken)('a function %s fails the call, once', async (_what, options, reply, told) => {
    const { error, emulator } = await ask(way, options, ({ reply: queue }) => {
      if (reply !== undefined) queue(reply as EmulatorReply);
    });
    expect(isChatError(error) && error.message).toMatch(told);
    expect(error).toMatchObject(
      way === 'memory'
        ? { code: 'invalid_options', retryable: false }
        : { code: 'bad_request', status: 400, retryable: false },
    );
    expect(emulator.requests).toHaveLength(1);
  });

  test('a request without a reply is refused where none may be made up', async () => {
    const { error, emulator } = await ask(way, { unscripted: 'error' });
    expect(error).toMatchObject({
      code: 'bad_request',
      status: 400,
      message: expect.stringContaining('The emulator has no reply for this request') as string,
    });
    expect(emulator.requests).toHaveLength(1);
  });
});

test('undefined from the answer function is no reply', async () => {
  const answer = (): undefined => undefined;
  expect((await ask('memory', { answer })).error).toBeUndefined();
  const { error } = await ask('memory', { answer, unscripted: 'error' });
  expect(error).toMatchObject({ code: 'bad_request' });
});

test('what is told to make nothing up answers what is queued or given, and fills no gap by itself', async () => {
  let given: EmulatorReply | undefined = { content: 'Given.' };
  const emulator = createEmulator({ unscripted: 'error', answer: () => given });
  const { chat, completions } = createClient({ apiKey: 'any', transport: emulator.transport });
  emulator.reply({ content: 'Queued.' }, {});
  const said: unknown[] = [];
  for (let call = 0; call < 3; call++) {
    said.push((await chat.completions.create({ messages })).choices[0].message.content);
  }
  expect(said).toEqual(['Queued.', expect.stringContaining('You said'), 'Given.']);
  given = undefined;
  await expect(chat.completions.create({ messages })).rejects.toMatchObject({ status: 400 });
  await expect(completions.create({ prompt: 'x' })).rejects.toMatchObject({
    message: expect.stringContaining(
      'no reply for this request (POST /beta/completions)',
    ) as string,
  });
});

// ---------------------------------------------------------------- options

const wrongOptions: [options: unknown, told: string][] = [
  [{ delayms: 5 }, 'options.delayms does not exist; did you mean "delayMs"?'],
  [{ Strict: true }, 'did you mean "strict"?'],
  [
    { foo: 1 },
    'options.foo does not exist; there is strict, delayMs, answer, unscripted or providers',
  ],
  [{ delayMs: -1 }, 'options.delayMs must be'],
  [{ delayMs: Number.NaN }, 'options.delayMs must be'],
  [{ strict: 'yes' }, 'options.strict must be true or false, but is "yes"'],
  [{ answer: {} }, 'options.answer must be a function, but is an object'],
  [{ unscripted: 'eror' }, 'options.unscripted is "eror"; did you mean "error"?'],
  [null, 'options must be a plain object, but is null'],
  [new Answer(), 'options must be a plain object, but is an object of class Answer'],
];

test.each(wrongOptions)('the options %o are refused', async (options, told) => {
  const refusal = { code: 'invalid_options', message: expect.stringContaining(told) as string };
  const given = options as EmulatorOptions;
  expect(thrownBy(() => createEmulator(given))).toMatchObject(refusal);
  expect(thrownBy(() => handlers(given))).toMatchObject(refusal);
  await expect(startEmulator(given)).rejects.toMatchObject(refusal);
});

test('an option that is undefined is not given', () => {
  const options = { strict: undefined, delayMs: undefined, answer: undefined };
  expect(() => createEmulator({ ...options, unscripted: undefined })).not.toThrow();
});

test('the base URL of an unknown vendor is refused with the known ones', async () => {
  await using server = await startEmulator();
  for (const emulator of [server, createEmulator()]) {
    expect(thrownBy(() => emulator.baseURL('openai' as 'deepseek'))).toMatchObject({
      code: 'invalid_options',
      message: expect.stringContaining('deepseek, aimlapi') as string,
    });
  }
});

// ---------------------------------------------------------------- replies that are left

test('the replies that are left are listed, and can be asserted away', async () => {
  await using server = await startEmulator();
  for (const emulator of [server, createEmulator()]) {
    const client = createClient({ apiKey: 'any', transport: emulator.transport });
    expect(() => emulator.assertNoPendingReplies()).not.toThrow();
    emulator.reply({ content: 'One.' }, { content: 'Two.' });
    const { pendingReplies } = emulator;
    await client.chat.completions.create({ messages });
    expect(pendingReplies).toEqual([{ content: 'Two.' }]);
    const left = 'The emulator has 1 reply that no request has used; the next one is ';
    expect(() => emulator.assertNoPendingReplies()).toThrow(`${left}{"content":"Two."}`);
    await client.chat.completions.create({ messages });
    expect(pendingReplies).toEqual([]);
    expect(() => emulator.assertNoPendingReplies()).not.toThrow();
  }
});

test.each<[EmulatorReply, string]>([
  [{ error: 'overloaded' }, 'the error overloaded'],
  [{ writes: ['x', 'reset'] }, 'a script of 2 writes'],
  [faults.noDone(), 'a fault'],
  [{ content: 'x'.repeat(10_000) }, '{"content":"xxx'],
])('a reply that is left is told in a few words: %#', (reply, told) => {
  const emulator = createEmulator();
  emulator.reply(reply, {}, {});
  const error = thrownBy(() => emulator.assertNoPendingReplies()) as Error;
  expect(error.message).toContain(`3 replies that no request has used; the next one is ${told}`);
  expect(error.message.length).toBeLessThan(250);
});

test('a request that the vendor refuses uses no reply', async () => {
  const emulator = createEmulator();
  const client = createClient({ apiKey: 'any', transport: emulator.transport, maxRetries: 0 });
  emulator.reply({ content: 'One.' });
  const refused = client.chat.completions.create({ messages, model: 'gpt-5' });
  await expect(refused).rejects.toMatchObject({ status: 400 });
  expect(emulator.pendingReplies).toHaveLength(1);
});

test('a promise that the answer function gives is not left to reject by itself', async () => {
  const seen = vi.fn<(reason: unknown) => void>();
  process.on('unhandledRejection', seen);
  await ask('memory', { answer: (() => Promise.reject(new Error('mine'))) as never });
  await new Promise((resolve) => setTimeout(resolve, 10));
  process.off('unhandledRejection', seen);
  expect(seen).not.toHaveBeenCalled();
});
