import type { ProviderId } from 'deepseek-v4-flash';
import { createClient, fetchTransport, isChatError, providers } from 'deepseek-v4-flash';
import type { EmulatorFault } from 'deepseek-v4-flash/testing';
import { createEmulator, faults, startEmulator } from 'deepseek-v4-flash/testing';
import { handlers } from 'deepseek-v4-flash/testing/msw';
import { setupServer } from 'msw/node';
import { afterEach, expect, test, vi } from 'vitest';

const messages = [{ role: 'user', content: 'Hi' } as const];
const answer = { content: 'alpha beta gamma delta', reasoning_content: '' };

afterEach(() => {
  vi.useRealTimers();
});

/** One of each, as a user would write it. */
const all: Record<string, EmulatorFault> = {
  cutAfterBytes: faults.cutAfterBytes(40),
  cutAfterEvents: faults.cutAfterEvents(2, 'fin'),
  cutBefore: faults.cutBefore('before finish', 'reset'),
  silence: faults.silence(),
  neverEnds: faults.neverEnds(),
  oneByteWrites: faults.oneByteWrites(),
  oneWrite: faults.oneWrite(),
  slow: faults.slow(1),
  pause: faults.pause(1),
  comments: faults.comments({ count: 3, everyMs: 1 }),
  blankLines: faults.blankLines({ count: 3, everyMs: 1 }),
  insert: faults.insert('middle', ': hello\n\n'),
  edit: faults.edit((json) => json),
  errorFrame: faults.errorFrame(),
  namedError: faults.errorFrame({ named: true, at: 'first event' }),
  malformedEvent: faults.malformedEvent(),
  noFinish: faults.noFinish(),
  noDone: faults.noDone(),
  noEnd: faults.noEnd(),
  doneAs: faults.doneAs('data: [DONE]'),
  finishReason: faults.finishReason('length'),
  finishTwice: faults.finishTwice(),
  usage: faults.usage({ prompt_tokens: 1 }, 'every event'),
  badUtf8: faults.badUtf8(),
  hugeEvent: faults.hugeEvent(10_000),
  lineEnds: faults.lineEnds('\r\n'),
  status: faults.status(503),
  retryAfter: faults.retryAfter(5),
  redirect: faults.redirect('https://elsewhere.test/'),
  headers: faults.headers({ 'content-type': undefined }),
  largeHead: faults.largeHead(),
  manyHeaders: faults.manyHeaders(),
  webPage: faults.webPage(),
  text: faults.text((text) => text.slice(10)),
  gzip: faults.gzip(),
  notStreamed: faults.notStreamed(),
  streamedAnyway: faults.streamedAnyway(),
  noAnswer: faults.noAnswer('reset'),
};

const harmless = [
  'oneByteWrites',
  'oneWrite',
  'slow',
  'pause',
  'comments',
  'blankLines',
  'edit',
  'noDone',
  'doneAs',
  'usage',
  'hugeEvent',
  'lineEnds',
  'headers',
];

test.each(Object.keys(providers) as ProviderId[])(
  'every fault fits %s, whole and streamed, and has one outcome',
  async (provider) => {
    const emulator = createEmulator();
    const client = createClient({
      provider,
      apiKey: 'any',
      transport: emulator.transport,
      maxRetries: 0,
      timeout: { idle: 200, stall: 1000 },
    });
    for (const [name, fault] of Object.entries(all)) {
      for (const call of ['create', 'stream'] as const) {
        emulator.reply({ ...fault, answer });
        const settled = await (
          call === 'create'
            ? client.chat.completions.create({ messages })
            : client.chat.completions.stream({ messages }).finalCompletion()
        ).catch((error: unknown) => error);
        const isAnswer = typeof settled === 'object' && settled !== null && 'choices' in settled;
        expect(isAnswer || isChatError(settled), `${name}, ${call}`).toBe(true);
        if (harmless.includes(name)) expect(isAnswer, `${name}, ${call}`).toBe(true);
      }
    }
  },
);

test('faults are composed from left to right, and the last answer is the vendor’s', async () => {
  const emulator = createEmulator();
  const client = createClient({ apiKey: 'any', transport: emulator.transport });
  const first = { ...faults.noDone(), answer: { content: 'One' } };
  const second = { ...faults.edit((json) => ({ ...json, id: 'changed' })), answer };
  emulator.reply(faults.compose(first, second, faults.oneByteWrites()));
  const { id, choices } = await client.chat.completions.stream({ messages }).finalCompletion();
  expect(id).toBe('changed');
  expect(choices[0].message.content).toBe(answer.content);
});

const wrongOrders: [what: string, compose: () => EmulatorFault, told: string][] = [
  [
    'events after bytes',
    () => faults.compose(faults.slow(1), faults.oneByteWrites(), faults.noFinish()),
    'noFinish changes events, but oneByteWrites leaves none. Put noFinish before oneByteWrites',
  ],
  [
    'events after a body that was changed as text',
    () =>
      faults.compose(
        faults.text((text) => text),
        faults.noFinish(),
        faults.slow(1),
      ),
    'Put noFinish before text',
  ],
  [
    'something before an event, after the events were joined',
    () => faults.compose(faults.oneWrite(), faults.insert('middle', ': hello\n\n')),
    'Put insert before oneWrite',
  ],
  [
    'a body after the connection',
    () => faults.compose(faults.lateHead(1), faults.gzip()),
    'gzip changes headers or a body, but lateHead leaves only the bytes of a connection',
  ],
  [
    'a length after the connection',
    () => faults.compose(faults.slow(1), faults.lateHead(1), faults.falseLength(3)),
    'Put falseLength before lateHead',
  ],
  [
    'events after what was composed before',
    () =>
      faults.compose(
        faults.compose(faults.noDone(), faults.gzip()),
        faults.edit((json) => json),
      ),
    'Put edit before gzip',
  ],
  [
    'what was composed before, after bytes',
    () =>
      faults.compose(
        { ...faults.lineEnds('\r\n'), answer },
        faults.compose(faults.slow(1), faults.noDone()),
      ),
    'Put noDone before lineEnds',
  ],
];

test.each(wrongOrders)(
  'composed in an order that cannot work is refused: %s',
  (_what, compose, told) => {
    expect(compose).toThrow(
      expect.objectContaining({
        code: 'invalid_options',
        message: expect.stringContaining(told) as string,
      }) as Error,
    );
  },
);

test('the refusal of an order names the place of the fault that would find nothing', () => {
  const mine: EmulatorFault = { fault: (response) => response };
  let refusal: unknown;
  try {
    faults.compose(mine, faults.oneByteWrites(), faults.noDone());
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toMatchObject({ param: 'faults.2' });
});

const rightOrders: [what: string, compose: () => EmulatorFault][] = [
  ['events, bytes', () => faults.compose(faults.noDone(), faults.oneByteWrites())],
  [
    'bytes, bytes',
    () => faults.compose(faults.oneByteWrites(), faults.cutAfterBytes(9), faults.gzip()),
  ],
  [
    'bytes, the connection',
    () => faults.compose(faults.oneByteWrites(), faults.lateHead(1), faults.cutHead()),
  ],
  [
    'bytes, and what is put at an end',
    () => faults.compose(faults.oneByteWrites(), faults.pause(1), faults.insert('after done', 'x')),
  ],
  [
    'an answer of its own, events',
    () => faults.compose(faults.gzip(), faults.status(200), faults.noDone()),
  ],
  [
    'a function of the test, anywhere',
    () => faults.compose(faults.gzip(), { fault: (response) => response }),
  ],
];

test.each(rightOrders)('composed in an order that can work is taken: %s', (_what, compose) => {
  expect(compose).not.toThrow();
});

test('a composed fault holds an answer only where one was given', () => {
  expect(faults.compose(faults.noDone())).not.toHaveProperty('answer');
  expect(faults.compose({ ...faults.noDone(), answer }, faults.slow(1)).answer).toBe(answer);
});

test('one write holds every byte, and the end of the connection after it', () => {
  const writes = ['data: 1\n\n', { delayMs: 1 }, Uint8Array.of(0xff), 'reset'] as const;
  const played = faults.oneWrite().fault({ status: 200, headers: {}, writes });
  expect(played.writes).toEqual([
    Uint8Array.of(...new TextEncoder().encode('data: 1\n\n'), 0xff),
    'reset',
  ]);
});

test('fake timers drive a fault in memory', async () => {
  vi.useFakeTimers();
  const emulator = createEmulator();
  const timeout = { unread: Infinity };
  const client = createClient({
    apiKey: 'any',
    transport: emulator.transport,
    maxRetries: 0,
    timeout,
  });
  emulator.reply(faults.comments({ everyMs: 15_000 }));
  const failed = client.chat.completions
    .stream({ messages })
    .finalCompletion()
    .catch((error: unknown) => error);
  // Eleven minutes without content.
  await vi.advanceTimersByTimeAsync(700_000);
  expect(await failed).toMatchObject({ code: 'timeout', phase: 'stall' });
});

test('a cut is exact to the byte on a socket', async () => {
  await using emulator = await startEmulator();
  for (const bytes of [1, 17, 100]) {
    emulator.reply({ ...faults.cutAfterBytes(bytes), answer });
    const response = await fetch(`${emulator.baseURL('deepseek')}/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer any' },
      body: JSON.stringify({ model: 'deepseek-v4-flash', messages, stream: true }),
    });
    expect((await response.arrayBuffer()).byteLength).toBe(bytes);
  }
});

test('a fault of the connection’s own bytes is refused in memory, with words', async () => {
  const emulator = createEmulator();
  const client = createClient({ apiKey: 'any', transport: emulator.transport });
  emulator.reply(faults.notHttp());
  const failure = client.chat.completions.create({ messages });
  await expect(failure).rejects.toMatchObject({ code: 'unsupported' });
  expect(emulator.requests).toHaveLength(1);
});

test('a connection without an answer is the same in memory as on a socket', async () => {
  const emulator = createEmulator();
  const timeout = { headers: 30 };
  const client = createClient({
    apiKey: 'any',
    transport: emulator.transport,
    maxRetries: 0,
    timeout,
  });
  for (const [end, outcome] of [
    ['fin', { code: 'connection', retryable: true }],
    ['reset', { code: 'connection', retryable: true }],
    ['hang', { code: 'timeout', phase: 'headers' }],
  ] as const) {
    emulator.reply(faults.noAnswer(end));
    await expect(client.chat.completions.create({ messages })).rejects.toMatchObject(outcome);
  }
});

test('msw plays what it can, and refuses the rest with words', async () => {
  const emulated = handlers();
  const network = setupServer(...emulated);
  network.listen({ onUnhandledRequest: 'error' });
  try {
    const client = createClient({ apiKey: 'any', transport: fetchTransport(), maxRetries: 0 });
    const ask = () => client.chat.completions.stream({ messages }).finalCompletion();
    emulated.emulator.reply(faults.noAnswer(), faults.notHttp(), faults.status(204), {
      ...faults.cutAfterEvents(3, 'fin'),
      answer,
    });
    await expect(ask()).rejects.toMatchObject({ code: 'connection' });
    await expect(ask()).rejects.toMatchObject({
      code: 'bad_request',
      message: expect.stringContaining('startEmulator') as string,
    });
    await expect(ask()).rejects.toMatchObject({ code: 'stream_interrupted' });
    await expect(ask()).rejects.toMatchObject({ code: 'stream_interrupted' });
  } finally {
    network.close();
  }
});

test('notStreamed puts tool calls together too', async () => {
  const emulator = createEmulator();
  const client = createClient({ apiKey: 'any-key', transport: emulator.transport });
  const tool_calls = [
    { name: 'one', arguments: { a: 1 } },
    { name: 'two', arguments: { b: 'x y z' } },
  ];
  emulator.reply({ ...faults.notStreamed(), answer: { tool_calls } });
  const stream = client.chat.completions.stream({ messages: [{ role: 'user', content: 'Hi' }] });
  const { choices } = await stream.finalCompletion();
  const called = choices[0].message.tool_calls?.map((call) =>
    call.type === 'function' ? [call.function.name, JSON.parse(call.function.arguments)] : [],
  );
  expect(called).toEqual([
    ['one', { a: 1 }],
    ['two', { b: 'x y z' }],
  ]);
});
