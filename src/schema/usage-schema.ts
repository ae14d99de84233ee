import * as z from 'zod/mini';
import { once } from './standard.ts';
import { counters } from './usage.ts';

function fields<Name extends string, Schema>(
  names: readonly Name[],
  schema: () => Schema,
): Record<Name, Schema> {
  return Object.fromEntries(names.map((name) => [name, schema()])) as Record<Name, Schema>;
}

const told = () => z.nullish(z.number());
const known = () => z.optional(z.number());

/** As vendors give it. Loose: unknown counters are kept. */
export const chunkUsageSchema = once(() =>
  z.looseObject({
    ...fields(counters.usage, told),
    ...fields(counters.cache, told),
    prompt_tokens_details: z.nullish(z.looseObject(fields(counters.prompt, told))),
    completion_tokens_details: z.nullish(z.looseObject(fields(counters.completion, told))),
  }),
);

/** As a completion has it. */
export const usageSchema = once(() =>
  z.looseObject({
    ...fields(counters.usage, () => z.number()),
    ...fields(counters.cache, known),
    prompt_tokens_details: z.optional(z.looseObject(fields(counters.prompt, known))),
    completion_tokens_details: z.optional(z.looseObject(fields(counters.completion, known))),
  }),
);
