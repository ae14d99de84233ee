import type { ChatCompletionChunk } from '../schema/chunk.ts';
import type { ChatCompletion, FinishReason } from '../schema/response.ts';
import type { ChatCompletionMessageToolCall } from '../schema/tool.ts';
import type { ChunkUsage } from '../schema/usage.ts';

/** One event of a stream. */
export type ChatStreamEvent =
  /** A piece of the reasoning. */
  | { type: 'reasoning.delta'; choice: number; delta: string }
  /** A piece of the answer. */
  | { type: 'content.delta'; choice: number; delta: string }
  /** More of a tool call: `delta` is a piece of its arguments. */
  | {
      type: 'tool_call.delta';
      choice: number;
      index: number;
      id?: string | undefined;
      name?: string | undefined;
      delta: string;
    }
  /** A complete tool call; only at the end, when it is known to be complete. */
  | { type: 'tool_call.done'; choice: number; tool_call: ChatCompletionMessageToolCall }
  /** Token counts. */
  | { type: 'usage'; usage: ChunkUsage }
  /** The end of one answer. */
  | { type: 'finish'; choice: number; finish_reason: FinishReason }
  /** Discard what you received of this answer: it is being requested again. */
  | { type: 'reset' };

/** Turns chunks into events. */
export function createEventReader(): {
  read(chunk: ChatCompletionChunk): Generator<ChatStreamEvent>;
  end(completion: ChatCompletion): Generator<ChatStreamEvent>;
} {
  return {
    *read({ choices, usage }) {
      for (const { index: choice, delta } of choices) {
        if (delta.reasoning_content) {
          yield { type: 'reasoning.delta', choice, delta: delta.reasoning_content };
        }
        if (delta.content) yield { type: 'content.delta', choice, delta: delta.content };
        for (const { index, id, function: called, custom } of delta.tool_calls ?? []) {
          const name = called?.name ?? custom?.name;
          const piece = called?.arguments ?? custom?.input ?? '';
          yield { type: 'tool_call.delta', choice, index, id, name, delta: piece };
        }
      }
      if (usage != null) yield { type: 'usage', usage };
    },
    *end({ choices }) {
      for (const { index: choice, message, finish_reason } of choices) {
        for (const tool_call of message.tool_calls ?? []) {
          yield { type: 'tool_call.done', choice, tool_call };
        }
        yield { type: 'finish', choice, finish_reason };
      }
    },
  };
}
