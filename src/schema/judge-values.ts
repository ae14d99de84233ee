import type { Input, Range, TextRule } from './input.ts';
import type { Misfit } from './misfit.ts';
import { at, optionMessage, outOf, wrong } from './misfit.ts';

/** What is found out about a value while it is looked at. */
export interface Look {
  /** Whether it can be taken as it is: nothing has to be left out. */
  isWhole: boolean;
}

/** An {@link Input}, made ready to judge many values: a value that fits costs no more than a look at each field. */
export interface Judge {
  /** Nothing, if the value fits. */
  misfits(value: unknown, look: Look): Misfit[] | undefined;
  /** Of a value that fits, what is listed. */
  kept(value: unknown): unknown;
  /** Whether there need be no value at all. */
  isOptional?: true;
}

/** A judge of what has no parts. */
function simple(misfits: Judge['misfits']): Judge {
  return { misfits, kept: (value) => value };
}

export const anything = /* @__PURE__ */ simple(() => undefined);

// Each by a literal in the code: that is the fastest access.
const judges = {
  string: /* @__PURE__ */ simple((value) =>
    typeof value === 'string' ? undefined : [wrong('string', value)],
  ),
  boolean: /* @__PURE__ */ simple((value) =>
    typeof value === 'boolean' ? undefined : [wrong('boolean', value)],
  ),
  number: /* @__PURE__ */ ofNumber({ from: -Infinity, to: Infinity }, false),
  unknown: anything,
};

/** A judge of a type; of one with `?`, what it says of a value that is there. */
export function ofType(type: Input & string): Judge {
  return judges[type.replace('?', '') as keyof typeof judges];
}

export function ofText(rule: TextRule): Judge {
  if ('pattern' in rule) {
    return simple((value) => {
      if (typeof value !== 'string') return [wrong('string', value)];
      return rule.pattern.test(value) ? undefined : [at(rule.otherwise)];
    });
  }
  const { least: from, most: to = Infinity } = rule;
  const range = { from, to };
  return simple((value) =>
    typeof value === 'string'
      ? outOf(range, value.length, 'string to have', ' characters')
      : [wrong('string', value)],
  );
}

export function ofNumber(range: Range, isInteger: boolean): Judge {
  return simple((value) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) return [wrong('number', value)];
    if (isInteger && !Number.isInteger(value)) return [wrong('int', value)];
    return outOf(range, value, 'number to be', '');
  });
}

export function ofWords(words: readonly unknown[]): Judge {
  return simple((value) => {
    if (words.includes(value)) return undefined;
    const misfit = at(optionMessage(words));
    const type = typeof words[0];
    return [typeof value === type ? misfit : { ...misfit, expected: type }];
  });
}
