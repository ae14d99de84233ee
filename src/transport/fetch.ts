import { raceSignal, toAbortSignal } from '../internal/abort.ts';
import { ChatError, isChatError } from '../outcome/chat-error.ts';
import { ownOptions } from '../outcome/invalid-options.ts';
import type { AbortSignalLike, ByteReader, WebAbortSignal } from '../internal/web.ts';
import type { OwnRequest, Transport, TransportResponse } from './transport.ts';
import {
  connectionError,
  exchangeSignal,
  inJest,
  interruptedError,
  ownTransport,
} from './transport.ts';

/** The part of `fetch` that is used. Any WHATWG `fetch` fits. */
export type FetchLike = (
  url: string,
  init: {
    method: string;
    headers: Record<string, string>;
    body: string | null;
    signal: WebAbortSignal;
    redirect: 'manual';
  },
) => Promise<FetchResponseLike>;

/** The part of a `Response` that is used. */
export interface FetchResponseLike {
  readonly status: number;
  readonly type?: string | undefined;
  readonly headers: { forEach(visit: (value: string, name: string) => void): void };
  readonly body: {
    readonly locked?: boolean | undefined;
    getReader(): {
      read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
      cancel(reason?: unknown): Promise<void>;
    };
  } | null;
  /** Used where there is no `body`. */
  arrayBuffer?: (() => Promise<ArrayBuffer>) | undefined;
}

/** Options of {@link fetchTransport}. */
export interface FetchTransportOptions {
  /** The function to send with. @default the global `fetch`, looked up at each call */
  fetch?: FetchLike | undefined;
}

/** What is known of the proxies that the global `fetch` goes through. */
export interface ProxySight {
  /** The one that a request through TLS, or another one, goes through. */
  proxyOf(isSecure: boolean): URL | undefined;
  /** The one that is given the requests to this address themselves, without a tunnel. */
  forwarderOf(url: string): URL | undefined;
}

/**
 * A transport over any WHATWG `fetch`.
 *
 * @param sight absent where there are no proxies to be seen, as in a page
 */
export function createFetchTransport(
  options: FetchTransportOptions,
  sight?: ProxySight,
): Transport {
  const { fetch } = ownOptions(options, ['fetch'], 'The options of fetchTransport');
  if (fetch !== undefined && typeof fetch !== 'function') {
    throw new ChatError('invalid_options', 'Option fetch must be a function', { param: 'fetch' });
  }
  return ownTransport((request, stop) =>
    fetch === undefined ? sendByGlobalFetch(request, stop, sight) : exchange(fetch, request, stop),
  );
}

/** Sends with the global `fetch`, whichever it is by then. */
export function sendByGlobalFetch(
  request: OwnRequest,
  stop: AbortSignalLike,
  sight: ProxySight | undefined,
): Promise<TransportResponse> {
  return exchange(globalThis.fetch as FetchLike, request, stop, sight);
}

/** @param sight what is seen of the proxies of Node's own `fetch`; nothing for a custom one */
async function exchange(
  send: FetchLike,
  request: OwnRequest,
  stop: AbortSignalLike,
  sight?: ProxySight,
): Promise<TransportResponse> {
  const clock = exchangeSignal(stop);
  const { signal } = clock;
  try {
    if (signal.aborted) throw signal.reason;
    if (typeof send !== 'function') throw noFetch();
    clock.startClock('headers', request.headersTimeoutMs);
    const sent = send(request.url, {
      method: request.method,
      headers: { ...request.headers },
      body: request.body ?? null,
      signal: toAbortSignal(signal),
      redirect: 'manual',
    });
    // A response that arrives after the abort is cancelled.
    Promise.resolve(sent).then(
      (late) => {
        if (signal.aborted) letGo(() => late?.body?.getReader().cancel());
      },
      () => {},
    );
    const response = await raceSignal(Promise.resolve(sent), signal);
    clock.stopClock();
    if (!isResponse(response)) throw noResponse('returned no response');
    // One that a mock hands out twice.
    if (response.body?.locked === true)
      throw noResponse('returned a response that is already being read');
    const headers: Record<string, string> = {};
    response.headers.forEach((value, name) => {
      headers[name.toLowerCase()] = value;
    });
    // Browsers hide a redirect's status; any 3xx says what has to be said.
    const status = response.type === 'opaqueredirect' ? 302 : response.status;
    return {
      status,
      headers,
      // Nobody asks for it where all went well.
      proxy: status < 300 ? undefined : sight?.forwarderOf(request.url)?.host,
      body: readBody(response.body ?? whole(response), signal, clock.release),
    };
  } catch (error) {
    clock.release();
    if (signal.aborted) throw signal.reason;
    if (isChatError(error)) throw error;
    const isSecure = request.url.startsWith('https:');
    throw connectionError(error, request.url, sight?.proxyOf(isSecure));
  }
}

function isResponse(response: FetchResponseLike | null | undefined): response is FetchResponseLike {
  if (typeof response?.status !== 'number') return false;
  const { headers, body } = response;
  return (
    typeof headers?.forEach === 'function' && (body == null || typeof body.getReader === 'function')
  );
}

function noFetch(): ChatError {
  const message = `Neither fetch nor undici is available: pass fetchTransport({ fetch }) as option transport. ${inJest}`;
  return new ChatError('invalid_options', message, { param: 'transport' });
}

/** A fault of this process, which no second try mends. */
function noResponse(what: string): ChatError {
  const message = `The fetch in use ${what}: it must resolve to a new Response each time`;
  return new ChatError('invalid_options', message, { param: 'transport' });
}

/** The body of a `fetch` that streams none, as React Native's: all of it at once. */
function whole(response: FetchResponseLike): FetchResponseLike['body'] {
  if (typeof response.arrayBuffer !== 'function') return null;
  let isRead = false;
  return {
    getReader: () => ({
      async read() {
        if (isRead) return { done: true };
        isRead = true;
        return { done: false, value: new Uint8Array((await response.arrayBuffer?.()) ?? []) };
      },
      async cancel() {},
    }),
  };
}

/** Not awaited: some implementations never settle, and some throw. */
function letGo(cancel: () => Promise<void> | undefined): void {
  try {
    cancel()?.catch(() => {});
  } catch {
    // It is gone, one way or the other.
  }
}

/** Races the signal on every read: some `fetch` implementations never reject a read that was aborted. */
function readBody(
  body: FetchResponseLike['body'],
  signal: AbortSignalLike,
  release: () => void,
): ByteReader {
  const reader = body?.getReader();
  let rejectRead: ((reason: unknown) => void) | undefined;

  const settle = (): void => {
    signal.removeEventListener('abort', onAbort);
    release();
  };
  const cancel = (): void => {
    settle();
    // A read that waits is ended here, since some implementations do not.
    letGo(() => reader?.cancel());
    rejectRead?.(interruptedError(new Error('cancelled')));
  };
  const onAbort = (): void => {
    rejectRead?.(signal.reason);
    cancel();
  };
  signal.addEventListener('abort', onAbort);

  return {
    read() {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        if (reader === undefined) return resolve(undefined);
        rejectRead = reject;
        const fail = (error: unknown): void => {
          settle();
          reject(signal.aborted ? signal.reason : interruptedError(error));
        };
        reader.read().then((result) => {
          const isRead = typeof result === 'object' && result !== null;
          if (!isRead) return fail(new TypeError('read() returned no result'));
          if (result.done) settle();
          resolve(result.done ? undefined : result.value);
        }, fail);
      });
    },
    cancel,
  };
}
