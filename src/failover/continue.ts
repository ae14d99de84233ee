import type { ChunkReading } from '../stream/chunk-source.ts';

/**
 * The request that goes on with an answer where it broke off; `undefined` where that cannot be: without content there is
 * nothing to go on with, and calls of tools are not to be guessed at.
 */
export function continued(
  params: unknown,
  { accumulator, note }: ChunkReading,
): Record<string, unknown> | undefined {
  const given = params as { messages?: unknown; tools?: readonly unknown[] | null };
  const partial = accumulator.brokeOff ? undefined : accumulator.rescue(note);
  if (partial === undefined || partial.choices.length !== 1 || given.tools?.length)
    return undefined;
  const { content, reasoning_content, tool_calls } = partial.choices[0].message;
  if (!content || tool_calls?.length || !Array.isArray(given.messages)) return undefined;
  const begun = {
    role: 'assistant',
    content,
    ...(reasoning_content && { reasoning_content }),
    prefix: true,
  };
  return { ...given, messages: [...(given.messages as unknown[]), begun] };
}
