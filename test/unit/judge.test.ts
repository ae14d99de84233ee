import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { completionInput } from '../../src/schema/fill.ts';
import type { Input } from '../../src/schema/input.ts';
import { fieldsOf } from '../../src/schema/input.ts';
import { schemaOfInput } from '../../src/schema/input-schema.ts';
import { createJudge } from '../../src/schema/judge.ts';
import { requestInput } from '../../src/schema/request.ts';
import { requestZod } from '../../src/schema/request-schema.ts';
import { validate } from '../../src/schema/standard.ts';

// Calls are held to a description by our own judge, and the schema that is offered to the outside is made of the same
// description. Here both are shown the same values.

const odd = fc.constantFrom<unknown>(
  null,
  '',
  'text',
  0,
  -1,
  1.5,
  NaN,
  -Infinity,
  2 ** 53,
  true,
  [],
  [7],
  ['x'],
  {},
  { type: 'x' },
  new Date(0),
  Object.create({ role: 'user' }),
  Object.assign(Object.create(null), { a: 'x' }),
);

const boundary = (from: number, to: number): fc.Arbitrary<unknown> =>
  fc.constantFrom<unknown>(from, to, from - 1, to + 1, (from + to) / 2);

/** Values of a description, and some that are nearly of it. */
function near(input: Input): fc.Arbitrary<unknown> {
  if (typeof input === 'string') return rarely(odd, ofWord(input.replace('?', '')));
  if ('maybe' in input) return rarely(fc.constant(null), near(input.maybe));
  if ('optional' in input) return near(input.optional);
  if ('by' in input) return rarely(odd, fc.oneof(...input.of.map(near)));
  if ('either' in input) return rarely(odd, fc.oneof(...input.either.map(near)));
  if ('map' in input) {
    return rarely(odd, fc.dictionary(fc.constantFrom('a', 'b.c'), near(input.map)));
  }
  if ('list' in input) return rarely(odd, ofList(near(input.list), input.most));
  if ('oneOf' in input) return rarely(odd, fc.constantFrom(...input.oneOf));
  if ('number' in input) return rarely(odd, boundary(input.number.from, input.number.to));
  if ('integer' in input) return rarely(odd, boundary(input.integer.from, input.integer.to));
  if ('text' in input) return rarely(odd, fc.constantFrom('a', 'a b', 'x'.repeat(513)));
  const fields = Object.entries(fieldsOf(input));
  const known = Object.fromEntries(fields.map(([name, field]) => [name, near(field)]));
  const isThere = fields.map(([name, field]) => [name, isRequired(field) ? 40 : 2] as const);
  return rarely(
    odd,
    fc
      .tuple(
        fc.record(known),
        fc.tuple(...isThere.map(([, weight]) => fc.nat({ max: weight }))),
        fc.nat({ max: 40 }),
      )
      .map(([record, chances, chance]) => {
        const unknown = chance === 0 ? { own: 1, other: null } : {};
        const given = isThere.flatMap(([name, weight], index) =>
          (weight === 2 ? chances[index] === 1 : chances[index] !== 0)
            ? [[name, record[name]]]
            : [],
        );
        return { ...unknown, ...Object.fromEntries(given) };
      }),
  );
}

const rarely = (
  seldom: fc.Arbitrary<unknown>,
  usual: fc.Arbitrary<unknown>,
): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 60, arbitrary: usual }, { weight: 1, arbitrary: seldom });

function ofWord(word: string): fc.Arbitrary<unknown> {
  if (word === 'number') return fc.double({ noNaN: true, noDefaultInfinity: true });
  return word === 'boolean' ? fc.boolean() : fc.constantFrom('', 'text');
}

function ofList(item: fc.Arbitrary<unknown>, most: number | undefined): fc.Arbitrary<unknown> {
  const few = fc.array(item, { maxLength: 3 });
  if (most === undefined) return few;
  return rarely(
    item.map((each) => Array.from({ length: most + 1 }, () => each)),
    few,
  );
}

function isRequired(input: Input): boolean {
  return typeof input === 'string'
    ? !input.endsWith('?')
    : !('maybe' in input || 'optional' in input);
}

interface Issue {
  path: string;
  message: string;
}

/**
 * The first thing that is told of each place: one more may follow from it. What two fields say of one another is told by
 * the schema only if nothing else is wrong with either.
 */
function comparable(all: readonly Issue[]): Issue[] {
  // That a whole number is beyond what a number can hold: that it is out of its range is told besides.
  const issues = all.filter(({ message }) => !message.includes('expected int to be'));
  const told = issues.filter(
    ({ path }, index) => issues.findIndex((each) => each.path === path) === index,
  );
  const isOfTwo = ({ message }: Issue): boolean => message.endsWith('not both');
  return told.length > 1 ? told.filter((issue) => !isOfTwo(issue)) : told;
}

/** What the schema library has no good words for, ours says in words that it has for something else. */
function inBetterWords(theirs: Issue, ours: Issue | undefined): Issue {
  const { path } = theirs;
  const message = theirs.message.replace('received Object', 'received object');
  const isMeant =
    (theirs.message === 'Invalid input' &&
      /^(Invalid input|Invalid option|Too big|Too small): expected/.test(ours?.message ?? '')) ||
    (theirs.message.startsWith('Invalid discriminator value') &&
      ours?.message.startsWith('Invalid option: expected one of'));
  return { path, message: isMeant && ours !== undefined ? ours.message : message };
}

const everything = {
  strict: {
    apart: {
      maybe: { strict: { one: 'number?', two: 'string?' }, apart: ['one', 'two'] },
    },
    pattern: { text: { pattern: /^a$/, otherwise: 'must be a' } },
    kept: { optional: { record: { name: 'string', size: { integer: { from: 0, to: 3 } } } } },
  },
} as const satisfies Input;

test.each<[string, Input]>([
  ['a request', requestInput],
  ['a text with a gap', completionInput],
  ['what else can be described', everything],
])('%s gets the same verdict, value and words from the judge as from its schema', (_, input) => {
  const judge = createJudge(input);
  const schema = schemaOfInput(input as never);
  let fitting = 0;
  let broken = 0;
  fc.assert(
    fc.property(near(input), (value) => {
      const ours = judge(value);
      const theirs = validate(schema, value);
      if (theirs.ok) {
        fitting++;
        expect(ours).toEqual(theirs);
        return;
      }
      broken++;
      const issues = comparable(ours.ok ? [] : ours.issues);
      const expected = comparable(theirs.issues);
      expect(issues).toEqual(expected.map((each, index) => inBetterWords(each, issues[index])));
    }),
    { numRuns: 8_000, seed: 20_261_130 },
  );
  // Neither side may be empty, or nothing was shown.
  expect(fitting).toBeGreaterThan(200);
  expect(broken).toBeGreaterThan(200);
});

const judgeRequest = createJudge(requestInput);

test('a request that holds nothing but known fields comes out as it went in', () => {
  const call = { id: 'a', type: 'function', function: { name: 'now', arguments: '{}' } };
  const params = {
    messages: [
      { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: null, reasoning_content: 'Hm.', tool_calls: [call] },
      { role: 'tool', tool_call_id: 'a', content: 'Noon' },
    ],
    tools: [{ type: 'function', function: { name: 'now', parameters: { type: 'object' } } }],
    stream: true,
    thinking: { type: 'disabled' },
    made_up: undefined,
  };

  const judged = judgeRequest(params);

  expect(judged.ok && judged.value).toBe(params);
});

test('of a message that holds more, a copy comes out with what is known, and the request stays as it was', () => {
  const message = { role: 'assistant', content: 'Hi', annotations: [], audio: null };
  const params = { messages: [{ role: 'user', content: 'Hi', own: 1 }, message], user: undefined };
  const before = structuredClone(params);

  const judged = judgeRequest(params);

  expect(judged).toStrictEqual({
    ok: true,
    value: {
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hi' },
      ],
    },
  });
  expect(params).toStrictEqual(before);
});

test('an instance of a class is read by what it inherits too', () => {
  class Message {
    role = 'user';
    readonly #content: string;
    constructor(content: string) {
      this.#content = content;
    }
    get content(): string {
      return this.#content;
    }
  }

  expect(judgeRequest({ messages: [new Message('Hi')] })).toStrictEqual({
    ok: true,
    value: { messages: [{ role: 'user', content: 'Hi' }] },
  });
});

test.each([
  [{ stop: 7 }, 'stop', 'Invalid input: expected string or array, received number'],
  [
    { tool_choice: 'any' },
    'tool_choice',
    'Invalid option: expected one of "none"|"auto"|"required"',
  ],
  [
    { messages: [{ role: 'robot' }] },
    'messages.0.role',
    'Invalid option: expected one of "system"|"developer"|"user"|"assistant"|"tool"',
  ],
  [{ user: new Date(0) }, 'user', 'Invalid input: expected string, received Date'],
])('of %j it is said what would be right', (params, path, message) => {
  const messages = [{ role: 'user', content: 'Hi' }];

  expect(judgeRequest({ messages, ...params })).toStrictEqual({
    ok: false,
    issues: [{ path, message }],
  });
});

test('the schema that is offered is made of the description that calls are held to', () => {
  expect(Object.keys(requestZod()._zod.def)).toContain('shape');
  expect(validate(requestZod(), { messages: [] })).toEqual(judgeRequest({ messages: [] }));
});
