import type { ErrorIssue } from './issue.ts';

// What vendors send, described as data. A look at it costs a fiftieth of what a schema costs to build, and a bundle that
// only reads streams needs no schema library; the schemas that are offered to the outside are made of the same data.

/**
 * The form of a JSON value. A word with `?` may be `null` or absent; so may a record or a list in `maybe`. Records are
 * loose: fields that are not listed may be anything.
 */
export type Shape =
  | 'string'
  | 'number'
  | 'boolean'
  | 'string?'
  | 'number?'
  | 'unknown'
  | { readonly list: Shape }
  | { readonly either: readonly Shape[] }
  | { readonly record: Readonly<Record<string, Shape>> }
  | {
      readonly maybe:
        | { readonly list: Shape }
        | { readonly record: Readonly<Record<string, Shape>> };
    };

/** The type of what a {@link Shape} lets through. */
export type Shaped<S> = S extends 'string'
  ? string
  : S extends 'number'
    ? number
    : S extends 'boolean'
      ? boolean
      : S extends 'string?'
        ? string | null | undefined
        : S extends 'number?'
          ? number | null | undefined
          : S extends { either: readonly (infer Branch)[] }
            ? Shaped<Branch>
            : S extends { maybe: infer Inner }
              ? Shaped<Inner> | null | undefined
              : S extends { list: infer Item }
                ? Shaped<Item>[]
                : S extends { record: infer Fields }
                  ? ShapedRecord<Fields>
                  : unknown;

type OptionalIn<Fields> = {
  [Name in keyof Fields]: undefined extends Shaped<Fields[Name]> ? Name : never;
}[keyof Fields];

type ShapedRecord<Fields> = {
  -readonly [Name in Exclude<keyof Fields, OptionalIn<Fields>>]: Shaped<Fields[Name]>;
} & { -readonly [Name in OptionalIn<Fields>]?: Shaped<Fields[Name]> };

/** Where a value does not fit, each place once, with its path and without the value. */
export function misfits(shape: Shape, value: unknown, path = ''): ErrorIssue[] {
  if (typeof shape === 'string') return misfit(shape, value, path);
  if ('maybe' in shape) return value == null ? [] : misfits(shape.maybe, value, path);
  const below = (name: string | number): string => (path === '' ? `${name}` : `${path}.${name}`);
  if ('either' in shape) {
    const isOne = shape.either.some((each) => misfits(each, value).length === 0);
    return isOne ? [] : [{ path, message: 'Invalid input' }];
  }
  if ('list' in shape) {
    if (!Array.isArray(value)) return [wrong('array', value, path)];
    return value.flatMap((item, index) => misfits(shape.list, item, below(index)));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [wrong('object', value, path)];
  }
  return Object.entries(shape.record).flatMap(([name, field]) =>
    misfits(field, (value as Record<string, unknown>)[name], below(name)),
  );
}

function misfit(shape: Shape & string, value: unknown, path: string): ErrorIssue[] {
  if (shape === 'unknown') return [];
  const isOptional = shape.endsWith('?');
  if (isOptional && value == null) return [];
  const expected = isOptional ? shape.slice(0, -1) : shape;
  // JSON can say more than a number holds.
  const fits = typeof value === expected && (expected !== 'number' || Number.isFinite(value));
  return fits ? [] : [wrong(expected, value, path)];
}

function wrong(expected: string, value: unknown, path: string): ErrorIssue {
  const received = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  return { path, message: `Invalid input: expected ${expected}, received ${received}` };
}
