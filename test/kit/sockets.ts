import { getEventListeners } from 'node:events';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { inspect } from 'node:util';
import type { ChatError, ChatStream, ClientOptions, Report, Transport } from 'deepseek-v4-flash';
import {
  createClient,
  fetchTransport,
  isChatError,
  providers,
  undiciTransport,
} from 'deepseek-v4-flash';
import { Agent, fetch as undiciFetch } from 'undici';
import { afterEach, expect } from 'vitest';

// Raw sockets on loopback. Windows of time are here to find hangs; none says how fast anything is.

export const key = 'sk-loopback-7f3a9c2e51d84b60';
export const patienceMs = 15_000;

export const transports: { name: string; make: () => Transport }[] = [
  { name: 'undici', make: () => undiciTransport() },
  { name: 'fetch', make: () => fetchTransport() },
];

export const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});

export interface Arrival {
  /** 1 for the first request of the server. */
  number: number;
  socket: Socket;
  head: string;
  body: string;
  /** The client's port: which of its sockets it was. */
  port: number;
  /** Whether the connection has ended, from either side. */
  isClosed(): boolean;
}

export interface TestServer {
  origin: string;
  arrivals: Arrival[];
  connectionCount(): number;
  /** Whether every connection that a request came on has ended. undici may open a spare one after an abort. */
  isClosed(): boolean;
}

/** A server that knows only enough HTTP to take requests apart; the answers are bytes. */
export async function serve(answer: (arrival: Arrival) => void): Promise<TestServer> {
  const arrivals: Arrival[] = [];
  const open = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    open.add(socket);
    let isClosed = false;
    let received = '';
    socket.on('close', () => {
      isClosed = true;
      open.delete(socket);
    });
    // What a client that goes away does to us is part of the test.
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      for (;;) {
        const end = received.indexOf('\r\n\r\n');
        if (end === -1) return;
        const head = received.slice(0, end);
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
        if (received.length < end + 4 + length) return;
        const body = received.slice(end + 4, end + 4 + length);
        received = received.slice(end + 4 + length);
        const number = arrivals.length + 1;
        const port = socket.remotePort ?? 0;
        const arrival = { number, socket, head, body, port, isClosed: () => isClosed };
        arrivals.push(arrival);
        answer(arrival);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  cleanups.push(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return {
    origin: `http://127.0.0.1:${port}`,
    arrivals,
    connectionCount: () => connections,
    isClosed: () => arrivals.every((arrival) => arrival.isClosed()),
  };
}

export async function pause(delayMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, delayMs));
}

/** Waits for something that happens on the other side. */
export async function eventually(what: string, isSo: () => boolean): Promise<void> {
  const startedAt = performance.now();
  while (!isSo()) {
    if (performance.now() - startedAt > patienceMs) throw new Error(`Never came: ${what}`);
    await pause(5);
  }
}

export function clientOf(
  { origin }: Pick<TestServer, 'origin'>,
  transport: Transport,
  options: ClientOptions = {},
) {
  return createClient({
    provider: providers.deepseek,
    apiKey: key,
    baseURL: origin,
    maxRetries: 0,
    ...options,
    transport,
  });
}

export const messages = [{ role: 'user', content: 'Hi' }] as const;
export const params = { messages: [...messages] };

export function expectNoKey(...values: unknown[]): void {
  for (const value of values) {
    const told = [
      inspect(value, { depth: Infinity, showHidden: true, getters: true }),
      JSON.stringify(value) ?? '',
      String(value),
      value instanceof Error ? String(value.stack) : '',
    ].join('\n');
    if (told.includes(key.slice(3))) throw new Error('The key is told in an error or a report');
  }
}

/** The {@link ChatError} of a promise that must reject, looked through for the key. */
export async function failureOf(
  promise: Promise<unknown>,
): Promise<ChatError & { report: Report }> {
  const settled = promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  const never = pause(patienceMs).then(() => new Error('The promise was never settled'));
  const failure = await Promise.race([settled, never]);
  if (!isChatError(failure)) throw new Error(`Not a ChatError: ${inspect(failure)}`);
  if (failure.report === undefined) throw new Error('The error has no report');
  expectNoKey(failure, failure.report, failure.cause, failure.partial, failure.toJSON());
  JSON.parse(JSON.stringify(failure.report));
  return failure as ChatError & { report: Report };
}

export async function timed<T>(promise: Promise<T>): Promise<{ value: T; tookMs: number }> {
  const startedAt = performance.now();
  const value = await promise;
  return { value, tookMs: performance.now() - startedAt };
}

export async function textOf(stream: ChatStream): Promise<string> {
  let text = '';
  for await (const piece of stream.text()) text += piece;
  return text;
}

export const frame = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;

export const chunkOf = (delta: object, finishReason: string | null, extra: object = {}): string =>
  frame({
    id: 'c1',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'deepseek-v4-flash',
    choices: [{ index: 0, delta, finish_reason: finishReason }],
    ...extra,
  });

export const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
export const first = chunkOf({ role: 'assistant', content: 'Hel' }, null);
export const second = chunkOf({ content: 'lo' }, null);
export const last = chunkOf({ content: '' }, 'stop', { usage });
export const done = 'data: [DONE]\n\n';

export const wholeAnswer = JSON.stringify({
  id: 'c1',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'deepseek-v4-flash',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
  usage,
});

export function head(
  status: number | string,
  headers: Record<string, string | number> = {},
): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} X\r\n${lines.join('')}\r\n`;
}

export const streamHead = head(200, {
  'content-type': 'text/event-stream',
  'transfer-encoding': 'chunked',
});
export const closedHead = head(200, { 'content-type': 'text/event-stream', connection: 'close' });
export const chunked = (text: string): string =>
  `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
export const zeroChunk = '0\r\n\r\n';

export function withLength(
  status: number,
  body: string,
  headers: Record<string, string> = {},
): string {
  return (
    head(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...headers,
    }) + body
  );
}

export const errorBody = (message: string): string =>
  JSON.stringify({ error: { message, type: 'some_error', param: null, code: 'some_code' } });

export const answerWhole = ({ socket }: Arrival): void =>
  void socket.write(withLength(200, wholeAnswer));
export const answerStreamed = ({ socket }: Arrival): void =>
  void socket.write(
    streamHead + chunked(first) + chunked(second) + chunked(last) + chunked(done) + zeroChunk,
  );

export const answerAsAsked = (arrival: Arrival): void =>
  arrival.body.includes('"stream":true') ? answerStreamed(arrival) : answerWhole(arrival);

export function listenersOn(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length;
}

/** An agent that never gets a connection, for either transport. */
export function nowhere(name: string): Transport {
  const agent = new Agent({ connect: () => {} });
  cleanups.push(() => void agent.destroy().catch(() => {}));
  return name === 'undici'
    ? undiciTransport({ dispatcher: agent })
    : fetchTransport({
        fetch: (url, init) => undiciFetch(url, { ...init, dispatcher: agent }),
      });
}

export async function expectAborted(
  promise: Promise<unknown>,
  controller: AbortController,
  reason: unknown,
): Promise<ChatError & { report: Report }> {
  const startedAt = performance.now();
  controller.abort(reason);
  const failure = await failureOf(promise);
  expect(failure.code).toBe('aborted');
  expect(failure.retryable).toBe(false);
  expect(failure.cause).toBe(reason);
  expect(performance.now() - startedAt).toBeLessThan(patienceMs);
  expect(listenersOn(controller.signal)).toBe(0);
  return failure;
}
