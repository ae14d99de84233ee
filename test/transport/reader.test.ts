import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ChatError, ToResponseInit } from 'deepseek-v4-flash';
import { createClient } from 'deepseek-v4-flash';
import { createHandler } from 'deepseek-v4-flash/gateway';
import type { ChatStreamEvent } from 'deepseek-v4-flash/reader';
import { isChatError, readChat } from 'deepseek-v4-flash/reader';
import { createEmulator, faults } from 'deepseek-v4-flash/testing';
import { describe, expect, test, vi } from 'vitest';
import { callOf, chunk, clientOf, question } from '../kit/wire.ts';
import { cleanups } from '../kit/cleanups.ts';

// The page's side: what `toResponse()` and `pipeToResponse()` send is what a page gets.

const responseOf = (events: readonly unknown[], init?: ToResponseInit): Response => {
  const { client } = clientOf({ events });
  return client.chat.completions.stream({ messages: question }).toResponse(init);
};

async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function codeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'no error',
    (error: unknown) => (isChatError(error) ? error.code : error),
  );
}

const answer = [
  chunk({ role: 'assistant', reasoning_content: 'Hm. ' }),
  chunk({ reasoning_content: 'So.' }),
  chunk({ content: 'Forty' }),
  chunk({ content: '-two — “ö”' }),
  chunk({ tool_calls: [callOf('a', 'look', '{"q":', 0)] }),
  chunk({ tool_calls: [callOf(undefined, undefined, '1}', 0)] }),
  chunk({}, 'tool_calls'),
];

test('a page gets what the server got: events, texts and the whole answer', async () => {
  const { client } = clientOf({ events: answer });
  const served = client.chat.completions.stream({ messages: question });
  const expected = await listOf(served.events());
  const whole = await served.finalCompletion();

  expect(await listOf(readChat(responseOf(answer)).events())).toEqual(expected);
  expect((await listOf(readChat(responseOf(answer)).text())).join('')).toBe('Forty-two — “ö”');
  const { choices } = await readChat(Promise.resolve(responseOf(answer))).finalCompletion();
  expect(choices).toEqual(whole.choices);
});

test('bytes may be split anywhere', async () => {
  const bytes = new Uint8Array(await responseOf(answer).arrayBuffer());
  const body = new ReadableStream({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  const response = new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  const { choices } = await readChat(response).finalCompletion();
  expect(choices[0].message.content).toBe('Forty-two — “ö”');
});

test('the report that the server sends is beside the answer', async () => {
  const completion = await readChat(responseOf(answer, { report: true })).finalCompletion();
  expect(completion.report).toMatchObject({ provider: 'deepseek', completion: 'complete' });
  expect(JSON.stringify(completion)).not.toContain('"report"');
});

describe('an error', () => {
  test('has the code of the server’s, and what had come', async () => {
    const events = [
      chunk({ content: 'par' }),
      { error: { message: 'x', type: 'rate_limit_error' } },
    ];
    const reader = readChat(responseOf(events));
    const error: unknown = await reader.finalCompletion().catch((reason: unknown) => reason);
    expect(isChatError(error, 'rate_limit')).toBe(true);
    expect(error).toMatchObject({ partial: { choices: [{ message: { content: 'par' } }] } });
  });

  test('is told of a stream that was cut anywhere', async () => {
    const text = await responseOf(answer).text();
    const end = text.indexOf('"finish_reason":"tool_calls"');
    for (let at = 0; at < end; at += 7) {
      const response = new Response(text.slice(0, at), {
        headers: { 'content-type': 'text/event-stream' },
      });
      expect(await codeOf(readChat(response).finalCompletion())).toBe('stream_interrupted');
    }
  });

  test('is told of what is no stream', async () => {
    expect(await codeOf(readChat(new Response('no', { status: 429 })).finalCompletion())).toBe(
      'rate_limit',
    );
    expect(await codeOf(readChat(new Response('<html>')).finalCompletion())).toBe(
      'invalid_response',
    );
    expect(await codeOf(readChat(Promise.reject(new TypeError('offline'))).finalCompletion())).toBe(
      'connection',
    );
    const odd = new Response('data: 5\n\n', { headers: { 'content-type': 'text/event-stream' } });
    expect(await codeOf(readChat(odd).finalCompletion())).toBe('invalid_response');
  });

  test('is told at a second reading', async () => {
    const reader = readChat(responseOf(answer));
    await listOf(reader.text());
    expect(() => reader.events()).toThrow('A response can be read once');
    expect((await reader.finalCompletion()).choices[0].finish_reason).toBe('tool_calls');
  });
});

const frameOf = (event: object): string => `data: ${JSON.stringify(event)}\n\n`;

async function errorOf(response: Response): Promise<ChatError> {
  const error: unknown = await readChat(response)
    .finalCompletion()
    .catch((reason: unknown) => reason);
  if (!isChatError(error)) throw new Error('There was no error');
  return error;
}

describe('whether it may be tried again', () => {
  test.each([
    ['rate_limit_error', true],
    ['insufficient_balance', false],
  ])('is told with the error %s of the vendor', async (type, retryable) => {
    const events = [chunk({ content: 'par' }), { error: { message: 'x', type } }];
    expect((await errorOf(responseOf(events))).retryable).toBe(retryable);
  });

  test('is what the server knew of the error, and follows from the code where it says nothing', async () => {
    const respond = (more: object): Response =>
      new Response(frameOf({ error: { type: 'flash_error', code: 'timeout', ...more } }), asStream);
    expect((await errorOf(respond({ retryable: false }))).retryable).toBe(false);
    expect((await errorOf(respond({}))).retryable).toBe(true);
  });

  test('is told by errors that are made here', async () => {
    const cut = frameOf(chunk({ content: 'a' }));
    expect((await errorOf(new Response(cut, asStream))).retryable).toBe(true);
    expect((await errorOf(new Response('<html>'))).retryable).toBe(false);
    expect((await errorOf(new Response('busy', { status: 503 }))).retryable).toBe(true);
  });
});

describe('a refusal', () => {
  test.each([400, 401, 402, 403, 404, 408, 409, 413, 422, 425, 429, 500, 502, 503, 504, 529])(
    'in plain text with the status %i is what it would be to a client',
    async (status) => {
      const { client } = clientOf({ status, body: 'no' }, { maxRetries: 0 });
      const expected: unknown = await client.chat.completions
        .create({ messages: question })
        .catch((error: unknown) => error);
      const { code, retryable, message } = await errorOf(new Response('no', { status }));
      expect({ code, retryable }).toEqual({
        code: (expected as ChatError).code,
        retryable: (expected as ChatError).retryable,
      });
      expect(message).toContain(`The server answered ${status}`);
    },
  );

  test('keeps message, code and status of an error of ours in its body', async () => {
    const error = { message: 'Too long for us.', type: 'flash_error', code: 'context_length' };
    expect(await errorOf(Response.json({ error }, { status: 422 }))).toMatchObject({
      code: 'context_length',
      message: 'Too long for us.',
      status: 422,
      retryable: false,
    });
    const known = { ...error, code: 'all_providers_failed', retryable: true };
    const { retryable } = await errorOf(Response.json({ error: known }, { status: 503 }));
    expect(retryable).toBe(true);
  });

  test('keeps the words of another error, whose code is the server’s own', async () => {
    const error = { message: 'Log in first.', code: 'no_session', type: 'app' };
    expect(await errorOf(Response.json({ error }, { status: 401 }))).toMatchObject({
      code: 'authentication',
      message: 'Log in first.',
      vendorCode: 'no_session',
    });
    expect(await errorOf(Response.json({ error: 'Log in first.' }, { status: 401 }))).toMatchObject(
      { code: 'authentication', message: 'Log in first.' },
    );
  });

  test('of a gateway is read as such', async () => {
    const { client } = clientOf({ status: 429, body: {} }, { maxRetries: 0 });
    const ask = (isAllowed: boolean): Promise<ChatError> => {
      const request = new Request('http://127.0.0.1/v1/chat/completions', {
        method: 'POST',
        body: JSON.stringify({ messages: question, stream: true }),
      });
      return createHandler(client, { authorize: () => isAllowed })(request).then(errorOf);
    };
    expect(await ask(true)).toMatchObject({ code: 'rate_limit', retryable: true });
    expect(await ask(false)).toMatchObject({
      code: 'authentication',
      message: 'This request is not authorized',
      vendorCode: 'unauthorized',
    });
  });

  test.each(['', 'null', '7', '[]', '{"error":null}', '{"error":{"message":7}}', '{"error":'])(
    'whose body is %j has at least its status',
    async (body) => {
      const headers = { 'content-type': 'application/json' };
      const { code, message } = await errorOf(new Response(body, { status: 429, headers }));
      expect([code, message]).toEqual(['rate_limit', 'The server answered 429 application/json']);
    },
  );

  test('is not waited for without end', async () => {
    const init = { status: 503, headers: { 'content-type': 'application/json' } };
    vi.useFakeTimers();
    cleanups.push(() => vi.useRealTimers());
    const silent = watched('{"error":', init);
    const error = errorOf(silent.response);
    await vi.advanceTimersByTimeAsync(5_000);
    expect((await error).code).toBe('overloaded');
    expect(silent.isLeft()).toBe(true);

    const huge = watched('x'.repeat(100_000), init);
    const late = errorOf(huge.response);
    await vi.advanceTimersByTimeAsync(5_000);
    expect((await late).code).toBe('overloaded');
    expect(huge.isLeft()).toBe(true);
  });
});

describe('the report of an answer that failed', () => {
  test('comes before the error, with the cost where the vendor had counted', async () => {
    const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };
    const counted = { prompt_cache_hit_tokens: 0, prompt_cache_miss_tokens: 3, ...usage };
    const events = [
      chunk({ content: 'par' }, null, { usage: counted }),
      { error: { message: 'x', type: 'server_error' } },
    ];
    const reader = readChat(responseOf(events, { report: true }));
    const error: unknown = await reader.finalCompletion().catch((reason: unknown) => reason);
    expect(isChatError(error, 'server_error')).toBe(true);
    expect(reader.report).toMatchObject({ completion: 'interrupted', cost: { source: 'table' } });
    expect((error as ChatError).report).toBe(reader.report);
  });

  test('comes also where the server has stopped the answer', async () => {
    const emulator = createEmulator();
    emulator.reply(faults.slow(20));
    const client = createClient({ apiKey: 'any-key', transport: emulator.transport });
    const stream = client.chat.completions.stream({ messages: question });
    const reader = readChat(stream.toResponse({ report: true }));
    expect(reader.report).toBeUndefined();
    const read = async (): Promise<void> => {
      for await (const _ of reader.events()) stream.abort();
    };
    expect(await codeOf(read())).toBe('aborted');
    expect(reader.report).toMatchObject({ provider: 'deepseek', completion: 'interrupted' });
  });

  test('is not sent where nothing of an answer was, so that a client may still ask again', async () => {
    const { client } = clientOf({ status: 503, body: {} }, { maxRetries: 0 });
    const stream = client.chat.completions.stream({ messages: question });
    const text = await stream.toResponse({ report: true }).text();
    expect(text.match(/^data: /gm)).toHaveLength(1);
    const upstream = { headers: { 'content-type': 'text/event-stream' }, body: text };
    const { client: asker } = clientOf([upstream, { events: answer }], { maxRetries: 1 });
    const { report } = await asker.chat.completions
      .stream({ messages: question })
      .finalCompletion();
    expect(report.attempts).toHaveLength(2);
  });
});

test('a call that is not whole is none', async () => {
  const events = [chunk({ tool_calls: [callOf('a', 'look', '{"q":', 0)] }), chunk({}, 'length')];
  const { choices } = await readChat(responseOf(events)).finalCompletion();
  expect(choices[0].message.tool_calls).toBeUndefined();
  expect(choices[0].message.invalid_tool_calls).toHaveLength(1);
});

test('a reset voids what came, and a text cannot take it back', async () => {
  const reset = { ...chunk({}), choices: [], flash: { reset: true } };
  const frames = [chunk({ content: 'old' }), reset, chunk({ content: 'new' }), chunk({}, 'stop')];
  const respond = (): Response => {
    const text = frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join('');
    return new Response(text, { headers: { 'content-type': 'text/event-stream' } });
  };
  const events: ChatStreamEvent[] = await listOf(readChat(respond()).events());
  expect(events.map(({ type }) => type)).toContain('reset');
  const whole = await readChat(respond()).finalCompletion();
  expect(whole.choices[0].message.content).toBe('new');
  const reader = readChat(respond());
  expect(await codeOf(listOf(reader.text()))).toBe('stream_interrupted');
  expect(await codeOf(reader.finalCompletion())).toBe('stream_interrupted');
});

/** A response whose body tells when it is let go of. */
function watched(text: string, init: ResponseInit): { response: Response; isLeft(): boolean } {
  let isCancelled = false;
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
    cancel() {
      isCancelled = true;
    },
  });
  return { response: new Response(body, init), isLeft: () => isCancelled };
}
const asStream = { headers: { 'content-type': 'text/event-stream' } };

test('a body that is not read to its end is let go of', async () => {
  const refused = watched('no', { status: 500 });
  expect(await codeOf(readChat(refused.response).finalCompletion())).toBe('server_error');
  expect(refused.isLeft()).toBe(true);
  const unread = watched('data: ', asStream);
  await readChat(unread.response).text().return?.();
  await expect.poll(() => unread.isLeft()).toBe(true);
});

test.each(['user stop', { by: 'user' }])(
  'reading that was aborted with %j is not a lost connection',
  async (reason) => {
    const stop = new AbortController();
    const body = new ReadableStream({
      start: (controller) =>
        stop.signal.addEventListener('abort', () => controller.error(stop.signal.reason)),
    });
    const late = readChat(new Response(body, asStream)).finalCompletion();
    stop.abort(reason);
    expect(await late.catch((error: unknown) => error)).toMatchObject({
      code: 'aborted',
      retryable: false,
    });
    const early = readChat(Promise.reject(reason)).finalCompletion();
    expect(await early.catch((error: unknown) => error)).toMatchObject({
      code: 'aborted',
      retryable: false,
    });
  },
);

test('a loop that was left is over, and behind the end the answer is whole', async () => {
  const early = watched(frameOf(chunk({ content: 'a' })), asStream);
  const events = readChat(early.response).events();
  await events.next();
  const waiting = codeOf(events.next());
  await events.return?.();
  expect(await waiting).toBe('aborted');
  expect(await events.next()).toEqual({ done: true, value: undefined });
  const late = readChat(watched(frameOf(chunk({ content: 'a' }, 'stop')), asStream).response);
  for await (const _ of late.events()) break;
  expect((await late.finalCompletion()).choices[0].message.content).toBe('a');
});

test('a loop that is left while there is no response yet lets go of it when it comes', async () => {
  const silent = watched('', asStream);
  const events = readChat(Promise.resolve(silent.response)).events();
  const first = codeOf(events.next());
  await events.return?.();
  expect(await first).toBe('aborted');
  expect(silent.isLeft()).toBe(true);
});

test('a signal that has timed out has stopped the reading', async () => {
  const response = await responseOf(answer).text();
  const stop = new AbortController();
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(response.slice(0, 200)));
      stop.signal.addEventListener('abort', () => controller.error(stop.signal.reason));
    },
  });
  const end = codeOf(readChat(new Response(body, asStream)).finalCompletion());
  stop.abort(new DOMException('Too slow', 'TimeoutError'));
  expect(await end).toBe('aborted');
});

test('a refusal is part of the answer, and an odd frame is no fault of the network', async () => {
  const refusing = readChat(responseOf([chunk({ refusal: 'no' }), chunk({}, 'stop')]));
  expect((await refusing.finalCompletion()).choices[0].message.refusal).toBe('no');
  for (const choices of [[null], [{ index: 0 }]]) {
    const odd = new Response(`data: ${JSON.stringify({ choices })}\n\n`, asStream);
    expect(await codeOf(readChat(odd).finalCompletion())).toBe('invalid_response');
  }
});

test('a page that leaves the loop ends the request', async () => {
  const emulator = createEmulator();
  emulator.reply(faults.slow(20));
  const client = createClient({ apiKey: 'any-key', transport: emulator.transport });
  const stream = client.chat.completions.stream({ messages: question });
  const server = createServer((_, response) => void stream.pipeToResponse(response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  const reader = readChat(fetch(`http://127.0.0.1:${port}/`));
  for await (const event of reader.events()) if (event.type.endsWith('.delta')) break;
  expect(await codeOf(reader.finalCompletion())).toBe('aborted');
  expect(await codeOf(stream.finalCompletion())).toBe('aborted');
});

test('fields that are not read here are kept', async () => {
  const annotations = [
    { type: 'url_citation', url_citation: { url: 'https://a.test', title: 'A' } },
  ];
  const { client } = clientOf({
    events: [
      chunk({ content: 'a', annotations }, null, { system_fingerprint: 'fp', service_tier: 'x' }),
      chunk({}, 'stop'),
      { ...(chunk({}) as object), choices: [], meta: { usage: { usd_spent: 1 } } },
    ],
  });
  const stream = client.chat.completions.stream({ messages: question });
  const page = await readChat(stream.toResponse()).finalCompletion();
  expect(page).toEqual(await stream.finalCompletion());
});

test('a response that nobody reads leaves no rejection behind', async () => {
  readChat(Promise.reject(new TypeError('offline')));
  // Vitest fails the run for one that nobody has taken.
  await expect(new Promise((resolve) => setTimeout(resolve, 10, 'quiet'))).resolves.toBe('quiet');
});
