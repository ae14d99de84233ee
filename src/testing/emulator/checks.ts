import { closestName } from '../../internal/names.ts';

// What the emulator is given by tests and by clients, held against what it takes. A check says what is wrong and where;
// what becomes of that is up to whoever asked.

/** Something that is not as it must be. */
export interface Wrong {
  /** Dotted, e.g. `replies.0.content`. */
  path: string;
  /** To be read after the path: `must be a string, and is 5`. */
  why: string;
}

export type Check = (value: unknown, path: string) => Wrong | undefined;

/** A check of each field. */
export type Fields<T> = Record<keyof T, Check>;

export function should(isRight: (value: unknown) => boolean, what: string): Check {
  return (value, path) =>
    isRight(value) ? undefined : { path, why: `must be ${what}, but is ${shown(value)}` };
}

export const text = should((value) => typeof value === 'string', 'a string');
export const flag = should((value) => typeof value === 'boolean', 'true or false');
export const count = should(
  (value) => Number.isInteger(value) && (value as number) >= 0,
  'a whole number, 0 or more',
);
// A timer that is longer would run out at once.
const maxDelayMs = 2 ** 31 - 1;
export const delayMs = should(
  (value) => typeof value === 'number' && value >= 0 && value <= maxDelayMs,
  `a number of milliseconds from 0 to ${maxDelayMs}`,
);
export const callback = should((value) => typeof value === 'function', 'a function');

/** One of these words. */
export function oneOf(known: readonly string[]): Check {
  return (value, path) =>
    known.includes(value as string)
      ? undefined
      : { path, why: `is ${shown(value)}; ${suggestion(value, known, 'it must be')}` };
}

export function listOf(each: Check): Check {
  return (value, path) => {
    if (!Array.isArray(value)) return { path, why: `must be a list, but is ${shown(value)}` };
    return first(value.entries(), ([index, item]) => each(item, `${path}.${index}`));
  };
}

/** An object with these fields; a field that is `undefined` is not there. Others are left alone. */
export function looseRecord<T>(fields: Partial<Fields<T>>): Check {
  return (value, path) => {
    if (!isRecord(value)) return { path, why: `must be an object, but is ${shown(value)}` };
    return first(Object.entries<Check | undefined>(fields), ([name, check]) =>
      value[name] === undefined ? undefined : check?.(value[name], `${path}.${name}`),
    );
  };
}

/** A plain object with these fields and no others. */
export function strictRecord<T>(
  fields: Fields<T>,
  required: readonly (keyof T & string)[],
  explain: (name: string) => string = (name) => unknownName(name, Object.keys(fields)),
): Check {
  return (value, path) => {
    if (!isPlain(value)) return { path, why: `must be a plain object, but is ${shown(value)}` };
    const missing = required.find((name) => value[name] === undefined);
    return (
      first(Object.keys(value), (name) =>
        Object.hasOwn(fields, name) ? undefined : { path: `${path}.${name}`, why: explain(name) },
      ) ??
      (missing === undefined ? undefined : { path: `${path}.${missing}`, why: 'is missing' }) ??
      looseRecord<T>(fields)(value, path)
    );
  };
}

/** Why a name is not taken. */
export function unknownName(name: string, known: readonly string[]): string {
  return `does not exist; ${suggestion(name, known, 'there is')}`;
}

/** The word that was probably meant, or all of them. */
function suggestion(word: unknown, known: readonly string[], list: string): string {
  const suggested = typeof word === 'string' ? closestName(word, known) : undefined;
  if (suggested !== undefined) return `did you mean "${suggested}"?`;
  return `${list} ${known.join(', ').replace(/, (?=[^,]*$)/, ' or ')}`;
}

export function first<T>(
  all: Iterable<T>,
  find: (each: T) => Wrong | undefined,
): Wrong | undefined {
  for (const each of all) {
    const wrong = find(each);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether an object has no prototype of its own; not by identity, since test runners have several worlds. */
function isPlain(value: unknown): value is Record<string, unknown> {
  if (!isRecord(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** A value, in a few words. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(clip(value));
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'a list';
  if (typeof value !== 'object' || value === null) return String(value);
  const name = (value.constructor as { name?: string } | undefined)?.name ?? 'Object';
  return name === 'Object' ? 'an object' : `an object of class ${name}`;
}

/** A text in at most so many characters. */
export function clip(text: string, length = 60): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
