import { raceSignal, Stop } from '../internal/abort.ts';
import { attachToError, ChatError, isChatError } from '../outcome/chat-error.ts';
import type { Report } from '../outcome/report.ts';
import type { NoteIssue } from '../schema/issue.ts';
import type { ChatCompletionChunk, ChatCompletionDelta } from '../schema/chunk.ts';
import type { ChatCompletion, DecodedCompletion } from '../schema/response.ts';
import type { ChatCompletionWithReport } from '../outcome/with-report.ts';
import { timeoutError } from '../outcome/timeout-error.ts';
import type { AsyncItems, WebByteStream, WebResponse } from '../internal/web.ts';
import type { Accumulator } from './accumulate.ts';
import { isHarmlessAfterFinish, unfinished } from './bad-ends.ts';
import type { ChatStreamEvent } from './events.ts';
import { createEventReader } from './events.ts';
import type { NodeResponseLike, ToResponseInit, ToSSEStreamInit } from './hand-on.ts';
import { checkInit, encodeSSE, pipeToResponse, responseHeaders } from './hand-on.ts';
import type { DeepPartial, FinalCompletion, StreamOutput } from './stream-output.ts';
import { UnreadClock } from './unread-clock.ts';
import { withReport } from '../outcome/with-report.ts';
import type { ChunkSource } from './chunk-source.ts';

export interface ChatStreamParts {
  source: ChunkSource;
  accumulator: Accumulator;
  report: Report;
  /** Milliseconds after which a stream that nobody pulls is given up. */
  unreadMs: number;
  note: NoteIssue;
  output?: StreamOutput | undefined;
}

type ChunkResult = IteratorResult<ChatCompletionChunk, undefined>;

/**
 * An answer as it comes. Iterate it once: chunks are pulled, one by one, and none is kept. A stream that is cut off
 * throws; it never just ends. Asked for with a schema, the answer has a value of type `T`, which grows as an `Input`.
 *
 * @example
 * for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '');
 * const completion = await stream.finalCompletion();
 */
export class ChatStream<T = unknown, Input = T>
  implements AsyncIterable<ChatCompletionChunk>, AsyncDisposable
{
  /** What happened so far; settled when the stream has ended. */
  readonly report: Report;
  readonly #source: ChunkSource;
  readonly #accumulator: Accumulator;
  readonly #note: NoteIssue;
  readonly #output: StreamOutput | undefined;
  readonly #opened: Promise<void>;
  readonly #ended: Promise<ChatCompletionWithReport>;
  readonly #unread: UnreadClock;
  #resolveEnd!: (completion: ChatCompletionWithReport | Promise<ChatCompletionWithReport>) => void;
  #rejectEnd!: (error: ChatError) => void;
  #isTaken = false;
  #isOver = false;
  #sawFinish = false;
  #isOpen = false;
  #isReading = false;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();
  #failure: ChatError | undefined;
  /** Ends the wait for the user's schema, when the answer is whole. */
  readonly #checking = new Stop();
  /** Whether somebody has been given the error, or the end. */
  #isTold = false;
  /** The call was ended from outside, perhaps while nobody was reading. */
  readonly #onAbort = (): void => {
    if (!this.#isOver) this.#fail(this.#source.signal.reason);
  };

  /** Made by `client.chat.completions`. */
  constructor({ source, accumulator, report, unreadMs, note, output }: ChatStreamParts) {
    this.#source = source;
    this.#accumulator = accumulator;
    this.#note = note;
    this.#output = output;
    this.report = report;
    this.#ended = new Promise((resolve, reject) => {
      this.#resolveEnd = resolve;
      this.#rejectEnd = reject;
    });
    // Whoever reads the stream gets the error; nobody has to ask for the end as well.
    this.#ended.catch(() => {});
    this.#unread = new UnreadClock(unreadMs, () => this.#giveUp(unreadMs));
    source.signal.addEventListener('abort', this.#onAbort);
    this.#opened = source.open().then(
      () => {
        this.#isOpen = true;
        if (!this.#isReading && !this.#isOver) this.#unread.start();
      },
      (error: unknown) => {
        throw this.#fail(error);
      },
    );
    this.#opened.catch(() => {});
  }

  /** Resolves with the response head; what `create({ stream: true })` waits for. */
  async opened(): Promise<this> {
    await this.#opened;
    return this;
  }

  /** Chunks in one form for all vendors. @throws ChatError `stream_consumed` at a second call */
  [Symbol.asyncIterator](): AsyncIterator<ChatCompletionChunk, undefined> {
    if (this.#isTaken) {
      throw new ChatError(
        'stream_consumed',
        'The stream can be read once, and is being read or was read already',
      );
    }
    this.#isTaken = true;
    return {
      next: () => this.#nextInTurn(),
      return: () => {
        this.#leave('The loop over the stream was left');
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  /**
   * The whole answer, equal to what `create()` without `stream` gives. During or after iteration it waits for the end;
   * called first, it reads the stream itself.
   *
   * @throws ChatError the stream's own error; `aborted` if the loop was left early; `invalid_output` if the answer does
   *   not fit the schema that it was asked for with
   */
  finalCompletion(): Promise<FinalCompletion<T>> {
    if (!this.#isTaken && !this.#isOver) void this.#drain();
    return this.#ended as Promise<FinalCompletion<T>>;
  }

  /**
   * The value of an answer with a schema, as it grows; the same object each time, so `structuredClone` what you keep.
   * Texts grow, everything else comes whole. Nothing is checked until the end: `finalCompletion` gives the value that
   * the schema has accepted, and fails, as this does at its end, if there is none.
   *
   * @throws ChatError `invalid_request` for a stream without a schema; `invalid_output`
   */
  partialObject(): AsyncItems<DeepPartial<Input>> {
    if (this.#output === undefined) {
      const message = 'partialObject() is for streams with a schema as `response_format`';
      throw new ChatError('invalid_request', message, { param: 'response_format' });
    }
    return this.#leavable(this.#readPartial(this.#output));
  }

  /** The stream as a union of events: reasoning and content deltas, tool calls, usage, the end. */
  events(): AsyncItems<ChatStreamEvent> {
    return this.#leavable(this.#readEvents());
  }

  /** The content alone. */
  text(): AsyncItems<string> {
    return this.#leavable(this.#readText());
  }

  async *#readEvents(): AsyncGenerator<ChatStreamEvent, undefined> {
    const reader = createEventReader();
    for await (const chunk of this) yield* reader.read(chunk);
    yield* reader.end(await this.#ended);
  }

  async *#readText(): AsyncGenerator<string, undefined> {
    for await (const chunk of this) {
      const content = chunk.choices[0]?.delta.content;
      if (content) yield content;
    }
  }

  async *#readPartial(output: StreamOutput): AsyncGenerator<DeepPartial<Input>, undefined> {
    const read = output.grow();
    for await (const chunk of this) {
      const value = read(chunk);
      if (value !== undefined) yield value as DeepPartial<Input>;
    }
    await this.#ended;
  }

  /** A generator keeps a `return` waiting until its `next` is done; leaving a stream has to end the request now. */
  #leavable<Item>(generator: AsyncGenerator<Item, undefined>): AsyncItems<Item> {
    return {
      next: () => generator.next(),
      return: async () => {
        this.#leave('The loop over the stream was left');
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /**
   * The stream as bytes in OpenAI's wire form, for a browser or another client, with a comment whenever the vendor has been
   * silent for a while. An error becomes one frame: `{ error: { message, type: 'flash_error', code, param } }`.
   */
  toSSEStream(init?: ToSSEStreamInit): WebByteStream {
    return this.#encode(checkInit(init, false)) as WebByteStream;
  }

  /** {@link ChatStream.toSSEStream} as a web `Response`. A visitor who leaves ends the request. */
  toResponse(init?: ToResponseInit): WebResponse {
    const own = checkInit(init, true);
    const headers = responseHeaders(own);
    const { status } = own;
    return new Response(this.#encode(own), { status, headers } as object) as unknown as WebResponse;
  }

  /**
   * {@link ChatStream.toSSEStream} over a `node:http` response, Express's included. Resolves when all is sent. A visitor who
   * leaves ends the request.
   *
   * @example
   * createServer(async (_, response) => {
   *   await client.chat.completions.stream({ messages }).pipeToResponse(response);
   * });
   */
  async pipeToResponse(response: NodeResponseLike, init?: ToResponseInit): Promise<void> {
    const own = checkInit(init, true);
    const headers = responseHeaders(own);
    await pipeToResponse(this.#encode(own), response, own.status ?? 200, headers);
  }

  #encode(init: ToSSEStreamInit): ReadableStream<Uint8Array> {
    return encodeSSE({ chunks: this[Symbol.asyncIterator](), report: this.report }, init);
  }

  /** Ends the request. Whoever reads the stream gets `aborted`. */
  abort(): void {
    const error = new ChatError('aborted', 'The stream was aborted');
    if (!this.#isOver) this.#fail(error);
    else this.#checking.abort(attachToError(error, { report: this.report }));
  }

  /** Ends the request, unless the answer is whole. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#leave('The stream was disposed of');
  }

  /** One `next` at a time, and in order, however many are asked for at once. */
  #nextInTurn(): Promise<ChunkResult> {
    if (!this.#isReading && this.#waiting === 0) {
      const turn = this.#next();
      this.#last = turn;
      return turn;
    }
    this.#waiting++;
    const step = (): Promise<ChunkResult> => {
      this.#waiting--;
      return this.#next();
    };
    const turn = this.#last.then(step, step);
    this.#last = turn;
    return turn;
  }

  /** A chunk that is here already costs one promise; one that the next read brings, the read's and one more. */
  #next(): Promise<ChunkResult> {
    if (this.#isOver || !this.#isOpen) return this.#nextToCome();
    try {
      const chunk = this.#source.pull();
      if (chunk !== undefined) return Promise.resolve(this.#handOut(chunk));
      const reading = this.#source.read();
      if (reading === undefined) return this.#nextToCome();
      this.#isReading = true;
      this.#unread.stop();
      return reading.then(this.#onBytes, this.#onReadFailure);
    } catch (error) {
      return this.#nextToCome(error);
    }
  }

  readonly #onBytes = (bytes: Uint8Array | undefined): ChunkResult | Promise<ChunkResult> => {
    try {
      this.#source.feed(bytes);
      const chunk = this.#isOver ? undefined : this.#source.pull();
      if (chunk === undefined) return this.#nextToCome();
      this.#isReading = false;
      return this.#handOut(chunk);
    } catch (error) {
      return this.#nextToCome(error);
    }
  };

  readonly #onReadFailure = (error: unknown): Promise<ChunkResult> =>
    this.#nextToCome(this.#source.failRead(error));

  #handOut(chunk: ChatCompletionChunk): ChunkResult {
    this.#take(chunk);
    this.#unread.start();
    return { done: false, value: chunk };
  }

  async #nextToCome(...failed: [error?: unknown]): Promise<ChunkResult> {
    this.#isReading = !this.#isOver;
    if (this.#isOver) return this.#afterEnd();
    this.#unread.stop();
    try {
      if (failed.length > 0) throw failed[0];
      if (!this.#isOpen) await this.#opened;
      let isMore = true;
      // It may be ended from outside, while this waits.
      while (isMore && !this.#isOver) {
        const chunk = this.#source.pull();
        if (chunk !== undefined) return this.#handOut(chunk);
        isMore = await this.#source.fill();
      }
      if (this.#isOver) return await this.#afterEnd();
      this.#finish();
    } catch (error) {
      // Left meanwhile, with the whole answer.
      if (this.#isOver && this.#failure === undefined) return { done: true, value: undefined };
      if (!this.#isWholeDespite(error)) {
        this.#isTold = true;
        throw this.#fail(error);
      }
      this.#finish();
    } finally {
      this.#isReading = false;
    }
    return { done: true, value: undefined };
  }

  /** After the end there is nothing; an end from outside is told to whoever reads next. */
  async #afterEnd(): Promise<ChunkResult> {
    if (!this.#isTold) {
      this.#isTold = true;
      await this.#ended;
    }
    return { done: true, value: undefined };
  }

  #take(chunk: ChatCompletionChunk): void {
    if (this.#source.isRepeat) {
      // It is no end, and what it repeats has been looked at.
      if (this.#accumulator.addRepeat(chunk)) this.#source.gotContent();
      return;
    }
    this.#accumulator.add(chunk);
    const { report } = this;
    for (const { delta } of chunk.choices) {
      if (!saysSomething(delta)) continue;
      this.#source.gotContent();
      const { timings } = report;
      if (delta.reasoning_content) timings.firstReasoningMs ??= Date.now() - timings.startedAt;
      else timings.firstContentMs ??= Date.now() - timings.startedAt;
    }
    if (!this.#sawFinish && this.#accumulator.complete) {
      this.#sawFinish = true;
      this.#source.gotFinish();
    }
  }

  /** @param leaving ends a request that is still being read */
  #finish(leaving?: ChatError): void {
    if (!this.#accumulator.complete) throw this.#fail(unfinished('stream'));
    const completion = this.#build();
    this.#end();
    try {
      if (leaving !== undefined) this.#source.cancel(leaving);
      this.#source.settle({ completion });
    } finally {
      this.#isTold = true;
      // Its usage has been counted by the settling.
      const whole = withReport(completion as ChatCompletion, this.report);
      const checked = this.#output?.finish(whole);
      this.#resolveEnd(checked === undefined ? whole : raceSignal(checked, this.#checking));
    }
  }

  #build(): DecodedCompletion {
    try {
      return this.#accumulator.completion(this.#note);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Every answer has its finish_reason, and then the connection broke or nothing more came: the answer is whole. */
  #isWholeDespite(error: unknown): boolean {
    if (!this.#accumulator.complete || this.#isOver || !isHarmlessAfterFinish(error)) return false;
    this.#note({
      code: 'no_clean_end',
      message: 'after the finish_reason the connection did not end properly',
    });
    return true;
  }

  #fail(cause: unknown): ChatError {
    const error = isChatError(cause) ? (cause as ChatError) : unreadable(cause);
    // Whatever else breaks on the way down, there was one reason for the end.
    if (this.#isOver) return this.#failure ?? error;
    this.#failure = error;
    this.#end();
    // The end comes first: what is collected for it may fail.
    this.#rejectEnd(error);
    attachToError(error, { report: this.report, partial: this.#partial() });
    this.#source.cancel(error);
    this.#source.settle({ error });
    return error;
  }

  /** What had come; `undefined` for nothing, or for more than can be put together. */
  #partial(): DecodedCompletion | undefined {
    try {
      // What was held back belongs to it, unless it is the very thing that broke the stream.
      const rest = this.#source.rest();
      if (rest !== undefined) this.#accumulator.add(rest);
    } catch {
      // The stream has its error.
    }
    return this.#accumulator.rescue(this.#note);
  }

  /** Left after the finish_reason, the answer is whole; only the counts behind it may be missing. */
  #leave(message: string): void {
    if (this.#isOver) return;
    if (this.#accumulator.complete) {
      this.#note({ code: 'left_early', message: 'the stream was left after its finish_reason' });
      try {
        this.#finish(new ChatError('aborted', message));
      } catch {
        // Whoever asks for the end is told; whoever leaves is not.
      }
      return;
    }
    this.#fail(new ChatError('aborted', message));
  }

  #giveUp(unreadMs: number): void {
    if (this.#isOver) return;
    this.#fail(timeoutError('unread', unreadMs));
  }

  #end(): void {
    this.#isOver = true;
    this.#unread.end();
    this.#source.signal.removeEventListener('abort', this.#onAbort);
  }

  async #drain(): Promise<void> {
    try {
      for await (const _chunk of this);
    } catch {
      // `#ended` has it.
    }
  }
}

function unreadable(cause: unknown): ChatError {
  if (cause instanceof RangeError) {
    // Of a text, mostly: more than half a billion characters are none.
    return new ChatError('limit_exceeded', 'The answer is larger than can be put together', {
      cause,
    });
  }
  return new ChatError('invalid_response', 'The stream could not be read', { cause });
}

/** Whether there is more of the answer in it: a vendor that sends empty pieces for ever has stalled. */
function saysSomething(delta: ChatCompletionDelta): boolean {
  return (
    !!(delta.content || delta.reasoning_content || delta.refusal) ||
    !!delta.tool_calls?.some(
      ({ id, function: called, custom }) =>
        id || called?.name || called?.arguments || custom?.name || custom?.input,
    )
  );
}
