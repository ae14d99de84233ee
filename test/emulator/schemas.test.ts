import { createClient } from 'deepseek-v4-flash';
import type { ChatCompletionMessageParam } from 'deepseek-v4-flash';
import { createEmulator } from 'deepseek-v4-flash/testing';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { growthOf } from '../kit/work.ts';
import { findObjects } from '../../src/testing/emulator/find-objects.ts';
import { sample } from '../../src/testing/emulator/sample.ts';

// ---------------------------------------------------------------- a schema is found

const city = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const count = { type: 'object', properties: { count: { type: 'integer' } }, required: ['count'] };

/** What is answered where JSON is asked for and only messages can say which. */
async function answerTo(...messages: ChatCompletionMessageParam[]): Promise<unknown> {
  const { transport } = createEmulator();
  const client = createClient({ apiKey: 'any', transport });
  const { choices } = await client.chat.completions.create({
    messages: [...messages, { role: 'user', content: 'Answer with JSON.' }],
    response_format: { type: 'json_object' },
  });
  return JSON.parse(choices[0].message.content ?? '');
}

const text = JSON.stringify(city);
const wordings: [how: string, content: string][] = [
  ['bare', text],
  ['pretty printed', JSON.stringify(city, null, 2)],
  ['in a fence', `Answer in this form:\n\`\`\`json\n${JSON.stringify(city, null, 2)}\n\`\`\`\n`],
  ['in the middle of a sentence', `JSON schema:\n${text}\nYou MUST answer with a JSON object.`],
  ['behind prose in braces', `Use {name} and {"x", not "y. The schema is ${text}.`],
  ['behind an object that is not closed', `Like {"a": {"b": [1, 2}, but as ${text}`],
  ['in an object that is broken later', `{"schema": ${text}, oops}`],
  ['behind a quotation mark', `Say "hello, and fit ${text}`],
  ['in an object under some name', JSON.stringify({ name: 'place', schema: city })],
  ['in a list', `[${text}]`],
  ['behind an example', `For example {"city":"Rome"}. The schema: ${text}`],
  ['before an example', `The schema: ${text}. For example {"city":"Rome"}.`],
  ['without a type', JSON.stringify({ properties: city.properties })],
  [
    'by its dialect',
    '{"$schema":"https://json-schema.org/draft/2020-12/schema","$ref":"#/$defs/C","$defs":{"C":' +
      text +
      '}}',
  ],
];

describe.each(['system', 'user'] as const)('in a %s message', (role) => {
  test.each(wordings)('a schema is found %s', async (_how, content) => {
    expect(await answerTo({ role, content })).toEqual({ city: 'text' });
  });
});

test('a schema is found in the parts of a message', async () => {
  const content = [
    { type: 'text', text: 'The form:' },
    { type: 'text', text },
  ] as const;
  expect(await answerTo({ role: 'user', content: [...content] })).toEqual({ city: 'text' });
});

test('of several schemas in a message the last one counts, and the system before the user', async () => {
  const both = `First ${text}, then ${JSON.stringify(count)}`;
  expect(await answerTo({ role: 'system', content: both })).toEqual({ count: 1 });
  const system = { role: 'system', content: text } as const;
  const user = { role: 'user', content: JSON.stringify(count) } as const;
  expect(await answerTo(system, user)).toEqual({ city: 'text' });
  expect(await answerTo({ role: 'user', content: text }, user)).toEqual({ count: 1 });
});

test('a schema in what the model said counts for nothing, and no schema is no schema', async () => {
  const said = { role: 'assistant', content: text } as const;
  const plain = { answer: 'Answer with JSON.' };
  expect(await answerTo({ role: 'user', content: 'Hi' }, said)).toEqual(plain);
  expect(await answerTo({ role: 'user', content: '{"city":"Rome","type":"town"}' })).toEqual(plain);
});

test.each<[text: string, objects: string[]]>([
  ['', []],
  ['{', []],
  ['{}', ['{}']],
  ['{}{ }', ['{}', '{ }']],
  ['{"a":{"b":{}}}', ['{"a":{"b":{}}}']],
  ['{"a":[{},{"b":1}],"c":{}}', ['{"a":[{},{"b":1}],"c":{}}']],
  ['{"a":[{},{"b":1}],"c":{}', ['{}', '{"b":1}', '{}']],
  ['{{{{{"a":1}', ['{"a":1}']],
  ['{"a":1]{"b":2}', ['{"b":2}']],
  ['{"a":[1}{"b":2}', ['{"b":2}']],
  ['{"a}":"{\\"","b":"}"}', ['{"a}":"{\\"","b":"}"}']],
  ['{"a {"b":1}', ['{"b":1}']],
  ['{"a":"open {"b":1}', ['{"b":1}']],
  ['{"a":-1.5e+3,"b":null,"c":true}', ['{"a":-1.5e+3,"b":null,"c":true}']],
  ['{a:1}{"b":2,}', []],
])('the objects in %j', (given, objects) => {
  expect(findObjects(given)).toEqual(objects);
});

test.each([
  ['braces', '{'],
  ['braces and quotes', '{"'],
  ['open objects', '{"a":'],
  ['lists', '{"a":['],
  ['texts with escapes', '{"\\"'],
  ['texts that look like objects', '{"a{":"'],
  ['blank space', '{ \n'],
])('objects are looked for with work that grows as the text does: %s', async (_what, piece) => {
  // Linear is 4, a square 16.
  expect(await growthOf((count) => findObjects(piece.repeat(count)), 20_000)).toBeLessThan(4.5);
});

// ---------------------------------------------------------------- a value is made up

interface Tree {
  name: string;
  children: Tree[];
  parent?: Tree | undefined;
  next: Tree | null;
}
const tree: z.ZodType<Tree> = z.object({
  name: z.string(),
  get children() {
    return z.array(tree);
  },
  get parent() {
    return tree.optional();
  },
  get next() {
    return z.union([tree, z.null()]);
  },
});

const schemas: Record<string, z.ZodType> = {
  text: z.string(),
  'a long text': z.string().min(20),
  'a short text': z.string().max(2),
  formats: z.object({
    at: z.iso.datetime(),
    day: z.iso.date(),
    span: z.iso.duration(),
    email: z.email(),
    id: z.uuid(),
    url: z.url(),
    v4: z.ipv4(),
    v6: z.ipv6(),
  }),
  numbers: z.object({
    any: z.number(),
    int: z.int(),
    positive: z.int().positive(),
    least: z.number().min(18),
    above: z.number().gt(18),
    belowZero: z.int().negative(),
    most: z.number().max(-3),
    below: z.number().lt(0.5).gt(0.25),
    fives: z.number().multipleOf(5).min(11),
    tenths: z.number().multipleOf(0.1).min(0.25).max(0.9),
  }),
  choices: z.object({
    only: z.literal('yes'),
    one: z.enum(['a', 'b']),
    either: z.union([z.object({ a: z.int() }), z.string()]),
    kind: z.discriminatedUnion('type', [
      z.object({ type: z.literal('cat'), lives: z.int().min(2) }),
      z.object({ type: z.literal('dog') }),
    ]),
    none: z.null(),
    perhaps: z.nullable(z.boolean()),
    maybe: z.nullish(z.array(z.int())),
  }),
  lists: z.object({
    list: z.array(z.string()),
    least: z.array(z.int()).min(3),
    most: z.array(z.int()).max(0),
    pair: z.tuple([z.string(), z.int()]),
    rest: z.tuple([z.string()], z.boolean()),
  }),
  records: z.object({
    any: z.record(z.string(), z.int()),
    named: z.record(z.enum(['a', 'b']), z.int().min(5)),
    loose: z.looseObject({ a: z.string() }),
    strict: z.strictObject({ a: z.string().optional() }),
  }),
  both: z.intersection(z.object({ a: z.string() }), z.object({ b: z.int().min(4) })),
  tree,
};

test.each(Object.keys(schemas))('what is made up fits a schema of zod: %s', (name) => {
  const schema = schemas[name] ?? z.never();
  const value = sample(z.toJSONSchema(schema));
  expect(schema.safeParse(value).error).toBeUndefined();
  const shared = sample(z.toJSONSchema(schema, { reused: 'ref' }));
  expect(schema.safeParse(shared).error).toBeUndefined();
  const older = sample(z.toJSONSchema(schema, { target: 'draft-7' }));
  expect(schema.safeParse(older).error).toBeUndefined();
});

test('what is made up fits what pydantic writes', () => {
  const address = { type: 'object', properties: { street: { type: 'string' } } };
  const order = {
    $defs: {
      Address: { ...address, required: ['street'], title: 'Address' },
      Kind: { enum: ['home', 'work'], type: 'string' },
      'A/B~C': { const: 3 },
    },
    type: 'object',
    properties: {
      to: { $ref: '#/$defs/Address', description: 'Where to' },
      from: { allOf: [{ $ref: '#/$defs/Address' }], default: null },
      kind: { $ref: '#/$defs/Kind' },
      note: { anyOf: [{ type: 'string' }, { type: 'null' }], default: null },
      more: { anyOf: [{ type: 'null' }, { $ref: '#/$defs/Address' }] },
      odd: { $ref: '#/$defs/A~1B~0C' },
      at: { type: 'string', format: 'date-time' },
      tags: { type: 'array', items: { type: 'string' }, minItems: 2 },
      price: { anyOf: [{ exclusiveMinimum: 0, type: 'number' }, { type: 'string' }] },
    },
    required: ['to', 'kind'],
  };
  expect(sample(order)).toEqual({
    to: { street: 'text' },
    from: { street: 'text' },
    kind: 'home',
    note: 'text',
    more: { street: 'text' },
    odd: 3,
    at: '2026-11-20T12:00:00Z',
    tags: ['text', 'text'],
    price: 1,
  });
  const older = { definitions: { A: address }, $ref: '#/definitions/A' };
  expect(sample(older)).toEqual({ street: 'text' });
});

test('a schema that has no end is given one, or no value', () => {
  const endless = { type: 'object', properties: { next: { $ref: '#' } } };
  expect(sample(endless)).toEqual({});
  expect(sample({ ...endless, required: ['next'] })).toBeUndefined();
  expect(sample({ $ref: '#' })).toBeUndefined();
  expect(sample({ allOf: [{ $ref: '#' }] })).toBeUndefined();
  expect(sample({ type: 'array', items: { $ref: '#' } })).toEqual([]);
  expect(sample({ anyOf: [{ $ref: '#' }, { type: 'null' }] })).toBeNull();
});

test('a schema that grows, or goes deep, is no trouble', () => {
  const twice = (name: string): object => ({
    type: 'object',
    properties: { a: { $ref: `#/$defs/${name}` }, b: { $ref: `#/$defs/${name}` } },
  });
  const $defs = Object.fromEntries(
    Array.from({ length: 40 }, (_, index) => [`D${index}`, twice(`D${index + 1}`)]),
  );
  expect(sample({ ...twice('D0'), $defs })).toHaveProperty('a.a.a');
  const all = Object.fromEntries(
    Array.from({ length: 40 }, (_, index) => {
      const $ref = `#/$defs/D${index + 1}`;
      return [`D${index}`, { allOf: [{ $ref }, { $ref }] }];
    }),
  );
  expect(sample({ $ref: '#/$defs/D0', $defs: all })).toBeUndefined();
  let deep: object = { type: 'string' };
  for (let depth = 0; depth < 5_000; depth++) deep = { type: 'object', properties: { a: deep } };
  expect(sample(deep)).toHaveProperty('a.a.a');
  let wrapped: object = { type: 'string' };
  for (let depth = 0; depth < 5_000; depth++) wrapped = { allOf: [wrapped] };
  expect(sample(wrapped)).toBeUndefined();
  expect(JSON.stringify(sample({ type: 'string', minLength: 1e9 })).length).toBeLessThan(200_000);
  expect(sample({ type: 'array', minItems: 1e9, items: {} })).toBeUndefined();
});

test.each([[undefined], [null], [5], ['x'], [[]], [true]])('%o is no schema', (schema) => {
  expect(sample(schema)).toBeUndefined();
});

test('arguments of a call are an object, whatever the schema says of them', async () => {
  const { transport } = createEmulator();
  const client = createClient({ apiKey: 'any', transport });
  for (const parameters of [undefined, {}, { properties: { n: { type: 'integer' } } }]) {
    const { choices } = await client.chat.completions.create({
      messages: [{ role: 'user', content: 'Hi' }],
      tools: [{ type: 'function', function: { name: 'f', parameters } }],
    });
    const [call] = choices[0].message.tool_calls ?? [];
    const expected = parameters?.properties === undefined ? {} : { n: 1 };
    expect(call?.type === 'function' && JSON.parse(call.function.arguments)).toEqual(expected);
  }
});
