import * as z from 'zod/mini';
import { ChatError } from '../outcome/chat-error.ts';
import { check, once } from '../schema/standard.ts';
import type { ModelList } from '../schema/account.ts';

const modelsZod = /* @__PURE__ */ once(() =>
  z.looseObject({ data: z.array(z.looseObject({ id: z.string() })) }),
);

/** A list of models, with the vendor's own fields on each. @throws ChatError `invalid_response` */
export function decodeModels(body: unknown): ModelList {
  const result = check(modelsZod(), body);
  if (!result.ok) {
    throw new ChatError('invalid_response', "The vendor's answer is no list of models", {
      issues: result.issues,
    });
  }
  return { ...result.value, object: 'list', data: result.value.data };
}
