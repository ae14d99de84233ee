// The page's side of `toResponse()`: small, without the client, and for browsers of 2022 on.
import type { AsyncItems } from '../../internal/web.ts';
import type { ChatErrorCode } from '../../outcome/error-codes.ts';
import { attachToError, ChatError, isChatError } from '../../outcome/chat-error.ts';
import type { Report } from '../../outcome/report.ts';
import type { ChatCompletionChunk } from '../../schema/chunk.ts';
import type { ChatCompletion } from '../../schema/response.ts';
import type { ChatStreamEvent } from '../../stream/events.ts';
import { createEventReader } from '../../stream/events.ts';
import { flashErrorType } from '../../outcome/visitor-sentences.ts';
import { Fold } from './fold.ts';

export { ChatError, isChatError } from '../../outcome/chat-error.ts';
export type { ChatErrorCode } from '../../outcome/error-codes.ts';
export type { ChatStreamEvent } from '../../stream/events.ts';
export type { ChatCompletion } from '../../schema/response.ts';

/** The part of a `Response` that is used. */
export interface ChatResponseLike {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: {
    getReader(): {
      read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
      cancel(): Promise<void>;
    };
  } | null;
}

/** The part of the report that a server sends with `toResponse({ report: true })`. */
export type SentReport = Pick<Report, 'provider' | 'model' | 'timings' | 'completion'> &
  Partial<Pick<Report, 'usage' | 'cost'>>;

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
}

/**
 * Reads the response that `stream.toResponse()` or `pipeToResponse()` made.
 *
 * @param given a `Response`, or the promise of one
 * @throws ChatError with the `code` of the server's error; `stream_interrupted` if the answer is not whole, with what there
 *   was as `partial`; `stream_consumed` at a second reading
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
  };
}

/** One response, from its head to its end. */
class Reading {
  readonly #given: Promise<ChatResponseLike>;
  #fold = new Fold();
  #report: SentReport | undefined;
  #isTaken = false;
  #isBegun = false;
  #isLeft = false;
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
    if (this.#isTaken) throw new ChatError('stream_consumed', 'The response can be read only once');
    this.#isTaken = true;
    return this.#read();
  }

  async *texts(): AsyncGenerator<string, undefined> {
    for await (const event of this.take()) {
      if (event.type === 'reset') {
        throw this.#fail(
          new ChatError('stream_interrupted', 'The answer was restarted; read events() instead'),
        );
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
    this.#isBegun = true;
    let response: ChatResponseLike | undefined;
    try {
      response = await this.#given;
      const reader = response.body?.getReader();
      this.#cancel = () => void reader?.cancel().catch(() => {});
      // It was left while there was no response yet.
      if (this.#isLeft) this.#cancel();
      checkResponse(response);
      for await (const { flash, ...chunk } of framesOf(reader)) {
        this.#report = flash?.report ?? this.#report;
        if (flash?.reset === true) {
          this.#fold = new Fold();
          yield { type: 'reset' };
        }
        this.#fold.add(chunk);
        yield* events.read(chunk);
      }
      if (!this.#fold.isComplete) {
        throw new ChatError(
          'stream_interrupted',
          'The stream ended before the answer was complete',
        );
      }
      yield* events.end(this.#succeed());
    } catch (cause) {
      throw this.#fail(asChatError(cause, this.#isLeft, response !== undefined));
    } finally {
      this.#cancel?.();
    }
  }

  #leave(): void {
    this.#isLeft = true;
    this.#cancel?.();
    if (!this.#isBegun) void letGo(this.#given);
    // Left behind its end, the answer is whole.
    if (this.#fold.isComplete) this.#succeed();
    else this.#fail(new ChatError('aborted', 'The loop over the answer ended early'));
  }

  #succeed(): ChatCompletion {
    const { completion } = this.#fold;
    const value = this.#report;
    if (value !== undefined) Object.defineProperty(completion, 'report', { value });
    this.#resolve(completion);
    return completion;
  }

  #fail(error: ChatError): ChatError {
    const { partial } = this.#fold;
    if (partial.choices.length > 0) attachToError(error, { partial });
    this.#reject(error);
    return error;
  }
}

async function drain(events: AsyncGenerator<ChatStreamEvent, undefined>): Promise<void> {
  try {
    for await (const _ of events);
  } catch {
    // The end has it.
  }
}

/** Nobody has begun to read it. */
async function letGo(given: Promise<ChatResponseLike>): Promise<void> {
  try {
    await (await given).body?.getReader().cancel();
  } catch {
    // It is gone, one way or the other.
  }
}

function asChatError(cause: unknown, isLeft: boolean, isAnswered: boolean): ChatError {
  if (isChatError(cause) && !isLeft) return cause;
  // A signal of `AbortSignal.timeout()` has the second name.
  const name = String((cause as { name?: unknown } | null)?.name);
  if (isLeft || name === 'AbortError' || name === 'TimeoutError') {
    return new ChatError('aborted', 'Reading was stopped', { cause });
  }
  return isAnswered
    ? new ChatError('stream_interrupted', 'The connection was lost', { cause, retryable: true })
    : new ChatError('connection', 'No response arrived', { cause, retryable: true });
}

interface Frame extends ChatCompletionChunk {
  flash?: { report?: SentReport; reset?: true } | undefined;
  error?: { message?: unknown; type?: unknown; code?: unknown } | undefined;
}

/** @throws ChatError for a response that is not a stream */
function checkResponse({ ok, status, headers }: ChatResponseLike): void {
  const type = headers.get('content-type') ?? '';
  if (ok && type.includes('text/event-stream')) return;
  if (ok) {
    const what = type || 'no type';
    throw new ChatError('invalid_response', `The server answered with ${what}, not with a stream`);
  }
  const codes: Record<number, ChatErrorCode> = {
    401: 'authentication',
    403: 'permission_denied',
    404: 'not_found',
    429: 'rate_limit',
  };
  const code = codes[status] ?? (status >= 500 ? 'server_error' : 'bad_request');
  throw new ChatError(code, `The server answered ${status}`, { status });
}

/**
 * The frames of a stream, as they come. What our server writes is one line each, which takes no parser of all that the
 * specification allows.
 *
 * @throws ChatError for an error frame, and for a frame that our server does not write
 */
async function* framesOf(
  reader: ReturnType<NonNullable<ChatResponseLike['body']>['getReader']> | undefined,
): AsyncGenerator<Frame, undefined> {
  const decoder = new TextDecoder();
  let line = '';
  for (;;) {
    const { done = true, value } = (await reader?.read()) ?? {};
    if (done) return;
    const [more = '', ...next] = decoder.decode(value, { stream: true }).split('\n');
    line += more;
    for (const after of next) {
      const data = line.startsWith('data:') ? line.slice(5).trim() : '';
      line = after;
      if (data === '' || data === '[DONE]') continue;
      const frame = parseFrame(data);
      if (frame.error != null) throw toError(frame.error);
      yield frame;
    }
  }
}

function parseFrame(data: string): Frame {
  try {
    const frame = JSON.parse(data) as Frame | null;
    const isChunk = Array.isArray(frame?.choices) && frame.choices.every((choice) => choice?.delta);
    if (frame?.error != null || isChunk) return frame as Frame;
  } catch {
    // Said below.
  }
  return { error: { type: flashErrorType, code: 'invalid_response' } } as Frame;
}

function toError({ message, type, code }: NonNullable<Frame['error']>): ChatError {
  const isOurs = type === flashErrorType && typeof code === 'string';
  return new ChatError(
    isOurs ? (code as ChatErrorCode) : 'server_error',
    typeof message === 'string' ? message : 'The stream contains something that is not a chunk',
  );
}
