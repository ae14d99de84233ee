import type { Input, ListInput, RecordInput } from './input.ts';
import { fieldsOf } from './input.ts';
import type { Judge, Look } from './judge-values.ts';
import { anything, ofNumber, ofText, ofType, ofWords } from './judge-values.ts';
import type { Fields, Misfit } from './misfit.ts';
import { at, isObject, isPlain, mostNamed, optionMessage, outOf, wrong } from './misfit.ts';
import type { Checked, StandardResult, StandardSchemaV1 } from './standard.ts';
import { dotted, once, unknownField } from './standard.ts';

/**
 * Makes a function that holds values to an {@link Input}. What fits comes out as it went in, or, if there is more in it
 * than is listed, as a copy without that.
 */
export function createJudge(input: Input): (value: unknown) => Checked {
  const judge = once(() => judgeOf(input));
  return (value) => {
    const judged = hold(judge(), value);
    if (judged.issues === undefined) return { ok: true, value: judged.value };
    const issues = judged.issues.map(({ path, message, count }) => ({
      path: dotted(path),
      message,
      ...(count !== undefined && { count }),
    }));
    return { ok: false, issues };
  };
}

/** Offers an {@link Input} to the outside. */
export function asStandardInput<Output>(input: Input): StandardSchemaV1<Output> {
  const judge = once(() => judgeOf(input));
  return {
    '~standard': {
      version: 1,
      vendor: 'deepseek-v4-flash',
      validate: (value) => hold(judge(), value) as StandardResult<Output>,
    },
  };
}

function hold(judge: Judge, value: unknown): { value?: unknown; issues?: Misfit[] } {
  const look = { isWhole: true };
  const issues = judge.misfits(value, look);
  if (issues !== undefined) return { issues };
  return { value: look.isWhole ? value : judge.kept(value) };
}

function judgeOf(input: Input): Judge {
  if (typeof input === 'string') {
    return input.endsWith('?') ? maybe(ofType(input)) : ofType(input);
  }
  if ('maybe' in input) return maybe(judgeOf(input.maybe));
  if ('optional' in input) return optional(judgeOf(input.optional));
  if ('text' in input) return ofText(input.text);
  if ('number' in input) return ofNumber(input.number, false);
  if ('integer' in input) return ofNumber(input.integer, true);
  if ('oneOf' in input) return ofWords(input.oneOf);
  if ('list' in input) return ofList(input);
  if ('map' in input) return ofMap(judgeOf(input.map));
  if ('either' in input) return ofEither(input.either.map(judgeOf));
  return 'by' in input ? ofKind(input.by, input.of) : ofRecord(input);
}

function maybe({ misfits, kept }: Judge): Judge {
  return {
    misfits: (value, look) => (value == null ? undefined : misfits(value, look)),
    kept: (value) => (value == null ? value : kept(value)),
    isOptional: true,
  };
}

function optional({ misfits, kept }: Judge): Judge {
  return {
    misfits: (value, look) => (value === undefined ? undefined : misfits(value, look)),
    kept: (value) => (value === undefined ? value : kept(value)),
    isOptional: true,
  };
}

function ofList({ list, least: from = 0, most: to = Infinity, otherwise }: ListInput): Judge {
  const item = judgeOf(list);
  const range = { from, to };
  return {
    misfits(value, look) {
      if (!Array.isArray(value)) return [wrong('array', value)];
      const size = outOf(range, value.length, 'array to have', ' items');
      if (size !== undefined) {
        return otherwise !== undefined && value.length < from ? [at(otherwise)] : size;
      }
      let found: Misfit[] | undefined;
      let broken = 0;
      for (let index = 0; index < value.length; index++) {
        const misfits = item.misfits(value[index], look);
        if (misfits !== undefined && ++broken <= mostNamed) found = below(index, misfits, found);
      }
      return withRest(found, broken, (count) => `has ${count} more items that do not fit`);
    },
    kept: (value) => (value as unknown[]).map((each) => item.kept(each)),
  };
}

function ofMap(item: Judge): Judge {
  const isAnything = item === anything;
  return {
    misfits(value, look) {
      if (!isObject(value) || !isPlain(value)) return [wrong('record', value)];
      if (isAnything) return undefined;
      let found: Misfit[] | undefined;
      let broken = 0;
      for (const name of Object.keys(value)) {
        // Not given.
        if (value[name] === undefined) look.isWhole = false;
        const misfits = value[name] === undefined ? undefined : item.misfits(value[name], look);
        if (misfits !== undefined && ++broken <= mostNamed) found = below(name, misfits, found);
      }
      return withRest(found, broken, (count) => `has ${count} more fields that do not fit`);
    },
    kept: (value) =>
      isAnything
        ? value
        : Object.fromEntries(
            Object.entries(value as object)
              .filter(([, each]) => each !== undefined)
              .map(([name, each]) => [name, item.kept(each)]),
          ),
  };
}

function ofEither(branches: readonly Judge[]): Judge {
  const fitting = (value: unknown, look: Look): Judge | undefined => {
    for (const branch of branches) {
      if (branch.misfits(value, look) === undefined) return branch;
    }
    return undefined;
  };
  return {
    misfits(value, look) {
      if (fitting(value, look) !== undefined) return undefined;
      const found = branches.map(({ misfits }) => misfits(value, look) ?? []);
      const expected = found.map(([first]) => first?.expected);
      // The branch for values of this type says more than the others.
      const meant = found.filter((_, index) => expected[index] === undefined);
      return meant.length === 1 ? meant[0] : [wrong(expected.join(' or '), value)];
    },
    kept: (value) => fitting(value, { isWhole: true })?.kept(value),
  };
}

/** Judges by a name, each made at the first need: most requests have few of the fields. */
function judgesFor(
  inputFor: (name: unknown) => Input | undefined,
): (name: unknown) => Judge | undefined {
  const made = new Map<unknown, Judge>();
  return (name) => {
    const known = made.get(name);
    if (known !== undefined) return known;
    const input = inputFor(name);
    const judge = input && judgeOf(input);
    if (judge !== undefined) made.set(name, judge);
    return judge;
  };
}

function ofKind(name: string, records: readonly RecordInput[]): Judge {
  const kinds = new Map(
    records.flatMap((record) => {
      const { oneOf } = fieldsOf(record)[name] as { oneOf: readonly unknown[] };
      return oneOf.map((word) => [word, record] as const);
    }),
  );
  const judgeFor = judgesFor((word) => kinds.get(word));
  return {
    misfits(value, look) {
      if (!isObject(value)) return [wrong('object', value)];
      const judge = judgeFor(value[name]);
      if (judge !== undefined) return judge.misfits(value, look);
      return [{ path: [name], message: optionMessage([...kinds.keys()]) }];
    },
    kept: (value) => judgeFor((value as Fields)[name])?.kept(value),
  };
}

function ofRecord(input: RecordInput): Judge {
  const inputs = fieldsOf(input);
  const names = Object.keys(inputs);
  const required = names.filter((name) => isRequired(inputs[name]));
  const isStrict = 'strict' in input;
  const { apart } = isStrict ? input : {};
  const judgeFor = judgesFor((name) =>
    Object.hasOwn(inputs, name as string) ? inputs[name as string] : undefined,
  );

  const misfits = (value: unknown, look: Look): Misfit[] | undefined => {
    if (!isObject(value)) return [wrong('object', value)];
    let found: Misfit[] | undefined;
    let missing = required.length;
    let unknown = 0;
    for (const name of namesIn(value, names, look)) {
      const field = value[name];
      // Not given, whether it is known or not.
      if (field === undefined) continue;
      const judge = judgeFor(name);
      if (judge === undefined) {
        look.isWhole = false;
        if (isStrict && ++unknown <= mostNamed) found = below(name, [at(unknownField)], found);
        continue;
      }
      if (judge.isOptional !== true) missing--;
      const inner = judge.misfits(field, look);
      if (inner !== undefined) found = below(name, inner, found);
    }
    for (const name of missing > 0 ? required : []) {
      if (value[name] !== undefined) continue;
      found = below(name, judgeFor(name)?.misfits(undefined, look) ?? [], found);
    }
    if (apart?.every((name) => value[name] !== undefined)) {
      found = [...(found ?? []), at(`accepts \`${apart.join('` or `')}\`, not both`)];
    }
    if (found === undefined) return undefined;
    const rest = (count: number): string => `has ${count} more fields that are not known`;
    return withRest(inOrder(found, names), unknown, rest);
  };
  const kept = (value: unknown): Fields => {
    const record: Fields = {};
    for (const name of names) {
      const field = (value as Fields)[name];
      if (field !== undefined) record[name] = judgeFor(name)?.kept(field);
    }
    return record;
  };
  return { misfits, kept };
}

function isRequired(input: Input | undefined): boolean {
  if (typeof input !== 'object') return input?.endsWith('?') === false;
  return !('maybe' in input || 'optional' in input);
}

/** As the fields are listed, and unknown ones last. */
function inOrder(misfits: readonly Misfit[], names: readonly string[]): Misfit[] {
  const place = ({ path: [name] }: Misfit): number => {
    const index = names.indexOf(name as string);
    return index < 0 ? names.length : index;
  };
  return misfits.toSorted((a, b) => place(a) - place(b));
}

/** The names to look at: of an instance of a class, what it inherits as well. */
function namesIn(value: Fields, known: readonly string[], look: Look): readonly string[] {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return Object.keys(value);
  look.isWhole = false;
  const names = new Set(known);
  for (const name in value) names.add(name);
  return [...names];
}

/** What was named, and how many there were beside. */
function withRest(
  found: Misfit[] | undefined,
  all: number,
  message: (count: number) => string,
): Misfit[] | undefined {
  const count = all - mostNamed;
  if (found !== undefined && count > 0) found.push({ ...at(message(count)), count });
  return found;
}

function below(name: string | number, misfits: readonly Misfit[], found: Misfit[] = []): Misfit[] {
  for (const { path, message, count } of misfits) {
    found.push({ path: [name, ...path], message, ...(count !== undefined && { count }) });
  }
  return found;
}
