import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import type { ClientOptions, ProviderId } from 'deepseek-v4-flash';
import { createClient, decodeStream, providers } from 'deepseek-v4-flash';
import type { Handler, HandlerOptions } from 'deepseek-v4-flash/gateway';
import { createHandler, nodeHandler } from 'deepseek-v4-flash/gateway';
import { faults, startEmulator } from 'deepseek-v4-flash/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serve } from '../kit/serve.ts';
import { question } from '../kit/wire.ts';

// A gateway on a socket, before the emulated vendors on another one.

const vendors = Object.keys(providers) as ProviderId[];
const key = 'sk-the-vendors-own-key-0123456789';
const authorize: HandlerOptions['authorize'] = ({ headers }) =>
  headers.get('Authorization') === 'Bearer visitor';

let emulator: Awaited<ReturnType<typeof startEmulator>>;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());

const clientAt = (provider: ProviderId, options: ClientOptions = {}) =>
  createClient({
    provider,
    apiKey: key,
    baseURL: emulator.baseURL(provider),
    onUnsupported: 'adjust',
    maxRetries: 0,
    ...options,
  });

const gatewayAt = (provider: ProviderId, around = (handler: Handler): Handler => handler) =>
  serve(nodeHandler(around(createHandler(clientAt(provider), { authorize }))));

const headers = { authorization: 'Bearer visitor' };
const post = (body: object): RequestInit => ({
  method: 'POST',
  headers,
  body: JSON.stringify(body),
});

test.each(vendors)(
  '%s answers through it, whole and streamed, and its key stays behind it',
  async (vendor) => {
    const url = `${await gatewayAt(vendor)}/v1/chat/completions`;
    emulator.reply({ content: 'Grüße' });
    emulator.reply({ content: 'Hello there' });

    const whole = await fetch(url, post({ messages: question }));
    const text = await whole.text();
    const streamed = await fetch(url, post({ messages: question, stream: true }));
    let content = '';
    for await (const { choices } of decodeStream(streamed.body as ReadableStream<Uint8Array>)) {
      content += choices[0]?.delta.content ?? '';
    }

    expect(JSON.parse(text)).toMatchObject({ choices: [{ message: { content: 'Grüße' } }] });
    expect(content).toBe('Hello there');
    for (const response of [whole, streamed]) {
      expect(response.headers.get('x-flash-provider')).toBe(vendor);
      const told = JSON.stringify(Object.fromEntries(response.headers)) + text;
      expect(told).not.toContain(key);
    }
    expect(JSON.stringify(emulator.requests.at(-1)?.headers)).not.toContain('visitor');
  },
);

test('without authorisation there is a 401, and nothing is asked', async () => {
  const url = `${await gatewayAt('deepseek')}/v1/chat/completions`;
  const before = emulator.requests.length;
  const response = await fetch(url, { ...post({ messages: question }), headers: {} });

  expect(response.status).toBe(401);
  expect(await response.json()).toMatchObject({ error: { code: 'unauthorized' } });
  expect(emulator.requests).toHaveLength(before);
});

const mebibyte = 1024 * 1024;

/** Sends so many bytes, with or without saying so beforehand. */
async function upload(url: string, bytes: number, isTold: boolean): Promise<IncomingMessage> {
  const told = isTold ? { 'content-length': String(bytes) } : { 'transfer-encoding': 'chunked' };
  const sending = request(url, { method: 'POST', headers: { ...headers, ...told } });
  const response = once(sending, 'response') as Promise<[IncomingMessage]>;
  const piece = Buffer.alloc(mebibyte, ' ');
  const isAnswered = response.then(() => true);
  for (let sent = 0; sent < bytes; sent += mebibyte) {
    if (sending.write(piece)) continue;
    const drained = once(sending, 'drain').then(() => false);
    // Node's client lets go of a request that is answered early.
    if (await Promise.race([drained, isAnswered])) break;
  }
  sending.end();
  const [answer] = await response;
  return answer;
}

test.each([
  ['told beforehand', true],
  ['not told', false],
])(
  'a body over 32 MiB whose length is %s is a 413, and the gateway lives on',
  async (_, isTold) => {
    const url = `${await gatewayAt('deepseek')}/v1/chat/completions`;
    const response = await upload(url, 33 * mebibyte, isTold);
    let body = '';
    for await (const piece of response) body += String(piece);

    expect(response.statusCode).toBe(413);
    expect(JSON.parse(body)).toMatchObject({ error: { code: 'body_too_large' } });
    expect((await fetch(url, post({ messages: question }))).status).toBe(200);
  },
);

test('a body of 32 MiB is read', async () => {
  const url = `${await gatewayAt('deepseek')}/v1/chat/completions`;
  const response = await upload(url, 32 * mebibyte, false);

  // Read, and found to be nothing but blanks.
  expect(response.statusCode).toBe(400);
  response.resume();
});

test.each<[string, boolean]>([
  ['before the first byte', true],
  ['before the first byte', false],
  ['in the middle', true],
])('a visitor who leaves %s ends the call (streamed: %s)', async (when, stream) => {
  const url = `${await gatewayAt('deepseek')}/v1/chat/completions`;
  await expect.poll(() => emulator.connections.busy).toBe(0);
  emulator.reply(when === 'in the middle' ? faults.slow(50) : faults.noAnswer('hang'));
  const leaving = new AbortController();
  const asked = fetch(url, { ...post({ messages: question, stream }), signal: leaving.signal });
  asked.catch(() => {});
  await expect.poll(() => emulator.connections.busy).toBe(1);
  if (when === 'in the middle') await (await asked).body?.getReader().read();
  leaving.abort();

  // The vendor sees its connection closed: nothing else would end an answer that hangs.
  await expect.poll(() => emulator.connections.busy, { timeout: 5_000 }).toBe(0);
});

test.each<[string, string, boolean]>([
  ['node:http', 'before the first byte', true],
  ['node:http', 'before the first byte', false],
  ['node:http', 'in the middle', true],
  ['a web server', 'before the first byte', true],
  ['a web server', 'before the first byte', false],
  ['a web server', 'in the middle', true],
])(
  'with onDisconnect: finish, over %s, a call whose visitor leaves %s is made to its end (streamed: %s)',
  async (server, when, stream) => {
    const ends: unknown[] = [];
    const client = clientAt('deepseek', {
      hooks: {
        onEnd: ({ completion, usage }, error) =>
          void ends.push([completion, (usage?.completion_tokens ?? 0) > 0, error]),
      },
    });
    const handler = createHandler(client, { authorize, onDisconnect: 'finish' });
    // A handler that is not ours is asked with web objects, as web servers ask.
    const around: Handler = server === 'node:http' ? handler : (request) => handler(request);
    const url = `${await serve(nodeHandler(around))}/v1/chat/completions`;
    await expect.poll(() => emulator.connections.busy).toBe(0);
    const isEarly = when === 'before the first byte';
    const late = isEarly ? faults.lateHead(300) : faults.slow(20);
    emulator.reply({ ...late, answer: { content: 'One, two, three, four, five, six, seven.' } });
    const leaving = new AbortController();
    const asked = fetch(url, { ...post({ messages: question, stream }), signal: leaving.signal });
    asked.catch(() => {});
    await expect.poll(() => emulator.connections.busy).toBe(1);
    if (!isEarly) await (await asked).body?.getReader().read();
    expect(ends).toEqual([]);
    leaving.abort();

    await expect.poll(() => ends, { timeout: 10_000 }).toEqual([['complete', true, undefined]]);
  },
);

test('a stream that the vendor cuts off is cut off for the visitor, by an error and without [DONE]', async () => {
  const url = `${await gatewayAt('deepseek')}/v1/chat/completions`;
  emulator.reply(faults.cutAfterEvents(2, 'reset'));
  const response = await fetch(url, post({ messages: question, stream: true }));
  const text = await response.text();

  expect(text).toContain('"code":"stream_interrupted"');
  expect(text).not.toContain('[DONE]');
});

test('no second vendor is asked for an answer that a visitor could not be told to begin anew', async () => {
  const both = ['deepseek', 'shortapi'] as const;
  const client = createClient({
    providers: both.map((provider) => ({
      provider,
      apiKey: key,
      baseURL: emulator.baseURL(provider),
    })),
    onInterrupted: 'restart',
    onUnsupported: 'adjust',
  });
  const url = `${await serve(nodeHandler(createHandler(client, { authorize })))}/v1/chat/completions`;
  const before = emulator.requests.length;
  emulator.reply({ ...faults.cutAfterEvents(6), answer: { content: 'One, two, three, four.' } });
  const text = await (await fetch(url, post({ messages: question, stream: true }))).text();

  expect(text).toContain('"code":"stream_interrupted"');
  expect(emulator.requests.slice(before).map(({ provider }) => provider)).toEqual(['deepseek']);
});

test('a slow visitor slows the vendor down, and gets all of it', async () => {
  const url = `${await gatewayAt('deepseek')}/v1/chat/completions`;
  // On the wire 27 MB, which is far more than all buffers on the way.
  const content = 'x'.repeat(1_200_000);
  emulator.reply({ content });
  const sending = request(url, { method: 'POST', headers });
  sending.end(JSON.stringify({ messages: question, stream: true }));
  const [response] = (await once(sending, 'response')) as [IncomingMessage];
  await new Promise((resolve) => setTimeout(resolve, 300));
  let read = '';
  for await (const { choices } of decodeStream(response)) read += choices[0]?.delta.content ?? '';

  expect(read.length).toBe(content.length);
});

test('a handler around it, e.g. with headers for CORS, is served as well', async () => {
  const withCORS =
    (handler: Handler): Handler =>
    async (given) => {
      const response = (await handler(given)) as Response;
      response.headers.set('access-control-allow-origin', '*');
      return response as never;
    };
  const url = `${await gatewayAt('deepseek', withCORS)}/v1/chat/completions`;
  emulator.reply({ content: 'One' });
  emulator.reply({ content: 'Two' });
  const whole = await fetch(url, post({ messages: question }));
  const streamed = await fetch(url, post({ messages: question, stream: true }));

  expect(whole.headers.get('access-control-allow-origin')).toBe('*');
  expect(await whole.json()).toMatchObject({ choices: [{ message: { content: 'One' } }] });
  expect(await streamed.text()).toMatch(/\[DONE\]\n\n$/);
});

test('a handler that throws is a 500 that says nothing of it', async () => {
  const url = await serve(nodeHandler(() => Promise.reject(new Error('/srv/secret is gone'))));
  const response = await fetch(url);

  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain('secret');
});

test('a body that Express has read already is taken from there', async () => {
  const handler = nodeHandler(createHandler(clientAt('deepseek'), { authorize }));
  const url = await serve(async (incoming, response) => {
    let text = '';
    for await (const piece of incoming) text += String(piece);
    await handler(Object.assign(incoming, { body: JSON.parse(text) as object }), response);
  });
  emulator.reply({ content: 'Parsed' });
  const response = await fetch(`${url}/v1/chat/completions`, post({ messages: question }));

  expect(await response.json()).toMatchObject({ choices: [{ message: { content: 'Parsed' } }] });
});

test('a client of ours behind it knows what happened by its codes', async () => {
  const baseURL = `${await gatewayAt('deepseek')}/v1`;
  const client = createClient({ baseURL, apiKey: 'visitor', maxRetries: 0 });
  emulator.reply(faults.status(429));
  const refused = await client.chat.completions.create({ messages: question }).catch((e) => e);
  emulator.reply(faults.cutAfterEvents(2, 'fin'));
  const stream = client.chat.completions.stream({ messages: question });
  const cut = await stream.finalCompletion().catch((error: unknown) => error);

  expect(refused).toMatchObject({ code: 'rate_limit', status: 429 });
  expect(cut).toMatchObject({ code: 'stream_interrupted' });
});
