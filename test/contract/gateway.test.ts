import type { ChatErrorCode, ClientOptions } from 'deepseek-v4-flash';
import { ChatError, createClient } from 'deepseek-v4-flash';
import { createFetch, createHandler } from 'deepseek-v4-flash/gateway';
import { describe, expect, test } from 'vitest';
import { statuses } from '../../src/entries/gateway/statuses.ts';
import { isRetryable } from '../../src/outcome/error-codes.ts';
import type { WireResponse } from '../kit/wire.ts';
import { chunk, clientOf, question, whole } from '../kit/wire.ts';

// What a client of OpenAI's API is answered, by `createFetch` in its own process and by a handler over the web's objects.

const url = 'https://api.openai.com/v1/chat/completions';
const secret = 'sk-test-0123456789abcdef';

interface Told {
  status: number;
  headers: Headers;
  text: string;
  json: {
    error?: {
      message: string;
      type: string;
      code: string;
      param: string | null;
      retryable?: boolean;
    };
  };
}

async function told(response: Response): Promise<Told> {
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? (JSON.parse(text) as Told['json']) : {},
  };
}

const post = (body: unknown): RequestInit => ({
  method: 'POST',
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

/** What the owner of the client is told. */
async function fetched(
  responses: WireResponse | WireResponse[],
  body: unknown = { messages: question },
  options?: ClientOptions,
) {
  const { client, requests } = clientOf(responses, options);
  return { ...(await told(await createFetch(client)(url, post(body)))), requests };
}

/** What a visitor is told. */
async function visited(
  responses: WireResponse | WireResponse[],
  body: unknown = { messages: question },
  options?: ClientOptions,
) {
  const { client, requests } = clientOf(responses, options);
  const handler = createHandler(client, { authorize: () => true });
  return { ...(await told(await handler(new Request(url, post(body))))), requests };
}

const usage = {
  prompt_tokens: 3,
  completion_tokens: 4,
  total_tokens: 7,
  prompt_cache_hit_tokens: 0,
  prompt_cache_miss_tokens: 3,
};
const answer = {
  body: whole({ content: 'Hello' }, 'stop', { usage }),
  headers: { 'x-ds-trace-id': 'r-1' },
};

describe.each([
  ['createFetch', fetched],
  ['a handler', visited],
] as const)('%s', (_, ask) => {
  test('gives a whole answer as it is, and tells vendor, attempts, cost and end in headers', async () => {
    const { status, headers, json } = await ask(answer, undefined, {
      pricing: { cacheHit: 0, cacheMiss: 1, output: 1 },
    });

    expect(status).toBe(200);
    expect(json).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { content: 'Hello' }, finish_reason: 'stop' }],
      usage,
    });
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-flash-provider': 'deepseek',
      'x-flash-attempts': '1',
      'x-flash-cost-usd': '0.000007',
      'x-flash-completion': 'complete',
      'x-request-id': 'r-1',
    });
  });

  test('gives a stream in frames, with what is known at its head', async () => {
    const events = [chunk({ content: 'Hel' }), chunk({ content: 'lo' }), chunk({}, 'stop')];
    const { status, headers, text } = await ask({ events }, { messages: question, stream: true });

    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(headers.get('x-flash-provider')).toBe('deepseek');
    expect(headers.get('x-flash-attempts')).toBe('1');
    expect(headers.get('x-flash-cost-usd')).toBeNull();
    expect(text.trimEnd().split('\n\n')).toHaveLength(4);
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  test('a stream that is cut off ends with an error and without [DONE]', async () => {
    const events = [chunk({ content: 'Hel' }), 'data: {"error":{"message":"gone"}}\n\n'];
    const { text } = await ask({ events }, { messages: question, stream: true });

    expect(text).not.toContain('[DONE]');
    expect(text).toMatch(/data: \{"error":\{"message":".*"type":"flash_error","code":".*\}\}\n\n$/);
  });

  test.each(['insufficient_system_resource', 'a_word_never_seen'])(
    'an answer that ended with "%s" is an error, whole and streamed',
    async (word) => {
      const events = [chunk({ content: 'Hel' }), chunk({}, word)];
      const streamed = await ask({ events }, { messages: question, stream: true });
      const once = await ask({ body: whole({ content: 'Hel' }, word) });

      expect(streamed.text).not.toContain('[DONE]');
      expect(streamed.text).toContain('"code":"stream_interrupted"');
      expect(once.status).toBe(502);
      expect(once.json.error).toMatchObject({ code: 'stream_interrupted', param: null });
      expect(once.headers.get('x-flash-completion')).toBe('interrupted');
    },
  );

  test('an answer that reached its limit is one', async () => {
    const { status, text } = await ask({ body: whole({ content: 'Hel' }, 'length') });

    expect(status).toBe(200);
    expect(text).toContain('"finish_reason":"length"');
  });

  test('a request that breaks a rule is a 400 with its path, and is not sent', async () => {
    const { status, json, headers, requests } = await ask(answer, {
      messages: [{ role: 'user', content: 7 }],
    });

    expect(status).toBe(400);
    expect(json.error).toMatchObject({
      type: 'flash_error',
      code: 'invalid_request',
      param: 'messages.0.content',
    });
    expect(json.error?.message).toContain('messages.0.content');
    expect(headers.get('x-should-retry')).toBe('false');
    expect(requests).toHaveLength(0);
  });

  test.each(['', 'nonsense', '[]', 'null', '7', '"text"', '{"messages":'])(
    'the body %j is a 400',
    async (body) => {
      const { status, json } = await ask(answer, body);

      expect(status).toBe(400);
      expect(json.error).toMatchObject({ code: 'invalid_request', param: null });
    },
  );

  test('a body that is deep beyond measure is refused', async () => {
    const depth = 200_000;
    const { status } = await ask(
      answer,
      `{"messages":[{"role":"user","content":"Hi"}],"metadata":${'['.repeat(depth)}${']'.repeat(depth)}}`,
    );

    expect(status).toBe(400);
  });

  test('a parameter that is nobody’s is a 400, also under the names that JavaScript reads itself', async () => {
    for (const name of ['functions', '__proto__', 'constructor', 'apiKey', 'providerOptions']) {
      const body = `{"messages":[{"role":"user","content":"Hi"}],"${name}":{"stream":true}}`;
      const { status, json, requests } = await ask(answer, body);
      expect([name, status, json.error?.param]).toEqual([name, 400, name]);
      expect(requests).toHaveLength(0);
    }
  });

  test('OpenAI’s fields that no vendor takes are dropped, and named', async () => {
    const foreign = {
      store: true,
      metadata: { a: 'b' },
      modalities: ['text'],
      prediction: { type: 'content', content: 'x' },
      audio: null,
    };
    const stream_options = { include_usage: true, include_obfuscation: false };
    const events = [chunk({ content: 'x' }, 'stop')];
    const { status, headers, requests } = await ask(
      { events },
      { messages: question, ...foreign, stream: true, stream_options },
    );

    expect(status).toBe(200);
    const named = headers.get('x-flash-adjustments')?.split(', ');
    expect(named).toEqual(
      expect.arrayContaining([
        'modalities dropped',
        'prediction dropped',
        'stream_options.include_obfuscation dropped',
        'store dropped',
        'metadata dropped',
      ]),
    );
    expect(named).not.toContain('audio dropped');
    const sent = JSON.parse(String(requests[0]?.body)) as object;
    expect(Object.keys(sent).toSorted()).toEqual(['messages', 'model', 'stream', 'stream_options']);
    expect(sent).toMatchObject({ stream_options: { include_usage: true } });
  });

  test('paths with a visitor’s own words are told in a header that holds them', async () => {
    const messages = Array.from({ length: 80 }, () => ({ role: 'developer', content: 'x' }));
    const { headers } = await ask(answer, { messages: [...messages, ...question] });
    const value = headers.get('x-flash-adjustments') ?? '';

    expect(value).toContain('messages.0.role renamed');
    expect(value).toContain('and 30 more');
    expect(value.length).toBeLessThan(4_000);
  });

  test.each([
    ['POST', '/v1/completions'],
    ['POST', '/v1/embeddings'],
    ['GET', '/v1/chat/completions'],
    ['GET', '/v1/models/deepseek-v4-flash'],
    ['DELETE', '/v1/models'],
    ['GET', '/'],
  ])('%s %s is a 404 in the same form', async (method, path) => {
    const { client } = clientOf(answer);
    const init = { method, ...(method === 'POST' && { body: '{}' }) };
    const response =
      ask === fetched
        ? await createFetch(client)(`https://x.test${path}`, init)
        : await createHandler(client, { authorize: () => true })(
            new Request(`https://x.test${path}`, init),
          );
    const { status, json } = await told(response);

    expect(status).toBe(404);
    expect(json.error).toMatchObject({ type: 'gateway_error', code: 'unknown_route', param: null });
  });

  test('no key is in what is told of a failure', async () => {
    const body = { error: { message: `bad key ${secret} at https://api.deepseek.com` } };
    const { status, text, headers } = await ask({ status: 401, body });

    expect(status).toBe(ask === fetched ? 401 : 503);
    expect(text + JSON.stringify(Object.fromEntries(headers))).not.toContain(secret);
  });
});

test.each<[code: string, response: WireResponse, owner: number, visitor: number]>([
  ['bad_request', { status: 400, body: { error: { message: 'no' } } }, 400, 400],
  ['authentication', { status: 401, body: {} }, 401, 503],
  ['insufficient_balance', { status: 402, body: {} }, 402, 503],
  ['not_found', { status: 404, body: {} }, 404, 404],
  ['rate_limit', { status: 429, body: {}, headers: { 'retry-after': '7' } }, 429, 429],
  ['server_error', { status: 500, body: {} }, 502, 502],
  ['overloaded', { status: 503, body: {} }, 503, 503],
  ['invalid_response', { body: '<html></html>' }, 502, 502],
])('%s has a status that clients know', async (code, response, owner, visitor) => {
  const own = await fetched(response);
  const visitors = await visited(response);

  expect(own.json.error?.code).toBe(code);
  expect(own.status).toBe(owner);
  expect(visitors.status).toBe(visitor);
  expect(visitors.json.error).toMatchObject({ code, type: 'flash_error', param: null });
  expect(visitors.json.error?.retryable).toBe(isRetryable(code as ChatErrorCode));
  // Nothing of the vendor: not even its name.
  expect(visitors.json.error?.message).not.toMatch(/deepseek|answered \d/i);
  for (const { headers } of [own, visitors]) {
    expect(headers.get('x-should-retry')).toBe('false');
    expect(headers.get('retry-after')).toBe(code === 'rate_limit' ? '7' : null);
  }
});

test('a visitor gets no words of an upstream that calls its errors ours', async () => {
  const error = { type: 'flash_error', message: 'account 4711', param: 'account 4711' };
  for (const code of ['invalid_request', 'unsupported_parameter', 'context_length']) {
    const refusal = { status: 400, body: { error: { ...error, code } } };
    const frame = { events: [chunk({ content: 'a' }), { error: { ...error, code } }] };
    const ends: (string | undefined)[] = [];
    const hooks = { onEnd: (_: unknown, reason?: ChatError) => void ends.push(reason?.message) };
    const once = await visited(refusal, undefined, { hooks });
    const streamed = await visited(frame, { messages: question, stream: true });

    expect(once.json.error).toMatchObject({ code, param: null });
    expect(streamed.text).toContain(`"code":"${code}"`);
    expect(once.text).not.toContain('4711');
    expect(JSON.parse(/data: (\{"error".*\})/.exec(streamed.text)?.[1] ?? '')).not.toMatchObject({
      error: { message: expect.stringContaining('4711') as string },
    });
    // The server's own hook has all of it.
    expect(ends.join()).toContain('4711');
  }
});

test('every code of the client has a status', () => {
  for (const { status, visitorStatus = status } of Object.values(statuses)) {
    expect(status).toBeGreaterThanOrEqual(400);
    // A visitor has no key here, and no account.
    expect([401, 402, 403]).not.toContain(visitorStatus);
  }
});

test('what is sent again was sent by the client, and is counted', async () => {
  const { status, headers, requests } = await fetched(
    [{ status: 503, body: {}, headers: { 'retry-after-ms': '1' } }, answer],
    undefined,
    { maxRetries: 2 },
  );

  expect(status).toBe(200);
  expect(requests).toHaveLength(2);
  expect(headers.get('x-flash-attempts')).toBe('2');
});

test('an answer that begins anew is an error: such a client would take it for more of the same', async () => {
  const { client } = clientOf({ events: [chunk({ content: 'x' }, 'stop')] });
  const reset = { ...chunk({}), choices: [], flash: { reset: true } };
  const stream = await client.chat.completions.create({ messages: question, stream: true });
  const iterate = stream[Symbol.asyncIterator].bind(stream);
  Object.defineProperty(stream, Symbol.asyncIterator, {
    value() {
      const chunks = iterate();
      let isFirst = true;
      return {
        next: async () => {
          if (!isFirst) return chunks.next();
          isFirst = false;
          return { done: false, value: reset };
        },
        return: () => chunks.return?.(),
      };
    },
  });
  const create = async () => stream;
  const failing = { ...client, chat: { completions: { ...client.chat.completions, create } } };
  const response = await createFetch(failing as never)(
    url,
    post({ messages: question, stream: true }),
  );

  expect(await response.text()).toMatch(/^data: \{"error":.*"code":"stream_interrupted"/);
});

describe('createFetch', () => {
  test('takes what fetch takes: URLs, requests, and bodies of bytes', async () => {
    const body = JSON.stringify({ messages: question });
    const forms: Parameters<ReturnType<typeof createFetch>>[] = [
      [new URL(url), post(body)],
      [new Request(url, post(body))],
      [url, { method: 'post', body: new TextEncoder().encode(body) }],
      [url, { method: 'POST', body: new Blob([body]).stream(), duplex: 'half' } as RequestInit],
      ['/v1/chat/completions?x=1#y', post(body)],
    ];
    for (const form of forms) {
      const { client } = clientOf(answer);
      const response = await createFetch(client)(...form);
      expect(response.status).toBe(200);
    }
  });

  test('takes the options of a client as well, and refuses them as createClient does', async () => {
    expect(() => createFetch({ baseUrl: 'x' } as never)).toThrow(ChatError);
    const call = createFetch({ apiKey: 'k', baseURL: 'http://127.0.0.1:9', maxRetries: 0 });
    const { status, json } = await told(await call(url, post({ messages: question })));
    expect(status).toBe(502);
    expect(json.error?.code).toBe('connection');
  });

  test('rejects with the reason of its signal, before and during an answer', async () => {
    const { client } = clientOf({ events: [chunk({ content: 'x' }), chunk({ content: 'y' })] });
    const call = createFetch(client);
    const reason = new Error('enough');
    await expect(
      call(url, { ...post({ messages: question }), signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason);

    const abort = new AbortController();
    const init = { ...post({ messages: question, stream: true }), signal: abort.signal };
    const reader = ((await call(url, init)).body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    abort.abort(reason);
    await expect(
      (async () => {
        while (!(await reader.read()).done);
      })(),
    ).rejects.toBe(reason);
  });

  test('lists the models, and says where a vendor lists none', async () => {
    const models = { object: 'list', data: [{ id: 'm', object: 'model', owned_by: 'o' }] };
    const listed = await createFetch(clientOf({ body: models }).client)('https://x.test/v1/models');
    expect(await listed.json()).toMatchObject({ object: 'list', data: [{ id: 'm' }] });
    const { client } = clientOf(answer, { provider: 'vtrix' });
    const none = await told(await createFetch(client)('https://x.test/v1/models'));
    expect([none.status, none.json.error?.code]).toEqual([404, 'unsupported']);
  });

  test('speaks so that LangChain knows a prompt that is too long', async () => {
    const body = { error: { message: 'too long', code: 'context_length_exceeded' } };
    const { json } = await fetched({ status: 400, body });
    expect(json.error?.code).toBe('context_length');
    expect(json.error?.message).toContain('maximum context length');
  });
});

describe('createHandler', () => {
  const ask = (authorize: unknown, request = new Request(url, post({ messages: question }))) => {
    const { client, requests } = clientOf(answer);
    const handler = createHandler(client, { authorize: authorize as () => boolean });
    return handler(request).then(async (response) => ({ ...(await told(response)), requests }));
  };

  test.each<[string, unknown]>([
    ['returns nothing', () => {}],
    ['returns false', () => false],
    ['returns a text', () => 'yes'],
    ['returns 1', () => 1],
    ['returns an object', () => ({ ok: true })],
    ['promises nothing', async () => {}],
    [
      'throws',
      () => {
        throw new Error('the database is gone');
      },
    ],
    ['rejects', () => Promise.reject(new Error('the database is gone'))],
  ])('lets nobody in where authorize %s', async (_, authorize) => {
    const { status, json, text, requests } = await ask(authorize);

    expect(status).toBe(401);
    expect(json.error).toMatchObject({ type: 'gateway_error', code: 'unauthorized', param: null });
    expect(text).not.toContain('database');
    expect(requests).toHaveLength(0);
  });

  test('lets nobody in by a path that does not exist either, and reads no body before', async () => {
    let wasRead = false;
    const body = new ReadableStream(
      {
        pull() {
          wasRead = true;
        },
      },
      { highWaterMark: 0 },
    );
    const request = new Request('https://x.test/nowhere', {
      method: 'POST',
      body,
      duplex: 'half',
    } as RequestInit);
    const { status } = await ask(() => false, request);

    expect(status).toBe(401);
    expect(wasRead).toBe(false);
  });

  test('shows authorize the head of the request', async () => {
    const request = new Request(url, {
      ...post({ messages: question }),
      headers: { authorization: 'Bearer mine' },
    });
    const { status } = await ask(
      (head: Request) =>
        head.headers.get('Authorization') === 'Bearer mine' && head.method === 'POST',
      request,
    );

    expect(status).toBe(200);
  });

  test.each<[string, unknown]>([
    ['no options', undefined],
    ['no authorize', {}],
    ['an authorize that is no function', { authorize: true }],
    ['an authorize of a prototype', Object.create({ authorize: () => true })],
    ['an unknown option', { authorize: () => true, cors: '*' }],
    ['a timer that is none', { authorize: () => true, keepAliveMs: -1 }],
    ['an end that is none', { authorize: () => true, onDisconnect: 'stop' }],
  ])('refuses %s', (_, options) => {
    const make = () => createHandler(createClient({ apiKey: 'k' }), options as never);
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_options' }) as Error);
  });

  test.each([[undefined], [{}], [{ apiKey: 'k' }]])('refuses %j in place of a client', (client) => {
    const make = () => createHandler(client as never, { authorize: () => true });
    expect(make).toThrow(
      expect.objectContaining({ code: 'invalid_options', param: 'client' }) as Error,
    );
  });

  test('passes nothing of a visitor’s headers on, and none of the vendor’s back', async () => {
    const { client, requests } = clientOf({
      ...answer,
      headers: { 'set-cookie': 'a=b', server: 'vendor', 'x-internal': '1' },
    });
    const handler = createHandler(client, { authorize: () => true });
    const response = await handler(
      new Request(url, {
        ...post({ messages: question }),
        headers: { authorization: 'Bearer visitor', cookie: 'c=d', 'x-own': '1' },
      }),
    );

    const sent = JSON.stringify(requests[0]?.headers);
    expect(sent).toContain(secret);
    expect(sent).not.toMatch(/visitor|c=d|x-own/);
    const back = JSON.stringify(Object.fromEntries(response.headers));
    expect(back).not.toMatch(/a=b|vendor|x-internal/);
    expect(back).not.toContain(secret);
  });
});
