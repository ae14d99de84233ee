import { isRecord } from './checks.ts';

// Values that fit JSON Schemas, as far as the schemas of tools, of zod and of pydantic go: no patterns, no `not`, no
// `if`, and lists whose items need not differ.

type Schema = Record<string, unknown>;

interface Scope {
  /** Where references begin. */
  root: unknown;
  /** The references that lead here. */
  followed: ReadonlySet<string>;
  depth: number;
  /** How many values may still be made: references can make a small schema large. */
  budget: { left: number };
}

/** A small value that matches a JSON Schema; `undefined` if there is none, or the argument is not a schema. */
export function sample(schema: unknown): unknown {
  if (!isRecord(schema)) return undefined;
  return sampleOf(schema, {
    root: schema,
    followed: new Set(['#']),
    depth: 0,
    budget: { left: 10_000 },
  });
}

function sampleOf(given: unknown, outer: Scope): unknown {
  if (given === false || isSpent(outer)) return undefined;
  if (!isRecord(given)) return 'text';
  const expanded = expand(given, { ...outer, depth: outer.depth + 1 });
  if (expanded === undefined) return undefined;
  const { schema, scope } = expanded;
  const { const: only, enum: values, anyOf, oneOf, ...rest } = schema;
  if (only !== undefined) return only;
  if (Array.isArray(values)) return values[0];
  const ways = anyOf ?? oneOf;
  if (Array.isArray(ways)) return sampleFirst(rest, ways, scope);
  switch (typeOf(schema)) {
    case 'object':
      return sampleObject(schema, scope);
    case 'array':
      return sampleList(schema, scope);
    case 'integer':
      return sampleNumber(schema, 1);
    case 'number':
      return sampleNumber(schema);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return sampleText(schema);
  }
}

/** A schema with what it refers to in it; `undefined` where it refers to what is being made. */
function expand(given: Schema, scope: Scope): { schema: Schema; scope: Scope } | undefined {
  const { $ref, allOf, ...own } = given;
  const parts = Array.isArray(allOf) ? [...(allOf as unknown[])] : [];
  let { followed } = scope;
  if (typeof $ref === 'string') {
    if (followed.has($ref)) return undefined;
    followed = new Set([...followed, $ref]);
    parts.push(resolve($ref, scope.root));
  }
  if (isSpent(scope)) return undefined;
  let schema: Schema = own;
  const inner = { ...scope, followed, depth: scope.depth + 1 };
  for (const part of parts) {
    if (!isRecord(part)) continue;
    const expanded = expand(part, inner);
    if (expanded === undefined) return undefined;
    schema = merge(expanded.schema, schema);
    followed = new Set([...followed, ...expanded.scope.followed]);
  }
  return { schema, scope: { ...scope, followed } };
}

/** Whether this goes too deep, or too far. Counts the step. */
function isSpent({ depth, budget }: Scope): boolean {
  return depth > 64 || budget.left-- <= 0;
}

/** Two schemas that both count; of what they both say, the second one's. */
function merge(first: Schema, second: Schema): Schema {
  const properties = {
    ...(isRecord(first.properties) && first.properties),
    ...(isRecord(second.properties) && second.properties),
  };
  const required = [first.required, second.required].filter((each) => Array.isArray(each)).flat();
  return {
    ...first,
    ...second,
    ...(Object.keys(properties).length > 0 && { properties }),
    ...(required.length > 0 && { required }),
  };
}

/** What a reference of this document leads to, e.g. `#/$defs/Address` (RFC 6901). */
function resolve(reference: string, root: unknown): unknown {
  if (!reference.startsWith('#')) return undefined;
  const steps = reference.slice(1).split('/').slice(1);
  return steps.reduce<unknown>((value, step) => {
    const name = decode(step).replaceAll('~1', '/').replaceAll('~0', '~');
    return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
      ? (value as Schema)[name]
      : undefined;
  }, root);
}

function decode(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}

/** The first of several ways that leads to something; else `null`, if it is one of them. */
function sampleFirst(rest: Schema, ways: readonly unknown[], scope: Scope): unknown {
  let found: unknown;
  for (const way of ways) {
    const value = isRecord(way) ? sampleOf(merge(rest, way), scope) : undefined;
    if (value != null) return value;
    if (value === null) found = null;
  }
  return found;
}

function typeOf({ type, properties, items, prefixItems, minimum, maximum }: Schema): unknown {
  if (Array.isArray(type)) return type.find((each) => each !== 'null') ?? 'null';
  if (type !== undefined) return type;
  if (properties !== undefined) return 'object';
  if (items !== undefined || prefixItems !== undefined) return 'array';
  return minimum !== undefined || maximum !== undefined ? 'number' : 'string';
}

function sampleObject(schema: Schema, scope: Scope): object | undefined {
  const properties = isRecord(schema.properties) ? schema.properties : {};
  const required = new Set<string>(Array.isArray(schema.required) ? (schema.required as []) : []);
  const entries: [string, unknown][] = [];
  for (const name of new Set([...Object.keys(properties), ...required])) {
    const known = Object.hasOwn(properties, name) ? properties[name] : schema.additionalProperties;
    const value = sampleOf(known, scope);
    if (value !== undefined) entries.push([name, value]);
    else if (required.has(name)) return undefined;
  }
  return Object.fromEntries(entries);
}

function sampleList(schema: Schema, scope: Scope): unknown[] | undefined {
  const { items, prefixItems } = schema;
  const begin = [prefixItems, items].find((each) => Array.isArray(each)) as unknown[] | undefined;
  const least = numberOf(schema.minItems) ?? 0;
  const usual = begin?.length ?? (items === undefined || items === false ? 0 : 1);
  const size = Math.min(Math.max(least, usual), numberOf(schema.maxItems) ?? Infinity);
  const list: unknown[] = [];
  while (list.length < size) {
    const value = sampleOf(begin?.[list.length] ?? (Array.isArray(items) ? true : items), scope);
    if (value === undefined) return list.length >= least ? list : undefined;
    list.push(value);
  }
  return list;
}

function sampleNumber(schema: Schema, usualStep?: number): number {
  const step = numberOf(schema.multipleOf) ?? usualStep;
  const from = numberOf(schema.minimum) ?? -Infinity;
  const above = numberOf(schema.exclusiveMinimum) ?? -Infinity;
  const to = numberOf(schema.maximum) ?? Infinity;
  const below = numberOf(schema.exclusiveMaximum) ?? Infinity;
  const low = Math.max(from, above);
  const high = Math.min(to, below);
  const unit = step ?? 1;
  const [up, down] = [Math.ceil(low / unit) * unit, Math.floor(high / unit) * unit];
  const fits = (value: number): boolean =>
    Number.isFinite(value) &&
    value >= from &&
    value > above &&
    value <= to &&
    value < below &&
    (step === undefined || Math.abs(value / step - Math.round(value / step)) < 1e-9);
  const guesses = [1, unit, 0, up, up + unit, down, down - unit, (low + high) / 2];
  return guesses.find(fits) ?? 1;
}

const formats: Readonly<Record<string, string>> = {
  'date-time': '2026-11-20T12:00:00Z',
  date: '2026-11-20',
  time: '12:00:00Z',
  duration: 'PT1H',
  email: 'text@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
};

function sampleText({ format, minLength, maxLength }: Schema): string {
  const known = typeof format === 'string' && Object.hasOwn(formats, format) && formats[format];
  if (known) return known;
  const least = Math.min(numberOf(minLength) ?? 0, 100_000);
  return 'text'.padEnd(least, ' text').slice(0, numberOf(maxLength));
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
