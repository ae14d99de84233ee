import type { ChatError, ClientOptions, Transport } from 'deepseek-v4-flash';
import { createClient, fetchTransport } from 'deepseek-v4-flash';
import { describe, expect, test } from 'vitest';
import type { WireResponse } from '../kit/wire.ts';
import { chunk, serving, whole } from '../kit/wire.ts';
import { errorOf, everyText } from '../kit/failures.ts';

// One way out: whatever somebody else says, however it is written, holds neither the key nor what was asked.

const key = 'sk-Zx81Qp55Lm07Wv93Tn26Bk48';
const prompt = 'Tell nobody of the quiet otter\nthat swims in "Lake 4711" at night.';
const messages = [{ role: 'user' as const, content: prompt }];

const once = JSON.stringify(prompt).slice(1, -1);
const ways: [string, string][] = [
  ['as it is', prompt],
  ['on one line', prompt.replace('\n', ' ')],
  ['with a line break for each space', prompt.replaceAll(' ', '\n')],
  ['with two spaces and tabs', prompt.replaceAll(' ', ' \t ')],
  ['as JSON writes it', once],
  ['as JSON in JSON writes it', JSON.stringify(once).slice(1, -1)],
  ['in a URL', encodeURIComponent(prompt)],
  ['in a form', encodeURIComponent(prompt).replaceAll('%20', '+')],
  ['cut off in its middle', prompt.slice(0, 40)],
  ['cut off near its beginning', prompt.slice(0, 15)],
];
const keyWays: [string, string][] = [
  ['as it is', key],
  ['as a host name has it', key.toLowerCase()],
  ['in base64', Buffer.from(key).toString('base64')],
  ['in base64 behind another text', Buffer.from(`Bearer ${key}`).toString('base64')],
  ['in base64 behind a name', Buffer.from(`x:${key}`).toString('base64')],
  ['in base64 for URLs', Buffer.from(`ab${key}cd`).toString('base64url')],
  ['cut in half', key.slice(0, 14)],
  ['cut near its beginning', key.slice(0, 7)],
];

function expectSilence(error: ChatError): void {
  const all = everyText(error);
  for (const part of ['otter', 'Lake 4711', 'quiet%20', 'Tell nobody of', 'Tell\nnobody']) {
    expect(all.includes(part), `the prompt is told (${part})`).toBe(false);
  }
  const lower = all.toLowerCase();
  expect(lower.includes(key.toLowerCase().slice(0, 9)), 'the key is told').toBe(false);
  for (const offset of [0, 1, 2]) {
    const encoded = Buffer.from('x'.repeat(offset) + key).toString('base64');
    expect(all.includes(encoded.slice(4, 20)), 'the key is told in base64').toBe(false);
  }
}

async function failing(transport: Transport, options: ClientOptions = {}): Promise<ChatError[]> {
  const client = createClient({ apiKey: key, maxRetries: 0, transport, ...options });
  const { completions } = client.chat;
  return [
    await errorOf(completions.create({ messages })),
    await errorOf(completions.stream({ messages }).finalCompletion()),
  ];
}

const saying = (response: WireResponse): Transport => serving([response]).transport;

describe.each([...ways, ...keyWays])('a secret %s', (how, secret) => {
  const isCut = how.startsWith('cut');
  const told = `No: ${secret}`;
  const responses: [string, WireResponse][] = [
    ['the message of an error', { status: 400, body: { error: { message: told } } }],
    ['its code', { status: 400, body: { error: { message: 'x', code: told } } }],
    [
      'its type and param',
      { status: 400, body: { error: { message: 'x', type: told, param: told } } },
    ],
    ['its request id', { status: 400, body: { error: { message: 'x', request_id: told } } }],
    ['a text', { status: 500, body: told }],
    // What was cut stands at the end.
    ['a title', { status: 502, body: `<html><title>${told}${isCut ? '' : '</title></html>'}` }],
    ['an error inside a 200', { body: { error: { message: told } } }],
    ['an event', { events: [{ error: { message: told } }] }],
  ];

  test.each(responses)('in %s is not told', async (_where, response) => {
    for (const error of await failing(saying(response))) expectSilence(error);
  });

  test('in a response header is not told', async () => {
    const headers = { 'x-echo': secret.replaceAll('\n', ' '), 'x-request-id': 'r-1' };
    const seen: unknown[] = [];
    const hooks: ClientOptions['hooks'] = { onResponse: (event) => void seen.push(event) };
    for (const error of await failing(saying({ status: 400, headers, body: {} }), { hooks })) {
      expectSilence(error);
      expect(error.report?.headers).toHaveProperty('x-request-id', 'r-1');
    }
    expect(JSON.stringify(seen)).not.toMatch(/otter|zx81qp/i);
  });

  test('in a header whose value may be anything is not told', async () => {
    const names = ['x-ds-trace-id', 'server', 'via', 'etag', 'x-ratelimit-foo'];
    const value = secret.replaceAll('\n', ' ');
    const headers = Object.fromEntries(names.map((name) => [name, value]));
    const seen: unknown[] = [];
    const hooks: ClientOptions['hooks'] = { onResponse: (event) => void seen.push(event) };
    for (const error of await failing(saying({ status: 400, headers, body: {} }), { hooks })) {
      expectSilence(error);
    }
    expect(JSON.stringify(seen)).not.toMatch(/otter|zx81qp/i);
  });

  test('in the error of a transport, its causes and codes is not told', async () => {
    const inner = Object.assign(new Error(`inner ${secret}`), {
      code: `E_${secret}`,
      body: secret,
    });
    const thrown = new Error(`outer ${secret}`, { cause: inner });
    const fetch = (): Promise<never> => Promise.reject(thrown);
    for (const transport of [{ send: fetch }, fetchTransport({ fetch })]) {
      for (const error of await failing(transport)) {
        expect(error.code).toBe('connection');
        expectSilence(error);
      }
    }
  });

  test('in an error while the body is read is not told', async () => {
    const read = (): Promise<never> => Promise.reject(new Error(`lost ${secret}`));
    const transport = {
      send: async () => ({ status: 200, headers: {}, body: { read, cancel() {} } }),
    };
    for (const error of await failing(transport)) expectSilence(error);
  });
});

test('a prompt is known again in the ASCII of other languages, and behind an escape that is not known', async () => {
  const german = 'Bitte niemandem vom Otter erzählen, der am großen See lebt.';
  const told = [
    JSON.stringify(german).replace(/[^\0-\x7f]/g, (unit) => {
      return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
    }),
    german.replaceAll('ä', '&auml;').replaceAll('ß', '&szlig;'),
  ];
  for (const text of told) {
    const client = createClient({
      apiKey: key,
      maxRetries: 0,
      transport: saying({ status: 400, body: { error: { message: `No: ${text}` } } }),
    });
    const call = client.chat.completions.create({ messages: [{ role: 'user', content: german }] });
    expect(everyText(await errorOf(call))).not.toMatch(/Otter|See lebt/);
  }
});

test('words of an answer that are told beside it hold no secret', async () => {
  const schema = { type: 'object', properties: {} };
  const validate = (value: unknown) => ({ value });
  const response_format = {
    schema: { '~standard': { version: 1, vendor: 'x', validate } },
    jsonSchema: schema,
  };
  const client = createClient({
    apiKey: key,
    maxRetries: 0,
    transport: saying({ body: whole({ content: '{}' }, `${key} ${prompt}`) }),
  });
  const error = await errorOf(
    client.chat.completions.parse({ messages, response_format: response_format as never }),
  );
  expect(error.code).toBe('invalid_output');
  expect(error.message).not.toMatch(/otter|Zx81/);
  const odd = createClient({
    apiKey: key,
    transport: saying({ body: whole({ content: [{ type: key, text: 'a' }] }) }),
  });
  const { report } = await odd.chat.completions.create({ messages });
  expect(JSON.stringify(report)).not.toMatch(/Zx81/i);
});

test('a key that is a header’s name, or in the host of a redirect, is not told', async () => {
  const headers = { [key.toLowerCase()]: 'x' };
  for (const error of await failing(saying({ status: 400, headers, body: {} }))) {
    expectSilence(error);
    expect(Object.keys(error.report?.headers ?? {})).toEqual(['[key]']);
  }
  const redirect = { status: 307, headers: { location: `https://${key}.test/x` } };
  for (const error of await failing(saying(redirect))) {
    expect(error.code).toBe('unexpected_redirect');
    expectSilence(error);
  }
});

test('a key that is cut by the limit of an error’s body is not told', async () => {
  for (const left of [6, 10, 20]) {
    const filler = 'a '.repeat(200);
    const body = `${filler.slice(0, 400 - left)}${key} and more`;
    const limits = { errorBodyBytes: 400 };
    for (const error of await failing(saying({ status: 500, body }), { limits }))
      expectSilence(error);
  }
});

test('the whole request, as a mock quotes it, is not told', async () => {
  const transport: Transport = {
    send({ url, headers, body }) {
      const quoted = JSON.stringify({ url, headers, body: body ?? '' }, null, 2);
      return Promise.reject(new Error(`No match for ${quoted}`));
    },
  };
  for (const error of await failing(transport)) {
    expectSilence(error);
    expect(error.message).toContain('No match for');
  }
});

test('a request of any shape is searched, and never keeps the call from failing', async () => {
  const client = createClient({
    apiKey: key,
    maxRetries: 0,
    transport: saying({ status: 400, body: { error: { message: `No: ${prompt}` } } }),
  });
  const odd = [null, 3, [null], [{ function: null }]];
  for (const extraBody of [...odd.map((tools) => ({ tools })), { suffix: [null] }]) {
    const error = await errorOf(client.chat.completions.create({ messages }, { extraBody }));
    expect(error.code).toBe('bad_request');
    expectSilence(error);
  }
});

test('what the user’s own signal and functions say stays the same object', async () => {
  const reason = { note: prompt };
  const controller = new AbortController();
  controller.abort(reason);
  const client = createClient({
    apiKey: key,
    transport: saying({ body: whole({ content: 'x' }) }),
  });
  const aborted = client.chat.completions.create({ messages }, { signal: controller.signal });
  expect((await errorOf(aborted)).cause).toBe(reason);
  const thrown = new Error(prompt);
  const other = createClient({
    apiKey: () => Promise.reject(thrown),
    transport: saying({ body: whole({ content: 'x' }) }),
  });
  expect((await errorOf(other.chat.completions.create({ messages }))).cause).toBe(thrown);
});

test('name and code of somebody else’s error are kept', async () => {
  const thrown = Object.assign(new TypeError('fetch failed'), {
    cause: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
  });
  for (const error of await failing({ send: () => Promise.reject(thrown) })) {
    expect(error.cause).toMatchObject({
      name: 'Error',
      code: 'ECONNREFUSED',
      message: 'connect ECONNREFUSED',
    });
    expect(error.message).toContain('ECONNREFUSED');
  }
});

test('words that vendors have for errors are told, also to whoever asks about them', async () => {
  const transport = saying({
    status: 429,
    body: { error: { message: 'x', type: 'rate_limit_error', code: 'insufficient_quota' } },
  });
  const client = createClient({ apiKey: key, maxRetries: 0, transport });
  const asked = [{ role: 'user' as const, content: 'insufficient_quota' }];
  expect(await errorOf(client.chat.completions.create({ messages: asked }))).toMatchObject({
    vendorCode: 'insufficient_quota',
    vendorType: 'rate_limit_error',
  });
});

test('hooks see the values of headers that are known to be harmless, and the names of the others', async () => {
  const seen: Record<string, string>[] = [];
  const client = createClient({
    apiKey: key,
    headers: { 'x-tenant': 'acme', 'x-custom-auth': 'hush' },
    transport: saying({
      body: whole({ content: 'x' }),
      headers: { 'content-type': 'application/json', 'x-session': 's' },
    }),
    hooks: {
      onRequest: ({ headers }) => void seen.push(headers),
      onResponse: ({ headers }) => void seen.push(headers),
    },
  });
  await client.chat.completions.create({ messages });
  expect(seen).toMatchObject([
    { 'x-tenant': '[hidden]', 'x-custom-auth': '[hidden]', 'content-type': 'application/json' },
    { 'x-session': '[hidden]', 'content-type': 'application/json' },
  ]);
});

test('a partial answer is nobody’s secret, and is where it belongs', async () => {
  const transport = saying({
    events: [chunk({ content: 'Half' }), { error: { message: prompt } }],
  });
  const client = createClient({ apiKey: key, maxRetries: 0, transport });
  const error = await errorOf(client.chat.completions.stream({ messages }).finalCompletion());
  expect(error.partial?.choices[0].message.content).toBe('Half');
  expectSilence(error);
});
