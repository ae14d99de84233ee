import { createClient, decodeStream, defineProvider, tool } from 'deepseek-v4-flash';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  callOf,
  chunk,
  clientOf,
  codesOf,
  question,
  readStream,
  readWhole,
  whole,
} from '../kit/wire.ts';
import { errorOf } from '../kit/failures.ts';

// Only ends that are known to be good make an answer whole. Everything else asks the same rule.

const good =
  'stop tool_calls tool_call tool_use function_call end end_turn eos eos_token stop_sequence complete completed';
const length = 'length max_tokens max_output_tokens model_length model_context_window_exceeded';
const filtered = 'content_filter safety sensitive';
const known =
  'abort aborted cancelled timeout error network_error repetition insufficient_system_resource';
const unknown = [
  'gave_up',
  'STOPPED',
  'stop!',
  'finish',
  'toString',
  '__proto__',
  'stop tool_calls',
];

const spellings = (words: string): string[] =>
  words
    .split(' ')
    .flatMap((word) => [word, word.toUpperCase(), ` ${word}\n`, word.replaceAll('_', '-')]);

const ends: [string, string[]][] = [
  ['complete', spellings(good)],
  ['length', spellings(length)],
  ['content_filter', spellings(filtered)],
  ['interrupted', [...spellings(known), ...unknown]],
];

describe.each(ends)('an end that is %s', (state, words) => {
  test.each(words)('%j, whole and streamed', async (word) => {
    const body = whole({ content: 'Half of' }, word);
    const events = [chunk({ content: 'Half of' }), chunk({}, word)];
    for (const completion of [await readWhole(body), await readStream(events)]) {
      expect(completion.report.completion).toBe(state);
      // The word stays as it came.
      expect(completion.choices[0].finish_reason).toBe(word);
      expect(completion.choices[0].message.content).toBe('Half of');
    }
  });
});

test('a word that was never seen is an issue; those that are known are none', async () => {
  for (const word of unknown) {
    expect(codesOf(await readWhole(whole({ content: 'x' }, word)))).toEqual([
      'unknown_finish_reason',
    ]);
  }
  for (const word of `${good} ${length} ${filtered} ${known}`.split(' ')) {
    const completion = await readWhole(whole({ content: 'x' }, word));
    expect(codesOf(completion)).not.toContain('unknown_finish_reason');
  }
});

const notGood = `${length} ${filtered} ${known} never_seen`.split(' ');

const begun = [
  chunk({ role: 'assistant', content: '' }),
  chunk({ tool_calls: [callOf('a', 'read', '', 0)] }),
];

const readFile = (ran: unknown[]) =>
  tool({
    name: 'read',
    parameters: z.object({ path: z.string().default('/etc/passwd') }),
    execute: (args) => void ran.push(args),
  });

test.each(notGood)(
  'after %s no call without arguments is a call, and none is run',
  async (word) => {
    const ran: unknown[] = [];
    const events = [...begun, chunk({}, word)];
    const { client } = clientOf([{ events }, { events: [chunk({ content: 'ok' }, 'stop')] }]);
    const run = client.chat.completions.runTools({ messages: question, tools: [readFile(ran)] });
    const { end, completion } = await run.final();
    expect(ran).toEqual([]);
    expect(end).toBe('cut_off');
    const { tool_calls, invalid_tool_calls } = completion.choices[0].message;
    expect(tool_calls).toBeUndefined();
    expect(invalid_tool_calls).toMatchObject([
      { id: 'a', function: { name: 'read', arguments: '' } },
    ]);
  },
);

test.each(notGood)('after %s a whole call is handed out, but not run', async (word) => {
  const ran: unknown[] = [];
  const events = [
    chunk({ tool_calls: [callOf('a', 'read', '{"path":"/a"}', 0)] }),
    chunk({}, word),
  ];
  const { client } = clientOf({ events });
  const run = client.chat.completions.runTools({ messages: question, tools: [readFile(ran)] });
  const { end, steps } = await run.final();
  expect(ran).toEqual([]);
  expect(end).toBe('cut_off');
  expect(steps[0]?.results[0]?.failure).toBe('not_run');
});

test.each(good.split(' '))('after %s a call without arguments is one, and is run', async (word) => {
  const ran: unknown[] = [];
  const { client } = clientOf([
    { events: [...begun, chunk({}, word)] },
    { events: [chunk({ content: 'ok' }, 'stop')] },
  ]);
  const run = client.chat.completions.runTools({ messages: question, tools: [readFile(ran)] });
  await run.final();
  expect(ran).toEqual([{ path: '/etc/passwd' }]);
});

test.each(notGood)('events tell of no call that %s has cut', async (word) => {
  const { client } = clientOf({ events: [...begun, chunk({}, word)] });
  const types: string[] = [];
  for await (const event of client.chat.completions.stream({ messages: question }).events()) {
    types.push(event.type);
  }
  expect(types).toContain('tool_call.delta');
  expect(types).not.toContain('tool_call.done');
  expect(types.at(-1)).toBe('finish');
});

const city = z.object({ city: z.string() });

test.each(notGood)(
  'after %s an object is no value, not even one that is the whole text',
  async (word) => {
    for (const content of ['{"city":"Oslo"}', 'Draft: {"city":"Oslo"}. Now the final']) {
      const { client, requests } = clientOf({ body: whole({ content }, word) });
      const call = client.chat.completions.parse({ messages: question, response_format: city });
      const error = await errorOf(call);
      expect(error.code).toBe('invalid_output');
      expect(error.partial?.choices[0].message.content).toBe(content);
      expect(requests).toHaveLength(1);
      const events = [chunk({ content }), chunk({}, word)];
      const streamed = clientOf({ events }).client.chat.completions.stream({
        messages: question,
        response_format: city,
      });
      expect((await errorOf(streamed.finalCompletion())).code).toBe('invalid_output');
    }
  },
);

test('decodeStream gives every chunk of an answer with such an end, and no half call after a cut', async () => {
  async function* bytes(events: readonly object[]) {
    for (const event of events)
      yield new TextEncoder().encode(`data: ${JSON.stringify(event)}\n\n`);
  }
  const chunks = [];
  for await (const each of decodeStream(bytes([...begun, chunk({}, 'abort')]))) chunks.push(each);
  expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('abort');
  const reading = (async () => {
    for await (const _chunk of decodeStream(bytes(begun)));
  })();
  const error = await errorOf(reading);
  expect(error.code).toBe('stream_interrupted');
  expect(error.partial?.choices[0].message).toMatchObject({
    invalid_tool_calls: [{ id: 'a', function: { name: 'read', arguments: '' } }],
  });
});

test('a profile may name its host’s own words', async () => {
  const provider = defineProvider({
    id: 'own',
    baseURL: 'https://own.test/v1',
    finishReasons: { done_well: 'good', stop: 'interrupted', no_room: 'length' },
  });
  const states = [
    ['done_well', 'complete'],
    ['Done-Well', 'complete'],
    ['stop', 'interrupted'],
    ['no_room', 'length'],
    ['end_turn', 'complete'],
    ['other', 'interrupted'],
  ] as const;
  for (const [word, state] of states) {
    expect((await readWhole(whole({ content: 'x' }, word), { provider })).report.completion).toBe(
      state,
    );
    const events = [...begun, chunk({}, word)];
    const { report, choices } = await readStream(events, { provider });
    expect(report.completion).toBe(state);
    expect(choices[0].message.tool_calls?.length ?? 0).toBe(state === 'complete' ? 1 : 0);
  }
});

test('a report says that the call is running until it has ended, whichever way', async () => {
  const { client } = clientOf({ events: [chunk({ content: 'a' }), chunk({}, 'stop')] });
  const stream = client.chat.completions.stream({ messages: question });
  expect(stream.report.completion).toBe('running');
  for await (const _chunk of stream) expect(stream.report.completion).toBe('running');
  expect(stream.report.completion).toBe('complete');
  const failing = createClient({ apiKey: 'k', baseURL: 'http://127.0.0.1:1', maxRetries: 0 });
  const error = await errorOf(failing.chat.completions.create({ messages: question }));
  expect(error.report?.completion).toBe('interrupted');
});

test.each([
  ['empty content', { content: '' }, 'stop', 'empty_answer'],
  ['blank content', { content: ' \n' }, 'stop', 'empty_answer'],
  ['no content', { content: null }, 'end_turn', 'empty_answer'],
  ['reasoning alone', { content: '', reasoning_content: 'It is 42.' }, 'stop', 'empty_answer'],
  [
    'calls that are announced and missing',
    { content: 'I call.' },
    'tool_calls',
    'missing_tool_calls',
  ],
  [
    'calls that are announced, and nothing',
    { content: null },
    'function_call',
    'missing_tool_calls',
  ],
])('a good end over %s is an issue', async (_what, message, word, code) => {
  expect(codesOf(await readWhole(whole(message, word)))).toEqual([code]);
  expect(codesOf(await readStream([chunk(message), chunk({}, word)]))).toEqual([code]);
});

test.each([
  ['a refusal', { content: null, refusal: 'No.' }, 'stop'],
  ['an audio answer', { content: null, audio: { id: 'a', data: 'AAAA' } }, 'stop'],
  ['a cut answer without content', { content: '' }, 'length'],
  ['a call', { content: null, tool_calls: [callOf('a', 'f', '{}', 0)] }, 'tool_calls'],
])('%s is not called empty', async (_what, message, word) => {
  expect(codesOf(await readWhole(whole(message, word)))).toEqual([]);
});

test.each(['length', 'abort', 'content_filter', 'never_seen'])(
  'a bad end (%s) is not mended by a good one behind it',
  async (word) => {
    const { choices, report } = await readStream([
      chunk({ tool_calls: [callOf('a', 'wipe', '', 0)] }),
      chunk({}, word),
      chunk({}, 'stop'),
    ]);
    expect(choices[0]).toMatchObject({ finish_reason: word });
    expect(choices[0].message.tool_calls).toBeUndefined();
    expect(report.completion).not.toBe('complete');
    expect(report.issues.map(({ code }) => code)).toContain('two_finish_reasons');
  },
);

describe('however a stream ends badly', () => {
  const event = (value: object): string => `data: ${JSON.stringify(value)}\n\n`;
  const begun = event(chunk({ content: 'Hello' }));
  const { choices, ...rest } = whole({ content: 'Hello' }) as { choices: unknown };

  test.each([
    ['without a finish_reason', `${begun}data: [DONE]\n\n`],
    ['without anything behind its first event', begun],
    ['in the middle of a JSON body', JSON.stringify({ ...rest, choices }).slice(0, -20)],
    ['with a web page', '<html><body>Bad gateway</body></html>'],
    ['with words', 'upstream closed'],
    ['with an error', begun + event({ error: { message: 'x', code: 'rate_limit_exceeded' } })],
  ])('a client and decodeStream say the same: %s', async (_how, text) => {
    const { client } = clientOf({ body: text });
    const inClient = await errorOf(
      client.chat.completions.stream({ messages: question }).finalCompletion(),
    );
    const decoding = (async () => {
      for await (const _ of decodeStream(new Blob([text]).stream())) continue;
    })();
    const alone = await errorOf(decoding);
    expect([alone.code, alone.message, alone.retryable]).toEqual([
      inClient.code,
      inClient.message,
      inClient.retryable,
    ]);
    expect(alone.partial).toEqual(inClient.partial);
  });
});
