import type { ChatErrorCode } from '../outcome/error-codes.ts';
import { flashErrorType } from '../outcome/error-codes.ts';
import { ChatError, isChatError } from '../outcome/chat-error.ts';
import type { Report } from '../outcome/report.ts';
import type { ChatCompletionChunk } from '../schema/chunk.ts';
import { countedUsage } from '../schema/usage.ts';
import type { ArrivingChunks } from './chunk-source.ts';
import type { FrameSource } from './frames.ts';
import { readRest } from './frames.ts';
import type { ToSSEStreamInit } from './hand-on.ts';
import { forget, refused, sentence } from './hand-on.ts';

/** What is handed on. */
export interface HandedOn {
  chunks: ArrivingChunks;
  report: Report;
}

/** A visitor who takes little at a time must not make this hold much: so many characters are a piece, and one chunk more. */
const fullPiece = 65_536;

/** What an entry does its own way. */
export interface OwnWay {
  /** Looks at each chunk before it is sent. @throws what the stream ends with instead */
  check?(chunk: ChatCompletionChunk): void;
  /** What stands at the end in place of `[DONE]`. */
  closing?(): string | Promise<string>;
}

/**
 * Chunks in OpenAI's wire form. Pulled: chunks are read when the other side wants some, and all that one read of the vendor
 * brought go out together.
 */
export function encodeSSE(
  { chunks, report }: HandedOn,
  init: ToSSEStreamInit,
  { check, closing = () => '[DONE]' }: OwnWay = {},
): FrameSource {
  const { transform } = init;
  let last: ChatCompletionChunk | undefined;
  /** What `transform` threw behind chunks that were good. */
  let failure: { error: unknown } | undefined;

  /** `undefined` for a chunk that `transform` omits. */
  const encode = (chunk: ChatCompletionChunk): string | undefined => {
    last = chunk;
    check?.(chunk);
    if (transform == null && chunk.usage == null) {
      return chunks.jsonOf?.(chunk) ?? JSON.stringify(chunk);
    }
    const shown = transform == null ? chunk : transformed(transform(chunk));
    return shown === undefined ? undefined : JSON.stringify(counted(shown));
  };
  const addArrived = (data: string[]): void => {
    let size = data[0]?.length ?? 0;
    try {
      while (size < fullPiece) {
        const chunk = chunks.arrived?.();
        if (chunk === undefined) return;
        const text = encode(chunk);
        if (text === undefined) continue;
        size += text.length;
        data.push(text);
      }
    } catch (error) {
      failure = { error };
    }
  };

  const reportFrames = (): string[] => (init.report === true ? [reportChunk(report, last)] : []);
  // Not of a call that is still running, which only `transform` has failed; nor where nothing has been sent: a client would
  // take it for the beginning of an answer, which must not be asked for again.
  const reportOfFailed = (): string[] =>
    last === undefined || report.completion === 'running' ? [] : reportFrames();

  return {
    async next() {
      for (;;) {
        if (failure !== undefined) throw failure.error;
        const { done, value } = await chunks.next();
        if (done) {
          return { data: [...reportFrames(), await closing()], isLast: true };
        }
        const text = encode(value);
        const data = text === undefined ? [] : [text];
        addArrived(data);
        if (data.length > 0) return { data, isLast: false };
      }
    },
    failed: (error) => [...reportOfFailed(), errorFrame(error, init.onError)],
    leave: () => chunks.return?.(),
    // As it comes: `transform` is for readers.
    finish: () => readRest(chunks),
  };
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

/** Whose path is of the visitor's own request. */
const visitorsCodes = new Set<ChatErrorCode>(['invalid_request', 'unsupported_parameter']);

function errorFrame(error: unknown, onError: ToSSEStreamInit['onError']): string {
  const chatError: ChatError = isChatError(error)
    ? error
    : new ChatError('invalid_options', 'The transform function failed', { cause: error });
  const { code, param, retryable } = chatError;
  const message = sentence(chatError, onError);
  const isVisitors = visitorsCodes.has(code);
  return JSON.stringify({
    error: {
      message,
      type: flashErrorType,
      code,
      param: isVisitors ? (param ?? null) : null,
      retryable,
    },
  });
}
