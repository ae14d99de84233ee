import { ChatError } from '../outcome/chat-error.ts';
import type { ModelList } from '../schema/account.ts';
import { misfits } from '../schema/shape.ts';

const modelsShape = { record: { data: { list: { record: { id: 'string' } } } } } as const;

/** A list of models, with the vendor's own fields on each. @throws ChatError `invalid_response` */
export function decodeModels(body: unknown): ModelList {
  const issues = misfits(modelsShape, body);
  if (issues.length > 0) {
    throw new ChatError('invalid_response', "The vendor's answer is not a list of models", {
      issues,
    });
  }
  const { data, ...rest } = body as ModelList;
  return { ...rest, object: 'list', data };
}
