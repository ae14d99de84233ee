// The first import: what is compiled after it is counted.
import { growthOf } from '../kit/work.ts';
import type { ChatCompletion } from 'deepseek-v4-flash';
import { createClient, decodeStream } from 'deepseek-v4-flash';
import { createEmulator } from 'deepseek-v4-flash/testing';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createPartialObjectReader } from '../../src/values/partial-object.ts';
import { errorOf } from '../kit/failures.ts';

// Work that grows with what there is to do, and not with its square. It is counted, so a busy machine changes nothing.

/** Linear is 4 here, a square 16; 4.5 is what a square has that is a twentieth of the work. */
async function expectLinear(count: number, run: (count: number) => unknown): Promise<void> {
  expect(await growthOf(run, count)).toBeLessThan(4.5);
}

type Wire = Record<string, unknown>;

const encoder = new TextEncoder();
const params = { messages: [{ role: 'user' as const, content: 'x' }] };

/** An event that is in our form already, of which those that follow may be repetitions. */
const plain: Wire = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' };
/** One that has to be checked and completed each time. */
const bare: Wire = { id: 'c' };

const eventOf = (delta: Wire, more: Wire = {}, top = plain): string => {
  const choices = [{ index: 0, delta, finish_reason: null, ...more }];
  return `data: ${JSON.stringify({ ...top, choices })}\n\n`;
};

const range = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

async function* packetsOf(texts: Iterable<string>): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield encoder.encode(text);
}

/** The answer that a client makes of events, each of them in a read of its own. */
async function answerOf(events: readonly string[], finishReason = 'stop'): Promise<ChatCompletion> {
  const reads = [...events, eventOf({}, { finish_reason: finishReason })].values();
  const client = createClient({
    apiKey: 'sk-none',
    maxRetries: 0,
    transport: {
      send: async () => ({
        status: 200,
        headers: {},
        body: {
          read: async () => {
            const { value, done } = reads.next();
            return done ? undefined : encoder.encode(value);
          },
          cancel() {},
        },
      }),
    },
  });
  return client.chat.completions.stream(params).finalCompletion();
}

// ---------------------------------------------------------------- an answer

test('the pieces of one long event are each looked at once', async () => {
  await expectLinear(2_000, async (count) => {
    const text = eventOf({ content: 'x'.repeat(16 * count) }, { finish_reason: 'stop' });
    for await (const _ of decodeStream(packetsOf(text.match(/.{1,16}/gs) ?? [])));
  });
});

test('the events of one long packet are each looked at once', async () => {
  await expectLinear(2_000, async (count) => {
    const event = eventOf({ content: 'ab' });
    const end = eventOf({}, { finish_reason: 'stop' });
    // What they look like is learned from the first.
    for await (const _ of decodeStream(packetsOf([event, event.repeat(count) + end])));
  });
});

const ways: [name: string, top: Wire][] = [
  ['repeated', plain],
  ['checked one by one', bare],
];

/** Whose pieces they are is said by these fields, of all and of the first alone. */
const floods: [what: string, calls: number, name: (call: number) => Wire, first: Wire][] = [
  ['with an index', 1, (index) => ({ index }), { id: 'a' }],
  ['with an id and no index', 1, () => ({ id: 'a' }), {}],
  ['without index and id', 1, () => ({}), { id: 'a' }],
  ['of 128 interleaved calls', 128, (index) => ({ index }), {}],
  ['of 128 interleaved calls, by id', 128, (call) => ({ id: `id ${call}` }), {}],
];

describe.each(ways)('events that are %s', (_name, top) => {
  test.each(['content', 'reasoning_content', 'refusal'])(
    'a text is put together from its deltas: %s',
    async (field) => {
      const event = eventOf({ [field]: 'ab' }, {}, top);
      await expectLinear(1_000, async (count) => {
        const { choices } = await answerOf(Array<string>(count).fill(event));
        expect(choices[0].message).toMatchObject({ [field]: 'ab'.repeat(count) });
      });
    },
  );

  test.each(floods)('fragments find their call: %s', async (_, calls, name, first) => {
    const events = (text: string, more: Wire = {}, as: Wire = {}): string[] =>
      range(calls).map((call) => {
        const piece = { ...name(call), ...more, function: { ...as, arguments: text } };
        return eventOf({ tool_calls: [piece] }, {}, top);
      });
    const begin = events('{"x":"', first, { name: 'f' });
    const middle = events('x');
    const end = events('"}');
    await expectLinear(2_000, async (count) => {
      const all = [...begin, ...range(count).map((at) => middle[at % calls] ?? ''), ...end];
      const { choices } = await answerOf(all, 'tool_calls');
      expect(choices[0].message.tool_calls).toHaveLength(calls);
    });
  });
});

test('log probabilities are gathered', async () => {
  const logprobs = { content: [{ token: 'ab', logprob: -1 }] };
  await expectLinear(1_000, async (count) => {
    const event = eventOf({ content: 'ab', reasoning_content: 'cd' }, { logprobs });
    const { choices } = await answerOf(Array<string>(count).fill(event));
    expect(choices[0].logprobs?.content).toHaveLength(count);
  });
});

// ---------------------------------------------------------------- values

/** Ten characters each. */
const longs: [what: string, begin: string, piece: string][] = [
  ['one long text', '{"a":"', 'ten chars.'],
  ['one long text in a list', '{"a":[1,"', 'ten chars.'],
  ['a text of escapes', '{"a":"', '\\u00e9\\n\\"'],
  ['a text of pairs', '{"a":"', '😀😀😀😀😀'],
  ['a text under __proto__', '{"__proto__":"', 'ten chars.'],
  ['one long key', '{"', 'ten chars.'],
  ['one long number', '{"a":1', '2345678901'],
  ['a list of numbers', '{"a":[1', ',12,345,67'],
  ['a list of texts', '{"a":[1', ',"seven.."'],
  ['lists in lists', '{"a":', '[[[[[[[[[['],
  ['objects in objects', '{"a":', '{"a":{"b":'],
  ['white space', '{"a":', '          '],
  ['prose before it', 'Well ', 'ten chars.'],
  ['prose of braces before it', 'Well ', '{x {y} {z}'],
  ['prose behind it', '{}', '{"a":"b"}.'],
];

test.each(longs)('a growing value is read on, and not again: %s', async (_, begin, piece) => {
  await expectLinear(500, (count) => {
    const reader = createPartialObjectReader();
    reader.add(begin);
    for (let at = 0; at < count; at++) {
      reader.add(piece);
      // As a reader of the stream would.
      void reader.value;
    }
  });
});

test('a growing list of objects is read on, and not again', async () => {
  await expectLinear(500, (count) => {
    const reader = createPartialObjectReader();
    reader.add('{"items":[');
    for (let at = 0; at < count; at++)
      reader.add(at % 4 === 3 ? `"},${at},` : at % 4 === 0 ? '{"a":"\\u00e' : '9 text');
  });
});

test('a text of nothing but braces is given up at its end', async () => {
  const response_format = z.object({ city: z.string() });
  await expectLinear(2_000, async (count) => {
    const { transport, reply } = createEmulator();
    const { chat } = createClient({ apiKey: 'sk-none', transport });
    reply({ content: '{'.repeat(count) });
    const asked = chat.completions.parse({ ...params, response_format }, { maxRepairs: 0 });
    expect((await errorOf(asked)).code).toBe('invalid_output');
  });
});

// ---------------------------------------------------------------- a request

const calling = (id: string) => ({
  id,
  type: 'function' as const,
  function: { name: 'f', arguments: '{}' },
});
const resultOf = (id: string) => ({ role: 'tool', tool_call_id: id, content: 'x' });
const assistant = { role: 'assistant', content: 'x', reasoning_content: 'r' };

const conversations: [name: string, messages: (count: number) => unknown[]][] = [
  ['turns', (count) => range(count).flatMap(() => [params.messages[0], assistant])],
  [
    'calls with their results',
    (count) =>
      range(count).flatMap((at) => [
        { ...assistant, tool_calls: [calling(`c${at}`)] },
        resultOf(`c${at}`),
      ]),
  ],
  [
    'the results of one message',
    (count) => [
      { ...assistant, tool_calls: range(count).map((at) => calling(`c${at}`)) },
      ...range(count).map((at) => resultOf(`c${at}`)),
    ],
  ],
];

test.each(conversations)(
  'the emulator looks at each message of a conversation once: %s',
  async (_, messagesOf) => {
    await expectLinear(250, async (count) => {
      const { transport, requests } = createEmulator();
      const client = createClient({ apiKey: 'sk-none', maxRetries: 0, transport });
      await client.chat.completions.create({ messages: messagesOf(count) as never });
      expect(requests).toHaveLength(1);
    });
  },
);

const floodsOfMistakes: [name: string, request: (count: number) => object, counted: number][] = [
  [
    'unknown fields',
    (count) => ({ ...params, ...Object.fromEntries(range(count).map((at) => [`odd${at}`, 1])) }),
    1,
  ],
  ['messages that are none', (count) => ({ messages: range(count) }), 1],
  [
    'unknown fields of tools',
    (count) => ({
      ...params,
      tools: range(8).map(() => ({
        type: 'function',
        function: {
          name: 'f',
          ...Object.fromEntries(range(count / 8).map((at) => [`odd${at}`, 1])),
        },
      })),
    }),
    8,
  ],
];

test.each(floodsOfMistakes)(
  'of a request full of mistakes a hundred a place are named, and all are counted: %s',
  async (_, requestOf, places) => {
    await expectLinear(2_000, async (count) => {
      const client = createClient({ apiKey: 'sk-none' });
      const error = await errorOf(client.chat.completions.create(requestOf(count) as never));
      expect(error.code).toBe('invalid_request');
      const issues = error.issues ?? [];
      expect(issues).toHaveLength(101 * places);
      expect(issues.reduce((sum, { count: more = 1 }) => sum + more, 0)).toBe(count);
      expect(error.message).toContain(`(and ${count - 3} more)`);
    });
  },
);
