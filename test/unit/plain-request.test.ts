import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isPlainRequest } from '../../src/request/plain-request.ts';
import { requestZod } from '../../src/schema/request.ts';
import { check } from '../../src/schema/standard.ts';

const odd = fc.constantFrom<unknown>(
  null,
  undefined,
  '',
  'text',
  0,
  -1,
  1,
  1.5,
  3,
  NaN,
  Infinity,
  2 ** 53,
  true,
  [],
  ['x'],
  {},
  { type: 'text', text: 'x' },
  new Date(0),
  Object.create({ role: 'user' }),
);

const mostly = (...usual: unknown[]): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 15, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: odd });

/** Some of the fields; one that is undefined is not there. */
const some = (fields: Record<string, fc.Arbitrary<unknown>>) =>
  fc
    .record(fields, { noNullPrototype: true })
    .map((record) =>
      Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)),
    );

const seldom = fc.oneof(
  { weight: 30, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: odd },
);
const maybe = (...usual: unknown[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: mostly(...usual) },
  );

const message = fc.oneof(
  {
    weight: 12,
    arbitrary: some({
      role: mostly('system', 'developer', 'user'),
      content: mostly('Hi'),
      name: maybe('Ada', null),
      own: seldom,
    }),
  },
  {
    weight: 6,
    arbitrary: some({
      role: mostly('assistant'),
      content: maybe('Hi', null),
      reasoning_content: maybe('Hm', null),
      tool_calls: seldom,
      prefix: seldom,
    }),
  },
  {
    weight: 3,
    arbitrary: some({ role: mostly('tool'), content: mostly('Hi'), tool_call_id: mostly('a') }),
  },
  { weight: 1, arbitrary: odd },
);

const request = some({
  messages: fc.oneof(
    { weight: 15, arbitrary: fc.array(message, { minLength: 1, maxLength: 3 }) },
    { weight: 1, arbitrary: odd },
  ),
  model: maybe('deepseek-v4-flash'),
  max_tokens: maybe(1, 100),
  max_completion_tokens: maybe(7),
  temperature: maybe(0, 0.5, 2),
  top_p: maybe(0, 1),
  frequency_penalty: maybe(-2, 2),
  presence_penalty: maybe(0),
  stop: maybe('x', ['a', 'b']),
  stream: maybe(true, false),
  stream_options: maybe({}, { include_usage: true }, { include_usage: null }),
  thinking: maybe(
    { type: 'enabled' },
    { type: 'disabled', reasoning_effort: 'low' },
    { type: 'x' },
  ),
  reasoning_effort: maybe('none', 'max', 'ultra'),
  user: seldom,
  tools: seldom,
  own: seldom,
});

test('a request that is plain by hand passes its schema, and comes out of it as it went in', () => {
  let plain = 0;
  let sorted = 0;
  fc.assert(
    fc.property(request, (params) => {
      sorted++;
      if (!isPlainRequest(params)) return;
      plain++;
      const checked = check(requestZod(), params);
      expect(checked).toEqual({ ok: true, value: params });
    }),
    { numRuns: 30_000, seed: 20_261_121 },
  );
  // Neither side may be empty, or nothing was shown.
  expect(plain).toBeGreaterThan(300);
  expect(sorted - plain).toBeGreaterThan(300);
});

test('the plainest requests are plain', () => {
  const messages = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello', reasoning_content: 'A greeting.' },
    { role: 'user', content: 'Why is the sky blue?' },
  ];
  expect(isPlainRequest({ messages })).toBe(true);
  expect(
    isPlainRequest({ messages, stream: true, max_tokens: 10, thinking: { type: 'disabled' } }),
  ).toBe(true);
});
