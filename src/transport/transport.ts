import type { ChatErrorCode, TimeoutPhase } from '../outcome/error-codes.ts';
import { ChatError } from '../outcome/chat-error.ts';
import { foreignError } from '../outcome/foreign-error.ts';
import { timeoutError } from '../outcome/timeout-error.ts';
import { isAbout, placeOf } from './proxy.ts';
import { proxyRefusal } from './proxy-answer.ts';
import { LocalAbort, toAbortSignal } from '../internal/abort.ts';
import type { AbortSignalLike, ByteReader, WebAbortSignal } from '../internal/web.ts';

/** One HTTP exchange to be made. */
export interface TransportRequest {
  /** HTTP method. */
  method: 'GET' | 'POST';
  /** Absolute. */
  url: string;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  /** The body; absent for a GET. */
  body?: string | undefined;
  /** Ends the exchange, its body included, at once. */
  signal: WebAbortSignal;
  /** Milliseconds within which the connection must be open; `Infinity` for no limit. */
  connectTimeoutMs: number;
  /** Milliseconds from then within which the response headers must arrive; `Infinity` for no limit. */
  headersTimeoutMs: number;
}

/** Status and headers of a response, with its body still to be read. */
export interface TransportResponse {
  /** HTTP status. */
  status: number;
  /** Lower-case names. */
  headers: Record<string, string>;
  /** The bytes of the body, pulled. */
  body: ByteReader;
  /**
   * Host and port of the proxy that received the request itself instead of a tunnel: an unsuccessful answer may be the
   * proxy's own. Absent if there is none, or if it is unknown.
   */
  proxy?: string | undefined;
}

/**
 * How bytes travel. `send` resolves with the head, follows no redirect, and rejects with a {@link ChatError}: the
 * signal's reason at once when it aborts, `timeout` for its two clocks, `connection` for everything before the head.
 */
export interface Transport {
  /** Sends one request. Resolves with the response head. */
  send(request: TransportRequest): Promise<TransportResponse>;
  /** Closes what the transport itself opened. */
  close?: (() => Promise<void>) | undefined;
}

/** A request without a signal, for which a signal of the web need not be made. */
export type OwnRequest = Omit<TransportRequest, 'signal'>;

/** How a transport of ours sends: it obeys `stop` by itself. */
type OwnSend = (request: OwnRequest, stop: AbortSignalLike) => Promise<TransportResponse>;

/** What the makers of an error cannot know is the most frequent reason for it. */
export const inJest =
  "In Jest, jsdom removes these: use testEnvironment 'node' or 'jest-fixed-jsdom', or set customExportConditions: " +
  "['node', 'node-addons'] and give jsdom the globals TextEncoder and TextDecoder";

const ownSends = new WeakMap<Transport, OwnSend>();

/** A transport of ours. One around it is followed by the signal that it hands on. */
export function ownTransport(send: OwnSend): Transport {
  const transport: Transport = { send: (request) => send(request, request.signal) };
  ownSends.set(transport, send);
  return transport;
}

/** How a transport of ours sends; `undefined` for any other, which has to be watched. */
export function ownSendOf(transport: Transport): OwnSend | undefined {
  return ownSends.get(transport);
}

/** The same request with a signal of the web, which is made on first access. */
export function withSignal(request: OwnRequest, stop: AbortSignalLike): TransportRequest {
  let signal: AbortSignal | undefined;
  return {
    ...request,
    get signal() {
      return (signal ??= toAbortSignal(stop));
    },
  };
}

/**
 * A signal that follows another until it is released, and can be aborted on its own: the clocks of one exchange. They
 * are ours because undici's are up to half a second late.
 */
export function exchangeSignal(outer: AbortSignalLike): {
  signal: AbortSignalLike;
  startClock(phase: TimeoutPhase, limitMs: number): void;
  stopClock(): void;
  abort(reason: unknown): void;
  release(): void;
} {
  const stop = new LocalAbort();
  const follow = (): void => stop.abort(outer.reason);
  if (outer.aborted) follow();
  else outer.addEventListener('abort', follow);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stopClock = (): void => clearTimeout(timer);
  return {
    signal: stop,
    startClock(phase, limitMs) {
      stopClock();
      if (limitMs === Infinity) return;
      timer = setTimeout(() => stop.abort(timeoutError(phase, limitMs)), limitMs);
    },
    stopClock,
    abort: (reason) => stop.abort(reason),
    release() {
      stopClock();
      outer.removeEventListener('abort', follow);
    },
  };
}

// Certificates do not become valid by asking again.
const tlsCodes = /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)/;

const codesByCause: Record<string, [ChatErrorCode, string]> = {
  UND_ERR_HEADERS_OVERFLOW: [
    'limit_exceeded',
    'The response headers are larger than undici accepts',
  ],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: [
    'invalid_response',
    'The response does not have the length that its headers say',
  ],
  UND_ERR_INVALID_ARG: ['invalid_options', 'undici refused the request'],
};

// Deno's two names, and Node's code, for what the process was not allowed.
const notAllowed = new Set(['NotCapable', 'PermissionDenied', 'ERR_ACCESS_DENIED']);

/**
 * What a failure before the response head means.
 *
 * @param proxy the address of the proxy that requests go through, where that is known
 */
export function connectionError(cause: unknown, url: string, proxy?: URL): ChatError {
  const host = new URL(url).host;
  const slim = foreignError(cause);
  // Of a tunnel, and of a request that undici gives to the proxy itself.
  const refusal = /Proxy (?:response|Authentication Required) \((\d{3})\)/.exec(slim.message)?.[1];
  if (refusal !== undefined) {
    return proxyRefusal({ status: Number(refusal), url, proxy: proxy?.host, cause: slim });
  }
  if (notAllowed.has(slim.name) || notAllowed.has(slim.code ?? '')) {
    const message = `This process is not allowed to reach ${host}: start it with --allow-net`;
    return new ChatError('invalid_options', message, { cause: slim });
  }
  const known = codesByCause[slim.code ?? ''];
  if (known !== undefined) return new ChatError(known[0], known[1], { cause: slim });
  if (slim.name === 'HTTPParserError') {
    return new ChatError('invalid_response', `${host} does not speak HTTP`, { cause: slim });
  }
  const why = slim.code ?? slim.message;
  const isProxy = proxy !== undefined && isAbout(slim.message, proxy);
  const who = isProxy ? `the proxy ${proxy.host}` : placeOf(slim.message, new URL(url));
  return new ChatError('connection', `No answer from ${who}: ${why}`, {
    cause: slim,
    retryable: !tlsCodes.test(slim.code ?? ''),
  });
}

/** What a failure after the response head means: never `connection`, since the vendor had begun to answer. */
export function interruptedError(cause: unknown): ChatError {
  const slim = foreignError(cause);
  const message = `The connection was lost in the middle of the answer (${slim.code ?? slim.name})`;
  return new ChatError('stream_interrupted', message, { cause: slim, retryable: true });
}
