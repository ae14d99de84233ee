import type { ChatErrorCode } from '../outcome/error-codes.ts';
import { ChatError, isChatError } from '../outcome/chat-error.ts';
import { maxTimerMs } from '../internal/clock.ts';
import { ownOptions } from '../outcome/invalid-options.ts';
import type { Report } from '../outcome/report.ts';
import type { ChatCompletionChunk } from '../schema/chunk.ts';
import { countedUsage } from '../schema/usage.ts';
import { encodeFrames } from './frames.ts';
import { flashErrorType, visitorSentences } from '../outcome/visitor-sentences.ts';

// A stream handed on to a visitor: in OpenAI's wire form, with signs of life while the vendor is silent, and with nothing
// of an error that is not meant for him.

/** How a stream is passed on to a client. */
export interface ToSSEStreamInit {
  /** Milliseconds of silence after which a comment is sent, so that no proxy gives up. `Infinity` for none. @default 15_000 */
  keepAliveMs?: number | undefined;
  /** The message that a visitor gets for an error. @default a sentence for each code, with nothing from the vendor */
  onError?: ((error: ChatError) => string) | undefined;
  /** Returns the chunk to send instead, or `undefined` to omit it. If it throws, the stream ends with an error. */
  transform?: ((chunk: ChatCompletionChunk) => ChatCompletionChunk | undefined) | undefined;
  /** Sends provider, model, usage, cost, timings and completion before `[DONE]`. @default false */
  report?: boolean | undefined;
}

/** Options that every form of a stream that is handed on has. */
export interface SharedInit extends Pick<ToResponseInit, 'keepAliveMs' | 'status' | 'headers'> {
  onError?: ((error: ChatError) => string) | undefined;
  transform?: unknown;
}

/** How a stream becomes a response. */
export interface ToResponseInit extends ToSSEStreamInit {
  /** HTTP status. @default 200 */
  status?: number | undefined;
  /** Added to the default headers; the same name replaces one. */
  headers?: Record<string, string> | undefined;
}

/** The part of a `node:http` response that is used; those of Express, Koa (`ctx.res`) and Fastify (`reply.raw`) fit. */
export interface NodeResponseLike {
  readonly headersSent: boolean;
  readonly destroyed: boolean;
  writeHead(status: number, headers: Record<string, string>): unknown;
  flushHeaders(): void;
  write(bytes: Uint8Array): boolean;
  end(): unknown;
  on(event: string, listener: () => void): unknown;
  removeListener(event: string, listener: () => void): unknown;
}

/** What is handed on. */
export interface HandedOn {
  chunks: AsyncIterator<ChatCompletionChunk, undefined>;
  report: Report;
}

const sseNames = ['keepAliveMs', 'onError', 'transform', 'report'];

/** Checked before the stream is taken. @throws ChatError `invalid_options` */
export function checkInit<Init extends SharedInit = ToResponseInit>(
  given: Init | undefined,
  isResponse: boolean,
  own: readonly string[] = sseNames,
): Partial<Init> & { keepAliveMs: number; status: number } {
  const names = isResponse ? [...own, 'status', 'headers'] : own;
  const init: Partial<Init> = ownOptions(given, names, 'The options of a response');
  const { onError, transform } = init;
  // `null` is not given, as with all options.
  const keepAliveMs = init.keepAliveMs ?? 15_000;
  const status = init.status ?? 200;
  const isTimer = keepAliveMs === Infinity || (keepAliveMs > 0 && keepAliveMs <= maxTimerMs);
  if (!isTimer) {
    throw refused('keepAliveMs', 'Option keepAliveMs must be milliseconds above 0, or Infinity');
  }
  for (const [name, value] of Object.entries({ onError, transform })) {
    if (value != null && typeof value !== 'function') {
      throw refused(name, `Option ${name} must be a function`);
    }
  }
  if (!(status >= 200 && status < 600) || [204, 205, 304].includes(status)) {
    throw refused('status', `A response of status ${status} has no body to stream into`);
  }
  return { ...init, keepAliveMs, status };
}

function refused(param: string, message: string): ChatError {
  return new ChatError('invalid_options', message, { param });
}

/** @throws ChatError `invalid_options` */
export function responseHeaders(
  { headers: given }: Pick<ToResponseInit, 'headers'>,
  more: Record<string, string> = {},
): Headers {
  const headers = new Headers({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    // nginx would gather the answer before it hands it on.
    'x-accel-buffering': 'no',
    ...more,
  });
  try {
    const entries: Iterable<[string, unknown]> =
      given != null && Symbol.iterator in given
        ? (given as unknown as Iterable<[string, string]>)
        : Object.entries(given ?? {});
    for (const [name, value] of entries) {
      // As everywhere: `undefined` is ignored, and `null` removes a default.
      if (value === null) headers.delete(name);
      else if (value !== undefined) headers.set(name, String(value));
    }
    return headers;
  } catch (cause) {
    const message = 'Option headers must have names and values that are valid in HTTP';
    throw new ChatError('invalid_options', message, { param: 'headers', cause });
  }
}

/** Chunks → bytes in OpenAI's wire form. Pulled: a chunk is read when the other side wants one. */
export function encodeSSE(
  { chunks, report }: HandedOn,
  init: ToSSEStreamInit,
): ReadableStream<Uint8Array> {
  const { keepAliveMs = Infinity, transform } = init;
  let last: ChatCompletionChunk | undefined;
  return encodeFrames(
    {
      /** The next frame to send; chunks that `transform` omits are skipped. */
      async next() {
        for (;;) {
          const { done, value } = await chunks.next();
          if (done) {
            const data = init.report === true ? [reportChunk(report, last)] : [];
            return { data: [...data, '[DONE]'], isLast: true };
          }
          last = value;
          const transformedValue = transform == null ? value : transformed(transform(value));
          if (transformedValue !== undefined)
            return { data: [JSON.stringify(counted(transformedValue))], isLast: false };
        }
      },
      failed: (error) => [errorFrame(error, init.onError)],
      leave: () => chunks.return?.(),
    },
    keepAliveMs,
  );
}

/** @throws ChatError `invalid_options` for a value that is not a chunk: its reader could not use it */
function transformed(chunk: unknown): ChatCompletionChunk | undefined {
  if (chunk === undefined) return undefined;
  const { choices } = (chunk ?? {}) as { choices?: unknown };
  if (Array.isArray(choices)) return chunk as ChatCompletionChunk;
  forget(chunk);
  throw refused('transform', 'Option transform must return a chunk or undefined, not a promise');
}

/** A chunk whose usage, if it has one, is that of a completion: readers take it as it is. */
function counted(chunk: ChatCompletionChunk): ChatCompletionChunk {
  return chunk.usage == null ? chunk : { ...chunk, usage: countedUsage(chunk.usage) };
}

/** Sends a stream over a `node:http` response. Resolves when all is sent, or when the visitor has left. */
export async function pipeToResponse(
  bytes: ReadableStream<Uint8Array>,
  response: NodeResponseLike,
  status: number,
  headers: Headers,
): Promise<void> {
  if (typeof response?.writeHead !== 'function' || typeof response.on !== 'function') {
    void bytes.cancel().catch(() => {});
    throw refused('response', 'pipeToResponse expects a response of node:http');
  }
  const reader = bytes.getReader();
  let isGone = response.destroyed;
  let wake = (): void => {};
  const onDrain = (): void => wake();
  const onGone = (): void => {
    isGone = true;
    // Not awaited: the visitor does not wait for the end of the request.
    reader.cancel().catch(() => {});
    wake();
  };
  response.on('close', onGone);
  response.on('error', onGone);
  response.on('drain', onDrain);
  try {
    if (isGone) return onGone();
    if (!response.headersSent) response.writeHead(status, Object.fromEntries(headers));
    response.flushHeaders();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || isGone) break;
      const hasRoom = response.write(value);
      // Middleware that compresses would keep it.
      (response as { flush?: () => void }).flush?.();
      if (!hasRoom && !isGone) await new Promise<void>((resolve) => (wake = resolve));
    }
    if (!isGone) response.end();
  } catch (error) {
    onGone();
    throw new ChatError('invalid_options', 'The response could not be written to', {
      cause: error,
    });
  } finally {
    response.removeListener('drain', onDrain);
    response.removeListener('close', onGone);
    // The listener for errors stays: one that comes late must not end the process.
  }
}

function reportChunk(report: Report, last: ChatCompletionChunk | undefined): string {
  const { provider, model, usage, cost, timings, completion } = report;
  return JSON.stringify({
    id: last?.id ?? '',
    object: 'chat.completion.chunk',
    created: last?.created ?? 0,
    model: last?.model ?? model,
    choices: [],
    flash: { report: { provider, model, usage, cost, timings, completion } },
  });
}

function errorFrame(error: unknown, onError: ToSSEStreamInit['onError']): string {
  const chatError: ChatError = isChatError(error)
    ? error
    : new ChatError('invalid_options', 'The transform function failed', { cause: error });
  const { code, param } = chatError;
  const message = sentence(chatError, onError);
  const isVisitors = visitorsCodes.has(code);
  return JSON.stringify({
    error: { message, type: flashErrorType, code, param: isVisitors ? (param ?? null) : null },
  });
}

/** A promise where a value was due: what it throws later is its own. */
function forget(promise: unknown): void {
  void Promise.resolve(promise).catch(() => {});
}

/** Whose path is of the visitor's own request. */
const visitorsCodes = new Set<ChatErrorCode>(['invalid_request', 'unsupported_parameter']);

/** The message that a visitor gets for an error. */
export function sentence(error: ChatError, onError: ToSSEStreamInit['onError']): string {
  try {
    const message: unknown = onError?.(error);
    if (typeof message === 'string') return message;
    // An asynchronous one has no sentence in time.
    forget(message);
  } catch {
    // The default is always there.
  }
  return visitorSentences[error.code];
}
