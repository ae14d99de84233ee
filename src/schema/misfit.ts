import type { Range } from './input.ts';

/** What does not fit its {@link Input}, and where. */
export interface Misfit {
  path: PropertyKey[];
  /** What is wrong, in one sentence; never the value itself. */
  message: string;
  /** What should be here, if a value of another type is. */
  expected?: string;
  /** How many there are of it, where they are not listed one by one. */
  count?: number;
}

/** So many fields, or items, of one value are named; others are only counted. A stranger may send a million. */
export const mostNamed = 100;

export function at(message: string): Misfit {
  return { path: [], message };
}

/** A value of another type. */
export function wrong(expected: string, value: unknown): Misfit {
  return { ...at(`Invalid input: expected ${expected}, received ${received(value)}`), expected };
}

function received(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (!isObject(value) || isPlain(value)) return typeof value;
  return String((value.constructor as { name?: unknown }).name);
}

/** The message for a size that is out of range. */
export function outOf(
  { from, to }: Range,
  size: number,
  what: string,
  unit: string,
): Misfit[] | undefined {
  if (size < from) return [at(`Too small: expected ${what} >=${from}${unit}`)];
  return size > to ? [at(`Too big: expected ${what} <=${to}${unit}`)] : undefined;
}

/** The message for a value that is not one of these. */
export function optionMessage(words: readonly unknown[]): string {
  const all = words.map((word) => JSON.stringify(word)).join('|');
  return words.length === 1
    ? `Invalid input: expected ${all}`
    : `Invalid option: expected one of ${all}`;
}

export type Fields = Record<string, unknown>;

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** No instance of a class; an object of another window or context has an `Object` of its own. */
export function isPlain(value: Fields): boolean {
  const made = (value as { constructor?: unknown }).constructor;
  if (typeof made !== 'function') return true;
  return isObject(made.prototype) && Object.hasOwn(made.prototype, 'isPrototypeOf');
}
