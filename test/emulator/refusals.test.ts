import type { Provider, ProviderId } from 'deepseek-v4-flash';
import { createClient, isChatError, providers } from 'deepseek-v4-flash';
import type { EmulatorServer, ErrorKind } from 'deepseek-v4-flash/testing';
import { createEmulator, startEmulator } from 'deepseek-v4-flash/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// What a client of any make sends, as the vendors would take it or not.

const vendors = Object.keys(providers) as ProviderId[];
let emulator: EmulatorServer;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());

async function send(
  path: string,
  body: unknown,
  method = 'POST',
): Promise<{ status: number; text: string }> {
  const headers = { 'content-type': 'application/json', authorization: 'Bearer any' };
  const init = method === 'POST' ? { body: JSON.stringify(body) } : {};
  const response = await fetch(emulator.url + path, { method, headers, ...init });
  return { status: response.status, text: await response.text() };
}

function chat(provider: ProviderId, fields: object): Promise<{ status: number; text: string }> {
  const { modelPrefix = '', models }: Provider['profile'] = providers[provider].profile;
  const path = new URL(emulator.baseURL(provider)).pathname;
  const model = models['deepseek-v4-flash']?.wireId ?? `${modelPrefix}deepseek-v4-flash`;
  const messages = [{ role: 'user', content: 'Hi' }];
  return send(`${path}/chat/completions`, { model, messages, ...fields });
}

// ---------------------------------------------------------------- content that is null

const tool_calls = [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }];

/** A history with one turn of an assistant in it. */
function history(turn: object): object {
  return {
    messages: [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', ...turn },
      ...('tool_calls' in turn ? [{ role: 'tool', tool_call_id: 'c', content: 'x' }] : []),
    ],
  };
}

describe.each(vendors)('%s', (provider) => {
  const takesNull = providers[provider].profile.nullContent !== 'omitted';

  test('an assistant that calls tools may leave its content out', async () => {
    expect(await chat(provider, history({ tool_calls }))).toMatchObject({ status: 200 });
    expect(await chat(provider, history({ content: '', tool_calls }))).toMatchObject({
      status: 200,
    });
  });

  test('content may be null beside calls, unless the page forbids it', async () => {
    const { status } = await chat(provider, history({ content: null, tool_calls }));
    expect(status).toBe(takesNull ? 200 : 400);
  });

  test('content may not be null, or left out, without calls', async () => {
    for (const turn of [{ content: null }, {}, { content: null, tool_calls: null }]) {
      const { status, text } = await chat(provider, history(turn));
      expect([status, text]).toEqual([400, expect.stringContaining('content')]);
    }
    const messages = [{ role: 'user', content: null }];
    expect((await chat(provider, { messages })).status).toBe(400);
    expect((await chat(provider, { messages: [{ role: 'user' }] })).status).toBe(400);
  });

  test('a field that is null is not given', async () => {
    const nothing = { temperature: null, tools: null, tool_choice: null, stop: null };
    const more = { max_tokens: null, response_format: null, thinking: null, stream: null };
    expect(await chat(provider, { ...nothing, ...more })).toMatchObject({ status: 200 });
  });

  test.each<[object, string]>([
    [{ messages: 'Hi' }, 'messages must be a list'],
    [{ messages: ['Hi'] }, 'messages.0 must be an object'],
    [{ messages: [null] }, 'messages.0 must be an object'],
    [{ messages: [{ role: 'user', content: 5 }] }, 'messages.0.content must be'],
    [{ messages: [{ role: 'user', content: ['Hi'] }] }, 'messages.0.content.0 must be'],
    [history({ tool_calls: 'f' }), 'messages.1.tool_calls must be a list'],
    [history({ tool_calls: [null] }), 'messages.1.tool_calls.0 must be an object'],
    [{ tools: {} }, 'tools must be a list'],
    [{ tools: [5] }, 'tools.0 must be an object'],
    [{ tools: [{ type: 'function', function: 'f' }] }, 'tools.0.function must be an object'],
    [{ stop: [5] }, 'stop.0 must be a string'],
    [{ max_tokens: '5' }, 'max_tokens must be a number'],
    [{ model: 5 }, 'model must be a string'],
    [{ response_format: 'json' }, 'response_format must be an object'],
    [{ tool_choice: 5 }, 'tool_choice must be an object'],
  ])('a body of a wrong shape is refused with its place: %j', async (fields, told) => {
    const { status, text } = await chat(provider, fields);
    expect([status, text]).toEqual([400, expect.stringContaining(told)]);
    expect(text).toContain('Failed to deserialize the JSON body');
  });

  test.each(['x', 5, null, [], true])('a body that is no object is refused: %j', async (body) => {
    const path = new URL(emulator.baseURL(provider)).pathname;
    expect((await send(`${path}/chat/completions`, body)).status).toBe(400);
  });

  // ---------------------------------------------------------------- errors

  async function failureOf(kind: ErrorKind) {
    const local = createEmulator();
    const { transport } = local;
    const client = createClient({ provider, apiKey: 'any', transport, maxRetries: 0 });
    local.reply({ error: kind });
    const messages = [{ role: 'user', content: 'Hi' } as const];
    const error = await client.chat.completions.create({ messages }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!isChatError(error)) throw new Error(`No ChatError: ${String(error)}`);
    return error;
  }

  test('a quota that is used up is an empty account, and not asked again', async () => {
    const quota = await failureOf('quota');
    expect(quota).toMatchObject({ code: 'insufficient_balance', retryable: false });
    expect([402, 403]).toContain(quota.status);
  });

  test('too many requests at the same time are a rate limit, which passes', async () => {
    expect(await failureOf('concurrency')).toMatchObject({
      code: 'rate_limit',
      status: 429,
      retryable: true,
    });
  });
});

test('DeepSeek and ByteSpike tell of concurrency and quota in their documented words', async () => {
  const errorOf = async (provider: ProviderId, error: ErrorKind) => {
    emulator.reply({ error });
    const { status, text } = await chat(provider, {});
    return { status, ...(JSON.parse(text) as object) };
  };
  expect(await errorOf('deepseek', 'concurrency')).toEqual({
    status: 429,
    error: {
      message:
        'Too many requests. Your current concurrency is 26, which exceeds your concurrency limit of 25 based on your ' +
        'remaining balance. Please top up your balance to restore your concurrency.',
      type: 'rate_limit_error',
      param: null,
      code: 'invalid_request_error',
    },
  });
  expect(await errorOf('deepseek', 'quota')).toMatchObject({
    status: 402,
    error: { message: 'Insufficient Balance', type: 'unknown_error' },
  });
  expect(await errorOf('bytespike', 'concurrency')).toMatchObject({
    status: 429,
    error: { code: 'concurrency_limit' },
  });
  expect(await errorOf('bytespike', 'quota')).toMatchObject({
    status: 402,
    error: { code: 'quota_exceeded' },
  });
});

// ---------------------------------------------------------------- paths

test('DeepSeek is at the base URLs that other SDKs are used to as well', async () => {
  const body = { model: 'deepseek-v4-flash', messages: [{ role: 'user', content: 'Hi' }] };
  for (const ending of ['', '/v1', '/beta']) {
    const path = `/deepseek${ending}/chat/completions`;
    expect([path, (await send(path, body)).status]).toEqual([path, 200]);
    expect((await send(`/deepseek${ending}/models`, undefined, 'GET')).text).toContain('flash');
    expect((await send(`/deepseek${ending}/user/balance`, undefined, 'GET')).status).toBe(200);
    expect(emulator.requests.at(-3)?.path).toBe(`${ending}/chat/completions`);
  }
  for (const path of ['/v2/chat/completions', '/v1/v1/models', '/v1/completions', '/v1/beta/x']) {
    expect([path, (await send(`/deepseek${path}`, body)).status]).toEqual([path, 404]);
  }
});

test('the vendors without another name for their paths have none', async () => {
  for (const provider of vendors.filter((id) => id !== 'deepseek')) {
    const path = new URL(emulator.baseURL(provider)).pathname;
    expect((await send(`${path}/v1/chat/completions`, {})).status).toBe(404);
  }
});

test('a beta feature is refused at every path of DeepSeek but its own', async () => {
  const fields = {
    model: 'deepseek-v4-flash',
    messages: [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'He', prefix: true },
    ],
  };
  for (const [ending, status] of [
    ['', 400],
    ['/v1', 400],
    ['/beta', 200],
  ] as const) {
    expect((await send(`/deepseek${ending}/chat/completions`, fields)).status).toBe(status);
  }
});

test('a client finds its way in memory with any of those base URLs', async () => {
  const local = createEmulator();
  for (const ending of ['', '/v1', '/beta']) {
    const baseURL = `${local.baseURL('deepseek')}${ending}`;
    const client = createClient({ apiKey: 'any', baseURL, transport: local.transport });
    const messages = [{ role: 'user', content: 'Hi' } as const];
    expect((await client.chat.completions.create({ messages })).choices).toHaveLength(1);
    expect((await client.models.list()).data).toHaveLength(1);
  }
});
