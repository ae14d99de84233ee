import type { AttemptScope } from './attempts.ts';
import type { Call } from './call.ts';
import type { ChatError } from '../outcome/chat-error.ts';
import type { ResolvedOptions } from '../options/options.ts';
import type { ReadyRequest } from '../request/prepare.ts';
import type { ChatCompletionChunk } from '../schema/chunk.ts';
import type { ChunkReading, ChunkSource, StreamOutcome } from '../stream/chunk-source.ts';
import { answerEnd } from '../schema/finish-reason.ts';
import { brokenOff, unbegun, unfinished } from '../stream/bad-ends.ts';
import { saysSomething } from '../stream/says-something.ts';
import type { WatchedBody } from './watched-body.ts';
import { streamDialect } from '../stream/stream-dialect.ts';
import { ChunkReader } from '../stream/chunk-reader.ts';
import type { Accumulator } from '../stream/accumulate.ts';
import type { ThinkTagSplitter } from '../stream/think-tags.ts';
import { createThinkTagSplitter } from '../stream/think-tags.ts';
import type { AbortSignalLike } from '../internal/web.ts';
import type { NoteIssue } from '../schema/issue.ts';

/** Where a stream's chunks come from: attempt after attempt until the first chunk is handed out, then only this one. */
export class StreamSource implements ChunkSource, ChunkReading {
  readonly signal: AbortSignalLike;
  readonly accumulator: Accumulator;
  readonly note: NoteIssue;
  readonly #call: Call;
  readonly #options: ResolvedOptions;
  readonly #prepareRequest: () => ReadyRequest;
  /** Whether {@link StreamSource.open} waits for the first of the answer. Until then an attempt that fails was none. */
  readonly #opensWithContent: boolean;
  #request!: ReadyRequest;
  #reader!: ChunkReader;
  #body: WatchedBody | undefined = undefined;
  #splitter: ThinkTagSplitter | undefined = undefined;
  /** Chunks that were read before anybody could ask for them. */
  readonly #first: ChatCompletionChunk[] = [];
  #isDelivered = false;

  constructor(
    call: Call,
    options: ResolvedOptions,
    accumulator: Accumulator,
    prepareRequest: () => ReadyRequest,
    opensWithContent = false,
  ) {
    this.signal = call.lifetime.signal;
    this.#call = call;
    this.#options = options;
    this.accumulator = accumulator;
    this.note = call.note;
    this.#prepareRequest = prepareRequest;
    this.#opensWithContent = opensWithContent;
  }

  async open(): Promise<ChunkReading> {
    this.#request = this.#prepareRequest();
    await this.#connect();
    if (this.#opensWithContent) await this.#fillFirst();
    return this;
  }

  pull(): ChatCompletionChunk | undefined {
    // Before the first chunk, only `fill` may meet an error: it can try again.
    const chunk = this.#isDelivered ? this.#reader.pull() : this.#first.shift();
    if (chunk === undefined) return undefined;
    this.#isDelivered ||= this.#first.length === 0;
    return this.#splitter === undefined ? chunk : this.#splitter.split(chunk);
  }

  get isRepeat(): boolean {
    return this.#isDelivered && this.#splitter === undefined && this.#reader.isRepeat;
  }

  jsonOf(chunk: ChatCompletionChunk): string | undefined {
    const isRead = this.#isDelivered && this.#splitter === undefined;
    return isRead ? this.#reader.jsonOf(chunk) : undefined;
  }

  fill(): Promise<boolean> {
    return this.#isDelivered ? this.#reader.fill() : this.#fillFirst();
  }

  read(): Promise<Uint8Array | undefined> | undefined {
    return this.#isDelivered && this.#reader.wantsBytes ? this.#body?.beginRead() : undefined;
  }

  feed(bytes: Uint8Array | undefined): void {
    this.#body?.endRead(bytes);
    this.#reader.feed(bytes);
  }

  failRead(error: unknown): unknown {
    return this.#body?.failRead(error) ?? error;
  }

  gotContent(): void {
    this.#body?.gotContent();
  }

  gotFinish(): void {
    this.#body?.gotFinish();
  }

  rest(): ChatCompletionChunk | undefined {
    return this.#splitter?.rest();
  }

  cancel(error: ChatError): void {
    this.#call.lifetime.abort(error);
  }

  settle(outcome: StreamOutcome): void {
    const isWhole = 'completion' in outcome;
    // After `[DONE]` the rest of the body is read, so that the connection can be used again.
    if (!isWhole || !this.#reader.sawDone) this.#body?.cancel();
    if (isWhole) this.#call.succeed(outcome.completion);
    else this.#call.fail(outcome.error);
  }

  #connect(): Promise<void> {
    return this.#call.attempts.run(async (scope: AttemptScope) => {
      const { provider, limits, splitThinkTags } = this.#options;
      const { send, toError } = this.#call;
      const { body } = await send(this.#request.http, scope);
      this.#body = body;
      this.#reader = new ChunkReader(
        body,
        streamDialect(provider, toError),
        limits,
        this.note,
        this.accumulator,
      );
      this.#splitter = splitThinkTags ? createThinkTagSplitter() : undefined;
    });
  }

  /** @throws ChatError for a bad end before anything was said */
  #isContent({ choices }: ChatCompletionChunk): boolean {
    return choices.some(({ delta, finish_reason }) => {
      if (saysSomething(delta)) return true;
      if (finish_reason === null) return false;
      if (answerEnd(finish_reason, this.#options.provider.profile.finishReasons) === 'interrupted')
        throw brokenOff();
      return true;
    });
  }

  /** Reads up to the first chunk. An error before it can still be retried: nothing has been delivered yet. */
  async #fillFirst(): Promise<boolean> {
    for (;;) {
      try {
        do {
          for (let chunk = this.#reader.pull(); chunk !== undefined; chunk = this.#reader.pull()) {
            this.#first.push(chunk);
            if (!this.#opensWithContent || this.#isContent(chunk)) return true;
          }
        } while (await this.#reader.fill());
        throw this.#first.length === 0 ? unbegun() : unfinished('stream');
      } catch (error) {
        this.#first.length = 0;
        this.#body?.cancel();
        await this.#call.attempts.again(error);
        await this.#connect();
      }
    }
  }
}
