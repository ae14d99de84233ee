import type { EmulatorFault } from '../emulator/reply.ts';
import { asEvent, asJSON, bytesOf, choiceOf, eventData, onResponse, onWrites } from './places.ts';
import type { FaultEnd, Fields } from './places.ts';
import { gzipped } from './gzip.ts';

// Other answers than the one that was asked for: statuses, heads, bodies of another kind.

/** Body and headers of a status. */
export interface StatusOptions {
  /** A text as it is, or an object as JSON. @default none */
  body?: string | object | undefined;
  /** All headers. @default `content-type: application/json` for an object */
  headers?: Record<string, string> | undefined;
  /** How the connection ends after the body. @default 'end' */
  end?: FaultEnd | undefined;
}

const status = (code: number, options: StatusOptions = {}): EmulatorFault =>
  onResponse(() => {
    const { body = '', headers, end = 'end' } = options;
    const isText = typeof body === 'string';
    return {
      status: code,
      headers: headers ?? (isText ? {} : { 'content-type': 'application/json' }),
      writes: [
        ...(body === '' ? [] : [isText ? body : JSON.stringify(body)]),
        ...(end === 'end' ? [] : [end]),
      ],
    };
  });

const page = (title: string): string =>
  `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body>\n<h1>${title}</h1>\n</body></html>\n`;

interface CallPiece {
  index: number;
  id?: string;
  function: { name?: string; arguments: string };
}

/** The calls of a stream, put together. */
function joinCalls(deltas: readonly (Fields | undefined)[]): object[] {
  const calls = new Map<number, { id: unknown; name: unknown; text: string }>();
  for (const piece of deltas.flatMap((delta) => (delta?.tool_calls ?? []) as CallPiece[])) {
    const { id, name, text } = calls.get(piece.index) ?? {
      id: piece.id,
      name: piece.function.name,
      text: '',
    };
    calls.set(piece.index, { id, name, text: text + piece.function.arguments });
  }
  return [...calls.values()].map(({ id, name, text }) => ({
    id,
    type: 'function',
    function: { name, arguments: text },
  }));
}

export const answerFaults = {
  /** Any status with any body and headers; the client should throw what the status means, and send again if it may help. */
  status,

  /**
   * A wait that the vendor asks for: seconds, a date, milliseconds, or any text. The client should obey it up to a
   * minute, throw at once with `retryAfterMs` beyond, and wait as it sees fit if it can make nothing of it.
   */
  retryAfter: (
    wait: number | Date | { ms: number | string } | string,
    code = 429,
  ): EmulatorFault => {
    const headers: Record<string, string> =
      typeof wait === 'object' && 'ms' in wait
        ? { 'retry-after-ms': String(wait.ms) }
        : { 'retry-after': wait instanceof Date ? wait.toUTCString() : String(wait) };
    const error = {
      message: 'Too many requests.',
      type: 'rate_limit_error',
      param: null,
      code: '',
    };
    return status(code, {
      body: { error },
      headers: { 'content-type': 'application/json', ...headers },
    });
  },

  /** A redirect; the client should throw `unexpected_redirect`, and take its key nowhere. */
  redirect: (location: string, code: 301 | 302 | 303 | 307 | 308 = 302): EmulatorFault =>
    status(code, { headers: { location } }),

  /** Adds headers to the answer; `undefined` takes one off. What the client should make of them is up to you. */
  headers: (changes: Record<string, string | undefined>): EmulatorFault =>
    onResponse((response) => {
      const headers = new Map(Object.entries(response.headers));
      for (const [name, value] of Object.entries(changes)) {
        if (value === undefined) headers.delete(name);
        else headers.set(name, value);
      }
      return { ...response, headers: Object.fromEntries(headers) };
    }),

  /** A head larger than any parser takes; the client should say `limit_exceeded`, and not send again. */
  largeHead: (bytes = 100_000): EmulatorFault =>
    answerFaults.headers({ 'x-large': 'a'.repeat(bytes) }),

  /** More headers than any parser takes; the client should do as with `largeHead`. */
  manyHeaders: (count = 2_000): EmulatorFault =>
    answerFaults.headers(
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-many-${index}`, 'many'])),
    ),

  /** A web page in place of the answer, as proxies send it; the client should say `invalid_response` or what the status means. */
  webPage: (title = '502 Bad Gateway', code = 200): EmulatorFault =>
    status(code, { body: page(title), headers: { 'content-type': 'text/html' } }),

  /** Changes the text of the whole body; what the client should make of it is up to you. */
  text: (change: (text: string) => string): EmulatorFault =>
    onWrites((writes) => [
      change(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytesOf(writes))),
    ]),

  /** The answer compressed without being requested; the client should read it, or say `invalid_response`. */
  gzip: (): EmulatorFault =>
    onResponse((response) => ({
      ...response,
      headers: { ...response.headers, 'content-encoding': 'gzip' },
      writes: [gzipped(bytesOf(response.writes))],
    })),

  /** A whole answer in place of a stream; the client should give it as one chunk, and note it. */
  notStreamed: (): EmulatorFault =>
    onResponse((response) => {
      const events = response.writes.map(asJSON).filter((json) => json !== undefined);
      const join = (field: string): string =>
        events.map((event) => String((choiceOf(event)?.delta as Fields)?.[field] ?? '')).join('');
      const last = events.findLast((event) => choiceOf(event) !== undefined);
      const reasoning_content = join('reasoning_content');
      const tool_calls = joinCalls(events.map((event) => choiceOf(event)?.delta as Fields));
      const message = {
        role: 'assistant',
        content: join('content'),
        ...(reasoning_content !== '' && { reasoning_content }),
        ...(tool_calls.length > 0 && { tool_calls }),
      };
      const { finish_reason = null } = choiceOf(last) ?? {};
      const choices = [{ index: 0, message, finish_reason }];
      const body = { ...last, ...events.at(-1), object: 'chat.completion', choices };
      const headers = { ...response.headers, 'content-type': 'application/json' };
      return { ...response, headers, writes: [JSON.stringify(body)] };
    }),

  /** A stream in place of a whole answer; the client should say `invalid_response`, or put it together. */
  streamedAnyway: (): EmulatorFault =>
    onResponse((response) => {
      if (response.writes.some((write) => eventData(write) !== undefined)) return response;
      const json = response.writes.map(asJSON).find((each) => each !== undefined);
      const { message, ...choice } = choiceOf(json) ?? {};
      const chunk = {
        ...json,
        object: 'chat.completion.chunk',
        choices: [{ ...choice, delta: message }],
      };
      const headers = { ...response.headers, 'content-type': 'text/event-stream' };
      return { ...response, headers, writes: [asEvent(chunk), 'data: [DONE]\n\n'] };
    }),
};
