import { getEventListeners } from 'node:events';
import type { ChatError, ChatStream, ClientOptions, Report, Transport } from 'deepseek-v4-flash';
import { createClient, fetchTransport, providers, undiciTransport } from 'deepseek-v4-flash';
import { Agent, fetch as undiciFetch } from 'undici';
import { expect } from 'vitest';
import { cleanups } from './cleanups.ts';
import { everyText, reportedErrorOf } from './failures.ts';
import { done, first, last, second, wholeAnswer } from './hello.ts';
import type { RawRequest } from './raw-server.ts';
import {
  chunked,
  headOf,
  responseOf,
  startRawServer,
  streamHead,
  zeroChunk,
} from './raw-server.ts';
import { patienceMs } from './time.ts';

// Chats over raw sockets on loopback: one client, one server, and the bytes of one short answer.

export const key = 'sk-loopback-7f3a9c2e51d84b60';

export const transports: { name: string; make: () => Transport }[] = [
  { name: 'undici', make: () => undiciTransport() },
  { name: 'fetch', make: () => fetchTransport() },
];

export interface TestServer {
  url: string;
  arrivals: RawRequest[];
  connectionCount(): number;
  /** Whether every connection that a request came on has ended. undici may open a spare one after an abort. */
  isClosed(): boolean;
}

/** A {@link startRawServer} for one test, which keeps what has come. */
export async function serve(answer: (arrival: RawRequest) => void): Promise<TestServer> {
  const arrivals: RawRequest[] = [];
  const server = await startRawServer((arrival) => {
    arrivals.push(arrival);
    answer(arrival);
  });
  cleanups.push(() => server.close());
  return {
    url: server.url,
    arrivals,
    connectionCount: () => server.connections,
    isClosed: () => arrivals.every(({ socket }) => socket.closed),
  };
}

export function clientOf(
  { url }: Pick<TestServer, 'url'>,
  transport: Transport,
  options: ClientOptions = {},
) {
  return createClient({
    provider: providers.deepseek,
    apiKey: key,
    baseURL: url,
    maxRetries: 0,
    ...options,
    transport,
  });
}

export const messages = [{ role: 'user', content: 'Hi' }] as const;
export const params = { messages: [...messages] };

export function expectNoKey(...values: unknown[]): void {
  for (const value of values) {
    if (everyText(value).includes(key.slice(3)))
      throw new Error('The key is told in an error or a report');
  }
}

/** The error of a call that must fail, looked through for the key. */
export async function failureOf(call: Promise<unknown>): Promise<ChatError & { report: Report }> {
  const failure = await reportedErrorOf(call);
  expectNoKey(failure, failure.toJSON());
  return failure;
}

export async function textOf(stream: ChatStream): Promise<string> {
  let text = '';
  for await (const piece of stream.text()) text += piece;
  return text;
}

export const closedHead = headOf(200, { 'content-type': 'text/event-stream', connection: 'close' });
export const errorBody = (message: string): string =>
  JSON.stringify({ error: { message, type: 'some_error', param: null, code: 'some_code' } });

export const answerWhole = ({ socket }: RawRequest): void =>
  void socket.write(responseOf(200, wholeAnswer));
export const answerStreamed = ({ socket }: RawRequest): void =>
  void socket.write(
    streamHead + chunked(first) + chunked(second) + chunked(last) + chunked(done) + zeroChunk,
  );

export const answerAsAsked = (arrival: RawRequest): void =>
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
