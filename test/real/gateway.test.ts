import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import OpenAI, {
  type APIError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
} from 'openai';
import type { ClientOptions, ProviderId } from 'deepseek-v4-flash';
import { createClient, providers } from 'deepseek-v4-flash';
import { createFetch, createHandler, nodeHandler } from 'deepseek-v4-flash/gateway';
import type { EmulatorServer } from 'deepseek-v4-flash/testing';
import { faults, startEmulator } from 'deepseek-v4-flash/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ForeignClient, Way } from './gateway-clients.ts';
import { foreignClients } from './gateway-clients.ts';

// Clients that nobody here wrote, served by our vendors: in their own process by `createFetch`, and over a socket.

const vendors = Object.keys(providers) as ProviderId[];
let emulator: EmulatorServer;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  emulator = await startEmulator();
  // The key of the openai package must not be the user's.
  vi.stubEnv('OPENAI_API_KEY', undefined);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  for (const close of closing) await close();
  await emulator.close();
});
beforeEach(() => {
  // What a test has queued and nobody fetched is its own.
  emulator.assertNoPendingReplies();
  // Waits between attempts are jitter times half a second, and more.
  vi.spyOn(Math, 'random').mockReturnValue(0.02);
});

const optionsAt = (provider: ProviderId, maxRetries?: number): ClientOptions => ({
  maxRetries,
  provider,
  apiKey: 'sk-the-vendors-own-key',
  baseURL: emulator.baseURL(provider),
  onUnsupported: 'adjust',
});

const ways: [name: string, open: (provider: ProviderId, maxRetries?: number) => Promise<Way>][] = [
  [
    'createFetch',
    async (provider, maxRetries) => ({
      baseURL: 'https://api.openai.com/v1',
      apiKey: 'none',
      fetch: createFetch(optionsAt(provider, maxRetries)) as typeof fetch,
    }),
  ],
  [
    'a handler on a socket',
    async (provider, maxRetries) => {
      const handler = createHandler(createClient(optionsAt(provider, maxRetries)), {
        authorize: ({ headers }) => headers.get('authorization') === 'Bearer visitor',
      });
      const server = createServer(nodeHandler(handler));
      closing.push(
        () => server.closeAllConnections(),
        () => server.close(),
      );
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      return { baseURL: `http://127.0.0.1:${port}/v1`, apiKey: 'visitor' };
    },
  ],
];

const opened = new Map<string, Promise<Way>>();
function wayTo(name: string, provider: ProviderId, maxRetries?: number): Promise<Way> {
  const open = ways.find(([each]) => each === name)?.[1];
  const key = `${name} ${provider} ${maxRetries}`;
  const known = opened.get(key) ?? open?.(provider, maxRetries);
  if (known === undefined) throw new Error(name);
  opened.set(key, known);
  return known;
}

const rows = ways.flatMap(([way]) =>
  Object.keys(foreignClients).map((name) => [way, name] as const),
);

describe.each(rows)('%s serves %s', (wayName, clientName) => {
  const client = foreignClients[clientName] as ForeignClient;

  test.each(vendors)('at %s: whole, streamed, and with tools', async (vendor) => {
    const way = await wayTo(wayName, vendor);
    emulator.reply({ content: 'Grüße.' });
    expect(await client.whole(way)).toBe('Grüße.');
    emulator.reply({ content: 'One two three four five.' });
    expect(await client.streamed(way)).toBe('One two three four five.');
    emulator.reply({ tool_calls: [{ name: 'weather', arguments: { city: 'Oslo' } }] });
    expect(await client.calls(way)).toEqual(['weather', { city: 'Oslo' }]);
  });

  test.each([
    ['a stream that is reset', faults.cutAfterEvents(3, 'reset')],
    ['a stream that just ends', faults.compose(faults.noFinish(), faults.noDone())],
    ['a stream without a finish_reason', faults.noFinish()],
    [
      'a stream that ends with a word that is no good end',
      { finish_reason: 'insufficient_system_resource' },
    ],
  ] as const)('%s is a failure, and not a short answer', async (_, fault) => {
    const way = await wayTo(wayName, 'deepseek');
    emulator.reply(fault);
    await expect(client.streamed(way)).rejects.toBeDefined();
  });

  test('what we have sent again is not sent again by it', async () => {
    const way = await wayTo(wayName, 'deepseek');
    const before = emulator.requests.length;
    for (let count = 0; count < 3; count++) emulator.reply(faults.status(503));
    await expect(client.whole(way)).rejects.toBeDefined();
    expect(emulator.requests.length - before).toBe(3);
  });

  test.each(['whole', 'streamed'] as const)('its signal ends the call: %s', async (kind) => {
    const way = await wayTo(wayName, 'deepseek');
    await expect.poll(() => emulator.connections.busy).toBe(0);
    emulator.reply(kind === 'whole' ? faults.noAnswer('hang') : faults.slow(50));
    const abort = new AbortController();
    const call = client[kind]({ ...way, signal: abort.signal });
    call.catch(() => {});
    await expect.poll(() => emulator.connections.busy).toBe(1);
    abort.abort();
    // Some end their stream without a word when they are told to stop.
    await call.catch(() => {});
    await expect.poll(() => emulator.connections.busy, { timeout: 5_000 }).toBe(0);
  });
});

describe.each(ways.map(([way]) => way))('%s', (wayName) => {
  test.each<[number, number, new (...args: never) => Error, string]>([
    [400, 400, BadRequestError, 'bad_request'],
    [429, 429, RateLimitError, 'rate_limit'],
    [404, 404, NotFoundError, 'not_found'],
    [500, 502, InternalServerError, 'server_error'],
    [503, 503, InternalServerError, 'overloaded'],
  ])(
    'a %i is told as a %i, of the class that openai has for it',
    async (status, told, kind, code) => {
      const way = await wayTo(wayName, 'deepseek', 0);
      emulator.reply(faults.status(status));
      const call = new OpenAI(way as object).chat.completions.create({
        model: 'deepseek-v4-flash',
        messages: [{ role: 'user', content: 'Hi' }],
      });
      const error = (await call.catch((reason: unknown) => reason)) as APIError;
      expect(error).toBeInstanceOf(kind);
      expect(error).toMatchObject({ status: told, code, type: 'flash_error' });
    },
  );

  test('openai lists the models, and knows the id of a request', async () => {
    const openai = new OpenAI((await wayTo(wayName, 'deepseek')) as object);
    const ids: string[] = [];
    for await (const { id } of openai.models.list()) ids.push(id);
    expect(ids).toContain('deepseek-v4-flash');
    const told = await openai.chat.completions
      .create({ model: 'deepseek-v4-flash', messages: [{ role: 'user', content: 'Hi' }] })
      .withResponse();
    expect(told.request_id).toBe(told.response.headers.get('x-request-id'));
    expect(told.request_id).toBeTruthy();
    expect(told.response.headers.get('x-flash-cost-usd')).toMatch(/^\d+\.\d+$/);
  });
});

test('the newest openai, which needs a newer Node, is served as well', async () => {
  const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const args = ['--import', 'tsx', here('gateway-openai7.ts')];
  const { stdout } = await promisify(execFile)(here('node_modules/.bin/node'), args);

  expect(JSON.parse(stdout)).toEqual({
    whole: 'Whole.',
    text: 'Streamed, piece by piece.',
    cut: 'stream_interrupted',
    failure: 503,
    sends: 2,
  });
});
