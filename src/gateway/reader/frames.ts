import type { ChatErrorInit } from '../../outcome/chat-error.ts';
import { ChatError } from '../../outcome/chat-error.ts';
import type { ChatErrorCode } from '../../outcome/error-codes.ts';
import { flashErrorType, isRetryable } from '../../outcome/error-codes.ts';
import type { Report } from '../../outcome/report.ts';
import { codeOfStatus } from '../../outcome/status-codes.ts';
import type { ChatCompletionChunk } from '../../schema/chunk.ts';

// A response, from its bytes to frames, or to the error that it is.

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

/** The part of the report that a server sends with `toResponse({ report: true })`, also before an error. */
export type SentReport = Pick<Report, 'provider' | 'model' | 'timings' | 'completion'> &
  Partial<Pick<Report, 'usage' | 'cost'>>;

/** An error whose code says all that is known of it. */
export function failure(code: ChatErrorCode, message: string, init?: ChatErrorInit): ChatError {
  return new ChatError(code, message, { retryable: isRetryable(code), ...init });
}

/** An error as servers write it: ours, or with whatever they have in these places. */
interface WireError {
  message?: unknown;
  type?: unknown;
  code?: unknown;
  retryable?: unknown;
}

/** What one event of the stream is. */
export interface Frame extends ChatCompletionChunk {
  flash?: { report?: SentReport; reset?: true } | undefined;
  error?: WireError | undefined;
}

/** Of a response without a body there is none. */
type ByteReader = ReturnType<NonNullable<ChatResponseLike['body']>['getReader']> | undefined;

/** @throws ChatError for a response that is not a stream */
export async function checkResponse(
  { ok, status, headers }: ChatResponseLike,
  reader: ByteReader,
  cancel: () => void,
): Promise<void> {
  const type = headers.get('content-type') ?? '';
  if (ok && type.includes('text/event-stream')) return;
  const told = !ok && type.includes('json') ? await readRefusal(reader, cancel) : {};
  throw toError(told, codeOfStatus(status), `The server answered ${status} ${type}`, status);
}

/** What the body of a refusal tells. The status says enough without it, so it is not waited for without end. */
async function readRefusal(reader: ByteReader, cancel: () => void): Promise<WireError> {
  const timer = setTimeout(cancel, 5_000);
  let text = '';
  try {
    for await (const piece of textsOf(reader)) text += piece;
  } catch {
    // Then there is nothing to read of it.
  }
  clearTimeout(timer);
  const { error } = (parse(text) ?? {}) as { error?: WireError | string };
  return typeof error === 'string' ? { message: error } : (error ?? {});
}

/**
 * The frames of a stream, as they come. What our server writes is one line each, which takes no parser of all that the
 * specification allows.
 *
 * @throws ChatError for an error frame, and for a frame that our server does not write
 */
export async function* framesOf(reader: ByteReader): AsyncGenerator<Frame, undefined> {
  let line = '';
  for await (const text of textsOf(reader)) {
    const [more = '', ...next] = text.split('\n');
    line += more;
    for (const after of next) {
      const data = line.startsWith('data:') ? line.slice(5).trim() : '';
      line = after;
      if (data === '' || data === '[DONE]') continue;
      const { error, ...chunk } = (parse(data) ?? {}) as Frame;
      if (error) throw toError(error, 'server_error', 'The stream failed');
      if (!Array.isArray(chunk.choices) || !chunk.choices.every((choice) => choice?.delta)) {
        throw failure('invalid_response', 'The stream is invalid');
      }
      yield chunk;
    }
  }
}

async function* textsOf(reader: ByteReader): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder();
  for (;;) {
    const { done = true, value } = (await reader?.read()) ?? {};
    if (done) return;
    yield decoder.decode(value, { stream: true });
  }
}

/** @param otherwise the code of an error that has none of ours */
function toError(
  { message, type, code, retryable }: WireError,
  otherwise: ChatErrorCode,
  words: string,
  status?: number,
): ChatError {
  const isOurs = type === flashErrorType;
  return failure(
    isOurs ? (code as ChatErrorCode) : otherwise,
    typeof message === 'string' ? message : words,
    {
      status,
      vendorCode: isOurs || typeof code !== 'string' ? undefined : code,
      ...(typeof retryable === 'boolean' && { retryable }),
    },
  );
}

/** `undefined` for what is not JSON. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
