import type { AsyncItems } from '../internal/web.ts';
import { ChatError } from '../outcome/chat-error.ts';
import type { ChatCompletionChunk } from '../schema/chunk.ts';
import type { ChunkPull } from './chunk-pull.ts';
import type { ChatStreamEvent } from './events.ts';
import { createEventReader } from './events.ts';
import { isReset } from './reset.ts';
import type { DeepPartial, StreamOutput } from './stream-output.ts';

// What a stream can be read as instead of its chunks. None takes the stream before it is asked for its first item.

type Chunks = AsyncIterable<ChatCompletionChunk>;

export function viewEvents(chunks: Chunks, pull: ChunkPull): AsyncItems<ChatStreamEvent> {
  return leavable(readEvents(chunks, pull), pull);
}

export function viewText(chunks: Chunks, pull: ChunkPull): AsyncItems<string> {
  return leavable(readText(chunks, pull), pull);
}

/** @throws ChatError `invalid_request` for a stream without a schema */
export function viewPartialObject<Input>(
  chunks: Chunks,
  pull: ChunkPull,
  output: StreamOutput | undefined,
): AsyncItems<DeepPartial<Input>> {
  if (output === undefined) {
    const message = 'partialObject() requires a stream with a schema as `response_format`';
    throw new ChatError('invalid_request', message, { param: 'response_format' });
  }
  return leavable(readPartialObject<Input>(chunks, pull, output), pull);
}

/** For who wants the end alone. */
export async function drain(chunks: Chunks): Promise<void> {
  try {
    for await (const _chunk of chunks);
  } catch {
    // The end has it.
  }
}

async function* readEvents(
  chunks: Chunks,
  { ended }: ChunkPull,
): AsyncGenerator<ChatStreamEvent, undefined> {
  const reader = createEventReader();
  for await (const chunk of chunks) {
    if (isReset(chunk)) yield { type: 'reset' };
    else yield* reader.read(chunk);
  }
  yield* reader.end(await ended);
}

async function* readText(chunks: Chunks, pull: ChunkPull): AsyncGenerator<string, undefined> {
  pull.refuseResets();
  for await (const chunk of chunks) {
    const content = chunk.choices[0]?.delta.content;
    if (content) yield content;
  }
}

async function* readPartialObject<Input>(
  chunks: Chunks,
  { ended }: ChunkPull,
  output: StreamOutput,
): AsyncGenerator<DeepPartial<Input>, undefined> {
  let read = output.grow();
  for await (const chunk of chunks) {
    if (isReset(chunk)) read = output.grow();
    const value = read(chunk);
    if (value !== undefined) yield value as DeepPartial<Input>;
  }
  await ended;
}

/** A generator keeps a `return` waiting until its `next` is done; leaving a stream has to end the request now. */
function leavable<Item>(
  generator: AsyncGenerator<Item, undefined>,
  pull: ChunkPull,
): AsyncItems<Item> {
  return {
    next: () => generator.next(),
    return: async () => {
      pull.leave();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
