import * as z from 'zod/mini';
import { once } from '../../schema/standard.ts';

// What comes back, as loose as can be read without guessing: only what the decoder reads is named, everything may be
// missing or null, and unknown fields stay. What is missing here is checked where it is used.

const text = () => z.nullish(z.string());

/** A string, or parts of which some are text. */
const content = () =>
  z.nullish(z.union([z.string(), z.array(z.union([z.string(), z.looseObject({})]))]));

const toolCall = once(() =>
  z.looseObject({
    index: z.nullish(z.number()),
    id: text(),
    type: text(),
    function: z.nullish(
      z.looseObject({
        name: text(),
        arguments: z.nullish(z.union([z.string(), z.looseObject({}), z.array(z.unknown())])),
      }),
    ),
    custom: z.nullish(z.looseObject({ name: text(), input: text() })),
  }),
);

const message = once(() =>
  z.looseObject({
    role: text(),
    content: content(),
    reasoning_content: text(),
    reasoning: text(),
    reasoning_details: z.nullish(
      z.array(z.nullish(z.looseObject({ text: text(), summary: text() }))),
    ),
    refusal: text(),
    tool_calls: z.nullish(z.array(toolCall())),
  }),
);

const choiceFields = () => ({
  index: z.nullish(z.number()),
  finish_reason: text(),
  reasoning_content: text(),
  reasoning: text(),
});

/** A whole answer. */
export const wireCompletion = once(() =>
  z.looseObject({
    choices: z
      .array(z.looseObject({ ...choiceFields(), message: message() }))
      .check(z.minLength(1)),
  }),
);

/** One event of a stream. */
export const wireChunk = once(() =>
  z.looseObject({
    choices: z.nullish(z.array(z.looseObject({ ...choiceFields(), delta: z.nullish(message()) }))),
  }),
);

export type WireCompletion = z.infer<ReturnType<typeof wireCompletion>>;
export type WireChunk = z.infer<ReturnType<typeof wireChunk>>;
export type WireMessage = z.infer<ReturnType<typeof message>>;
export type WireToolCall = z.infer<ReturnType<typeof toolCall>>;
