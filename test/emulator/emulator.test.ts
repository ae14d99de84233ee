import type { ProviderId } from 'deepseek-v4-flash';
import { createClient, isChatError, providers } from 'deepseek-v4-flash';
import { createEmulator, startEmulator } from 'deepseek-v4-flash/testing';
import { expect, test } from 'vitest';

const messages = [{ role: 'user', content: 'Hi' } as const];

function post(url: string, body: object, key = 'Bearer any'): Promise<Response> {
  const headers = { 'content-type': 'application/json', authorization: key };
  return fetch(`${url}/chat/completions`, { method: 'POST', headers, body: JSON.stringify(body) });
}

test('serves all vendors in memory, at their own URLs', async () => {
  const emulator = createEmulator();
  for (const provider of Object.keys(providers) as ProviderId[]) {
    const client = createClient({ provider, apiKey: 'any', transport: emulator.transport });
    const stream = await client.chat.completions.create({ messages, stream: true });
    const { choices } = await stream.finalCompletion();
    expect(choices[0].message.content).toContain('You said: "Hi"');
    expect(emulator.requests.at(-1)).toMatchObject({ provider, method: 'POST' });
  }
});

test('answers as it was told, in order, then by itself', async () => {
  const emulator = createEmulator();
  const client = createClient({ apiKey: 'any', transport: emulator.transport, maxRetries: 0 });
  emulator.reply(
    { content: 'One' },
    { error: 'overloaded' },
    { content: null, tool_calls: [{ name: 'f', arguments: { a: 1 } }] },
  );
  const ask = () => client.chat.completions.create({ messages });
  expect((await ask()).choices[0].message.content).toBe('One');
  await expect(ask()).rejects.toMatchObject({ code: 'overloaded', status: 503 });
  expect((await ask()).choices[0].message.tool_calls).toMatchObject([
    { function: { name: 'f', arguments: '{"a":1}' } },
  ]);
  expect((await ask()).choices[0].message.content).toContain('emulator');
});

test('plays bytes as they are written, in memory and on a socket', async () => {
  await using server = await startEmulator();
  const memory = createEmulator();
  const clients = [
    createClient({ apiKey: 'any', transport: memory.transport }),
    createClient({ apiKey: 'any', baseURL: server.baseURL('deepseek') }),
  ];
  for (const [index, emulator] of [memory, server].entries()) {
    emulator.reply({
      writes: [
        new TextEncoder().encode('data: {"choices":[{"index":0,"delta":{"content":"Gr'),
        { delayMs: 5 },
        'üße"},"finish_reason":null}]}\n\n',
        'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}',
      ],
    });
    const stream = await clients[index]?.chat.completions.create({ messages, stream: true });
    const completion = await stream?.finalCompletion();
    expect(completion?.choices[0].message.content).toBe('Grüße');
  }
});

test('breaks off, and hangs, as it was told', async () => {
  await using server = await startEmulator();
  const memory = createEmulator();
  const begun =
    'data: {"choices":[{"index":0,"delta":{"content":"Half"},"finish_reason":null}]}\n\n';
  const clients = [
    createClient({ apiKey: 'any', transport: memory.transport, timeout: { idle: 100 } }),
    createClient({ apiKey: 'any', baseURL: server.baseURL('deepseek'), timeout: { idle: 100 } }),
  ];
  for (const [index, emulator] of [memory, server].entries()) {
    emulator.reply({ writes: [begun, { delayMs: 20 }, 'reset'] }, { writes: [begun, 'hang'] });
    for (const code of ['stream_interrupted', 'timeout']) {
      const stream = await clients[index]?.chat.completions.create({ messages, stream: true });
      const error = await stream?.finalCompletion().catch((reason: unknown) => reason);
      expect(isChatError(error) ? error.code : error).toBe(code);
      expect(error).toHaveProperty('partial.choices.0.message.content', 'Half');
    }
  }
});

test('refuses what the vendors refuse, each in its own form', async () => {
  await using emulator = await startEmulator();
  const refused = async (provider: Parameters<typeof emulator.baseURL>[0], body: object) => {
    const response = await post(emulator.baseURL(provider), {
      model: 'deepseek-v4-flash',
      messages,
      ...body,
    });
    return { status: response.status, body: (await response.json()) as unknown };
  };
  expect(
    await refused('deepseek', { messages: [{ role: 'developer', content: 'x' }] }),
  ).toMatchObject({
    status: 400,
    body: { error: { type: 'invalid_request_error', param: null } },
  });
  expect(await refused('deepseek', { max_tokens: 400_000 })).toMatchObject({ status: 400 });
  expect(await refused('bytespike', { max_tokens: 8193 })).toMatchObject({
    status: 400,
    body: { error: { code: 'invalid_request_error', param: null } },
  });
  // AIML API's id has a prefix, and its errors have no envelope.
  expect(await refused('aimlapi', {})).toMatchObject({ status: 400, body: { statusCode: '400' } });
  expect(await refused('deepseek', { response_format: { type: 'json_object' } })).toMatchObject({
    status: 400,
  });
  const tools = [{ type: 'function', function: { name: 'f' } }];
  expect(await refused('anyfast', { tools, tool_choice: 'required' })).toMatchObject({
    status: 400,
    body: { error: { message: 'Thinking mode does not support this tool_choice' } },
  });
  const call = {
    role: 'assistant',
    content: '',
    tool_calls: [{ id: 'c', function: { name: 'f' } }],
  };
  expect(await refused('vtrix', { tools, messages: [...messages, call] })).toMatchObject({
    status: 400,
  });
  const answered = [...messages, call, { role: 'tool', tool_call_id: 'c', content: 'x' }];
  expect(await refused('deepseek', { tools, messages: answered })).toMatchObject({
    body: {
      error: {
        message: 'The `reasoning_content` in the thinking mode must be passed back to the API.',
      },
    },
  });
  expect(
    await refused('deepseek', { thinking: { type: 'disabled' }, tools, messages: answered }),
  ).toMatchObject({
    status: 200,
  });
});

test('answers a missing key as DeepSeek does: 31 bytes of plain text without a content type', async () => {
  await using emulator = await startEmulator();
  const response = await post(emulator.baseURL('deepseek'), { messages }, '');
  expect(response.status).toBe(401);
  expect(response.headers.get('content-type')).toBeNull();
  expect((await response.arrayBuffer()).byteLength).toBe(31);
});

test('lists what a vendor does not document, and refuses it only when strict', async () => {
  const body = {
    model: 'deepseek-v4-flash',
    messages,
    seed: 1,
    thinking: { type: 'enabled', x: 1 },
  };
  await using lenient = await startEmulator();
  expect((await post(lenient.baseURL('deepseek'), body)).status).toBe(200);
  expect(lenient.requests[0]?.undocumented).toEqual(['seed', 'thinking.x']);
  await using strict = await startEmulator({ strict: true });
  expect((await post(strict.baseURL('deepseek'), body)).status).toBe(400);
});

test('never keeps the key', async () => {
  const emulator = createEmulator();
  const client = createClient({ apiKey: 'sk-very-secret', transport: emulator.transport });
  await client.chat.completions.create({ messages });
  expect(JSON.stringify(emulator.requests)).not.toContain('very-secret');
});

test('is answered by a function, where one is given', async () => {
  const emulator = createEmulator({
    answer: ({ body }) => ({ content: `${body?.messages?.length} messages` }),
  });
  const client = createClient({ apiKey: 'any', transport: emulator.transport });
  const { choices } = await client.chat.completions.create({ messages });
  expect(choices[0].message.content).toBe('1 messages');
});
