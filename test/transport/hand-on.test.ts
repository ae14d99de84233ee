import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:http';
import type { ChatCompletionChunk, ChatError, Client, ToSSEStreamInit } from 'deepseek-v4-flash';
import { createClient, decodeStream, isChatError } from 'deepseek-v4-flash';
import type { EmulatorServer } from 'deepseek-v4-flash/testing';
import { faults, startEmulator } from 'deepseek-v4-flash/testing';
import { describe, expect, test } from 'vitest';
import { serve } from '../kit/serve.ts';
import { asEvent, chunk, clientOf, question } from '../kit/wire.ts';
import { cleanups } from '../kit/cleanups.ts';

// A stream handed on to a visitor: over real sockets on both sides.

async function vendor(): Promise<{ emulator: EmulatorServer; client: Client }> {
  const emulator = await startEmulator();
  cleanups.push(() => emulator.close());
  const baseURL = emulator.baseURL('deepseek');
  return {
    emulator,
    client: createClient({ baseURL, apiKey: 'any-key', maxRetries: 0 }) as Client,
  };
}

const textOf = async (
  stream: ReturnType<Client['chat']['completions']['stream']>,
  init?: ToSSEStreamInit,
) => new Response(stream.toSSEStream(init) as ReadableStream).text();

/** The data of the frames. */
const framesOf = (text: string): string[] =>
  text.split('\n\n').flatMap((frame) => (frame.startsWith('data: ') ? [frame.slice(6)] : []));

test('pipeToResponse sends the whole answer, in headers that no proxy holds back', async () => {
  const { emulator, client } = await vendor();
  emulator.reply({ content: 'Forty-two. '.repeat(2_000) });
  let piped: Promise<void> | undefined;
  const url = await serve((_, response) => {
    piped = client.chat.completions.stream({ messages: question }).pipeToResponse(response, {
      status: 201,
      headers: { 'X-Own': 'yes' },
    });
  });
  const response = await fetch(url);
  expect(response.status).toBe(201);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
    'x-own': 'yes',
  });
  let content = '';
  for await (const { choices } of decodeStream(response.body as ReadableStream<Uint8Array>)) {
    content += choices[0]?.delta.content ?? '';
  }
  expect(content).toBe('Forty-two. '.repeat(2_000));
  await expect(piped).resolves.toBeUndefined();
});

test.each(['before the first byte', 'in the middle'])(
  'a visitor who leaves %s ends the request',
  async (when) => {
    const { emulator, client } = await vendor();
    emulator.reply(when === 'in the middle' ? faults.slow(20) : faults.noAnswer('hang'));
    let stream: ReturnType<Client['chat']['completions']['stream']> | undefined;
    let piped: Promise<void> | undefined;
    const url = await serve((_, response) => {
      stream = client.chat.completions.stream({ messages: question });
      piped = stream.pipeToResponse(response);
    });
    const request = get(url);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    if (when === 'in the middle') await once(response, 'data');
    response.destroy();
    // Without an end of its own it would go on for minutes.
    await expect(stream?.finalCompletion()).rejects.toMatchObject({ code: 'aborted' });
    await piped;
  },
);

test('a visitor who has left already costs nothing', async () => {
  const { client } = await vendor();
  let code: string | undefined;
  const url = await serve((_, response) => {
    response.destroy();
    const stream = client.chat.completions.stream({ messages: question });
    void stream.pipeToResponse(response);
    void stream.finalCompletion().catch((error: ChatError) => (code = error.code));
  });
  await expect(fetch(url)).rejects.toThrow('fetch failed');
  await expect.poll(() => code).toBe('aborted');
});

const answer = 'One, two, three, four, five. '.repeat(20);

/** A vendor that takes its time, and what the hooks of its client were told at the end. */
async function slowVendor() {
  const emulator = await startEmulator();
  cleanups.push(() => emulator.close());
  emulator.reply({ ...faults.slow(10), answer: { content: answer } });
  const ends: [string, string | undefined][] = [];
  const client = createClient({
    baseURL: emulator.baseURL('deepseek'),
    apiKey: 'any-key',
    maxRetries: 0,
    hooks: { onEnd: ({ completion }, error) => void ends.push([completion, error?.code]) },
  });
  return { stream: client.chat.completions.stream({ messages: question }), ends };
}

describe('with onDisconnect: finish, the answer is read to its end', () => {
  const onDisconnect = 'finish';

  test.each(['before the first byte', 'in the middle'])(
    'when a visitor leaves %s',
    async (when) => {
      const { stream, ends } = await slowVendor();
      let piped: Promise<void> | undefined;
      const url = await serve((_, response) => {
        piped = stream.pipeToResponse(response, { onDisconnect });
      });
      const [response] = (await once(get(url), 'response')) as [IncomingMessage];
      if (when === 'in the middle') await once(response, 'data');
      response.destroy();
      // Who pipes is not kept until the vendor is done.
      await piped;
      expect(stream.report.completion).toBe('running');

      const { choices, report } = await stream.finalCompletion();
      expect(choices[0].message.content).toBe(answer);
      expect(report).toMatchObject({ completion: 'complete', cost: { source: 'table' } });
      expect(ends).toEqual([['complete', undefined]]);
    },
  );

  test('when a visitor has left already', async () => {
    const { stream, ends } = await slowVendor();
    const url = await serve((_, response) => {
      response.destroy();
      void stream.pipeToResponse(response, { onDisconnect });
    });
    await expect(fetch(url)).rejects.toThrow('fetch failed');
    await expect.poll(() => ends, { timeout: 10_000 }).toEqual([['complete', undefined]]);
  });

  test('when a web response is cancelled, though transform would fail', async () => {
    const { stream, ends } = await slowVendor();
    let isLeft = false;
    const transform = (given: ChatCompletionChunk): ChatCompletionChunk => {
      if (isLeft) throw new Error('private');
      return given;
    };
    const { body } = stream.toResponse({ onDisconnect, transform });
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    isLeft = true;
    await reader.cancel();
    expect(ends).toEqual([]);

    expect((await stream.finalCompletion()).choices[0].message.content).toBe(answer);
    expect(ends).toEqual([['complete', undefined]]);
  });

  test('unless the server ends it itself', async () => {
    const { stream, ends } = await slowVendor();
    const { body } = stream.toResponse({ onDisconnect });
    await (body as ReadableStream<Uint8Array>).cancel();
    stream.abort();
    await expect(stream.finalCompletion()).rejects.toMatchObject({ code: 'aborted' });
    expect(ends).toEqual([['interrupted', 'aborted']]);
  });

  test('and one that is cut off meanwhile ends as such', async () => {
    const { emulator, client } = await vendor();
    emulator.reply({ ...faults.cutAfterEvents(4, 'reset'), answer: { content: answer } });
    const stream = client.chat.completions.stream({ messages: question });
    const { body } = stream.toResponse({ onDisconnect });
    await (body as ReadableStream<Uint8Array>).cancel();
    await expect(stream.finalCompletion()).rejects.toMatchObject({ code: 'stream_interrupted' });
  });
});

test('a slow visitor slows the vendor down', async () => {
  const { emulator, client } = await vendor();
  // On the wire 27 MB, which is far more than all buffers on the way.
  emulator.reply({ content: 'x'.repeat(1_200_000) });
  let written = 0;
  const url = await serve((_, response) => {
    const write = response.write.bind(response) as (bytes: Uint8Array) => boolean;
    response.write = ((bytes: Uint8Array) => {
      written += bytes.length;
      return write(bytes);
    }) as typeof response.write;
    void client.chat.completions.stream({ messages: question }).pipeToResponse(response);
  });
  const [response] = (await once(get(url), 'response')) as [IncomingMessage];
  response.pause();
  let before = -1;
  // Until nothing more is written.
  while (written !== before) {
    before = written;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const held = written;
  let read = 0;
  for await (const bytes of response) read += (bytes as Buffer).length;
  expect(held).toBeLessThan(read);
});

test('while the vendor is silent, comments are sent, also before the first content', async () => {
  const { emulator, client } = await vendor();
  emulator.reply(faults.noAnswer('hang'));
  const abort = new AbortController();
  const stream = client.chat.completions.stream({ messages: question }, { signal: abort.signal });
  const reader = (
    stream.toSSEStream({ keepAliveMs: 20 }) as ReadableStream<Uint8Array>
  ).getReader();
  for (let count = 0; count < 3; count++) {
    const { value } = await reader.read();
    expect(new TextDecoder().decode(value)).toMatch(/^:.*\n\n$/);
  }
  abort.abort();
  const rest: string[] = [];
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    rest.push(new TextDecoder().decode(read.value));
  }
  expect(rest.at(-1)).toContain('"code":"aborted"');
});

test('transform changes chunks and leaves them out', async () => {
  const { client } = clientOf({
    events: [chunk({ reasoning_content: 'secret' }), chunk({ content: 'told' }), chunk({}, 'stop')],
  });
  const transform = (given: ChatCompletionChunk): ChatCompletionChunk | undefined =>
    given.choices[0]?.delta.reasoning_content == null ? { ...given, model: 'ours' } : undefined;
  const text = await textOf(client.chat.completions.stream({ messages: question }), { transform });
  expect(text).not.toContain('secret');
  expect(framesOf(text)).toHaveLength(3);
  expect(JSON.parse(framesOf(text)[0] ?? '')).toMatchObject({ model: 'ours' });
});

/** Reads a stream handed on, piece by piece: each piece is a write. */
async function piecesOf(events: readonly unknown[], init?: ToSSEStreamInit): Promise<string[]> {
  // All that is sent in one read, but for the mark of the end.
  const { client } = clientOf({ events: [events.map(asEvent).join('')] });
  const stream = client.chat.completions.stream({ messages: question });
  const reader = (stream.toSSEStream(init) as ReadableStream<Uint8Array>).getReader();
  const pieces: string[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return pieces;
    pieces.push(new TextDecoder().decode(value));
  }
}
const contentsOf = (text: string | undefined): unknown[] =>
  framesOf(text ?? '').map(
    (data) => (JSON.parse(data) as ChatCompletionChunk).choices[0]?.delta.content,
  );
const three = [chunk({ content: 'a' }), chunk({ content: 'b' }), chunk({ content: 'c' })];

test('what one read of the vendor brought is one piece, in its order, and the end is another', async () => {
  const pieces = await piecesOf([...three, chunk({}, 'stop')]);

  expect(pieces.slice(1).join('')).toBe('data: [DONE]\n\n');
  expect(contentsOf(pieces[0])).toEqual(['a', 'b', 'c', undefined]);
});

test('a piece has an end, however much one read brought', async () => {
  const events = Array.from({ length: 200 }, () => chunk({ content: 'x'.repeat(1_000) }));
  const pieces = await piecesOf([...events, chunk({}, 'stop')]);

  expect(pieces.length).toBeGreaterThan(3);
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(70_000);
  expect(pieces.flatMap((piece) => contentsOf(piece.replace('data: [DONE]\n\n', '')))).toHaveLength(
    201,
  );
});

test.each<[string, unknown[], ToSSEStreamInit, string]>([
  [
    'an error of the vendor',
    ['data: {"error":{"message":"gone","type":"server_error"}}\n\n'],
    {},
    'server_error',
  ],
  ['an event that is no JSON', ['data: {"choices":\n\n'], {}, 'invalid_response'],
  [
    'a transform that throws',
    [chunk({ content: 'd' }), chunk({}, 'stop')],
    {
      transform(each) {
        if (each.choices[0]?.delta.content === 'd') throw new Error('private');
        return each;
      },
    },
    'invalid_options',
  ],
])('%s in the same read takes nothing of what came before it', async (_, bad, init, code) => {
  const pieces = await piecesOf([...three, ...bad], init);

  expect(contentsOf(pieces[0])).toEqual(['a', 'b', 'c']);
  expect(framesOf(pieces.slice(1).join('')).map((data) => JSON.parse(data) as unknown)).toEqual([
    { error: expect.objectContaining({ code }) as unknown },
  ]);
  expect(pieces.join('')).not.toContain('[DONE]');
});

test('a transform that throws ends the request and the stream, without its words', async () => {
  const { client } = clientOf({ events: [chunk({ content: 'a' }), chunk({}, 'stop')] });
  const stream = client.chat.completions.stream({ messages: question });
  const transform = (): never => {
    throw new Error('private');
  };
  const text = await textOf(stream, { transform });
  expect(text).not.toMatch(/private|DONE/);
  expect(text).toContain('"type":"flash_error"');
  await expect(stream.finalCompletion()).rejects.toMatchObject({ code: 'aborted' });
});

test.each([
  ['a promise', async (given: ChatCompletionChunk) => given],
  ['a promise that fails', () => Promise.reject(new Error('private'))],
  ['a text', () => 'x'],
  ['a number', () => 5],
  ['nothing of a chunk', () => ({})],
])('a transform that gives %s ends the stream with an error', async (_what, transform) => {
  const { client } = clientOf({ events: [chunk({ content: 'a' }), chunk({}, 'stop')] });
  const stream = client.chat.completions.stream({ messages: question });
  const text = await textOf(stream, { transform: transform as never });
  expect(text).not.toMatch(/private|DONE/);
  expect(text).toContain('"type":"flash_error"');
  await expect(stream.finalCompletion()).rejects.toMatchObject({ code: 'aborted' });
});

test('pipeToResponse resolves though the call fails: the stream and the hook have the error', async () => {
  const emulator = await startEmulator();
  cleanups.push(() => emulator.close());
  emulator.reply({ ...faults.cutAfterEvents(4, 'fin'), answer: { content: answer } });
  const ends: (string | undefined)[] = [];
  const client = createClient({
    baseURL: emulator.baseURL('deepseek'),
    apiKey: 'any-key',
    hooks: { onEnd: (_, error) => void ends.push(error?.code) },
  });
  const stream = client.chat.completions.stream({ messages: question });
  let piped: Promise<void> | undefined;
  const url = await serve((_, response) => {
    piped = stream.pipeToResponse(response);
  });
  expect((await fetch(url).then((response) => response.text())).includes('flash_error')).toBe(true);
  await expect(piped).resolves.toBeUndefined();
  await expect(stream.finalCompletion()).rejects.toMatchObject({ code: 'stream_interrupted' });
  expect(ends).toEqual(['stream_interrupted']);
});

test('report sends what a visitor may know before the end', async () => {
  const { client } = clientOf({ events: [chunk({ content: 'a' }), chunk({}, 'stop')] });
  const text = await textOf(client.chat.completions.stream({ messages: question }), {
    report: true,
  });
  const frames = framesOf(text);
  expect(frames.at(-1)).toBe('[DONE]');
  const told = JSON.parse(frames.at(-2) ?? '') as { choices: unknown[]; flash: { report: object } };
  expect(told.choices).toEqual([]);
  expect(told.flash.report).toMatchObject({ provider: 'deepseek', completion: 'complete' });
  expect(Object.keys(told.flash.report)).not.toContain('headers');
  const chunks: ChatCompletionChunk[] = [];
  const body = new Response(text).body as ReadableStream<Uint8Array>;
  for await (const each of decodeStream(body)) chunks.push(each);
  expect(chunks.some(({ choices }) => choices[0]?.delta.content === 'a')).toBe(true);
});

test('an error is one frame in words of ours, and keeps its code for whoever reads it with this library', async () => {
  for (const [error, code, retryable] of [
    [
      { message: 'Your key sk-1 has no DEEPSEEK money', code: 'insufficient_balance' },
      'insufficient_balance',
      false,
    ],
    [{ message: 'vendor words', type: 'rate_limit_error' }, 'rate_limit', true],
  ] as const) {
    const { client } = clientOf({ events: [chunk({ content: 'a' }), { error }] });
    const text = await textOf(client.chat.completions.stream({ messages: question }));
    const last = JSON.parse(framesOf(text).at(-1) ?? '') as { error: Record<string, unknown> };
    expect(last.error).toEqual({
      message: expect.any(String) as string,
      type: 'flash_error',
      code,
      param: null,
      retryable,
    });
    expect(text).not.toMatch(/DEEPSEEK|vendor words|sk-1/);
    const read = async (): Promise<void> => {
      const body = new Response(text).body as ReadableStream<Uint8Array>;
      for await (const _ of decodeStream(body));
    };
    await expect(read()).rejects.toMatchObject({ code, retryable });
  }
});

test('onError says more or leaves the default, and what it throws is not told', async () => {
  const events = [chunk({ content: 'a' }), { error: { message: 'x', type: 'rate_limit_error' } }];
  const told = async (onError: ToSSEStreamInit['onError']): Promise<string> => {
    const { client } = clientOf({ events });
    return textOf(client.chat.completions.stream({ messages: question }), { onError });
  };
  expect(await told(({ code }) => `own words for ${code}`)).toContain('own words for rate_limit');
  const sentence = 'The service is busy. Please try again in a moment.';
  const some = ({ code }: ChatError): string | undefined =>
    code === 'timeout' ? 'own words' : undefined;
  expect(await told(some)).toContain(sentence);
  const thrown = await told(() => {
    throw new Error('private');
  });
  expect(thrown).toContain('"code":"rate_limit"');
  expect(thrown).not.toContain('private');
  // Vitest fails the run for a rejection that nobody has taken.
  const late = await told((async () => Promise.reject(new Error('private'))) as never);
  expect(late).toContain('"code":"rate_limit"');
});

test('an option that is null is not given, and a header that is null is taken off', async () => {
  const { client } = clientOf({ events: [chunk({ content: 'a' }), chunk({}, 'stop')] });
  const none = { keepAliveMs: null, onError: null, transform: null, status: null };
  const headers = { 'x-accel-buffering': null, 'x-mine': '1' };
  const init = { ...none, headers } as never;
  const response = client.chat.completions.stream({ messages: question }).toResponse(init);
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers as unknown as Headers)).toEqual({
    'cache-control': 'no-cache, no-transform',
    'content-type': 'text/event-stream; charset=utf-8',
    'x-mine': '1',
  });
});

test.each([null, {}, 5])('pipeToResponse takes a response, and not %j', async (response) => {
  const { client } = clientOf({ events: [chunk({ content: 'a' }), chunk({}, 'stop')] });
  const stream = client.chat.completions.stream({ messages: question });
  const failed = stream.pipeToResponse(response as never);
  await expect(failed).rejects.toMatchObject({ code: 'invalid_options' });
});

test('the type of an error frame is ours alone: the code of another one is the vendor’s', async () => {
  const { client } = clientOf({
    events: [chunk({ content: 'a' }), { error: { message: 'x', type: 'other', code: 'aborted' } }],
  });
  const stream = client.chat.completions.stream({ messages: question });
  await expect(stream.finalCompletion()).rejects.toMatchObject({ code: 'server_error' });
});

test.each([
  { keepAliveMs: 0 },
  { keepAliveMs: Number.NaN },
  { onError: 'x' },
  { transform: 5 },
  { status: 204 },
  { onDisconnect: 'stop' },
  { keepalive: 5 },
])('what cannot be is refused before the stream is taken (%j)', async (init) => {
  const { client } = clientOf({ events: [chunk({ content: 'a' }), chunk({}, 'stop')] });
  const stream = client.chat.completions.stream({ messages: question });
  let thrown: unknown;
  try {
    stream.toResponse(init as never);
  } catch (error) {
    thrown = error;
  }
  expect(isChatError(thrown, 'invalid_options')).toBe(true);
  expect((await stream.finalCompletion()).choices[0].message.content).toBe('a');
});
