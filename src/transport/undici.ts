import type { Dispatcher } from 'undici';
import { raceSignal } from '../internal/abort.ts';
import type { TimeoutPhase } from '../outcome/error-codes.ts';
import { ChatError } from '../outcome/chat-error.ts';
import { ownOptions } from '../outcome/invalid-options.ts';
import { timeoutError } from '../outcome/timeout-error.ts';
import type { AbortSignalLike, ByteReader } from '../internal/web.ts';
import { ByteQueue } from './byte-queue.ts';
import { decompress } from './decompress.ts';
import { sendByGlobalFetch } from './fetch.ts';
import { globalProxies } from './fetch-transport.ts';
import { forwarderOf, proxyOf } from './proxy.ts';
import type { OwnRequest, Transport, TransportResponse } from './transport.ts';
import { connectionError, interruptedError, ownTransport } from './transport.ts';
import { defaultDispatcher } from './undici-agent.ts';
import type { DispatchController, ReceivedHeaders } from './undici-handler.ts';
import { UndiciHandler } from './undici-handler.ts';

/** The part of an undici `Dispatcher` that is used; an `Agent`, `ProxyAgent` or `MockAgent` of any version fits. */
export interface DispatcherLike {
  dispatch(options: never, handler: never): boolean;
}

/** Options of {@link undiciTransport}. */
export interface UndiciTransportOptions {
  /**
   * Where requests go: a proxy, a mock, an agent with your own certificates. You have to close it.
   * @default the globally set dispatcher, else one Agent shared by all clients of the process
   */
  dispatcher?: DispatcherLike | undefined;
}

/** A transport over undici and HTTP/1.1: the default on Node. undici is loaded at the first call; if that fails, `fetch` is used. */
export function undiciTransport(options: UndiciTransportOptions = {}): Transport {
  const own = ownOptions(options, ['dispatcher'], 'The options of undiciTransport');
  if (own.dispatcher !== undefined && typeof own.dispatcher?.dispatch !== 'function') {
    const message =
      'Option dispatcher must have a dispatch() method, as an Agent or ProxyAgent of undici has';
    throw new ChatError('invalid_options', message, { param: 'dispatcher' });
  }
  return ownTransport(async (request, stop) => {
    const chosen = (own.dispatcher as Dispatcher | undefined) ?? defaultDispatcher();
    const dispatcher = chosen instanceof Promise ? await raceSignal(chosen, stop) : chosen;
    return dispatcher === undefined
      ? sendByGlobalFetch(request, stop, globalProxies)
      : exchange(dispatcher, request, stop);
  });
}

function exchange(
  dispatcher: Dispatcher,
  request: OwnRequest,
  stop: AbortSignalLike,
): Promise<TransportResponse> {
  return new Promise((resolve, reject) => {
    new Exchange(request, stop, resolve, reject).begin(dispatcher);
  });
}

/**
 * One exchange, by `dispatch` instead of undici's `request`: bytes go from the parser to the reader without a Node stream
 * between them, an abort takes effect at once and not when the connection is open, and nothing that has arrived is dropped when
 * the connection breaks.
 */
class Exchange extends UndiciHandler implements ByteReader {
  readonly #request: OwnRequest;
  readonly #stop: AbortSignalLike;
  readonly #resolve: (response: TransportResponse) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #queue = new ByteQueue(() => this.#control?.resume());
  readonly #onStop = (): void => this.#abort(this.#stop.reason);
  #dispatcher: Dispatcher | undefined;
  #control: DispatchController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hasHead = false;
  #canPause = true;
  #isOver = false;

  constructor(
    request: OwnRequest,
    stop: AbortSignalLike,
    resolve: (response: TransportResponse) => void,
    reject: (reason: unknown) => void,
  ) {
    super();
    this.#request = request;
    this.#stop = stop;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(dispatcher: Dispatcher): void {
    this.#dispatcher = dispatcher;
    if (this.#stop.aborted) return this.#onStop();
    this.#stop.addEventListener('abort', this.#onStop);
    try {
      dispatcher.dispatch(dispatchOptions(this.#request), this);
    } catch (error) {
      this.onResponseError(undefined, error);
    }
    // On a connection that is already open the request has started by now.
    if (!this.#isOver && this.#control === undefined) {
      this.#startClock('connect', this.#request.connectTimeoutMs);
    }
  }

  /** The connection is open, and the request is about to be written. */
  onRequestStart(control: DispatchController): void {
    this.#control = control;
    if (this.#isOver) control.abort(new Error('The exchange was ended'));
    else if (!this.#hasHead) this.#startClock('headers', this.#request.headersTimeoutMs);
  }

  onResponseStart(_control: unknown, status: number, headers: ReceivedHeaders): void {
    // 1xx: the head is still to come.
    if (this.#isOver || status < 200) return;
    clearTimeout(this.#timer);
    this.#hasHead = true;
    this.#canPause = staysOpen(headers);
    const encoding = encodingOf(headers);
    const body = encoding === undefined ? this : decompress(this, encoding);
    this.#resolve({
      status,
      headers: flatten(headers),
      body: body ?? unreadable(encoding),
      proxy: this.#forwarder(status),
    });
    if (body === undefined) this.cancel();
  }

  onResponseData(control: DispatchController | undefined, bytes: Uint8Array): void {
    if (this.#isOver || this.#queue.push(bytes)) return;
    if (this.#canPause) control?.pause();
    else if (this.#queue.held > maxUnpausedBytes) {
      const message = `${maxUnpausedBytes} bytes are waiting to be read, on a connection that cannot be paused`;
      this.#abort(new ChatError('limit_exceeded', message));
    }
  }

  onResponseEnd(): void {
    if (!this.#isOver) this.#end();
  }

  onResponseError(_control: unknown, error: unknown): void {
    if (this.#isOver) return;
    if (this.#hasHead) return this.#end(interruptedError(error));
    const { url } = this.#request;
    const answered = responseIn(error);
    if (answered === undefined) {
      const proxy = proxyOf(this.#dispatcher, url.startsWith('https:'));
      return this.#end(connectionError(error, url, proxy));
    }
    this.#hasHead = true;
    this.#resolve({ ...answered, proxy: this.#forwarder(answered.status) });
    this.#end();
  }

  /** Nobody asks for it where all went well. */
  #forwarder(status: number): string | undefined {
    return status < 300 ? undefined : forwarderOf(this.#dispatcher, this.#request.url)?.host;
  }

  read(): Promise<Uint8Array | undefined> {
    return this.#queue.read();
  }

  cancel(): void {
    this.#queue.clear();
    if (!this.#isOver) this.#abort(interruptedError(new Error('cancelled')));
  }

  /** Ends it from this side. */
  #abort(reason: unknown): void {
    if (this.#isOver) return;
    this.#end(reason);
    this.#queue.clear();
    this.#control?.abort(new Error('The exchange was ended'));
  }

  /** Nothing more will come, for whatever reason. */
  #end(failure?: unknown): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#stop.removeEventListener('abort', this.#onStop);
    if (!this.#hasHead) this.#reject(failure);
    this.#queue.end(failure);
  }

  /** Our own, since undici's clocks are up to half a second late. */
  #startClock(phase: TimeoutPhase, limitMs: number): void {
    clearTimeout(this.#timer);
    if (limitMs === Infinity) return;
    this.#timer = setTimeout(() => this.#abort(timeoutError(phase, limitMs)), limitMs);
  }
}

/** The last address, taken apart: a program asks the same one over and over. */
let last = { url: '', origin: '', path: '' };

function dispatchOptions({ url, method, headers, body }: OwnRequest): Dispatcher.DispatchOptions {
  if (url !== last.url) {
    const { origin, pathname, search } = new URL(url);
    last = { url, origin, path: pathname + search };
  }
  const { origin, path } = last;
  return {
    origin,
    path,
    method,
    headers,
    body: body ?? null,
    // These would end long reasoning after five minutes.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
}

/** The body of an answer that cannot be unpacked here; of an error, the status says enough without it. */
function unreadable(encoding: string | undefined): ByteReader {
  return {
    async read() {
      const message = `The answer is compressed, although no compression was requested, and ${encoding} cannot be decoded here`;
      throw new ChatError('invalid_response', message);
    },
    cancel() {},
  };
}

/** The response that an interceptor of undici's has made an error of: `responseError()`, `retry()`. */
function responseIn(error: unknown): TransportResponse | undefined {
  const { code, statusCode, headers, body } = (error ?? {}) as {
    code?: unknown;
    statusCode?: unknown;
    headers?: ReceivedHeaders | null;
    body?: unknown;
  };
  const isResponse = code === 'UND_ERR_RESPONSE' || code === 'UND_ERR_REQ_RETRY';
  if (!isResponse || typeof statusCode !== 'number' || statusCode < 400) return undefined;
  const text = typeof body === 'string' ? body : (JSON.stringify(body) ?? '');
  const pieces = [new TextEncoder().encode(text)];
  return {
    status: statusCode,
    headers: flatten(headers ?? {}),
    body: { read: async () => pieces.shift(), cancel() {} },
  };
}

/**
 * Whether the connection stays open after the answer. undici crashes the process if one is paused that ends with it
 * (nodejs/undici#5360, mended in undici 8): such answers are read as they come, up to a limit.
 */
function staysOpen(headers: ReceivedHeaders): boolean {
  const hasEnd =
    headers['transfer-encoding'] !== undefined || headers['content-length'] !== undefined;
  return hasEnd && !/\bclose\b/i.test(String(headers.connection ?? ''));
}

/** Maximum unread bytes of an answer that cannot be paused: more than any answer has. */
const maxUnpausedBytes = 2 ** 28;

/** How an answer is compressed; `undefined` if it is not. */
function encodingOf({ 'content-encoding': encoding = '' }: ReceivedHeaders): string | undefined {
  const encodingName = String(encoding).trim().toLowerCase();
  return encodingName === '' || encodingName === 'identity' ? undefined : encodingName.slice(0, 40);
}

function flatten(headers: ReceivedHeaders): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
