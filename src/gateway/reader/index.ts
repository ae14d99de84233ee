// The page's side of `toResponse()`: small, without the client, and for browsers of 2022 on.
import type { AsyncItems } from '../../internal/web.ts';
import type { ChatError } from '../../outcome/chat-error.ts';
import { attachToError, isChatError } from '../../outcome/chat-error.ts';
import type { Report } from '../../outcome/report.ts';
import type { ChatCompletion } from '../../schema/response.ts';
import type { ChatStreamEvent } from '../../stream/events.ts';
import { createEventReader } from '../../stream/events.ts';
import { Fold } from './fold.ts';
import type { ChatResponseLike, SentReport } from './frames.ts';
import { checkResponse, failure, framesOf } from './frames.ts';

export { ChatError, isChatError } from '../../outcome/chat-error.ts';
export type { ChatErrorCode } from '../../outcome/error-codes.ts';
export type { ChatStreamEvent } from '../../stream/events.ts';
export type { ChatCompletion } from '../../schema/response.ts';
export type { ChatResponseLike, SentReport } from './frames.ts';

/** A complete answer, with the `report` if the server sent one; `report` is not enumerable. */
export type ReadCompletion = ChatCompletion & { readonly report?: SentReport };

/** An answer while it arrives. Read it once, in one of these ways; leaving the loop ends the request. */
export interface ChatReader {
  /** Deltas of content, reasoning and tool calls, token counts and the end. */
  events(): AsyncItems<ChatStreamEvent>;
  /** Only the content. */
  text(): AsyncItems<string>;
  /** The complete answer; can be called during, after or instead of the above. */
  finalCompletion(): Promise<ReadCompletion>;
  /** The report, once the server has sent it: at the end, also of an answer that failed. */
  readonly report: SentReport | undefined;
}

/**
 * Reads the response that `stream.toResponse()` or `pipeToResponse()` made.
 *
 * @param given a `Response`, or the promise of one
 * @throws ChatError with the `code` and `retryable` of the server's error, also of one in a JSON body
 *   `{ error: { message, type: 'flash_error', code } }`; of another refusal with the code of its status. `stream_interrupted`
 *   if the answer is not whole, with what there was as `partial`; `stream_consumed` at a second reading
 *
 * @example
 * for await (const text of readChat(fetch('/chat', { method: 'POST', body })).text()) show(text);
 */
export function readChat(given: ChatResponseLike | Promise<ChatResponseLike>): ChatReader {
  const reading = new Reading(given);
  return {
    events: () => reading.leavable(reading.take()),
    text: () => reading.leavable(reading.texts()),
    finalCompletion: () => reading.finalCompletion(),
    get report() {
      return reading.report;
    },
  };
}

/** One response, from its head to its end. */
class Reading {
  readonly #given: Promise<ChatResponseLike>;
  #fold = new Fold();
  report: SentReport | undefined;
  #isTaken = false;
  #isLeft = false;
  /** Ends the request; not there until somebody reads. */
  #cancel: (() => void) | undefined;
  #resolve!: (completion: ReadCompletion) => void;
  #reject!: (error: unknown) => void;
  readonly #ended = new Promise<ReadCompletion>((resolve, reject) => {
    this.#resolve = resolve;
    this.#reject = reject;
  });

  constructor(given: ChatResponseLike | Promise<ChatResponseLike>) {
    this.#given = Promise.resolve(given);
    // Whoever reads gets the error from there.
    this.#given.catch(() => {});
    this.#ended.catch(() => {});
  }

  finalCompletion(): Promise<ReadCompletion> {
    if (!this.#isTaken) void drain(this.take());
    return this.#ended;
  }

  take(): AsyncGenerator<ChatStreamEvent, undefined> {
    if (this.#isTaken) throw failure('stream_consumed', 'A response can be read once');
    this.#isTaken = true;
    return this.#read();
  }

  async *texts(): AsyncGenerator<string, undefined> {
    for await (const event of this.take()) {
      if (event.type === 'reset') {
        throw this.#fail(failure('stream_interrupted', 'The answer was restarted: read events()'));
      }
      if (event.type === 'content.delta' && event.choice === 0) yield event.delta;
    }
  }

  /** A generator that waits cannot be left; the request has to end now. */
  leavable<T>(items: AsyncGenerator<T, undefined>): AsyncItems<T> {
    return {
      next: async () => (this.#isLeft ? { done: true, value: undefined } : items.next()),
      return: async () => {
        this.#leave();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  async *#read(): AsyncGenerator<ChatStreamEvent, undefined> {
    const events = createEventReader();
    let reader: ReturnType<NonNullable<ChatResponseLike['body']>['getReader']> | undefined;
    const cancel = (this.#cancel = (): void => void reader?.cancel().catch(() => {}));
    let response: ChatResponseLike | undefined;
    try {
      response = await this.#given;
      reader = response.body?.getReader();
      // It was left while there was no response yet.
      if (this.#isLeft) cancel();
      await checkResponse(response, reader, cancel);
      for await (const { flash, ...chunk } of framesOf(reader)) {
        this.report = flash?.report ?? this.report;
        if (flash?.reset === true) {
          this.#fold = new Fold();
          yield { type: 'reset' };
        }
        this.#fold.add(chunk);
        yield* events.read(chunk);
      }
      if (!this.#fold.isComplete) {
        throw failure('stream_interrupted', 'The answer was cut off');
      }
      yield* events.end(this.#succeed());
    } catch (cause) {
      throw this.#fail(asChatError(cause, this.#isLeft, response !== undefined));
    } finally {
      cancel();
    }
  }

  #leave(): void {
    this.#isLeft = true;
    if (this.#cancel) this.#cancel();
    else this.#given.then(({ body }) => body?.getReader().cancel()).catch(() => {});
    // Left behind its end, the answer is whole.
    if (this.#fold.isComplete) this.#succeed();
    else this.#fail(failure('aborted', 'Reading stopped'));
  }

  #succeed(): ChatCompletion {
    const { completion } = this.#fold;
    this.#attachReport(completion);
    this.#resolve(completion);
    return completion;
  }

  #fail(error: ChatError): ChatError {
    const { partial } = this.#fold;
    if (partial.choices[0]) attachToError(error, { partial });
    this.#attachReport(error);
    this.#reject(error);
    return error;
  }

  /** What the server sends of it; `reader.report` has its own type. */
  #attachReport(to: ChatError | ChatCompletion): void {
    attachToError(to as ChatError, { report: this.report as Report | undefined });
  }
}

async function drain(events: AsyncGenerator<ChatStreamEvent, undefined>): Promise<void> {
  try {
    for await (const _ of events);
  } catch {
    // The end has it.
  }
}

function asChatError(cause: unknown, isLeft: boolean, isAnswered: boolean): ChatError {
  if (isChatError(cause) && !isLeft) return cause;
  // A signal of `AbortSignal.timeout()` has the second name.
  const { name } = Object(cause) as { name?: unknown };
  // What is no error was given to `abort()` as its reason.
  if (isLeft || !(cause instanceof Error) || name === 'AbortError' || name === 'TimeoutError') {
    return failure('aborted', 'Reading stopped', { cause });
  }
  return isAnswered
    ? failure('stream_interrupted', 'The connection was lost', { cause })
    : failure('connection', 'No response came', { cause });
}
