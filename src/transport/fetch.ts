import { raceSignal, toAbortSignal } from '../abort.ts';
import type { AbortSignalLike, ByteReader, WebAbortSignal } from '../web.ts';
import type { OwnTransport, Transport, TransportRequest, TransportResponse } from './transport.ts';
import { connectionError, exchangeSignal, interruptedError } from './transport.ts';

/** What we need of a `fetch`. Any WHATWG one fits. */
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

/** What we need of a `Response`. */
export interface FetchResponseLike {
  readonly status: number;
  readonly type?: string | undefined;
  readonly headers: { forEach(visit: (value: string, name: string) => void): void };
  readonly body: {
    getReader(): {
      read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
      cancel(reason?: unknown): Promise<void>;
    };
  } | null;
}

/** Options of {@link fetchTransport}. */
export interface FetchTransportOptions {
  /** @default the global `fetch`, looked up at each call */
  fetch?: FetchLike | undefined;
}

/**
 * Any WHATWG `fetch`: the default outside Node. It does not tell when the connection stands, so its clocks for `connect`
 * and `headers` are one, and run out as `headers` after the sum of both.
 */
export function fetchTransport(options: FetchTransportOptions = {}): Transport {
  return {
    send: (request: TransportRequest, stop: AbortSignalLike = request.signal) =>
      exchange(options.fetch ?? (globalThis.fetch as FetchLike), request, stop),
  } satisfies OwnTransport;
}

async function exchange(
  send: FetchLike,
  request: TransportRequest,
  stop: AbortSignalLike,
): Promise<TransportResponse> {
  const clock = exchangeSignal(stop);
  const { signal } = clock;
  try {
    if (signal.aborted) throw signal.reason;
    clock.startClock('headers', request.connectTimeoutMs + request.headersTimeoutMs);
    const sent = send(request.url, {
      method: request.method,
      headers: { ...request.headers },
      body: request.body ?? null,
      signal: toAbortSignal(signal),
      redirect: 'manual',
    });
    sent.then(
      ({ body }) =>
        void (
          signal.aborted &&
          body
            ?.getReader()
            .cancel()
            .catch(() => {})
        ),
      () => {},
    );
    const response = await raceSignal(sent, signal);
    clock.stopClock();
    const headers: Record<string, string> = {};
    response.headers.forEach((value, name) => {
      headers[name.toLowerCase()] = value;
    });
    return {
      // Browsers hide a redirect's status; any 3xx says what has to be said.
      status: response.type === 'opaqueredirect' ? 302 : response.status,
      headers,
      body: readBody(response.body, signal, clock.release),
    };
  } catch (error) {
    clock.release();
    if (signal.aborted) throw signal.reason;
    throw connectionError(error, request.url);
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
    // Not awaited, and a read that waits is ended here: some implementations settle neither.
    reader?.cancel().catch(() => {});
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
        reader.read().then(
          ({ done, value }) => {
            if (done) settle();
            resolve(done ? undefined : value);
          },
          (error: unknown) => {
            settle();
            reject(signal.aborted ? signal.reason : interruptedError(error));
          },
        );
      });
    },
    cancel,
  };
}
