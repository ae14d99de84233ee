import type { AttemptScope } from './attempt.ts';
import type { Call } from './call.ts';
import { ChatError } from './errors.ts';
import type { ResolvedOptions } from './options.ts';
import type { ReadyRequest } from './prepare.ts';
import type { ChatCompletionChunk } from './schema/chunk.ts';
import type { ChunkSource } from './stream/chat-stream.ts';
import type { WatchedBody } from './stream/clocks.ts';
import type { ChunkReader } from './stream/decode-stream.ts';
import { createChunkReader } from './stream/decode-stream.ts';
import type { ThinkTagSplitter } from './stream/think-tags.ts';
import { createThinkTagSplitter } from './stream/think-tags.ts';

/** Where a stream's chunks come from: attempt after attempt until the first chunk is handed out, then only this one. */
export function createSource(
  call: Call,
  options: ResolvedOptions,
  prepareRequest: () => ReadyRequest,
): ChunkSource {
  const { provider, limits } = options;
  let request: ReadyRequest;
  let body: WatchedBody | undefined;
  let reader: ChunkReader;
  let splitter: ThinkTagSplitter | undefined;
  let first: ChatCompletionChunk | undefined;
  let isDelivered = false;

  const connect = async (scope: AttemptScope): Promise<void> => {
    body = (await call.send(request.http, scope)).body;
    const dialect = { ...provider, toError: call.toError };
    reader = createChunkReader(body, dialect, limits, call.note);
    splitter = options.splitThinkTags ? createThinkTagSplitter() : undefined;
  };

  /** Reads up to the first chunk. An error in its place may still be retried: nobody has seen anything. */
  const fillFirst = async (): Promise<boolean> => {
    for (;;) {
      try {
        do {
          first = reader.pull();
          if (first !== undefined) return true;
        } while (await reader.fill());
        throw new ChatError('stream_interrupted', 'The stream ended before the answer began', {
          retryable: true,
        });
      } catch (error) {
        body?.cancel();
        await call.attempts.again(error);
        await call.attempts.run(connect);
      }
    }
  };

  return {
    signal: call.lifetime.signal,
    async open() {
      request = prepareRequest();
      await call.attempts.run(connect);
    },
    pull() {
      if (call.lifetime.signal.aborted) throw call.lifetime.signal.reason;
      // Before the first chunk, only `fill` may meet an error: it can try again.
      const chunk = isDelivered ? reader.pull() : first;
      if (chunk === undefined) return undefined;
      isDelivered = true;
      return splitter === undefined ? chunk : splitter.split(chunk);
    },
    get isRepeat() {
      return isDelivered && splitter === undefined && reader.isRepeat;
    },
    fill: () => (isDelivered ? reader.fill() : fillFirst()),
    read: () => (isDelivered && reader.wantsBytes ? body?.beginRead() : undefined),
    feed(bytes) {
      body?.endRead(bytes);
      reader.feed(bytes);
    },
    failRead: (error) => body?.failRead(error) ?? error,
    gotContent: () => body?.gotContent(),
    gotFinish: () => body?.gotFinish(),
    rest: () => splitter?.rest(),
    cancel: (error) => call.lifetime.abort(error),
    settle(outcome) {
      const isWhole = 'completion' in outcome;
      // After `[DONE]` the rest of the body is read, so that the connection can be used again.
      if (!isWhole || !reader.sawDone) body?.cancel();
      if (isWhole) call.succeed(outcome.completion);
      else call.fail(outcome.error);
    },
  };
}
