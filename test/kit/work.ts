import { Session } from 'node:inspector';

// How much work code does, counted and not timed: the same number on every machine, however busy that is.
//
// V8 counts how often each block of code is entered. Built-in functions have no blocks: they are counted by the
// characters and elements that they go over. Not seen are spreads of objects, and a character taken by `text[at]`.

const session = new Session();
session.connect();
session.post('Profiler.enable');
// Only code that is compiled from here on is counted, so this file is imported before what is measured.
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

let isCounting = false;
let passedOver = 0;

/** The work of a run: blocks of code entered, characters and elements gone over. */
export async function workOf(run: () => unknown): Promise<number> {
  takeBlocks();
  passedOver = 0;
  isCounting = true;
  try {
    await run();
  } finally {
    isCounting = false;
  }
  return passedOver + takeBlocks();
}

/** How many times as much work four times the input takes: 4 if each piece takes its share, up to 16 by a square. */
export async function growthOf(run: (count: number) => unknown, count: number): Promise<number> {
  // What is made once is made here.
  await run(count);
  const some = await workOf(() => run(count));
  return (await workOf(() => run(4 * count))) / some;
}

/** How many blocks of code were entered since this was asked last. */
function takeBlocks(): number {
  let entered = 0;
  session.post('Profiler.takePreciseCoverage', (error, { result }) => {
    if (error !== null) throw error;
    for (const { functions } of result) {
      for (const { ranges } of functions) for (const { count } of ranges) entered += count;
    }
  });
  return entered;
}

// ---------------------------------------------------------------- built-in functions

type BuiltIn = (this: unknown, ...given: unknown[]) => unknown;

/** Asked before the call; what can only be told by the result, after it. */
type Cost<Self> = (self: Self, given: readonly unknown[]) => number | ((result: unknown) => number);

function countCalls<Self>(owner: object, names: readonly PropertyKey[], cost: Cost<Self>): void {
  for (const name of names) {
    const builtIn = Reflect.get(owner, name) as BuiltIn;
    const counted: BuiltIn = function counted(...given) {
      if (!isCounting) return Reflect.apply(builtIn, this, given);
      const told = cost(this as Self, given);
      // What it fails over has been gone over, too.
      if (typeof told === 'number') passedOver += told;
      const result: unknown = Reflect.apply(builtIn, this, given);
      if (typeof told !== 'number') passedOver += told(result);
      return result;
    };
    Object.defineProperty(owner, name, { value: counted });
  }
}

const lengthOf = (value: unknown): number => (value as { length?: number } | null)?.length ?? 0;
const ownLength = ({ length }: { length: number }): number => length;

const seenLast: string[] = Array.from({ length: 16 }, () => '');

/** A text that was put together is copied when somebody looks at it for the first time. */
function copying(text: string): number {
  for (const seen of seenLast) if (seen === text) return 0;
  seenLast.copyWithin(0, 1);
  seenLast[seenLast.length - 1] = text;
  return text.length;
}

const one: Cost<string> = (text) => copying(text) + 1;
const all: Cost<string> = (text) => copying(text) + text.length;
const taken: Cost<string> = (text) => (result) => copying(text) + lengthOf(result);
const upTo: Cost<string> = (text, [sought, from = 0]) => {
  const before = copying(text) + lengthOf(sought);
  return (found) =>
    before + (found === -1 ? text.length - Number(from) : Number(found) - Number(from));
};

const texts = String.prototype;
countCalls(texts, ['at', 'charAt', 'charCodeAt', 'codePointAt', 'startsWith', 'endsWith'], one);
countCalls(texts, ['slice', 'substring', 'padEnd', 'padStart', 'repeat'], taken);
countCalls(texts, ['indexOf'], upTo);
countCalls(texts, ['concat', 'includes', 'lastIndexOf', 'match', 'matchAll', 'normalize'], all);
countCalls(texts, ['replace', 'replaceAll', 'search', 'split', 'toLowerCase', 'toUpperCase'], all);
countCalls(texts, ['trim', 'trimEnd', 'trimStart', Symbol.iterator], all);

// `test`, and what texts do with a pattern, come through here too.
countCalls<RegExp>(RegExp.prototype, ['exec'], (pattern, [given]) => {
  const text = String(given);
  const from = pattern.global || pattern.sticky ? pattern.lastIndex : 0;
  const missed = pattern.sticky ? 1 : text.length - from;
  return (result) => {
    const found = result as RegExpExecArray | null;
    return copying(text) + (found === null ? missed : found.index - from + found[0].length);
  };
});

const { stringify } = JSON;
countCalls(JSON, ['parse'], (_, [text]) => lengthOf(text));
countCalls(JSON, ['stringify'], () => lengthOf);
countCalls(globalThis, ['structuredClone'], (_, [value]) => lengthOf(stringify(value)));
countCalls(TextDecoder.prototype, ['decode'], (_, [bytes]) => lengthOf(bytes));
countCalls(TextEncoder.prototype, ['encode'], () => lengthOf);
countCalls(Buffer, ['concat'], () => lengthOf);

const lists = Array.prototype;
countCalls(lists, ['entries', 'keys', 'values', Symbol.iterator], ownLength);
countCalls(lists, ['every', 'find', 'findIndex', 'findLast', 'forEach', 'reduce'], ownLength);
countCalls(lists, ['filter', 'flat', 'flatMap', 'map', 'some', 'sort', 'toSorted'], ownLength);
countCalls(lists, ['concat', 'includes', 'indexOf', 'join', 'lastIndexOf', 'slice'], ownLength);
countCalls(lists, ['reverse', 'shift', 'splice', 'toSpliced', 'unshift', 'with'], ownLength);
const bytes = Object.getPrototypeOf(Uint8Array.prototype) as object;
countCalls(bytes, ['fill', 'findIndex', 'includes', 'indexOf', 'slice'], ownLength);
countCalls(bytes, ['set'], (_, [from]) => lengthOf(from));

countCalls(Object, ['entries', 'getOwnPropertyNames', 'keys', 'values'], () => lengthOf);
countCalls(Object, ['assign'], (_, [, from]) => Reflect.ownKeys(Object(from) as object).length);
for (const { prototype } of [Map, Set]) {
  const names = ['entries', 'forEach', 'keys', 'values', Symbol.iterator];
  countCalls<{ size: number }>(prototype, names, ({ size }) => size);
}
