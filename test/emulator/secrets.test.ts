import { inspect } from 'node:util';
import type { ChatErrorCode, ClientOptions, RequestOptions } from 'deepseek-v4-flash';
import { ChatError, createClient, isChatError } from 'deepseek-v4-flash';
import type { ErrorKind } from 'deepseek-v4-flash/testing';
import { startEmulator } from 'deepseek-v4-flash/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { everyText } from '../kit/failures.ts';

const key = 'sk-0123456789abcdef-secret';
const prompt = 'The prompt that nobody else may read';
const messages = [{ role: 'user', content: prompt } as const];

let emulator: Awaited<ReturnType<typeof startEmulator>>;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());

async function failure(
  options: Partial<ClientOptions>,
  call: RequestOptions = {},
  stream = false,
): Promise<ChatError> {
  try {
    const client = createClient({
      apiKey: key,
      baseURL: emulator.baseURL('deepseek'),
      maxRetries: 0,
      ...options,
    });
    if (stream) await client.chat.completions.stream({ messages }, call).finalCompletion();
    else await client.chat.completions.create({ messages }, call);
  } catch (error) {
    if (isChatError(error)) return error;
    throw error;
  }
  throw new Error('It did not fail');
}

const kinds: ErrorKind[] = [
  'authentication',
  'insufficient_balance',
  'permission_denied',
  'not_found',
  'bad_request',
  'context_length',
  'rate_limit',
  'server_error',
  'overloaded',
];

test('no error, report or cause holds the key, even where the vendor repeats it', async () => {
  const errors: ChatError[] = [];
  for (const error of kinds) {
    for (const stream of [false, true]) {
      const headers = { 'x-echo': `Bearer ${key}`, 'x-ds-trace-id': key, 'set-cookie': key };
      emulator.reply({ error, message: `Your key ${key} is not liked with "${prompt}"`, headers });
      errors.push(await failure({}, {}, stream));
    }
  }
  const bodies = [
    `{"error":{"message":"key ${key}","code":"${key}","type":"${key}","param":"${key}"}}`,
    `<html><title>${key}</title></html>`,
    `{"choices":[{"message":{"content":"${key}`,
    `not JSON ${key}`,
  ];
  for (const body of bodies) {
    for (const stream of [false, true]) {
      emulator.reply({ writes: [body], headers: { 'x-echo': key } });
      errors.push(await failure({}, {}, stream));
    }
  }
  emulator.reply({ writes: [`data: {"error":{"message":"${key}"}}\n\n`] });
  errors.push(await failure({}, {}, true));
  emulator.reply({ writes: [`data: {"${key}": \n\n`] });
  errors.push(await failure({}, {}, true));
  errors.push(await failure({ baseURL: 'http://127.0.0.1:1' }));
  errors.push(await failure({}, { signal: AbortSignal.abort('why') }));
  errors.push(await failure({}, { deadline: 1 }));
  expect(errors.length).toBeGreaterThan(25);
  for (const error of errors) {
    expect(everyText(error)).not.toContain(key);
    expect(everyText(error)).not.toContain('abcdef-secret');
    expect(everyText(error)).not.toContain(prompt);
  }
  const codes = new Set<ChatErrorCode>(errors.map(({ code }) => code));
  expect(codes.size).toBeGreaterThan(10);
});

test('a key that cannot be a header is refused without being shown', async () => {
  for (const wrong of [
    `${key}\n`,
    `${key}\nX-Evil: 1`,
    `${key}\r\nX: y`,
    `${key}\0`,
    `ключ-${key}`,
    `${key} ${key}`,
  ]) {
    const error = await failure({ apiKey: () => wrong });
    expect(error.code).toBe('invalid_options');
    expect(everyText(error)).not.toContain('abcdef-secret');
    expect(() => createClient({ apiKey: wrong })).toThrow(
      expect.objectContaining({ code: 'invalid_options' }),
    );
  }
});

test('hooks and loggers see no key and no prompt', async () => {
  const seen: unknown[] = [];
  const see = (...values: unknown[]): void => void seen.push(structuredClone(values));
  const client = createClient({
    apiKey: key,
    baseURL: emulator.baseURL('deepseek'),
    logger: { debug: see },
    hooks: { onRequest: see, onResponse: see, onRetry: see, onEnd: see },
  });
  emulator.reply({ error: 'rate_limit', headers: { 'retry-after': '0', 'x-echo': key } });
  await client.chat.completions.create({ messages });
  expect(seen.length).toBeGreaterThan(5);
  expect(everyText(seen)).not.toContain(key);
  expect(everyText(seen)).not.toContain(prompt);
});

test('the client itself, inspected or serialised, holds no key', () => {
  const client = createClient({ apiKey: key });
  expect(inspect(client, { depth: Infinity, showHidden: true })).not.toContain(key);
  expect(JSON.stringify(client.chat.completions.prepare({ messages }))).not.toContain(key);
});

test('a key function that fails, or hangs, ends the call as such', async () => {
  const failed = await failure({ apiKey: () => Promise.reject(new Error('vault is closed')) });
  expect(failed).toMatchObject({ code: 'missing_api_key', cause: { message: 'vault is closed' } });
  const hung = await failure({ apiKey: () => new Promise<string>(() => {}), timeout: 50 });
  expect(hung).toMatchObject({ code: 'timeout', phase: 'total' });
});

test('whatever a transport of the caller throws, the call ends with a ChatError without its headers', async () => {
  const transport = {
    send: (request: object) => Promise.reject(Object.assign(new Error('boom'), { request })),
  };
  const error = await failure({ transport });
  expect(error).toMatchObject({
    code: 'connection',
    message: expect.stringContaining('boom') as string,
  });
  expect(everyText(error)).not.toContain(key);
  const body = { read: () => Promise.reject(new Error(key)), cancel: () => {} };
  const broken = { send: () => Promise.resolve({ status: 200, headers: {}, body }) };
  for (const stream of [false, true]) {
    const lost = await failure({ transport: broken }, {}, stream);
    expect(lost.code).toBe('stream_interrupted');
    expect(everyText(lost)).not.toContain(key);
  }
});

test('a missing key names the variables that were looked for', async () => {
  const client = createClient({ provider: 'aimlapi' });
  await expect(client.chat.completions.create({ messages })).rejects.toMatchObject({
    code: 'missing_api_key',
    message: expect.stringMatching(/AIMLAPI_KEY.*AIML_API_KEY/) as string,
  });
});

test("a key from the environment goes to the vendor's own host alone", async () => {
  vi.stubEnv('DEEPSEEK_API_KEY', key);
  const sent: string[] = [];
  const transport = {
    send: (request: { url: string }) => {
      sent.push(request.url);
      return Promise.reject(new ChatError('connection', 'no'));
    },
  };
  const elsewhere = createClient({ baseURL: 'https://proxy.example/v1', transport, maxRetries: 0 });
  await expect(elsewhere.chat.completions.create({ messages })).rejects.toMatchObject({
    code: 'missing_api_key',
    message: expect.stringContaining('proxy.example') as string,
  });
  expect(sent).toEqual([]);
  const home = createClient({ transport, maxRetries: 0 });
  await expect(home.chat.completions.create({ messages })).rejects.toMatchObject({
    code: 'connection',
  });
  expect(sent).toEqual(['https://api.deepseek.com/chat/completions']);
  vi.unstubAllEnvs();
});

test('base URLs that would give the key away are refused', () => {
  const refused = [
    'http://api.deepseek.com',
    'http://127.0.0.1.evil.example',
    'http://localhost.evil.example',
    'https://user:password@api.deepseek.com',
    'http://api.deepseek.com@evil.example/',
    'ftp://api.deepseek.com',
    'javascript:alert(1)',
    '//evil.example',
    'api.deepseek.com',
    '',
    'https://api.deepseek.com?x=1',
    'https://api.deepseek.com#x',
  ];
  for (const baseURL of refused) {
    expect(() => createClient({ baseURL }), baseURL).toThrow(
      expect.objectContaining({ code: 'invalid_options', param: 'baseURL' }),
    );
  }
  for (const baseURL of [
    'http://127.0.0.1:1/v1',
    'http://localhost:1',
    'http://[::1]:1',
    'https://x.example/',
  ]) {
    expect(() => createClient({ baseURL }), baseURL).not.toThrow();
  }
  expect(() => createClient({ baseURL: 'http://10.0.0.1', allowHttp: true })).not.toThrow();
});

test('headers that would break the request open are refused without their values', () => {
  const refused: Record<string, string>[] = [
    { 'x-a': `1\r\nx-b: ${key}` },
    { 'x a': '1' },
    { authorization: `Bearer ${key}` },
    { Host: 'evil.example' },
    { 'content-length': '0' },
  ];
  for (const headers of refused) {
    const fail = (): unknown => createClient({ headers });
    expect(fail).toThrow(expect.objectContaining({ code: 'invalid_options' }));
    expect(fail).not.toThrow(key);
  }
});

test('wrong options are refused when the client is made', () => {
  const wrong: object[] = [
    { provider: 'openai' },
    { timeout: { idle: Number.NaN } },
    { timeout: 3e9 },
    { timeout: { total: 0 } },
    { timeout: { never: 1 } },
    { maxRetries: -1 },
    { maxRetries: 1.5 },
    { onUnsupported: 'explode' },
    { limits: { eventBytes: -1 } },
  ];
  for (const options of wrong) {
    expect(() => createClient(options), JSON.stringify(options)).toThrow(
      expect.objectContaining({ code: 'invalid_options' }),
    );
  }
  expect(() => createClient({ provider: 'openai' as 'deepseek' })).toThrow(
    'Unknown provider "openai". Known: deepseek, aimlapi, shortapi, anyfast, bytespike, vtrix, openrouter, deepinfra, alibaba, fireworks, volcengine',
  );
});
