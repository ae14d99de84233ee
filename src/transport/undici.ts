import type { Dispatcher } from 'undici';
import { raceSignal } from '../abort.ts';
import type { TimeoutPhase } from '../error-codes.ts';
import { ChatError, timeoutError } from '../errors.ts';
import type { ByteReader } from '../web.ts';
import { createByteQueue } from './byte-queue.ts';
import type { Transport, TransportRequest, TransportResponse } from './transport.ts';
import { connectionError, interruptedError, stopOf } from './transport.ts';
import { defaultDispatcher } from './undici-agent.ts';
import type { DispatchController } from './undici-legacy.ts';
import { withLegacyMethods } from './undici-legacy.ts';

/** What we need of an undici `Dispatcher`; an `Agent`, `ProxyAgent` or `MockAgent` of any copy fits. */
export interface DispatcherLike {
  dispatch(options: never, handler: never): boolean;
}

/** Options of {@link undiciTransport}. */
export interface UndiciTransportOptions {
  /**
   * Where requests go: a proxy, a mock, an agent with a certificate of yours. Yours to close.
   * @default the dispatcher that was set globally, else one Agent that all clients of the process share
   */
  dispatcher?: DispatcherLike | undefined;
}

/** undici over HTTP/1.1: the default on Node. undici is loaded at the first call. */
export function undiciTransport(options: UndiciTransportOptions = {}): Transport {
  return {
    async send(request) {
      const dispatcher = options.dispatcher ?? defaultDispatcher();
      return dispatcher instanceof Promise
        ? exchange(await raceSignal(dispatcher, stopOf(request)), request)
        : exchange(dispatcher as Dispatcher, request);
    },
  };
}

/**
 * One exchange, by `dispatch` and not by undici's `request`: bytes go from the parser to the reader without a Node stream
 * between them, an abort is told at once and not when the connection stands, and nothing that has arrived is dropped when
 * the connection breaks.
 */
function exchange(dispatcher: Dispatcher, request: TransportRequest): Promise<TransportResponse> {
  const stop = stopOf(request);
  return new Promise((resolve, reject) => {
    let controller: DispatchController | undefined;
    let hasHead = false;
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const queue = createByteQueue(() => controller?.resume());

    /** Nothing more will come, for whatever reason. */
    const end = (failure?: unknown): void => {
      isOver = true;
      clearTimeout(timer);
      stop.removeEventListener('abort', onStop);
      if (!hasHead) reject(failure);
      queue.end(failure);
    };
    /** Ends it from this side. */
    const abort = (reason: unknown): void => {
      queue.clear();
      if (isOver) return;
      end(reason);
      controller?.abort(new Error('The exchange was ended'));
    };
    const onStop = (): void => abort(stop.reason);
    // Ours, since undici's clocks are up to half a second late.
    const startClock = (phase: TimeoutPhase, limitMs: number): void => {
      clearTimeout(timer);
      if (limitMs === Infinity) return;
      timer = setTimeout(() => abort(timeoutError(phase, limitMs)), limitMs);
    };
    const body: ByteReader = {
      read: queue.read,
      cancel: () => abort(interruptedError(new Error('cancelled'))),
    };

    if (stop.aborted) return onStop();
    stop.addEventListener('abort', onStop);
    const handler = withLegacyMethods({
      /** The connection stands, and the request is about to be written on it. */
      onRequestStart(control) {
        controller = control;
        if (isOver) control.abort(new Error('The exchange was ended'));
        else if (!hasHead) startClock('headers', request.headersTimeoutMs);
      },
      onResponseStart(_control, status, headers) {
        // 1xx: the head is still to come.
        if (isOver || status < 200) return;
        clearTimeout(timer);
        hasHead = true;
        const response = { status, headers: flatten(headers) };
        if (!isEncoded(headers)) return resolve({ ...response, body });
        resolve({ ...response, body: unreadable });
        abort(undefined);
      },
      onResponseData(control, bytes) {
        if (!isOver && !queue.push(bytes)) control.pause();
      },
      onResponseEnd: () => void (isOver || end()),
      onResponseError(_control, error) {
        if (!isOver) end(hasHead ? interruptedError(error) : connectionError(error, request.url));
      },
    });
    try {
      dispatcher.dispatch(dispatchOptions(request), handler);
    } catch (error) {
      if (!isOver) end(connectionError(error, request.url));
    }
    // On a connection that stands already the request has started by now.
    if (!isOver && controller === undefined) startClock('connect', request.connectTimeoutMs);
  });
}

function dispatchOptions({
  url,
  method,
  headers,
  body,
}: TransportRequest): Dispatcher.DispatchOptions {
  const { origin, pathname, search } = new URL(url);
  return {
    origin,
    path: pathname + search,
    method,
    headers,
    body: body ?? null,
    // These would end long reasoning after five minutes.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
}

/** The body of a compressed answer; of an error, the status says enough without it. */
const unreadable: ByteReader = {
  async read() {
    const message = 'The answer came compressed, although it was asked for as it is';
    throw new ChatError('invalid_response', message);
  },
  cancel() {},
};

function isEncoded({
  'content-encoding': encoding = '',
}: Record<string, string | string[] | undefined>): boolean {
  return encoding !== '' && encoding !== 'identity';
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
