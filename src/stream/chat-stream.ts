import type { AsyncItems, WebByteStream, WebResponse } from '../internal/web.ts';
import type { Report } from '../outcome/report.ts';
import type { ChatCompletionChunk } from '../schema/chunk.ts';
import type { ChatStreamParts } from './streamed-call.ts';
import { ChunkPull } from './chunk-pull.ts';
import type { ChatStreamEvent } from './events.ts';
import type { NodeResponseLike, ToResponseInit, ToSSEStreamInit } from './hand-on.ts';
import type { DeepPartial, FinalCompletion, StreamOutput } from './stream-output.ts';
import { handOnBytes, handOnNode, handOnWeb } from './to-response.ts';
import { drain, viewEvents, viewPartialObject, viewText } from './views.ts';

let endOfChat: (stream: object) => Promise<unknown> | undefined;
const standIns = new WeakMap<object, object>();

/** Of an object that is the same stream in another form. */
export function standInFor(stream: ChatStream, form: object): void {
  standIns.set(form, stream);
}

/** Settles when the call has ended, by whatever end. Unlike `finalCompletion()`, it reads nothing: for who only watches. */
export function endOf(stream: object): Promise<unknown> | undefined {
  return endOfChat(standIns.get(stream) ?? stream);
}

/**
 * An answer while it arrives. Iterate it once: chunks are pulled one by one, and none is kept. A stream that is cut off
 * throws; it never simply ends. If it was requested with a schema, the answer has a value of type `T`, which grows as an `Input`.
 *
 * @example
 * for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '');
 * const completion = await stream.finalCompletion();
 */
export class ChatStream<T = unknown, Input = T>
  implements AsyncIterable<ChatCompletionChunk>, AsyncDisposable
{
  /** What has happened so far; final once the stream has ended. */
  readonly report: Report;
  readonly #pull: ChunkPull;
  readonly #output: StreamOutput | undefined;

  static {
    endOfChat = (stream) => (#pull in stream ? stream.#pull.ended : undefined);
  }

  /** Made by `client.chat.completions`. */
  constructor(parts: ChatStreamParts) {
    this.report = parts.report;
    this.#output = parts.output;
    this.#pull = new ChunkPull(parts);
  }

  /**
   * Resolves once the response headers of the vendor have arrived, retries included; `create({ stream: true })` waits for it.
   *
   * @throws ChatError what the call failed with before
   */
  async opened(): Promise<this> {
    await this.#pull.opened;
    return this;
  }

  /** Chunks in one form for all vendors. @throws ChatError `stream_consumed` at a second call */
  [Symbol.asyncIterator](): AsyncIterator<ChatCompletionChunk, undefined> {
    return this.#pull.take();
  }

  /**
   * The complete answer, equal to what `create()` without `stream` returns. During or after iteration it waits for the end;
   * if called first, it reads the stream itself.
   *
   * @throws ChatError the stream's own error; `aborted` if the loop was left early; `invalid_output` if the answer does
   *   not fit the schema that it was asked for with
   */
  finalCompletion(): Promise<FinalCompletion<T>> {
    if (!this.#pull.isTaken && !this.#pull.isOver) void drain(this);
    return this.#pull.ended as Promise<FinalCompletion<T>>;
  }

  /**
   * The value of an answer with a schema, while it grows; always the same object, so `structuredClone` what you keep.
   * Strings grow, everything else arrives complete. Nothing is validated until the end: `finalCompletion` returns the value that
   * the schema has accepted. If there is none, it throws, and so does this iterator at its end.
   *
   * @throws ChatError `invalid_request` for a stream without a schema; `invalid_output`
   */
  partialObject(): AsyncItems<DeepPartial<Input>> {
    return viewPartialObject(this, this.#pull, this.#output);
  }

  /** The stream as a union of events: reasoning and content deltas, tool calls, usage, the end. */
  events(): AsyncItems<ChatStreamEvent> {
    return viewEvents(this, this.#pull);
  }

  /** The content alone, as pieces of text. */
  text(): AsyncItems<string> {
    return viewText(this, this.#pull);
  }

  /**
   * The stream as bytes in OpenAI's wire form, for a browser or another client, with a comment whenever the vendor has been
   * silent for a while. An error becomes one frame: `{ error: { message, type: 'flash_error', code, param, retryable } }`.
   */
  toSSEStream(init?: ToSSEStreamInit): WebByteStream {
    return handOnBytes(this, init);
  }

  /**
   * {@link ChatStream.toSSEStream} as a web `Response`. If the client disconnects, the request is cancelled, or finished by
   * `onDisconnect`. The status is sent before the vendor has answered: `await stream.opened()` first, to answer a failure
   * with a status of its own. How the answer ended, `finalCompletion()` and the hook `onEnd` say.
   */
  toResponse(init?: ToResponseInit): WebResponse {
    return handOnWeb(this, init);
  }

  /**
   * {@link ChatStream.toSSEStream} over a `node:http` response, also Express's. Resolves when everything is sent, or when the
   * client has disconnected; the request is then cancelled, or finished by `onDisconnect`. It does not reject when the call
   * fails, since the client is told in a frame: `finalCompletion()` and the hook `onEnd` have the error.
   *
   * @example
   * createServer(async (_, response) => {
   *   const stream = client.chat.completions.stream({ messages });
   *   await stream.pipeToResponse(response);
   *   await stream.finalCompletion().catch((error) => console.error(error));
   * });
   *
   * @throws ChatError `invalid_options` for an option, or a response that cannot be written to
   */
  pipeToResponse(response: NodeResponseLike, init?: ToResponseInit): Promise<void> {
    return handOnNode(this, response, init);
  }

  /** @internal The reader could not be told of a restart: the answer ends with its error, and no other vendor is asked. */
  refuseResets(): void {
    this.#pull.refuseResets();
  }

  /** Ends the request. Reading the stream then throws `aborted`. */
  abort(): void {
    this.#pull.abort();
  }

  /** Ends the request, unless the answer is complete. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#pull.leave('The stream was disposed of');
  }
}
