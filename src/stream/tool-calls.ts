import { ChatError } from '../errors.ts';
import type {
  ChatCompletionChunk,
  ChatCompletionDeltaToolCall,
  DecodedChunk,
  DecodedToolCallDelta,
} from '../schema/chunk.ts';

/** Calls of one message, as far as they are known: what a piece without an index is compared with. */
interface OpenCall {
  index: number;
  id: string | undefined;
  name: string | undefined;
}

/**
 * Finds out which call each piece belongs to: by its index, else by a known id; an unknown id or name opens a call;
 * else it can only be the one open call. What fits two calls is refused, since a guess could run the wrong arguments.
 */
export function createToolCallAttribution(
  maxToolCalls: number,
): (chunk: DecodedChunk) => ChatCompletionChunk {
  const callsByChoice = new Map<number, OpenCall[]>();

  const attribute = (
    calls: OpenCall[],
    piece: DecodedToolCallDelta,
  ): ChatCompletionDeltaToolCall => {
    const name = piece.function?.name ?? piece.custom?.name;
    const index = piece.index ?? guessIndex(calls, piece.id, name);
    if (!Number.isSafeInteger(index) || index < 0) {
      throw new ChatError('invalid_response', 'A tool call has an index that is no whole number');
    }
    const known = calls.find((call) => call.index === index);
    if (known === undefined) {
      if (calls.length >= maxToolCalls) throw tooMany(maxToolCalls);
      calls.push({ index, id: piece.id, name });
    } else {
      known.id ??= piece.id;
      known.name ??= name;
    }
    return { ...piece, index };
  };

  return (chunk) => {
    for (const { index, delta } of chunk.choices) {
      if (delta.tool_calls === undefined) continue;
      const calls = callsByChoice.get(index) ?? [];
      callsByChoice.set(index, calls);
      delta.tool_calls = delta.tool_calls.map((piece) => attribute(calls, piece));
    }
    // Every piece has an index now.
    return chunk as ChatCompletionChunk;
  };
}

function guessIndex(
  calls: readonly OpenCall[],
  id: string | undefined,
  name: string | undefined,
): number {
  const next = Math.max(-1, ...calls.map((call) => call.index)) + 1;
  if (id !== undefined) {
    const known = calls.find((call) => call.id === id);
    if (known !== undefined) return known.index;
    // A call whose id comes after its name.
    const [only] = calls;
    const completesIt = calls.length === 1 && only?.id === undefined && name === undefined;
    return completesIt && only !== undefined ? only.index : next;
  }
  const [only, second] = calls;
  if (name !== undefined && calls.every((call) => call.name !== undefined && call.name !== name))
    return next;
  if (only !== undefined && second === undefined) return only.index;
  throw new ChatError(
    'invalid_response',
    'A piece of a tool call does not say which call it is of',
  );
}

function tooMany(maxToolCalls: number): ChatError {
  const message = `The answer has more than ${maxToolCalls} tool calls (option limits.toolCalls)`;
  return new ChatError('limit_exceeded', message);
}
