import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBySchema, decodeChunkBySchema } from '../../src/dialect/decode.ts';
import { isPlainChunk, isPlainCompletion } from '../../src/dialect/plain-answer.ts';
import type { ReportIssue } from '../../src/schema/issue.ts';
import { usageShape } from '../../src/schema/answer-shapes.ts';
import { isPlainUsage } from '../../src/schema/usage.ts';

// What is told by hand must be what the schemas say: they are the judge.

/** Mostly what belongs there, now and then anything else. */
const mostly = (...usual: unknown[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...usual) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        null,
        7,
        Infinity,
        '',
        'text',
        true,
        [],
        ['x'],
        {},
        { a: 1 },
        undefined,
      ),
    },
  );

const record = (fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 20, arbitrary: fc.record(fields, { requiredKeys: [] }) },
    { weight: 40, arbitrary: fc.record(fields) },
    { weight: 1, arbitrary: fc.constantFrom(null, 'text', [], 3) },
  );

const usage = record({
  prompt_tokens: mostly(1),
  completion_tokens: mostly(2),
  prompt_cache_hit_tokens: mostly(0, null),
  prompt_tokens_details: mostly({ cached_tokens: 0 }, null, { cached_tokens: 'x' }),
  completion_tokens_details: mostly({ reasoning_tokens: 2 }, { reasoning_tokens: Infinity }),
  cost: mostly('0.1'),
});

const text = (content: unknown): Record<string, fc.Arbitrary<unknown>> => ({
  content: mostly('Hello', content),
  reasoning_content: mostly('Hm', null),
  ...rare('refusal', 'annotations', 'audio', 'tool_calls', 'reasoning', 'reasoning_details', 'own'),
});

/** Fields that are seldom there. */
function rare(...names: string[]): Record<string, fc.Arbitrary<unknown>> {
  return Object.fromEntries(names.map((name) => [name, mostly(undefined)]));
}

const top = {
  id: mostly('a'),
  created: mostly(1),
  model: mostly('m'),
  system_fingerprint: mostly('f', null),
  ...rare('service_tier', 'meta', 'own'),
};

const completion = record({
  ...top,
  object: mostly('chat.completion'),
  usage: fc.oneof(usage, fc.constant(undefined)),
  choices: fc.array(
    record({
      index: mostly(0, 1),
      finish_reason: mostly('stop', 'length', ''),
      logprobs: mostly(null, undefined),
      message: record({ role: mostly('assistant'), ...text(null) }),
      ...rare('reasoning', 'reasoning_content', 'own'),
    }),
    { maxLength: 2 },
  ),
}).map(withoutUndefined);

const callPiece = record({
  index: mostly(0, 3),
  function: record({ arguments: mostly('{"a":', ''), ...rare('name', 'own') }),
  ...rare('id', 'type', 'custom', 'own'),
});

const chunk = record({
  ...top,
  object: mostly('chat.completion.chunk'),
  usage: mostly(null, undefined),
  choices: fc.array(
    record({
      index: mostly(0),
      finish_reason: mostly(null),
      logprobs: mostly(null, undefined),
      delta: record({
        role: mostly('assistant', undefined),
        ...text(null),
        tool_calls: fc.oneof(
          { weight: 2, arbitrary: fc.constant(undefined) },
          { weight: 1, arbitrary: fc.array(callPiece, { maxLength: 2 }) },
        ),
      }),
      ...rare('reasoning', 'reasoning_content', 'own'),
    }),
    { maxLength: 2 },
  ),
}).map(withoutUndefined);

/** As it comes from the wire, where numbers may be beyond all measure and nothing is undefined. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null) return value;
  const given = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(given.map(([name, each]) => [name, withoutUndefined(each)]));
}

test('a whole answer that is plain by hand is what the schemas make of it', () => {
  let plain = 0;
  fc.assert(
    fc.property(completion, (body) => {
      if (!isPlainCompletion(body)) return;
      plain++;
      const issues: ReportIssue[] = [];
      expect(decodeBySchema(body, (issue) => issues.push(issue))).toEqual(body);
      expect(issues).toEqual([]);
    }),
    { numRuns: 20_000, seed: 20_261_121 },
  );
  expect(plain).toBeGreaterThan(200);
});

test('an event that is plain by hand is what the schemas make of it', () => {
  let plain = 0;
  let plainCalls = 0;
  fc.assert(
    fc.property(chunk, fc.constantFrom(undefined, 0, 1), (data, reasoningPlace) => {
      if (!isPlainChunk(data, { reasoningPlace })) return;
      plain++;
      if (data.choices[0]?.delta.tool_calls !== undefined) plainCalls++;
      const issues: ReportIssue[] = [];
      const judged = decodeChunkBySchema(data, (issue) => issues.push(issue), { reasoningPlace });
      // Only there: an event may say that it has no usage, and is handed on with that.
      expect({ usage: null, ...judged }).toEqual({ usage: null, ...data });
      expect(issues).toEqual([]);
    }),
    { numRuns: 20_000, seed: 20_261_121 },
  );
  expect(plain).toBeGreaterThan(200);
  expect(plainCalls).toBeGreaterThan(50);
});

test('every counter that the shape knows is known by hand', () => {
  const { record } = usageShape;
  const counters = Object.entries(record).filter(([, shape]) => shape === 'number?');
  for (const [name] of counters) {
    expect([name, isPlainUsage({ [name]: 'x' })]).toEqual([name, false]);
  }
  for (const detail of ['prompt_tokens_details', 'completion_tokens_details'] as const) {
    for (const name of Object.keys(record[detail].maybe.record)) {
      expect([name, isPlainUsage({ [detail]: { [name]: 'x' } })]).toEqual([name, false]);
      expect(isPlainUsage({ [detail]: { [name]: 1 } })).toBe(true);
    }
  }
  expect(counters).toHaveLength(5);
});
