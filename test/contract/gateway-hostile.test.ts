import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { createClient } from 'deepseek-v4-flash';
import { createFetch, createHandler, nodeHandler } from 'deepseek-v4-flash/gateway';
import { faults, startEmulator } from 'deepseek-v4-flash/testing';
import { describe, expect, test } from 'vitest';
import { cleanups } from '../kit/cleanups.ts';
import { clientOf, question, whole } from '../kit/wire.ts';

// Requests by somebody who means harm, or whose program is broken.

const url = 'https://api.openai.com/v1/chat/completions';
const messages = JSON.stringify(question);

interface Refusal {
  error?: { code: string; message: string; param: string | null };
}

async function ask(body: string | Uint8Array) {
  const { client, requests } = clientOf({ body: whole({ content: 'Hello' }) });
  const response = await createFetch(client)(url, { method: 'POST', body });
  return { response, requests, told: JSON.parse(await response.text()) as Refusal };
}

const nested = (open: string, close: string, depth: number): string =>
  open.repeat(depth) + close.repeat(depth);

test.each<[string, string, string | null]>([
  ['arrays for messages', `{"messages":${nested('[', ']', 100_000)}}`, 'messages.0'],
  [
    'metadata',
    `{"messages":${messages},"metadata":${nested('{"a":', '}', 50_000).replace('}', '1}')}}`,
    'metadata.a',
  ],
  [
    'the parameters of a tool',
    `{"messages":${messages},"tools":[{"type":"function","function":{"name":"a","parameters":${'{"a":'.repeat(20_000)}{}${'}'.repeat(20_000)}}}]}`,
    null,
  ],
])('%s that are nested beyond measure are a 400, and nothing is sent', async (_, body, param) => {
  const { response, requests, told } = await ask(body);

  expect(response.status).toBe(400);
  expect(told.error).toMatchObject({ code: 'invalid_request', param });
  expect(requests).toHaveLength(0);
});

test.each<[string, string]>([
  ['stream', '"yes"'],
  ['stream', '1'],
  ['max_tokens', '1e400'],
  ['max_tokens', '99999999999999999999999999'],
  ['seed', '123456789012345678901234567890'],
  ['model', '""'],
  ['model', '{"toString":"x"}'],
  ['__proto__', '{"stream":true}'],
  ['baseURL', '"https://elsewhere.example"'],
  ['apiKey', '"another"'],
  ['signal', '{}'],
])('%s: %s is a 400 that names it, and nothing is sent', async (field, value) => {
  const { response, requests, told } = await ask(`{"messages":${messages},"${field}":${value}}`);

  expect(response.status).toBe(400);
  expect(told.error?.param).toBe(field);
  expect(requests).toHaveLength(0);
});

test('of two keys of the same name the last one counts, for the check and for what is sent', async () => {
  const { response, requests } = await ask(
    `{"messages":${messages},"stream":"yes","stream":false,"model":"one","model":"other"}`,
  );

  expect(response.status).toBe(200);
  expect(requests[0]?.body).toContain('"other"');
  expect(requests[0]?.body).not.toContain('"one"');
});

test('bytes that are no UTF-8 become U+FFFD, and are no way out of a text', async () => {
  const bodyOf = (bytes: number[]): Uint8Array => {
    const [before, behind] = ['{"messages":[{"role":"user","content":"', '"}]}'].map((text) =>
      new TextEncoder().encode(text),
    );
    return Uint8Array.from([...(before ?? []), ...bytes, ...(behind ?? [])]);
  };
  const { response, requests } = await ask(bodyOf([0xff, 0xc3, 0x41, 0xf0]));
  expect(response.status).toBe(200);
  expect(JSON.parse(String(requests[0]?.body))).toMatchObject({
    messages: [{ content: '\uFFFD\uFFFDA\uFFFD' }],
  });

  // A quote is a quote, also behind the first byte of a pair: what follows it is not JSON.
  const refused = await ask(bodyOf([0xc3, 0x22, 0x41]));
  expect(refused.response.status).toBe(400);
  expect(refused.requests).toHaveLength(0);
});

test('a name of a field, and of a model, is never a header of its own', async () => {
  const evil = 'a\\r\\nx-evil: 1\\r\\n\\r\\nHTTP/1.1 200 OK';
  for (const body of [
    `{"messages":${messages},"model":"${evil}"}`,
    `{"messages":${messages},"${evil}":1}`,
    `{"messages":${messages},"logit_bias":{"${evil}":1}}`,
  ]) {
    const { response } = await ask(body);
    expect(response.headers.has('x-evil')).toBe(false);
    for (const value of response.headers.values()) expect(value).not.toMatch(/[\r\n]/);
  }
});

test('fields without number get one refusal, and a guess is made at the first of them alone', async () => {
  const fields = Array.from({ length: 100_000 }, (_, at) => `"message${at % 2 ? '' : 'z'}${at}":1`);
  const { response, told } = await ask(`{"mesages":1,${fields.join(',')},"messages":${messages}}`);

  expect(response.status).toBe(400);
  expect(told.error?.message).toContain('did you mean messages?');
  expect(told.error?.message.length).toBeLessThan(1_000);

  const { client } = clientOf({ body: whole({ content: 'Hello' }) });
  const typos = Object.fromEntries(
    fields.map((_, at) => [`sto${String.fromCodePoint(0x4e00 + at)}`, 1]),
  );
  const error = await client.chat.completions
    .create({ messages: question, ...typos } as never)
    .catch((reason: unknown) => reason);
  const { issues } = error as { issues: { message: string; count?: number }[] };
  // A hundred are named, and the others counted.
  expect(issues).toHaveLength(101);
  expect(issues.reduce((sum, { count = 1 }) => sum + count, 0)).toBe(100_000);
  expect(issues.filter(({ message }) => message.includes('did you mean'))).toHaveLength(20);
});

test('a request of which very much has to be mended is answered, and its headers stay short', async () => {
  const half = '{"role":"user","content":"\\ud800"}';
  const { response, requests } = await ask(
    `{"messages":[${Array.from({ length: 200_000 }, () => half).join(',')}]}`,
  );

  expect(response.status).toBe(200);
  expect(requests).toHaveLength(1);
  expect(response.headers.get('x-flash-adjustments')).toMatch(/and 199950 more$/);
});

describe('over a socket', () => {
  async function gateway(concurrency?: number) {
    const emulator = await startEmulator();
    const client = createClient({
      apiKey: 'k',
      baseURL: emulator.baseURL('deepseek'),
      maxRetries: 0,
      concurrency,
    });
    const server = createServer(nodeHandler(createHandler(client, { authorize: () => true })));
    cleanups.push(
      () => emulator.close(),
      () => server.closeAllConnections(),
      () => server.close(),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    /** Writes bytes, and gives what came back when the other side closes. */
    const send = (bytes: string) => {
      const socket = connect(port, '127.0.0.1');
      const told = new Promise<string>((resolve) => {
        let text = '';
        socket.on('data', (piece) => (text += piece.toString('latin1')));
        socket.on('error', () => resolve(text));
        socket.on('close', () => resolve(text));
      });
      socket.write(bytes);
      return { socket, told };
    };
    const body = `{"messages":${messages}}`;
    const request = (line = 'POST /v1/chat/completions', more = ''): string =>
      `${line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${body.length}\r\n${more}\r\n${body}`;
    return { emulator, send, request };
  }
  const statusOf = (told: string): number => Number(told.slice(9, 12));

  test.each<[string, number]>([
    ['POST /v1/chat/completions?api-version=1', 200],
    ['POST http://elsewhere.example/v1/chat/completions', 200],
    ['POST /v1/chat%2fcompletions', 404],
    ['POST /v1/chat/completions/', 404],
    ['POST /notchat/completions', 404],
    ['POST /?x=/chat/completions', 404],
    ['PUT /v1/chat/completions', 404],
    ['DELETE /v1/models', 404],
    ['HEAD /v1/models', 404],
    ['OPTIONS *', 404],
    ['post /v1/chat/completions', 400],
  ])('%s is a %i', async (line, status) => {
    const { send, request } = await gateway();

    expect(statusOf(await send(request(line)).told)).toBe(status);
  });

  test('a body that comes slowly, and stops, asks for nothing when its sender leaves', async () => {
    const { emulator, send, request } = await gateway();
    const { socket } = send(request().slice(0, -10));
    await new Promise((resolve) => setTimeout(resolve, 100));
    socket.destroy();
    expect(statusOf(await send(request()).told)).toBe(200);
    expect(emulator.requests).toHaveLength(1);
  });

  test('twenty at once before a vendor who takes two are all served', async () => {
    const { emulator, send, request } = await gateway(2);
    const told = await Promise.all(Array.from({ length: 20 }, () => send(request()).told));

    expect(told.map(statusOf)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(emulator.requests).toHaveLength(20);
  });

  test('who leaves while waiting for a place costs nothing, and holds no place', async () => {
    const { emulator, send, request } = await gateway(1);
    emulator.reply(faults.noAnswer('hang'));
    const first = send(request());
    await expect.poll(() => emulator.requests.length).toBe(1);
    const waiting = Array.from({ length: 5 }, () => send(request()));
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const { socket } of waiting) socket.destroy();
    first.socket.destroy();

    expect(statusOf(await send(request()).told)).toBe(200);
    expect(emulator.requests).toHaveLength(2);
  });
});
