import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  annotationsShape,
  audioShape,
  logprobsShape,
  metaShape,
  usageShape,
} from '../../src/schema/answer-shapes.ts';
import type { Shape } from '../../src/schema/shape.ts';
import { misfits } from '../../src/schema/shape.ts';
import { schemaOf } from '../../src/schema/shape-schema.ts';
import { validate } from '../../src/schema/standard.ts';

// Reading goes by the shapes, and the schemas that are offered to the outside are made of them.

const shapes = { annotationsShape, audioShape, logprobsShape, metaShape, usageShape };

/** Values of a shape, and some that are nearly of it. */
function near(shape: Shape): fc.Arbitrary<unknown> {
  const odd = fc.constantFrom<unknown>(null, undefined, 'text', 1, Infinity, [], {}, [null], true);
  const often = (right: fc.Arbitrary<unknown>) =>
    fc.oneof({ weight: 12, arbitrary: right }, { weight: 1, arbitrary: odd });
  if (typeof shape === 'string') {
    return often(shape.startsWith('number') ? fc.double({ noNaN: true }) : fc.string());
  }
  if ('either' in shape) return often(fc.oneof(...shape.either.map(near)));
  if ('maybe' in shape) return near(shape.maybe);
  if ('list' in shape) return often(fc.array(near(shape.list), { maxLength: 3 }));
  return often(
    fc.record(
      Object.fromEntries(Object.entries(shape.record).map(([name, each]) => [name, near(each)])),
      { requiredKeys: [] },
    ),
  );
}

test.each(Object.entries(shapes))('%s says what its schema says, and where', (_name, shape) => {
  const schema = schemaOf(shape as never);
  let fitting = 0;
  fc.assert(
    fc.property(near(shape), (value) => {
      const judged = validate(schema, value);
      const issues = misfits(shape, value);
      if (issues.length === 0) fitting++;
      const pathsOf = (list: readonly { path: string }[]) => list.map(({ path }) => path);
      expect(pathsOf(issues)).toEqual(judged.ok ? [] : pathsOf(judged.issues));
    }),
    { numRuns: 2_000, seed: 20_261_125 },
  );
  expect(fitting).toBeGreaterThan(100);
});
