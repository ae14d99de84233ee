import type { ChatCompletionMessageToolCall, InvalidToolCall } from 'deepseek-v4-flash';
import { tool } from 'deepseek-v4-flash';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { callOf, chunk, clientOf, question, readStream, readWhole, whole } from '../kit/wire.ts';

// Which call a piece is of: evidence is never passed over, hosts that send too much go on working, and what is no call is
// kept.

type Pieces = object[];

interface Read {
  /** Id, name and arguments of each call. */
  calls: [id: string, name: string, text: string][];
  invalid: [id: string | undefined, name: string | undefined, text: string][];
  issues: string[];
}

const callsOf = (calls: ChatCompletionMessageToolCall[] = []): Read['calls'] =>
  calls.flatMap((each) =>
    each.type === 'function' ? [[each.id, each.function.name, each.function.arguments]] : [],
  );

const invalidOf = (calls: InvalidToolCall[] = []): Read['invalid'] =>
  calls.map(({ id, function: { name, arguments: text } }) => [id, name, text]);

/** Each list is one event. */
async function read(events: Pieces[], word = 'tool_calls'): Promise<Read> {
  const { choices, report } = await readStream([
    ...events.map((pieces) => chunk({ tool_calls: pieces })),
    chunk({}, word),
  ]);
  const { tool_calls, invalid_tool_calls } = choices[0].message;
  return {
    calls: callsOf(tool_calls),
    invalid: invalidOf(invalid_tool_calls),
    issues: report.issues.map(({ code }) => code),
  };
}

const a = '{"path":"/a"}';
const b = '{"path":"/b"}';
const more = (text: string, index?: number): object => ({
  ...(index !== undefined && { index }),
  function: { arguments: text },
});

const fine: [string, Pieces[], Read['calls']][] = [
  [
    'another name under another id opens a call',
    [[callOf('x', 'read', a, 0)], [callOf('y', 'list', b, 0)]],
    [
      ['x', 'read', a],
      ['y', 'list', b],
    ],
  ],
  [
    'another name under another id opens a call, also where the first has no arguments',
    [[callOf('x', 'next', '', 0)], [callOf('y', 'list', b, 0)]],
    [
      ['x', 'next', '{}'],
      ['y', 'list', b],
    ],
  ],
  [
    'another id opens a call where the open one is whole, and later pieces are its own',
    [[callOf('x', 'read', a, 0)], [callOf('y', 'read', '{"path":', 0)], [more('"/b"}', 0)]],
    [
      ['x', 'read', a],
      ['y', 'read', b],
    ],
  ],
  [
    'calls that all come under index 0 leave room for one that comes under index 1',
    [[callOf('x', 'read', a, 0)], [callOf('y', 'read', b, 0)], [callOf('z', 'read', a, 1)]],
    [
      ['x', 'read', a],
      ['y', 'read', b],
      ['z', 'read', a],
    ],
  ],
  [
    'the same id is the same call under another index',
    [[callOf('x', 'read', '{"path"', 0)], [callOf('x', undefined, ':"/a"}', 3)]],
    [['x', 'read', a]],
  ],
  [
    'a name in two pieces is one name',
    [[callOf('x', 'rea', '', 0)], [callOf('x', 'd_all', a, 0)]],
    [['x', 'read_all', a]],
  ],
  [
    'a name that is told again, and longer, is the longer one',
    [[callOf('x', 'rea', '', 0)], [callOf(undefined, 'read', '', 0)], [more(a, 0)]],
    [['x', 'read', a]],
  ],
  [
    'a host that sends id and name with each piece',
    ['{"pa', 'th":', '"/a"}'].map((text) => [callOf('x', 'read', text, 0)]),
    [['x', 'read', a]],
  ],
  [
    'the same whole call twice in one event is one',
    [[callOf('x', 'read', a), callOf('x', 'read', a)]],
    [['x', 'read', a]],
  ],
  [
    'a call that came in pieces and then whole is one',
    [
      [callOf('x', 'read', '', 0)],
      [more('{"path":', 0)],
      [more('"/a"}', 0)],
      [callOf('x', 'read', a, 0)],
    ],
    [['x', 'read', a]],
  ],
  [
    'whole calls that share an id under indices of their own are two',
    [[callOf('read', 'read', a, 0)], [callOf('read', 'read', b, 1)]],
    [
      ['read', 'read', a],
      [expect.stringMatching(/^call_/) as unknown as string, 'read', b],
    ],
  ],
  [
    'a piece that says nothing of itself is of the last call, if all others are whole',
    [[callOf('x', 'read', a)], [callOf('y', 'read', '{"path":')], [more('"/b"}')]],
    [
      ['x', 'read', a],
      ['y', 'read', b],
    ],
  ],
  [
    'an empty object and then text: the text alone',
    [[callOf('x', 'read', {}, 0)], [more('{"path":', 0)], [more('"/a"}', 0)]],
    [['x', 'read', a]],
  ],
  ['an empty object alone', [[callOf('x', 'read', {}, 0)], [more('', 0)]], [['x', 'read', '{}']]],
  ['arguments that are the text null', [[callOf('x', 'read', 'null', 0)]], [['x', 'read', '{}']]],
  ['arguments that are null', [[callOf('x', 'read', null, 0)]], [['x', 'read', '{}']]],
  [
    'the text null, and then another call under the same index',
    [[callOf('x', 'left', 'null', 0)], [callOf('y', 'right', 'null', 0)]],
    [
      ['x', 'left', '{}'],
      ['y', 'right', '{}'],
    ],
  ],
  ['an index that is a text', [[{ ...callOf('x', 'read', a), index: '0' }]], [['x', 'read', a]]],
  ['an id that is a number', [[{ ...callOf(undefined, 'read', a, 0), id: 7 }]], [['7', 'read', a]]],
  [
    'name and arguments on the call itself',
    [[{ index: 0, id: 'x', type: 'function', name: 'read', arguments: a }]],
    [['x', 'read', a]],
  ],
];

test.each(fine)('%s', async (_what, events, calls) => {
  const found = await read(events);
  expect(found.calls).toEqual(calls);
  expect(found.invalid).toEqual([]);
});

test('an id that is made anew for each piece changes nothing but an issue', async () => {
  const pieces = ['', '{"pa', 'th":"', '/a"}'].map((text, at) => [
    at === 0 ? callOf('id0', 'read', text, 0) : { ...more(text, 0), id: `id${at}` },
  ]);
  expect(await read(pieces)).toEqual({
    calls: [['id0', 'read', a]],
    invalid: [],
    issues: ['tool_call_id_changed'],
  });
  const named = ['{"pa', 'th":"', '/a"}'].map((text, at) => [callOf(`id${at}`, 'read', text, 0)]);
  expect(await read(named)).toMatchObject({
    calls: [['id0', 'read', a]],
    issues: ['tool_call_id_changed'],
  });
});

test('another id over the same name and no arguments is told, and the first is no call', async () => {
  expect(await read([[callOf('x', 'read', '', 0)], [callOf('y', 'read', b, 0)]])).toEqual({
    calls: [['y', 'read', b]],
    invalid: [['x', 'read', '']],
    issues: ['tool_call_ambiguous', 'incomplete_tool_call'],
  });
});

test.each([
  [
    'two functions under one id',
    [[callOf('x', 'read', '{"path":', 0)], [callOf('x', 'list', '"/a"}', 0)]],
  ],
  [
    'two functions under one index',
    [[callOf('x', 'read', '{"path":', 0)], [callOf(undefined, 'list', '"/a"}', 0)]],
  ],
])('%s are no call, and what came is kept', async (_what, events) => {
  expect(await read(events)).toMatchObject({ calls: [], invalid: [['x', 'read', a]] });
});

describe('an event that repeats the one before it is attributed as that one was', () => {
  test('after a call has taken the index of another', async () => {
    const text = `{"path":"${'long '.repeat(20)}"}`;
    const pieces = (index: number): Pieces[] => [...text].map((piece) => [more(piece, index)]);
    const found = await read([
      [callOf('x', 'read', '', 0)],
      ...pieces(0),
      [callOf('y', 'read', '', 0)],
      ...pieces(0),
      [callOf('z', 'list', '', 1)],
      ...pieces(1),
    ]);
    expect(found.calls).toEqual([
      ['x', 'read', text],
      ['y', 'read', text],
      ['z', 'list', text],
    ]);
  });
});

test.each([
  ['text twice encoded', JSON.stringify(a)],
  ['a raw line break in a text', '{"path":"a\nb"}'],
  ['prose behind the object', `${a} done`],
  ['a bare number', '5'],
  ['half an object', '{"path":'],
  ['a list that breaks', '[{"path":"/a"},{'],
])('arguments that are %s are kept apart, whole and streamed', async (_what, text) => {
  const completion = await readWhole(
    whole({ content: null, tool_calls: [callOf('x', 'read', text, 0)] }, 'tool_calls'),
  );
  const { tool_calls, invalid_tool_calls } = completion.choices[0].message;
  expect(tool_calls).toBeUndefined();
  expect(invalid_tool_calls).toEqual([
    {
      id: 'x',
      type: 'function',
      function: { name: 'read', arguments: text },
      reason: expect.stringContaining('its arguments') as string,
    },
  ]);
  const streamed = await read([[callOf('x', 'read', text, 0)]]);
  expect(streamed).toMatchObject({ calls: [], invalid: [['x', 'read', text]] });
});

test('a call without a name is kept apart', async () => {
  expect(await read([[callOf('x', undefined, a, 0)]])).toMatchObject({
    calls: [],
    invalid: [['x', undefined, a]],
  });
});

test('what is no call is never sent back', async () => {
  const broken = whole(
    { content: null, tool_calls: [callOf('x', 'read', '{"pa', 0)] },
    'tool_calls',
  );
  const { client } = clientOf({ body: broken });
  const { choices } = await client.chat.completions.create({ messages: question });
  expect(choices[0].message.invalid_tool_calls).toHaveLength(1);
  const { body } = client.chat.completions.prepare({
    messages: [...question, choices[0].message, ...question],
  });
  expect(JSON.stringify(body)).not.toContain('invalid_tool_calls');
});

test('a whole answer that has a call twice has it once; two that share an id are two', async () => {
  const twice = await readWhole(
    whole(
      { content: null, tool_calls: [callOf('x', 'read', a), callOf('x', 'read', a)] },
      'tool_calls',
    ),
  );
  expect(callsOf(twice.choices[0].message.tool_calls)).toEqual([['x', 'read', a]]);
  const shared = await readWhole(
    whole(
      { content: null, tool_calls: [callOf('x', 'read', a), callOf('x', 'read', b)] },
      'tool_calls',
    ),
  );
  const calls = callsOf(shared.choices[0].message.tool_calls);
  expect(calls.map(([, , text]) => text)).toEqual([a, b]);
  expect(new Set(calls.map(([id]) => id)).size).toBe(2);
});

test('ids that are made up are those of no other call of the process', async () => {
  const ids = new Set<string>();
  for (let turn = 0; turn < 20; turn++) {
    const message = {
      content: null,
      tool_calls: [callOf(undefined, 'f', '{}'), callOf(undefined, 'f', '{}')],
    };
    const answers = [
      await readWhole(whole(message, 'tool_calls')),
      await readStream([chunk(message), chunk({}, 'tool_calls')]),
    ];
    for (const { choices } of answers) {
      for (const { id } of choices[0].message.tool_calls ?? []) ids.add(id);
    }
  }
  expect(ids.size).toBe(80);
});

test('a call in its old form, function_call, is a call', async () => {
  const message = { content: null, function_call: { name: 'read', arguments: a } };
  const answer = await readWhole(whole(message, 'function_call'));
  expect(callsOf(answer.choices[0].message.tool_calls)).toMatchObject([
    [expect.any(String), 'read', a],
  ]);
  const streamed = await readStream([
    chunk({ function_call: { name: 'read', arguments: '' } }),
    chunk({ function_call: { arguments: '{"path":' } }),
    chunk({ function_call: { arguments: '"/a"}' } }, 'function_call'),
  ]);
  expect(callsOf(streamed.choices[0].message.tool_calls)).toMatchObject([
    [expect.any(String), 'read', a],
  ]);
});

test('of two calls under index 0 each is run with its own arguments', async () => {
  const ran: unknown[] = [];
  const parameters = z.object({ path: z.string() });
  const make = (name: string) =>
    tool({ name, parameters, execute: (args) => void ran.push([name, args]) });
  const { client } = clientOf([
    {
      events: [
        chunk({ tool_calls: [callOf('x', 'read', a, 0)] }),
        chunk({ tool_calls: [callOf('y', 'list', b, 0)] }),
        chunk({}, 'tool_calls'),
      ],
    },
    { events: [chunk({ content: 'Done' }, 'stop')] },
  ]);
  const tools = [make('read'), make('list')];
  await client.chat.completions.runTools({ messages: question, tools }).final();
  expect(ran).toEqual([
    ['read', { path: '/a' }],
    ['list', { path: '/b' }],
  ]);
});

describe('arguments that belong to no call', () => {
  const named = (index?: number) => callOf('a', 'wipe', '', index);
  const stray = (index?: number, id?: string) => callOf(id, undefined, '{"dry_run":true}', index);

  test.each([
    ['without indices', [[named()], [stray(undefined, 'b')]]],
    ['under another index', [[named(0)], [stray(1)]]],
    ['under another index and id', [[named(0)], [stray(1, 'b')]]],
  ])('are not passed over by a call without any (%s)', async (_how, events) => {
    const { calls, invalid } = await read(events);
    expect(calls).toEqual([]);
    expect(invalid.map(([, name, text]) => [name, text])).toEqual([
      ['wipe', ''],
      [undefined, '{"dry_run":true}'],
    ]);
  });

  test('are not passed over in a whole answer', async () => {
    const { choices } = await readWhole(whole({ tool_calls: [named(), stray()] }, 'tool_calls'));
    expect(choices[0].message.tool_calls).toBeUndefined();
    expect(choices[0].message.invalid_tool_calls).toHaveLength(2);
  });
});

test('the input of a custom call is text, and never looked into', async () => {
  const piece = (input: string, name?: string) => ({
    index: 0,
    ...(name !== undefined && { id: 'a', type: 'custom' }),
    custom: { ...(name !== undefined && { name }), input },
  });
  const texts = ['{}', '{"x":1}', '{"x":1}'];
  const events = texts.map((text, at) =>
    chunk({ tool_calls: [piece(text, at === 0 ? 'run' : undefined)] }),
  );
  const { choices } = await readStream([...events, chunk({}, 'tool_calls')]);
  expect(choices[0].message.tool_calls).toEqual([
    { id: 'a', type: 'custom', custom: { name: 'run', input: texts.join('') } },
  ]);
});
