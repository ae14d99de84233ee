import type { ChatCompletionChunk } from '../schema/chunk.ts';

// Known by themselves and not by their field, which a vendor could send too.
const resets = new WeakSet<ChatCompletionChunk>();

/** The chunk that voids what was given of an answer before it. */
export function resetChunk(): ChatCompletionChunk {
  const chunk: ChatCompletionChunk = {
    id: '',
    object: 'chat.completion.chunk',
    created: 0,
    model: '',
    choices: [],
    flash: { reset: true },
  };
  resets.add(chunk);
  return chunk;
}

/** Whether the answer begins anew behind this chunk. */
export function isReset(chunk: ChatCompletionChunk): boolean {
  return chunk.flash !== undefined && resets.has(chunk);
}
