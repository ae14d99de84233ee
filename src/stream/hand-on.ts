import { maxTimerMs } from '../internal/clock.ts';
import { ChatError } from '../outcome/chat-error.ts';
import { ownOptions } from '../outcome/invalid-options.ts';
import type { FrameReader } from './frames.ts';
import type { ChatCompletionChunk } from '../schema/chunk.ts';
import type { OnDisconnect } from './frames.ts';
import { visitorSentences } from '../outcome/visitor-sentences.ts';

// A stream handed on to a visitor: in OpenAI's wire form, with signs of life while the vendor is silent, and with nothing
// of an error that is not meant for him.

/** How a stream is passed on to a client. */
export interface ToSSEStreamInit {
  /** Milliseconds of silence after which a comment is sent, so that no proxy gives up. `Infinity` for none. @default 15_000 */
  keepAliveMs?: number | undefined;
  /**
   * The message that a visitor gets for an error; the default one where it returns `undefined` or throws.
   *
   * @default a sentence for each code, with nothing from the vendor
   */
  onError?: ((error: ChatError) => string | undefined) | undefined;
  /** Returns the chunk to send instead, or `undefined` to omit it. If it throws, the stream ends with an error. */
  transform?: ((chunk: ChatCompletionChunk) => ChatCompletionChunk | undefined) | undefined;
  /**
   * Sends provider, model, usage, cost, timings and completion before `[DONE]`, and before the error of an answer that had
   * begun. Usage and cost are absent there if the vendor had not counted yet. @default false
   */
  report?: boolean | undefined;
  /**
   * What happens to the answer when its reader goes away. `abort` cancels the request; what was written until then is paid for.
   * `finish` reads the answer to its end, which is paid for in whole: `finalCompletion()`, hooks, report and cost are then
   * complete, and it can be stored.
   *
   * @default 'abort'
   */
  onDisconnect?: OnDisconnect | undefined;
}

/** Options that every form of a stream that is handed on has. */
export interface SharedInit extends Pick<
  ToResponseInit,
  'keepAliveMs' | 'onDisconnect' | 'status' | 'headers'
> {
  onError?: ((error: ChatError) => string | undefined) | undefined;
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

const sseNames = ['keepAliveMs', 'onError', 'transform', 'report', 'onDisconnect'];

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
  if (!isOnDisconnect(init.onDisconnect)) {
    throw refused('onDisconnect', 'Option onDisconnect must be one of abort, finish');
  }
  if (!(status >= 200 && status < 600) || [204, 205, 304].includes(status)) {
    throw refused('status', `A response of status ${status} has no body to stream into`);
  }
  return { ...init, keepAliveMs, status };
}

/** Whether it is a value of the option, or not given. */
export function isOnDisconnect(value: unknown): boolean {
  return value == null || value === 'abort' || value === 'finish';
}

export function refused(param: string, message: string): ChatError {
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

/** Sends a stream over a `node:http` response. Resolves when all is sent, or when the visitor has left. */
export async function pipeToResponse(
  frames: FrameReader,
  response: NodeResponseLike,
  status: number,
  headers: Headers,
): Promise<void> {
  if (typeof response?.writeHead !== 'function' || typeof response.on !== 'function') {
    void frames.cancel().catch(() => {});
    throw refused('response', 'pipeToResponse expects a response of node:http');
  }
  let isGone = response.destroyed;
  let wake = (): void => {};
  const onDrain = (): void => wake();
  const onGone = (): void => {
    isGone = true;
    // Not awaited: the visitor does not wait for the end of the request.
    frames.cancel().catch(() => {});
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
      const piece = await frames.read();
      if (piece === undefined || isGone) break;
      const hasRoom = response.write(piece);
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

/** A promise where a value was due: what it throws later is its own. */
export function forget(promise: unknown): void {
  void Promise.resolve(promise).catch(() => {});
}

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
