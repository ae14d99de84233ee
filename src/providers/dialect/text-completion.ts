import type { NoteIssue } from '../../report.ts';
import type { DecodedChunk, StreamMemory } from '../../schema/chunk.ts';
import type { ChatCompletion } from '../../schema/response.ts';
import { decode, decodeChunk } from './decode.ts';

// A filled gap differs from a chat's answer in the name of one field. Read as one, it gets the same clocks, limits and
// proofs that it is whole.

/** Wire → ours, whole. @throws ChatError `invalid_response` */
export function decodeText(body: unknown, note: NoteIssue): ChatCompletion {
  return decode(
    asChat(body, (text) => ({ message: { role: 'assistant', content: text } })),
    note,
  );
}

/** Wire → ours, one event. @throws ChatError `invalid_response` */
export function decodeTextChunk(
  data: unknown,
  note: NoteIssue,
  memory?: StreamMemory,
): DecodedChunk {
  return decodeChunk(
    asChat(data, (text) => ({ delta: { content: text } })),
    note,
    memory,
  );
}

function asChat(body: unknown, place: (text: unknown) => object): unknown {
  const { choices } = (body ?? {}) as { choices?: unknown };
  if (!Array.isArray(choices)) return body;
  return {
    ...(body as object),
    choices: choices.map((choice: Record<string, unknown> | null) => {
      const { text, logprobs, ...rest } = choice ?? {};
      return { ...rest, ...place(text), ...(logprobs != null && { text_logprobs: logprobs }) };
    }),
  };
}
