import type { ChatCompletionDelta } from '../schema/chunk.ts';

/** Whether there is more of the answer in it: a vendor that sends empty pieces for ever has stalled. */
export function saysSomething(delta: ChatCompletionDelta): boolean {
  return (
    !!(delta.content || delta.reasoning_content || delta.refusal) ||
    !!delta.tool_calls?.some(
      ({ id, function: called, custom }) =>
        id || called?.name || called?.arguments || custom?.name || custom?.input,
    )
  );
}
