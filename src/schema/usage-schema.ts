import * as z from 'zod/mini';
import { once } from './standard.ts';
import { usageShape } from './answer-shapes.ts';
import { schemaOf } from './shape-schema.ts';
import { counters } from './usage.ts';

function fields<Name extends string, Schema>(
  names: readonly Name[],
  schema: () => Schema,
): Record<Name, Schema> {
  return Object.fromEntries(names.map((name) => [name, schema()])) as Record<Name, Schema>;
}

const known = () => z.optional(z.number());

/** As vendors give it. */
export const chunkUsageSchema = /* @__PURE__ */ once(() => schemaOf(usageShape));

/** As a completion has it. */
export const usageSchema = /* @__PURE__ */ once(() =>
  z.looseObject({
    ...fields(counters.usage, () => z.number()),
    ...fields(counters.cache, known),
    prompt_tokens_details: z.optional(z.looseObject(fields(counters.prompt, known))),
    completion_tokens_details: z.optional(z.looseObject(fields(counters.completion, known))),
  }),
);
