import type { ChatError } from 'deepseek-v4-flash';
import { createClient, isChatError } from 'deepseek-v4-flash';
import { expect, test } from 'vitest';
import type { DecodedChunk, DecodedToolCallDelta } from '../../src/schema/chunk.ts';
import { ToolCallAttribution } from '../../src/stream/attribute-tool-calls.ts';

function chunkOf(pieces: DecodedToolCallDelta[], choice = 0): DecodedChunk {
  return {
    id: 'c1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: choice, delta: { tool_calls: pieces }, finish_reason: null }],
  };
}

const piece = (fields: {
  index?: number;
  id?: string;
  name?: string;
  text?: string;
}): DecodedToolCallDelta => ({
  ...(fields.index !== undefined && { index: fields.index }),
  ...(fields.id !== undefined && { id: fields.id }),
  function: {
    ...(fields.name !== undefined && { name: fields.name }),
    ...(fields.text !== undefined && { arguments: fields.text }),
  },
});

/** The index of every piece, piece by piece in a chunk of its own; the code of the error where one is refused. */
function attribute(pieces: DecodedToolCallDelta[], limit = 128): (number | string)[] {
  const attribution = new ToolCallAttribution(limit);
  const found: (number | string)[] = [];
  for (const each of pieces) {
    try {
      const [choice] = attribution.attribute(chunkOf([each])).choices;
      found.push(...(choice?.delta.tool_calls ?? []).map(({ index }) => index));
    } catch (error) {
      found.push(isChatError(error) ? error.code : String(error));
      break;
    }
  }
  return found;
}

const cases: [string, DecodedToolCallDelta[], (number | string)[]][] = [
  ['by their index', [piece({ index: 0, id: 'a' }), piece({ index: 0 })], [0, 0]],
  [
    'by a known id before their index',
    [
      piece({ index: 0, id: 'a', name: 'f' }),
      piece({ index: 1, id: 'b', name: 'f' }),
      piece({ index: 0, id: 'b', text: '{}' }),
    ],
    [0, 1, 1],
  ],
  [
    'to a call of their own, by another id and name under a known index',
    [
      piece({ index: 0, id: 'a', name: 'f', text: '{}' }),
      piece({ index: 0, id: 'b', name: 'g' }),
      piece({ index: 0, text: '{}' }),
      piece({ index: 1, id: 'c', name: 'f' }),
    ],
    [0, 1, 1, 2],
  ],
  [
    'by an index that starts at 1 and has gaps',
    [piece({ index: 1 }), piece({ index: 5 }), piece({ index: 1 })],
    [1, 5, 1],
  ],
  [
    'by a known id',
    [
      piece({ id: 'a', name: 'f' }),
      piece({ id: 'b', name: 'g' }),
      piece({ id: 'a', text: '{}' }),
      piece({ id: 'b', text: '{}' }),
    ],
    [0, 1, 0, 1],
  ],
  [
    'by a known id that came with an index',
    [piece({ index: 4, id: 'a', name: 'f' }), piece({ id: 'a', text: '{}' })],
    [4, 4],
  ],
  [
    'as a new call by a new id, after the last one',
    [piece({ index: 2, id: 'a', name: 'f' }), piece({ id: 'b', name: 'f' })],
    [2, 3],
  ],
  [
    'as a new call by a new id without a name',
    [piece({ id: 'a', name: 'f', text: '{}' }), piece({ id: 'b' })],
    [0, 1],
  ],
  [
    'to the only open call',
    [piece({ id: 'a', name: 'f' }), piece({ text: '{' }), piece({ text: '}' })],
    [0, 0, 0],
  ],
  [
    'to the only open call, though its name is repeated without an id',
    [piece({ id: 'a', name: 'f', text: '{' }), piece({ name: 'f', text: '}' })],
    [0, 0],
  ],
  [
    'to a call whose id comes after its name',
    [piece({ name: 'f' }), piece({ id: 'a' }), piece({ text: '{}' })],
    [0, 0, 0],
  ],
  [
    'to a call whose name comes after its id',
    [piece({ id: 'a' }), piece({ name: 'f' }), piece({ text: '{}' })],
    [0, 0, 0],
  ],
];

test.each(cases)('pieces are attributed %s', (_how, pieces, expected) => {
  expect(attribute(pieces)).toEqual(expected);
});

const refused: [string, DecodedToolCallDelta[], (number | string)[]][] = [
  [
    'that fits two open calls',
    [piece({ id: 'a', name: 'f' }), piece({ id: 'b', name: 'g' }), piece({ text: '{}' })],
    [0, 1, 'invalid_response'],
  ],
  [
    'that fits two open calls with indices',
    [piece({ index: 0, id: 'a', name: 'f' }), piece({ index: 1, id: 'b', name: 'g' }), piece({})],
    [0, 1, 'invalid_response'],
  ],
  [
    'that repeats the name of one of two open calls, and nothing else',
    [
      piece({ id: 'a', name: 'f' }),
      piece({ id: 'b', name: 'f' }),
      piece({ name: 'f', text: '{}' }),
    ],
    [0, 1, 'invalid_response'],
  ],
  ['that says nothing, while no call is open,', [piece({ text: '{}' })], ['invalid_response']],
  ['with a negative index', [piece({ index: -1 })], ['invalid_response']],
  ['with an index that is no whole number', [piece({ index: 1.5 })], ['invalid_response']],
  ['with an index that is no number', [piece({ index: Number.NaN })], ['invalid_response']],
];

test.each(refused)('a piece %s is invalid_response', (_what, pieces, expected) => {
  expect(attribute(pieces)).toEqual(expected);
});

test('calls have a limit in number', () => {
  const calls = (count: number) => Array.from({ length: count }, (_, at) => piece({ id: `${at}` }));
  expect(attribute(calls(3), 3)).toEqual([0, 1, 2]);
  expect(attribute(calls(4), 3)).toEqual([0, 1, 2, 'limit_exceeded']);
  expect(attribute([piece({ index: 7 }), piece({ index: 1 }), piece({ index: 2 })], 2)).toEqual([
    7,
    1,
    'limit_exceeded',
  ]);
  expect(attribute(calls(129)).at(-1)).toBe('limit_exceeded');
});

test('several pieces in one chunk are attributed one after the other', () => {
  const attribution = new ToolCallAttribution(128);
  const [choice] = attribution.attribute(
    chunkOf([piece({ id: 'a', name: 'f' }), piece({ id: 'b', name: 'g' }), piece({ id: 'a' })]),
  ).choices;
  expect(choice?.delta.tool_calls?.map(({ index }) => index)).toEqual([0, 1, 0]);
});

test('choices have calls of their own', () => {
  const attribution = new ToolCallAttribution(128);
  const indexOf = (choice: number, fields: Parameters<typeof piece>[0]) =>
    attribution.attribute(chunkOf([piece(fields)], choice)).choices[0]?.delta.tool_calls?.[0]
      ?.index;
  expect(indexOf(0, { id: 'a', name: 'f' })).toBe(0);
  expect(indexOf(1, { id: 'b', name: 'f' })).toBe(0);
  expect(indexOf(0, { text: '{' })).toBe(0);
  expect(indexOf(1, { text: '{' })).toBe(0);
});

test('names of the language are names like others', () => {
  expect(
    attribute([
      piece({ id: '__proto__', name: '__proto__' }),
      piece({ id: 'constructor', name: 'constructor' }),
      piece({ id: '__proto__', text: '{}' }),
    ]),
  ).toEqual([0, 1, 0]);
  expect({}).not.toHaveProperty('name');
});

// ---------------------------------------------------------------- from the wire

type Wire = Record<string, unknown>;

async function readWire(
  pieces: Wire[][],
  finishReason = 'tool_calls',
): Promise<{ calls: unknown; failure: ChatError | undefined }> {
  const frames = [
    ...pieces.map((tool_calls) => ({ choices: [{ index: 0, delta: { tool_calls } }] })),
    { choices: [{ index: 0, delta: {}, finish_reason: finishReason }] },
  ].map((chunk) => `data: ${JSON.stringify({ id: 'c1', ...chunk })}\n\n`);
  const client = createClient({
    apiKey: 'sk-none',
    maxRetries: 0,
    transport: {
      send: async () => ({
        status: 200,
        headers: {},
        body: {
          read: async () => {
            const next = frames.shift();
            return next === undefined ? undefined : new TextEncoder().encode(next);
          },
          cancel() {},
        },
      }),
    },
  });
  const stream = client.chat.completions.stream({ messages: [{ role: 'user', content: 'x' }] });
  try {
    const { choices } = await stream.finalCompletion();
    return { calls: choices[0].message.tool_calls, failure: undefined };
  } catch (error) {
    if (!isChatError(error)) throw error;
    return { calls: error.partial?.choices[0].message.tool_calls, failure: error };
  }
}

const forecast = {
  id: 'a',
  type: 'function',
  function: { name: 'forecast', arguments: '{"day":1}' },
};

const wires: [string, Wire[][]][] = [
  [
    'whole in one piece',
    [
      [
        {
          index: 0,
          id: 'a',
          type: 'function',
          function: { name: 'forecast', arguments: '{"day":1}' },
        },
      ],
    ],
  ],
  [
    'without index and type',
    [
      [{ id: 'a', function: { name: 'forecast', arguments: '{"day":' } }],
      [{ function: { arguments: '1}' } }],
    ],
  ],
  [
    'with null and empty fields in later pieces',
    [
      [{ index: 0, id: 'a', type: 'function', function: { name: 'forecast', arguments: null } }],
      [{ index: 0, id: null, type: null, function: { name: null, arguments: '{"day"' } }],
      [{ index: 0, id: '', type: '', function: { name: '', arguments: ':1}' } }],
      [{ index: null, function: null }],
    ],
  ],
  [
    'with id and name in different pieces',
    [
      [{ index: 0, function: { name: 'forecast' } }],
      [{ index: 0, id: 'a' }],
      [{ index: 0, function: { arguments: '{"day":1}' } }],
    ],
  ],
  [
    'with id and name in different pieces, and no index',
    [
      [{ function: { name: 'forecast' } }],
      [{ id: 'a' }],
      [{ function: { arguments: '{"day":1}' } }],
    ],
  ],
  [
    'with everything repeated in every piece',
    ['{"day"', ':', '1}'].map((text) => [
      { index: 0, id: 'a', type: 'function', function: { name: 'forecast', arguments: text } },
    ]),
  ],
  [
    'with arguments as an object',
    [[{ index: 0, id: 'a', function: { name: 'forecast', arguments: { day: 1 } } }]],
  ],
];

test.each(wires)('a call that comes %s is read', async (_how, pieces) => {
  const { calls, failure } = await readWire(pieces);
  expect(failure).toBeUndefined();
  expect(calls).toEqual([forecast]);
});

test('two whole calls without an index stay two', async () => {
  const call = (id: string, day: number): Wire => ({
    id,
    type: 'function',
    function: { name: 'forecast', arguments: `{"day":${day}}` },
  });
  for (const pieces of [[[call('a', 1), call('b', 2)]], [[call('a', 1)], [call('b', 2)]]]) {
    const { calls } = await readWire(pieces);
    expect(calls).toEqual([call('a', 1), call('b', 2)]);
  }
});

test('arguments are never given to a call they may not be of', async () => {
  const { calls, failure } = await readWire([
    [{ id: 'a', function: { name: 'forecast', arguments: '{"day":1' } }],
    [{ id: 'b', function: { name: 'forecast', arguments: '{"day":' } }],
    [{ function: { arguments: '2}' } }],
  ]);
  expect(failure).toMatchObject({ code: 'invalid_response', retryable: false });
  expect(calls).toBeUndefined();
  expect(failure?.message).not.toContain('day');
});

test('two whole calls that say neither index nor id are never merged into one', async () => {
  const { calls } = await readWire([
    [
      { function: { name: 'forecast', arguments: '{"day":1}' } },
      { function: { name: 'alarm', arguments: '{"hour":7}' } },
    ],
  ]);
  expect(calls).toMatchObject([
    { function: { name: 'forecast', arguments: '{"day":1}' } },
    { function: { name: 'alarm', arguments: '{"hour":7}' } },
  ]);
});

test('an index that is no number says nothing, and the rest of the piece does', async () => {
  for (const index of ['0', {}, true, 'first']) {
    const { calls, failure } = await readWire([
      [{ index, id: 'a', function: { name: 'forecast', arguments: '{"day":1}' } }],
    ]);
    expect(failure).toBeUndefined();
    expect(calls).toEqual([forecast]);
  }
});
