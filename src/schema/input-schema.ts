import * as z from 'zod/mini';
import type { Input, InputValue, RecordInput, TextRule } from './input.ts';

/** The schema that lets through what fits an {@link Input}, and says of the rest what our own judge says. */
export function schemaOfInput<const I extends Input>(input: I): z.ZodMiniType<InputValue<I>> {
  return build(input) as z.ZodMiniType<InputValue<I>>;
}

function build(input: Input): z.ZodMiniType {
  if (typeof input === 'string') return buildWord(input);
  if ('maybe' in input) return z.optional(z.nullable(build(input.maybe)));
  if ('optional' in input) return z.optional(build(input.optional));
  if ('text' in input) return buildText(input.text);
  if ('number' in input) return z.number().check(...between(input.number));
  if ('integer' in input) return z.int().check(...between(input.integer));
  if ('oneOf' in input) return z.literal([...input.oneOf]);
  if ('map' in input) return z.record(z.string(), build(input.map));
  if ('either' in input) return z.union(input.either.map(build));
  if ('by' in input) {
    const records = input.of.map(buildRecord) as [z.ZodMiniObject, ...z.ZodMiniObject[]];
    return z.discriminatedUnion(input.by, records);
  }
  if (!('list' in input)) return buildRecord(input);
  const { list, least = 0, most = Infinity, otherwise } = input;
  return z.array(build(list)).check(z.minLength(least, otherwise), z.maxLength(most));
}

function buildWord(word: Input & string): z.ZodMiniType {
  const types = { string: z.string, number: z.number, boolean: z.boolean, unknown: z.unknown };
  const type = types[word.replace('?', '') as keyof typeof types]();
  return word.endsWith('?') ? z.optional(z.nullable(type)) : type;
}

function buildText(rule: TextRule): z.ZodMiniType {
  if ('pattern' in rule) return z.string().check(z.regex(rule.pattern, rule.otherwise));
  const { least, most = Infinity } = rule;
  return z.string().check(z.minLength(least), z.maxLength(most));
}

function between({ from, to }: { from: number; to: number }) {
  return [z.gte(from), z.lte(to)] as const;
}

function buildRecord(input: RecordInput): z.ZodMiniType {
  if ('record' in input) return z.object(buildFields(input.record));
  const { strict, apart } = input;
  const schema = z.strictObject(buildFields(strict));
  if (apart === undefined) return schema;
  const isOne = (value: Record<string, unknown>): boolean =>
    apart.some((name) => value[name] === undefined);
  return schema.check(z.refine(isOne, `accepts \`${apart.join('` or `')}\`, not both`));
}

function buildFields(fields: Readonly<Record<string, Input>>): Record<string, z.ZodMiniType> {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, build(field)]));
}
