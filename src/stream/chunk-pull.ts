import { raceSignal, LocalAbort } from '../internal/abort.ts';
import { attachToError, ChatError, isChatError } from '../outcome/chat-error.ts';
import type { Report } from '../outcome/report.ts';
import { timeoutError } from '../outcome/timeout-error.ts';
import { answerWithReport } from '../outcome/with-report.ts';
import type { ChatCompletionChunk } from '../schema/chunk.ts';
import type { ChatCompletion, DecodedCompletion } from '../schema/response.ts';
import { consumed, unbegun, unreadable } from './bad-ends.ts';
import type { ArrivingChunks, ChunkReading, ChunkSource } from './chunk-source.ts';
import type { StreamOutput } from './stream-output.ts';
import type { ChatStreamParts } from './streamed-call.ts';
import { resetChunk } from './reset.ts';
import { StreamEnd } from './stream-end.ts';
import { StreamedAnswer } from './streamed-answer.ts';
import { Turns } from './turns.ts';
import { UnreadClock } from './unread-clock.ts';

type ChunkResult = IteratorResult<ChatCompletionChunk, undefined>;

/**
 * The engine of a `ChatStream`: gives chunks one by one, and comes to one end, whole, failed or left.
 *
 * A chunk that is here already costs one promise; one that the next read brings, the read's and one more.
 */
export class ChunkPull {
  /** Resolves with the response head. */
  readonly opened: Promise<void>;
  readonly #source: ChunkSource;
  /** Both once the response head is here. */
  #reading!: ChunkReading;
  #answer: StreamedAnswer | undefined = undefined;
  readonly #report: Report;
  readonly #output: StreamOutput | undefined;
  readonly #unread: UnreadClock;
  readonly #ending = new StreamEnd();
  /** The whole answer, or the one error. */
  readonly ended = this.#ending.promise;
  #stage: 'opening' | 'open' | 'over' = 'opening';
  #isTaken = false;
  #mayReset = true;
  /** Whether a read is pending; also after the end until that turn is done, so that later reads stay in order. */
  #isReading = false;
  readonly #turns = new Turns();
  #failure: ChatError | undefined = undefined;
  /** What was thrown over a chunk that nobody waited for. */
  #held: { error: unknown } | undefined = undefined;
  /** Ends the wait for the user's schema, when the answer is whole. */
  readonly #checking = new LocalAbort();
  /** The call was ended from outside, perhaps while no read was pending. */
  readonly #onAbort = (): void => void this.fail(this.#source.signal.reason);

  constructor(parts: ChatStreamParts) {
    const { source, report, unreadMs, output } = parts;
    this.#source = source;
    this.#report = report;
    this.#output = output;
    this.#unread = new UnreadClock(unreadMs, () => this.fail(timeoutError('unread', unreadMs)));
    source.signal.addEventListener('abort', this.#onAbort);
    this.opened = source.open().then(
      (reading) => this.#begin(reading),
      (error: unknown) => {
        throw this.fail(error);
      },
    );
    this.opened.catch(() => {});
  }

  /** Whether it is being read, or was read. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  get isOver(): boolean {
    return this.#stage === 'over';
  }

  /** The chunks, for one reader. @throws ChatError `stream_consumed` at a second call */
  take(): ArrivingChunks {
    if (this.#isTaken) throw consumed();
    this.#isTaken = true;
    return {
      next: () => this.next(),
      arrived: () => this.#arrived(),
      jsonOf: (chunk) => this.#reading.jsonOf(chunk),
      return: () => {
        this.leave();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  /** The reader cannot be told about a restarted answer, so the stream fails instead. */
  refuseResets(): void {
    this.#mayReset = false;
  }

  /** The next chunk. One at a time, and in order, however many are asked for at once. */
  next(): Promise<ChunkResult> {
    const turns = this.#turns;
    if (this.#isReading || turns.waiting > 0) return turns.later(() => this.#nextHere());
    return (turns.last = this.#nextHere());
  }

  /** Nobody wants more. After the finish_reason the answer is whole; before it, the request ends with `aborted`. */
  leave(message = 'The loop over the stream ended early'): void {
    if (this.isOver) return;
    const error = new ChatError('aborted', message);
    if (!this.#answer?.isWholeThoughLeft()) {
      this.fail(error);
      return;
    }
    try {
      this.#finish(error);
    } catch {
      // `finalCompletion()` gets the error; the loop that was left does not.
    }
  }

  /** Ends the request, or else the wait for the user's schema, with `aborted`. */
  abort(): void {
    const error = new ChatError('aborted', 'The stream was aborted');
    if (!this.isOver) this.fail(error);
    else this.#checking.abort(attachToError(error, { report: this.#report }));
  }

  /** Ends the stream with an error. Gives the one that it ended with, which may be an earlier one. */
  fail(cause: unknown): ChatError {
    const error = isChatError(cause) ? (cause as ChatError) : unreadable(cause);
    // Whatever else breaks on the way down, there was one reason for the end.
    if (this.isOver) return this.#failure ?? error;
    this.#failure = error;
    this.#end();
    // The end comes first: what is collected for it may fail.
    this.#ending.reject(error);
    attachToError(error, { report: this.#report, partial: this.#answer?.partial() });
    this.#source.cancel(error);
    this.#source.settle({ error });
    return error;
  }

  #begin(reading: ChunkReading): void {
    if (this.#stage !== 'opening') return;
    this.#read(reading);
    this.#stage = 'open';
    if (!this.#isReading) this.#unread.start();
  }

  #read(reading: ChunkReading): void {
    this.#reading = reading;
    this.#answer = new StreamedAnswer(reading, this.#report);
  }

  /** The next chunk without a promise, if it came with the one before. Whatever else is next waits for `next`. */
  #arrived(): ChatCompletionChunk | undefined {
    const isFree = this.#stage === 'open' && !this.#isReading && this.#turns.waiting === 0;
    if (!isFree || this.#held !== undefined) return undefined;
    try {
      const chunk = this.#reading.pull();
      return chunk === undefined ? undefined : this.#handOut(chunk).value;
    } catch (error) {
      this.#held = { error };
      return undefined;
    }
  }

  /** The usual way: what is here, or what one read brings. Whatever is more than that goes the slow way. */
  #nextHere(): Promise<ChunkResult> {
    if (this.#stage !== 'open') return this.#nextSlow();
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) return this.#nextSlow(held.error);
    try {
      const chunk = this.#reading.pull();
      if (chunk !== undefined) return Promise.resolve(this.#handOut(chunk));
      const reading = this.#reading.read();
      if (reading === undefined) return this.#nextSlow();
      this.#isReading = true;
      this.#unread.stop();
      return reading.then(this.#onBytes, this.#onReadFailure);
    } catch (error) {
      return this.#nextSlow(error);
    }
  }

  // One for all reads of a stream, and not one a read.
  readonly #onBytes = (bytes: Uint8Array | undefined): ChunkResult | Promise<ChunkResult> => {
    try {
      this.#reading.feed(bytes);
      const chunk = this.isOver ? undefined : this.#reading.pull();
      if (chunk === undefined) return this.#nextSlow();
      this.#isReading = false;
      return this.#handOut(chunk);
    } catch (error) {
      return this.#nextSlow(error);
    }
  };

  readonly #onReadFailure = (error: unknown): Promise<ChunkResult> =>
    this.#nextSlow(this.#reading.failRead(error));

  #handOut(chunk: ChatCompletionChunk): IteratorYieldResult<ChatCompletionChunk> {
    const reading = this.#reading;
    if (!reading.isRepeat) this.#answer?.record(chunk);
    // Most chunks are such, and with hundreds of streams one object more on their way is seen in the cost. A repetition is
    // no end, and what it repeats has been looked at.
    else if (reading.accumulator.addRepeat(chunk)) reading.gotContent();
    this.#unread.start();
    return { done: false, value: chunk };
  }

  /** Waits for the head, for more reads, or for the end. @param failed what the usual way has thrown */
  async #nextSlow(...failed: [error?: unknown]): Promise<ChunkResult> {
    this.#isReading = !this.isOver;
    if (this.isOver) return this.#ending.deliver();
    this.#unread.stop();
    try {
      const chunk = await this.#nextOrOther(failed);
      if (chunk !== undefined) return { done: false, value: chunk };
      if (this.isOver) return await this.#ending.deliver();
      this.#finish();
    } catch (error) {
      // Left meanwhile, with the whole answer.
      if (this.isOver && this.#failure === undefined) return { done: true, value: undefined };
      if (this.isOver || !this.#answer?.isWholeDespite(error)) {
        this.#ending.isDelivered = true;
        throw this.fail(error);
      }
      this.#finish();
    } finally {
      this.#isReading = false;
    }
    return { done: true, value: undefined };
  }

  /** The next chunk, of another answer if this one is not to count; `undefined` at the end. */
  async #nextOrOther(failed: readonly unknown[]): Promise<ChatCompletionChunk | undefined> {
    let chunk: ChatCompletionChunk | undefined;
    let ending: { error: unknown } | undefined;
    try {
      chunk = await this.#nextChunk(failed);
    } catch (error) {
      ending = { error };
    }
    if (chunk !== undefined) return chunk;
    const other = this.isOver
      ? undefined
      : await this.#source.replace?.(ending?.error, this.#mayReset);
    if (other === undefined || this.isOver) {
      if (ending !== undefined) throw ending.error;
      return undefined;
    }
    const goesOn = other.accumulator === this.#reading.accumulator;
    this.#read(other);
    return goesOn ? this.#nextOrOther([]) : resetChunk();
  }

  /** `undefined` at the end, which may come from outside while this waits. */
  async #nextChunk(failed: readonly unknown[]): Promise<ChatCompletionChunk | undefined> {
    if (failed.length > 0) throw failed[0];
    if (this.#stage === 'opening') await this.opened;
    while (!this.isOver) {
      const chunk = this.#reading.pull();
      if (chunk !== undefined) return this.#handOut(chunk).value;
      if (!(await this.#reading.fill())) return undefined;
    }
    return undefined;
  }

  /** @param leaving ends a request that is still being read */
  #finish(leaving?: ChatError): void {
    const completion = this.#complete();
    this.#end();
    try {
      if (leaving !== undefined) this.#source.cancel(leaving);
      this.#source.settle({ completion });
    } finally {
      this.#ending.isDelivered = true;
      // Its usage has been counted by the settling.
      const whole = answerWithReport(completion as ChatCompletion, this.#report);
      const checked = this.#output?.finish(whole);
      this.#ending.resolve(checked === undefined ? whole : raceSignal(checked, this.#checking));
    }
  }

  #complete(): DecodedCompletion {
    try {
      if (this.#answer === undefined) throw unbegun();
      return this.#answer.completion();
    } catch (error) {
      throw this.fail(error);
    }
  }

  #end(): void {
    this.#stage = 'over';
    this.#unread.end();
    this.#source.signal.removeEventListener('abort', this.#onAbort);
  }
}
