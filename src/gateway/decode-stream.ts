import { attachToError, ChatError, isChatError } from '../outcome/chat-error.ts';
import { defaults } from '../options/options.ts';
import { ownOptions } from '../outcome/invalid-options.ts';
import type { Provider } from '../dialect/provider.ts';
import type { ProviderId } from '../providers/registry.ts';
import { findDecoder } from '../providers/decoders.ts';
import type { ChatCompletionChunk } from '../schema/chunk.ts';
import { countUsage } from '../schema/count-usage.ts';
import { Accumulator } from '../stream/accumulate.ts';
import { streamDialect } from '../stream/stream-dialect.ts';
import { isHarmlessAfterFinish, unbegun, unfinished } from '../stream/bad-ends.ts';
import { ChunkReader } from '../stream/chunk-reader.ts';
import type { ByteReader, ByteSource } from '../internal/web.ts';

/**
 * The stream decoder by itself: turns the bytes of an answer, from any source, into chunks.
 *
 * @param body a web stream, a Node stream, or any async iterable of bytes
 * @param options.provider the vendor that the bytes come from. @default 'deepseek'
 * @throws ChatError `stream_interrupted` if the stream ends without a finish_reason, with what had arrived as `partial`
 *
 * @example
 * for await (const chunk of decodeStream(response.body, { provider: 'aimlapi' })) console.log(chunk);
 */
export async function* decodeStream(
  body: ByteSource,
  options: { provider?: ProviderId | Provider | undefined } = {},
): AsyncGenerator<ChatCompletionChunk, undefined> {
  const own = ownOptions(options, ['provider'], 'The options of decodeStream');
  const provider = findDecoder(own.provider ?? defaults.provider);
  const note = (): void => {};
  const accumulator = new Accumulator(defaults.limits, provider.profile.finishReasons);
  const toError = (error: unknown): ChatError => {
    const { code, message, ...init } = provider.decodeError({ body: error }, provider.profile);
    return new ChatError(code, message, init);
  };
  const bytes = readerOf(body);
  const reader = new ChunkReader(
    bytes,
    streamDialect(provider, toError),
    defaults.limits,
    note,
    accumulator,
  );
  let isBegun = false;
  try {
    do {
      for (let chunk = reader.pull(); chunk !== undefined; chunk = reader.pull()) {
        if (reader.isRepeat) accumulator.addRepeat(chunk);
        else accumulator.add(chunk);
        isBegun = true;
        yield chunk;
      }
    } while (await reader.fill());
    if (!accumulator.complete) throw isBegun ? unfinished('stream') : unbegun();
  } catch (error) {
    // As in a ChatStream: after the finish_reason, how the connection ends is of no interest.
    if (accumulator.complete && isHarmlessAfterFinish(error)) return;
    if (!isChatError(error)) throw error;
    const partial = accumulator.rescue(note);
    throw attachToError(error, { partial: partial && countUsage(partial) });
  } finally {
    bytes.cancel();
  }
}

/** @throws ChatError `invalid_options` for what gives no bytes, or is being read already */
function readerOf(body: ByteSource): ByteReader {
  try {
    const reader = 'getReader' in body ? body.getReader() : fromIterable(body);
    return {
      async read() {
        const { done, value } = await reader.read().catch((cause: unknown) => {
          const message = 'The stream of bytes was interrupted';
          throw new ChatError('stream_interrupted', message, { cause, retryable: true });
        });
        if (done) return undefined;
        if (value === undefined || value instanceof Uint8Array) return value ?? new Uint8Array();
        const message = 'decodeStream expects a stream of bytes, but received something else';
        throw new ChatError('invalid_options', message, { param: 'body' });
      },
      cancel: () => void reader.cancel().catch(() => {}),
    };
  } catch (cause) {
    const message = 'decodeStream needs a stream of bytes that is not being read already';
    throw new ChatError('invalid_options', message, { cause, param: 'body' });
  }
}

function fromIterable(body: AsyncIterable<Uint8Array>): {
  read(): Promise<{ done?: boolean | undefined; value?: Uint8Array | undefined }>;
  cancel(): Promise<unknown>;
} {
  const iterator = body[Symbol.asyncIterator]();
  return {
    read: async () => iterator.next(),
    cancel: async () => iterator.return?.(),
  };
}
