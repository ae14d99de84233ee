import { inspect } from 'node:util';
import type {
  ChatCompletionWithReport,
  ChatError,
  ChatStream,
  ClientOptions,
  Report,
  RequestOptions,
  Transport,
} from 'deepseek-v4-flash';
import {
  createClient,
  fetchTransport,
  isChatError,
  providers,
  undiciTransport,
} from 'deepseek-v4-flash';
import type { EmulatorFault, EmulatorReply, EmulatorServer } from 'deepseek-v4-flash/testing';
import { faults, startEmulator } from 'deepseek-v4-flash/testing';
import { afterAll, expect, test } from 'vitest';

// What the rows of the matrix share: one server and one client a row, and what every outcome has to fulfil.

export type TransportName = 'undici' | 'fetch';

const key = 'sk-matrix-91c47be2d05fa836';
const prompt = 'PROMPT-4711 of a quiet otter';
/** Four tokens, so that a stream is: opening, alpha, beta, gamma, delta, finish, `[DONE]`. */
export const words = 'alpha beta gamma delta';
export const answer = { content: words, reasoning_content: '' };

export const params = { messages: [{ role: 'user', content: prompt } as const] };

/** Longest wait for anything. It finds hangs, and says nothing of speed. */
const patienceMs = 8_000;

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

export interface Kit {
  readonly name: TransportName;
  readonly server: EmulatorServer;
  transport(): Transport;
  client(options?: ClientOptions): ReturnType<typeof createClient>;
  /** Queues faults over the answer of four words. */
  faulty(...all: (EmulatorFault | EmulatorReply)[]): void;
  ask(options?: ClientOptions, request?: RequestOptions): Promise<ChatCompletionWithReport>;
  stream(options?: ClientOptions, request?: RequestOptions): ChatStream;
}

export interface Outcome {
  code: ChatError['code'];
  /** How often the server was asked. @default 1 */
  requests?: number;
  /** Content of `partial`; `undefined` for none. */
  partial?: string | null;
  phase?: ChatError['phase'];
  status?: number;
  retryable?: boolean;
  retryAfterMs?: number;
}

/** The error of a call that must fail, with everything that holds for all errors checked. */
export async function failureOf(
  promise: Promise<unknown>,
): Promise<ChatError & { report: Report }> {
  const settled = promise.then(
    () => new Error('It did not fail'),
    (error: unknown) => error,
  );
  const never = pause(patienceMs).then(() => new Error('It was never settled'));
  const failure = await Promise.race([settled, never]);
  if (!isChatError(failure)) throw new Error(`No ChatError: ${inspect(failure)}`);
  expectSecret(failure);
  JSON.parse(JSON.stringify(failure.report));
  return failure as ChatError & { report: Report };
}

/** No key and no prompt anywhere in it, however it is printed; no answer where it is printed as it is. */
export function expectSecret(value: unknown): void {
  const shown = inspect(value, { depth: Infinity, maxStringLength: null });
  const hidden = inspect(value, {
    depth: Infinity,
    maxStringLength: null,
    showHidden: true,
    getters: true,
  });
  const { stack = '', cause, report } = value as Partial<ChatError>;
  const told = [shown, hidden, JSON.stringify(value), JSON.stringify(report), String(value), stack];
  const all = [...told, inspect(cause, { showHidden: true }), String(cause)].join('\n');
  expect(all.includes(key.slice(3)), 'the key is told').toBe(false);
  expect(all.includes('PROMPT-4711'), 'the prompt is told').toBe(false);
  expect(/alpha|half of/.test(`${shown}${stack}${String(value)}`), 'the answer is told').toBe(
    false,
  );
}

export async function expectFailure(
  { server }: Kit,
  promise: Promise<unknown>,
  { requests = 1, partial, ...fields }: Outcome,
): Promise<ChatError & { report: Report }> {
  const failure = await failureOf(promise);
  expect(failure).toMatchObject(fields);
  // A status is told where there was one, and never made up.
  const { status } = failure.report.attempts.at(-1) ?? {};
  if (failure.status !== undefined) expect(failure.status).toBe(status);
  expect(failure.partial?.choices[0].message.content).toBe(partial);
  if (failure.partial !== undefined) {
    expect(failure.partial.choices[0].finish_reason).toBeNull();
    expect(words.startsWith(partial ?? '')).toBe(true);
  }
  expect(server.requests).toHaveLength(requests);
  // Closed, or free for the next call: an answer that came whole need not cost its connection.
  await eventually('the end of the answer', () => server.connections.busy === 0);
  return failure;
}

export async function expectAnswer(
  { server }: Kit,
  promise: Promise<ChatCompletionWithReport>,
  { requests = 1, content = words }: { requests?: number; content?: string | null } = {},
): Promise<ChatCompletionWithReport> {
  const completion = await promise;
  expect(completion.choices[0].message.content).toBe(content);
  expect(completion.choices[0].finish_reason).not.toBeNull();
  expect(server.requests).toHaveLength(requests);
  expect(completion.report.attempts).toHaveLength(requests);
  return completion;
}

const transports: Record<TransportName, () => Transport> = {
  undici: () => undiciTransport(),
  fetch: () => fetchTransport(),
};

function createKit(name: TransportName, server: EmulatorServer): Kit {
  const client = (options: ClientOptions = {}): ReturnType<typeof createClient> =>
    createClient({
      provider: providers.deepseek,
      apiKey: key,
      baseURL: server.baseURL('deepseek'),
      maxRetries: 0,
      transport: transports[name](),
      ...options,
    }) as ReturnType<typeof createClient>;
  return {
    name,
    server,
    transport: transports[name],
    client,
    faulty: (...all) =>
      server.reply(...all.map((each) => ('fault' in each ? { answer, ...each } : each))),
    ask: (options, request) => client(options).chat.completions.create(params, request),
    stream: (options, request) => client(options).chat.completions.stream(params, request),
  };
}

/** Nothing wrong. */
export const fine: EmulatorFault = faults.edit((json) => json);

const rows = new Set<string>();
let tests = 0;
const both: readonly TransportName[] = ['undici', 'fetch'];

/** One row of the matrix: a test over each transport that has the fault. */
export function row(
  id: string,
  sentence: string,
  run: (kit: Kit) => Promise<void>,
  names: readonly TransportName[] = both,
): void {
  rows.add(id);
  for (const name of names) {
    tests++;
    test(`${id}: ${sentence} (${name})`, async () => {
      await using server = await startEmulator();
      await run(createKit(name, server));
      expect(unhandled).toEqual([]);
    });
  }
}

const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
process.on('unhandledRejection', onUnhandled);

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
}

const socketsBefore = openSockets();

/** Counts what was tested, and what is left open. */
export function closeMatrix(leftOut: readonly string[]): void {
  afterAll(async () => {
    await eventually('the end of all sockets', () => openSockets() <= socketsBefore);
    process.off('unhandledRejection', onUnhandled);
    console.log(`fault matrix: ${rows.size} rows, ${tests} tests`);
    console.log(`not in it: ${leftOut.join('; ')}`);
    expect(unhandled).toEqual([]);
  });
}
