import type * as UndiciModule from 'undici';
import type { Dispatcher } from 'undici';
import { raceSignal } from '../abort.ts';
import { ChatError, isChatError } from '../errors.ts';
import type { AbortSignalLike, ByteReader } from '../web.ts';
import type { Transport, TransportRequest, TransportResponse } from './transport.ts';
import { connectionError, exchangeSignal, interruptedError, stopOf } from './transport.ts';

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

type Undici = typeof UndiciModule;

let loading: Promise<Undici> | undefined;
let sharedAgent: Dispatcher | undefined;

// Loading undici takes 60 ms, which a program should pay at its first call and not at its start.
function loadUndici(): Promise<Undici> {
  return (loading ??= import('undici').then(
    (module) => module.default ?? module,
  ) as Promise<Undici>);
}

/** undici's `request` over HTTP/1.1: the default on Node. undici is loaded at the first call. */
export function undiciTransport(options: UndiciTransportOptions = {}): Transport {
  return {
    async send(request) {
      const before = globalDispatcher();
      const undici = await raceSignal(loadUndici(), stopOf(request));
      const own = options.dispatcher as Dispatcher | undefined;
      return exchange(undici, own ?? chosenGlobally(before) ?? shared(undici), request);
    },
  };
}

/** One Agent for the process: sockets are worth sharing, and idle ones keep nobody awake. */
function shared({ Agent }: Undici): Dispatcher {
  return (sharedAgent ??= new Agent({
    // One dead HTTP/2 session would stall every stream on it.
    allowH2: false,
    pipelining: 1,
    // Servers close idle sockets too; a request that meets the close is lost (nodejs/undici#3141).
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 25_000,
    headersTimeout: 0,
    bodyTimeout: 0,
    // Node's 250 ms per address loses to slow networks (nodejs/node#54359).
    connect: { timeout: 0, autoSelectFamilyAttemptTimeout: 2_000 },
  }));
}

function globalDispatcher(): Dispatcher | undefined {
  return (globalThis as Record<symbol, unknown>)[Symbol.for('undici.globalDispatcher.1')] as
    | Dispatcher
    | undefined;
}

/**
 * The global dispatcher, if somebody chose it. Node's own `fetch` and undici itself put a plain Agent there, which says
 * nothing; a proxy, a mock or an Agent with options was meant.
 */
function chosenGlobally(dispatcher: Dispatcher | undefined): Dispatcher | undefined {
  return dispatcher === undefined || isPlainAgent(dispatcher) ? undefined : dispatcher;
}

function isPlainAgent(dispatcher: Dispatcher): boolean {
  const { constructor } = dispatcher;
  if (constructor.name !== 'Agent') return false;
  // An Agent with interceptors is a proxy of one, and shows itself by its `dispatch`.
  if ((constructor.prototype as Dispatcher).dispatch !== dispatcher.dispatch) return false;
  let hasNone = withoutOptions.get(dispatcher);
  if (hasNone === undefined) {
    hasNone = !hasOptions(dispatcher);
    withoutOptions.set(dispatcher, hasNone);
  }
  return hasNone;
}

// An Agent's options are those that it was made with; its `dispatch` may be patched later, as instruments do.
const withoutOptions = new WeakMap<Dispatcher, boolean>();

function hasOptions(agent: Dispatcher): boolean {
  const key = Object.getOwnPropertySymbols(agent).find(
    ({ description }) => description === 'options',
  );
  const options = key && (agent as unknown as Record<symbol, unknown>)[key];
  // Where they cannot be seen, they may be there.
  if (typeof options !== 'object' || options === null) return true;
  return !Object.entries(options).every(
    ([name, value]) => value === undefined || value === Infinity || name === 'interceptors',
  );
}

async function exchange(
  { request: send }: Undici,
  dispatcher: Dispatcher,
  request: TransportRequest,
): Promise<TransportResponse> {
  const clock = exchangeSignal(stopOf(request));
  const { signal } = clock;
  try {
    clock.startClock('connect', request.connectTimeoutMs);
    const onConnected = (): void => clock.startClock('headers', request.headersTimeoutMs);
    const sent = send(request.url, {
      dispatcher: observed(dispatcher, onConnected),
      method: request.method,
      headers: request.headers,
      body: request.body ?? null,
      // Ours has all that undici asks of a signal.
      signal: signal as AbortSignal,
      // Ours are exact, and these would end long reasoning after five minutes.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    // undici tells of an abort only when the connection stands or a slot is free; a late answer is thrown away.
    sent.then(
      ({ body }) => void (signal.aborted && body.on('error', () => {}).destroy()),
      () => {},
    );
    const { statusCode, headers, body } = await raceSignal(sent, signal);
    clock.stopClock();
    const response = { status: statusCode, headers: flatten(headers) };
    if (!isEncoded(headers)) return { ...response, body: readBody(body, signal, clock.release) };
    body.on('error', () => {}).destroy();
    clock.release();
    return { ...response, body: unreadable };
  } catch (error) {
    clock.release();
    if (signal.aborted) throw signal.reason;
    throw isChatError(error) ? error : connectionError(error, request.url);
  }
}

/** A dispatcher that tells when a request is about to be written on a connection that stands. */
function observed(dispatcher: Dispatcher, onConnected: () => void): Dispatcher {
  const dispatch: Dispatcher['dispatch'] = (options, handler) => {
    // `request` hands over a handler of the older kind, undici 8's are of the newer.
    for (const method of ['onConnect', 'onRequestStart'] as const) {
      const original = handler[method] as ((...args: unknown[]) => void) | undefined;
      if (original === undefined) continue;
      handler[method] = function (this: unknown, ...args: unknown[]) {
        onConnected();
        return original.apply(this, args);
      };
    }
    return dispatcher.dispatch(options, handler);
  };
  return { dispatch } as unknown as Dispatcher;
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

/**
 * Reads by `readable` events and not by the stream's own iterator, which throws away what is buffered when the
 * connection breaks: those bytes belong to the partial answer.
 */
function readBody(
  body: Dispatcher.ResponseData['body'],
  signal: AbortSignalLike,
  release: () => void,
): ByteReader {
  let failure: unknown;
  let ended = false;
  let wake: (() => void) | undefined;

  const settle = (): void => {
    signal.removeEventListener('abort', cancel);
    release();
    wake?.();
  };
  const cancel = (): void => {
    body.destroy();
    settle();
  };
  signal.addEventListener('abort', cancel);
  body.on('readable', () => wake?.());
  body.on('end', () => {
    ended = true;
    settle();
  });
  body.on('error', (error: unknown) => {
    failure ??= error;
    settle();
  });
  body.on('close', () => {
    if (!ended) failure ??= new Error('closed');
    settle();
  });

  return {
    async read() {
      for (;;) {
        if (signal.aborted) throw signal.reason;
        const bytes = body.read() as Uint8Array | null;
        if (bytes !== null) return bytes;
        if (ended) return undefined;
        if (failure !== undefined) throw interruptedError(failure);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    cancel,
  };
}
