import { schemaOfInput } from './input-schema.ts';
import type { ChatCompletionCreateParams } from './request.ts';
import { requestInput } from './request.ts';
import { asStandardSchema, once } from './standard.ts';

/** The request as a user writes it. Calls are held to the same description without a schema: `canonical.ts`. */
export const requestZod = /* @__PURE__ */ once(() => schemaOfInput(requestInput));

/**
 * Standard Schema of {@link ChatCompletionCreateParams}, field by field. It accepts no other fields: of a body that has fields
 * of your own, or may not ask for everything, check the parameters that you have made of it.
 *
 * @example
 * const { issues } = await requestSchema['~standard'].validate({ messages: body.messages, max_tokens: 500 });
 */
export const requestSchema =
  /* @__PURE__ */ asStandardSchema<ChatCompletionCreateParams>(requestZod);
