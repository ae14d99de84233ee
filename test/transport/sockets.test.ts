import { getEventListeners } from 'node:events';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { inspect } from 'node:util';
import type {
  ChatError,
  ChatStream,
  ClientOptions,
  Report,
  RequestOptions,
  Transport,
} from 'deepseek-v4-flash';
import {
  createClient,
  fetchTransport,
  isChatError,
  providers,
  undiciTransport,
} from 'deepseek-v4-flash';
import { Agent, fetch as undiciFetch } from 'undici';
import { afterEach, expect, test, vi } from 'vitest';

// Raw sockets on loopback. Windows of time are here to find hangs; none says how fast anything is.

const key = 'sk-loopback-7f3a9c2e51d84b60';
const patienceMs = 15_000;

const transports: { name: string; make: () => Transport }[] = [
  { name: 'undici', make: () => undiciTransport() },
  { name: 'fetch', make: () => fetchTransport() },
];

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});

interface Arrival {
  /** 1 for the first request of the server. */
  number: number;
  socket: Socket;
  head: string;
  body: string;
  /** The client's port: which of its sockets it was. */
  port: number;
  /** Whether the connection has ended, from either side. */
  isClosed(): boolean;
}

interface TestServer {
  origin: string;
  arrivals: Arrival[];
  connectionCount(): number;
  /** Whether every connection that a request came on has ended. undici may open a spare one after an abort. */
  isClosed(): boolean;
}

/** A server that knows only enough HTTP to take requests apart; the answers are bytes. */
async function serve(answer: (arrival: Arrival) => void): Promise<TestServer> {
  const arrivals: Arrival[] = [];
  const open = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    open.add(socket);
    let isClosed = false;
    let received = '';
    socket.on('close', () => {
      isClosed = true;
      open.delete(socket);
    });
    // What a client that goes away does to us is part of the test.
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      for (;;) {
        const end = received.indexOf('\r\n\r\n');
        if (end === -1) return;
        const head = received.slice(0, end);
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
        if (received.length < end + 4 + length) return;
        const body = received.slice(end + 4, end + 4 + length);
        received = received.slice(end + 4 + length);
        const number = arrivals.length + 1;
        const port = socket.remotePort ?? 0;
        const arrival = { number, socket, head, body, port, isClosed: () => isClosed };
        arrivals.push(arrival);
        answer(arrival);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  cleanups.push(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return {
    origin: `http://127.0.0.1:${port}`,
    arrivals,
    connectionCount: () => connections,
    isClosed: () => arrivals.every((arrival) => arrival.isClosed()),
  };
}

async function pause(delayMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, delayMs));
}

/** Waits for something that happens on the other side. */
async function eventually(what: string, isSo: () => boolean): Promise<void> {
  const startedAt = performance.now();
  while (!isSo()) {
    if (performance.now() - startedAt > patienceMs) throw new Error(`Never came: ${what}`);
    await pause(5);
  }
}

function clientOf(
  { origin }: Pick<TestServer, 'origin'>,
  transport: Transport,
  options: ClientOptions = {},
) {
  return createClient({
    provider: providers.deepseek,
    apiKey: key,
    baseURL: origin,
    maxRetries: 0,
    ...options,
    transport,
  });
}

const messages = [{ role: 'user', content: 'Hi' }] as const;
const params = { messages: [...messages] };

function expectNoKey(...values: unknown[]): void {
  for (const value of values) {
    const told = [
      inspect(value, { depth: Infinity, showHidden: true, getters: true }),
      JSON.stringify(value) ?? '',
      String(value),
      value instanceof Error ? String(value.stack) : '',
    ].join('\n');
    if (told.includes(key.slice(3))) throw new Error('The key is told in an error or a report');
  }
}

/** The {@link ChatError} of a promise that must reject, looked through for the key. */
async function failureOf(promise: Promise<unknown>): Promise<ChatError & { report: Report }> {
  const settled = promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  const never = pause(patienceMs).then(() => new Error('The promise was never settled'));
  const failure = await Promise.race([settled, never]);
  if (!isChatError(failure)) throw new Error(`Not a ChatError: ${inspect(failure)}`);
  if (failure.report === undefined) throw new Error('The error has no report');
  expectNoKey(failure, failure.report, failure.cause, failure.partial, failure.toJSON());
  JSON.parse(JSON.stringify(failure.report));
  return failure as ChatError & { report: Report };
}

async function timed<T>(promise: Promise<T>): Promise<{ value: T; tookMs: number }> {
  const startedAt = performance.now();
  const value = await promise;
  return { value, tookMs: performance.now() - startedAt };
}

async function textOf(stream: ChatStream): Promise<string> {
  let text = '';
  for await (const piece of stream.text()) text += piece;
  return text;
}

const frame = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;

const chunkOf = (delta: object, finishReason: string | null, extra: object = {}): string =>
  frame({
    id: 'c1',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'deepseek-v4-flash',
    choices: [{ index: 0, delta, finish_reason: finishReason }],
    ...extra,
  });

const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
const first = chunkOf({ role: 'assistant', content: 'Hel' }, null);
const second = chunkOf({ content: 'lo' }, null);
const last = chunkOf({ content: '' }, 'stop', { usage });
const done = 'data: [DONE]\n\n';

const wholeAnswer = JSON.stringify({
  id: 'c1',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'deepseek-v4-flash',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
  usage,
});

function head(status: number | string, headers: Record<string, string | number> = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} X\r\n${lines.join('')}\r\n`;
}

const streamHead = head(200, {
  'content-type': 'text/event-stream',
  'transfer-encoding': 'chunked',
});
const closedHead = head(200, { 'content-type': 'text/event-stream', connection: 'close' });
const chunked = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const zeroChunk = '0\r\n\r\n';

function withLength(status: number, body: string, headers: Record<string, string> = {}): string {
  return (
    head(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...headers,
    }) + body
  );
}

const errorBody = (message: string): string =>
  JSON.stringify({ error: { message, type: 'some_error', param: null, code: 'some_code' } });

const answerWhole = ({ socket }: Arrival): void => void socket.write(withLength(200, wholeAnswer));
const answerStreamed = ({ socket }: Arrival): void =>
  void socket.write(
    streamHead + chunked(first) + chunked(second) + chunked(last) + chunked(done) + zeroChunk,
  );

function listenersOn(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length;
}

// ---------------------------------------------------------------- what arrives, arrives

test.each(transports)('a whole answer comes through ($name)', async ({ make }) => {
  const server = await serve(answerWhole);
  const completion = await clientOf(server, make()).chat.completions.create(params);
  expect(completion.choices[0].message.content).toBe('Hello');
  expect(completion.usage).toEqual(usage);
  expect(completion.report.attempts).toMatchObject([{ number: 1, status: 200 }]);
  expect(server.arrivals[0]?.head).toMatch(/^POST \/chat\/completions HTTP\/1\.1\r\n/);
  expect(server.arrivals[0]?.head).toContain(`authorization: Bearer ${key}`);
  expectNoKey(completion, completion.report);
});

test.each(transports)('a streamed answer comes through ($name)', async ({ make }) => {
  const server = await serve(answerStreamed);
  const stream = await clientOf(server, make()).chat.completions.create({
    ...params,
    stream: true,
  });
  expect(await textOf(stream)).toBe('Hello');
  const completion = await stream.finalCompletion();
  expect(completion.choices[0]).toMatchObject({
    message: { content: 'Hello' },
    finish_reason: 'stop',
  });
  expect(completion.usage).toEqual(usage);
  expect(stream.report.completion).toBe('complete');
  expectNoKey(stream, stream.report);
});

test.each(transports)('a head that comes in pieces is a head ($name)', async ({ make }) => {
  const server = await serve(({ socket }) => {
    socket.setNoDelay(true);
    void (async () => {
      const bytes = withLength(200, wholeAnswer);
      for (let at = 0; at < bytes.length; at += 7) {
        socket.write(bytes.slice(at, at + 7));
        await pause(at < 140 ? 2 : 0);
      }
    })();
  });
  const completion = await clientOf(server, make()).chat.completions.create(params);
  expect(completion.choices[0].message.content).toBe('Hello');
});

test.each(transports)(
  'a stream whose bytes come one packet at a time is the same answer ($name)',
  async ({ make }) => {
    const body = chunkOf({ content: 'é漢😀' }, null) + last + done;
    const server = await serve(({ socket }) => {
      socket.setNoDelay(true);
      void (async () => {
        socket.write(streamHead);
        for (const byte of Buffer.from(body)) {
          socket.write('1\r\n');
          socket.write(Uint8Array.of(byte));
          socket.write('\r\n');
          await pause(0);
        }
        socket.write(zeroChunk);
      })();
    });
    const stream = clientOf(server, make()).chat.completions.stream(params);
    expect(await textOf(stream)).toBe('é漢😀');
  },
);

test.each(transports)(
  'informational heads before the answer are no answer ($name)',
  async ({ make }) => {
    const server = await serve(({ socket }) => {
      socket.write('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n');
      socket.write(withLength(200, wholeAnswer));
    });
    const completion = await clientOf(server, make()).chat.completions.create(params);
    expect(completion.choices[0].message.content).toBe('Hello');
  },
);

test.each(transports)('201 is a success ($name)', async ({ make }) => {
  const server = await serve(({ socket }) => void socket.write(withLength(201, wholeAnswer)));
  const completion = await clientOf(server, make()).chat.completions.create(params);
  expect(completion.report.attempts).toMatchObject([{ status: 201 }]);
});

test.each(transports)(
  'blank lines before a whole answer keep it awake and are no part of it ($name)',
  async ({ make }) => {
    const server = await serve(({ socket }) => {
      socket.write(head(200, { 'content-type': 'application/json', connection: 'close' }));
      void (async () => {
        for (let line = 0; line < 5; line++) {
          socket.write('\n');
          await pause(10);
        }
        socket.end(wholeAnswer);
      })();
    });
    const completion = await clientOf(server, make()).chat.completions.create(params);
    expect(completion.choices[0].message.content).toBe('Hello');
  },
);

// ---------------------------------------------------------------- a cut stream is never a success

/** Ends of a streamed answer after "Hello" and before any finish_reason. `cut` is called when the client has the text. */
const cuts: { cut: string; head: string; body: string; end: (socket: Socket) => void }[] = [
  {
    cut: 'an early zero chunk',
    head: streamHead,
    body: chunked(first) + chunked(second),
    end: (socket) => void socket.write(zeroChunk),
  },
  {
    cut: 'an early zero chunk and FIN',
    head: streamHead,
    body: chunked(first) + chunked(second),
    end: (socket) => void socket.end(zeroChunk),
  },
  {
    cut: '[DONE] without a finish_reason',
    head: streamHead,
    body: chunked(first) + chunked(second),
    end: (socket) => void socket.write(chunked(done) + zeroChunk),
  },
  {
    cut: 'FIN between two chunks',
    head: streamHead,
    body: chunked(first) + chunked(second),
    end: (socket) => void socket.end(),
  },
  {
    cut: 'FIN inside a chunk',
    head: streamHead,
    body: `${chunked(first)}fff\r\n${second}`,
    end: (socket) => void socket.end(),
  },
  {
    cut: 'RST',
    head: streamHead,
    body: chunked(first) + chunked(second),
    end: (socket) => void socket.resetAndDestroy(),
  },
  {
    cut: 'a body that ends with the connection',
    head: closedHead,
    body: first + second,
    end: (socket) => void socket.end(),
  },
  {
    cut: 'a body that ends with the connection, in the middle of an event',
    head: closedHead,
    body: first + second,
    end: (socket) => void socket.end(last.slice(0, 40)),
  },
  {
    cut: 'a content-length that is never reached',
    head: head(200, { 'content-type': 'text/event-stream', 'content-length': 10_000 }),
    body: first + second,
    end: (socket) => void socket.end(),
  },
  {
    cut: 'a content-length that is too small',
    head: head(200, {
      'content-type': 'text/event-stream',
      'content-length': Buffer.byteLength(first + second),
    }),
    body: first + second + last + done,
    end: () => {},
  },
  {
    cut: 'a broken chunk size',
    head: streamHead,
    body: chunked(first) + chunked(second),
    end: (socket) => void socket.end('zzz\r\n'),
  },
];

const cutsPerTransport = transports.flatMap((transport) =>
  cuts.map((cut) => ({ ...transport, ...cut })),
);

test.each(cutsPerTransport)(
  'a stream cut by $cut is stream_interrupted, with what had come, and is sent once ($name)',
  async ({ make, head: cutHead, body, end }) => {
    const server = await serve(({ socket }) => void socket.write(cutHead + body));
    const client = clientOf(server, make(), { maxRetries: 2 });
    const stream = await client.chat.completions.create({ ...params, stream: true });
    let text = '';
    const failure = await failureOf(
      (async () => {
        for await (const chunk of stream) {
          text += chunk.choices[0]?.delta.content ?? '';
          const [arrival] = server.arrivals;
          if (text === 'Hello' && arrival !== undefined) end(arrival.socket);
        }
      })(),
    );
    expect(failure.code).toBe('stream_interrupted');
    expect(text).toBe('Hello');
    expect(failure.partial?.choices).toEqual([
      { index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: null },
    ]);
    expect(failure.report.completion).toBe('interrupted');
    expect(server.arrivals).toHaveLength(1);
    const again = await failureOf(stream.finalCompletion());
    expect(again).toBe(failure);
    expect(Object.keys(failure)).not.toContain('partial');
  },
);

test.each(transports)(
  'a stream that is cut before its first event is sent again ($name)',
  async ({ make }) => {
    const server = await serve((arrival) => {
      if (arrival.number === 1) arrival.socket.end(`${closedHead}: keep-alive\n\n`);
      else answerStreamed(arrival);
    });
    const stream = clientOf(server, make(), { maxRetries: 1 }).chat.completions.stream(params);
    expect(await textOf(stream)).toBe('Hello');
    expect(stream.report.attempts).toMatchObject([
      { number: 1, status: 200, error: 'stream_interrupted' },
      { number: 2, status: 200 },
    ]);
  },
);

test.each(transports)(
  'a stream that is cut before its first event is stream_interrupted without retries ($name)',
  async ({ make }) => {
    const server = await serve(({ socket }) => void socket.write(streamHead + zeroChunk));
    const stream = clientOf(server, make()).chat.completions.stream(params);
    const failure = await failureOf(stream.finalCompletion());
    expect(failure.code).toBe('stream_interrupted');
    expect(failure.partial).toBeUndefined();
    expect(server.arrivals).toHaveLength(1);
  },
);

test.each(transports)(
  'a stream that ends without [DONE] after its finish_reason is whole ($name)',
  async ({ make }) => {
    const server = await serve(
      ({ socket }) => void socket.write(streamHead + chunked(first + last) + zeroChunk),
    );
    const stream = clientOf(server, make()).chat.completions.stream(params);
    const completion = await stream.finalCompletion();
    expect(completion.choices[0]).toMatchObject({
      message: { content: 'Hel' },
      finish_reason: 'stop',
    });
  },
);

const cutAnswers: { cut: string; bytes: string }[] = [
  {
    cut: 'FIN before its content-length',
    bytes: head(200, { 'content-length': wholeAnswer.length }) + wholeAnswer.slice(0, 60),
  },
  {
    cut: 'an early zero chunk',
    bytes: head(200, { 'transfer-encoding': 'chunked' }) + chunked('{"id":"c1",') + zeroChunk,
  },
  {
    cut: 'the end of the connection',
    bytes: head(200, { connection: 'close' }) + wholeAnswer.slice(0, 60),
  },
  {
    cut: 'a content-length that is too small',
    bytes: head(200, { 'content-length': 60 }) + wholeAnswer,
  },
  { cut: 'the end of the connection, before any byte', bytes: head(200, { connection: 'close' }) },
  {
    cut: 'the end of the connection, after blank lines',
    bytes: `${head(200, { connection: 'close' })}\n\n\n`,
  },
];

test.each(transports.flatMap((transport) => cutAnswers.map((cut) => ({ ...transport, ...cut }))))(
  'a whole answer cut by $cut is stream_interrupted, and worth another attempt ($name)',
  async ({ make, bytes }) => {
    const server = await serve((arrival) => {
      if (arrival.number === 1) arrival.socket.end(bytes);
      else answerWhole(arrival);
    });
    const once = await failureOf(clientOf(server, make()).chat.completions.create(params));
    expect(once).toMatchObject({ code: 'stream_interrupted', retryable: true });
    expect(server.arrivals).toHaveLength(1);

    const other = await serve((arrival) => {
      if (arrival.number === 1) arrival.socket.end(bytes);
      else answerWhole(arrival);
    });
    const client = clientOf(other, make(), { maxRetries: 2 });
    const completion = await client.chat.completions.create(params);
    expect(completion.choices[0].message.content).toBe('Hello');
    expect(completion.report.attempts).toMatchObject([{ error: 'stream_interrupted' }, {}]);
    expect(other.arrivals).toHaveLength(2);
  },
);

test.each(transports)(
  'RST in the middle of a whole answer is stream_interrupted, never connection ($name)',
  async ({ make }) => {
    const server = await serve(({ socket }) => {
      socket.write(head(200, { 'content-length': 1_000 }) + wholeAnswer.slice(0, 60));
      setTimeout(() => socket.resetAndDestroy(), 50);
    });
    const failure = await failureOf(clientOf(server, make()).chat.completions.create(params));
    expect(failure.code).toBe('stream_interrupted');
  },
);

// ---------------------------------------------------------------- before the head

test.each(transports)('a refused connection is connection ($name)', async ({ make }) => {
  const { origin } = await serve(() => {});
  for (const clean of cleanups.splice(0)) await clean();
  const failure = await failureOf(clientOf({ origin }, make()).chat.completions.create(params));
  expect(failure).toMatchObject({ code: 'connection', retryable: true });
  expect(failure).not.toHaveProperty('status');
  expect(failure.message).toContain('ECONNREFUSED');
  expect(failure.report.attempts).toMatchObject([{ number: 1, error: 'connection' }]);
});

const closings: { how: string; close: (socket: Socket) => void }[] = [
  { how: 'FIN before the head', close: (socket) => void socket.end() },
  { how: 'RST before the head', close: (socket) => void socket.resetAndDestroy() },
  { how: 'FIN inside the head', close: (socket) => void socket.end('HTTP/1.1 200 OK\r\ncont') },
];

test.each(transports.flatMap((transport) => closings.map((each) => ({ ...transport, ...each }))))(
  '$how is connection, and sent again as often as allowed ($name)',
  async ({ make, close }) => {
    const server = await serve(({ socket }) => close(socket));
    const failure = await failureOf(clientOf(server, make()).chat.completions.create(params));
    expect(failure).toMatchObject({ code: 'connection', retryable: true });
    expect(server.arrivals).toHaveLength(1);

    const second = await serve((arrival) => {
      if (arrival.number < 3) close(arrival.socket);
      else answerWhole(arrival);
    });
    const client = clientOf(second, make(), { maxRetries: 2 });
    const completion = await client.chat.completions.create(params);
    expect(completion.choices[0].message.content).toBe('Hello');
    expect(second.arrivals).toHaveLength(3);
  },
);

test.each(transports)(
  'something that is not HTTP is no connection error ($name)',
  async ({ make }) => {
    const server = await serve(({ socket }) => void socket.end('SSH-2.0-OpenSSH_9.6\r\n\r\n'));
    const failure = await failureOf(
      clientOf(server, make(), { maxRetries: 2 }).chat.completions.create(params),
    );
    expect(failure.code).toBe('invalid_response');
    expect(server.arrivals).toHaveLength(1);
  },
);

test.each(transports)(
  'streamed and whole calls fail alike before the head ($name)',
  async ({ make }) => {
    const server = await serve(({ socket }) => void socket.end());
    const client = clientOf(server, make());
    const early = await failureOf(client.chat.completions.create({ ...params, stream: true }));
    expect(early.code).toBe('connection');
    const late = await failureOf(client.chat.completions.stream(params).finalCompletion());
    expect(late.code).toBe('connection');
  },
);

// ---------------------------------------------------------------- statuses

const redirects = transports.flatMap((transport) =>
  [301, 302, 303, 307, 308].flatMap((status) =>
    [true, false].map((stream) => ({ ...transport, status, stream })),
  ),
);

test.each(redirects)(
  'a redirect $status is not followed (stream: $stream, $name)',
  async ({ make, status, stream }) => {
    const target = await serve(answerWhole);
    const server = await serve(({ socket }) => {
      const location = `${target.origin}/steal?key=${key}`;
      socket.write(withLength(status, '', { location }));
    });
    const client = clientOf(server, make(), { maxRetries: 2 });
    const failure = await failureOf(client.chat.completions.create({ ...params, stream }));
    expect(failure).toMatchObject({ code: 'unexpected_redirect', status, retryable: false });
    expect(failure.message).toContain(target.origin);
    expect(failure.message).not.toContain('steal');
    expect(server.arrivals).toHaveLength(1);
    await pause(20);
    expect(target.connectionCount()).toBe(0);
  },
);

test.each(transports)(
  'a redirect to the same server is not followed either ($name)',
  async ({ make }) => {
    const server = await serve(
      ({ socket }) => void socket.write(withLength(307, '', { location: '/elsewhere' })),
    );
    const failure = await failureOf(clientOf(server, make()).chat.completions.create(params));
    expect(failure.code).toBe('unexpected_redirect');
    expect(server.arrivals).toHaveLength(1);
  },
);

const refusals: [number, string][] = [
  [400, 'bad_request'],
  [401, 'authentication'],
  [402, 'insufficient_balance'],
  [403, 'permission_denied'],
  [404, 'not_found'],
  [422, 'bad_request'],
];

test.each(
  transports.flatMap((transport) =>
    refusals.map(([status, code]) => ({ ...transport, status, code })),
  ),
)('$status is $code and is sent exactly once ($name)', async ({ make, status, code }) => {
  const server = await serve(({ socket }) => {
    // A vendor that repeats the key in its message, and in a header.
    const body = errorBody(`No: ${key}`);
    socket.write(withLength(status, body, { 'retry-after': '0', 'x-echo': `Bearer ${key}` }));
  });
  const client = clientOf(server, make(), { maxRetries: 2 });
  const whole = await failureOf(client.chat.completions.create(params));
  expect(whole).toMatchObject({ code, status, retryable: false, provider: 'deepseek' });
  expect(server.arrivals).toHaveLength(1);
  const streamed = await failureOf(client.chat.completions.create({ ...params, stream: true }));
  expect(streamed).toMatchObject({ code, status, retryable: false });
  expect(server.arrivals).toHaveLength(2);
});

test.each(transports)('429 with retry-after is waited for, then 200 ($name)', async ({ make }) => {
  const server = await serve((arrival) => {
    if (arrival.number > 1) return answerWhole(arrival);
    arrival.socket.write(withLength(429, errorBody('slow down'), { 'retry-after': '1' }));
  });
  const client = clientOf(server, make(), { maxRetries: 2 });
  const { value: completion, tookMs } = await timed(client.chat.completions.create(params));
  expect(completion.choices[0].message.content).toBe('Hello');
  expect(completion.report.attempts).toMatchObject([
    { number: 1, status: 429, error: 'rate_limit', waitedMs: 1_000 },
    { number: 2, status: 200 },
  ]);
  expect(tookMs).toBeGreaterThan(990);
  expect(server.arrivals).toHaveLength(2);
});

test.each(transports)(
  'a retry-after that is too long fails at once and says how long ($name)',
  async ({ make }) => {
    const server = await serve(
      ({ socket }) =>
        void socket.write(withLength(429, errorBody('slow down'), { 'retry-after': '3600' })),
    );
    const client = clientOf(server, make(), { maxRetries: 2 });
    const failure = await failureOf(client.chat.completions.create(params));
    expect(failure).toMatchObject({ code: 'rate_limit', retryAfterMs: 3_600_000 });
    expect(server.arrivals).toHaveLength(1);
  },
);

test.each(transports)(
  'an outage is told after 1 + maxRetries sends, with every attempt ($name)',
  async ({ make }) => {
    const server = await serve(
      ({ socket }) =>
        void socket.write(withLength(503, errorBody('busy'), { 'retry-after-ms': '5' })),
    );
    const client = clientOf(server, make(), { maxRetries: 2 });
    const failure = await failureOf(client.chat.completions.create(params));
    expect(failure).toMatchObject({ code: 'overloaded', status: 503, retryable: true });
    expect(failure.report.attempts).toHaveLength(3);
    expect(server.arrivals).toHaveLength(3);
    await failureOf(client.chat.completions.create(params, { maxRetries: 0 }));
    expect(server.arrivals).toHaveLength(4);
    await failureOf(client.chat.completions.stream(params, { maxRetries: 1 }).finalCompletion());
    expect(server.arrivals).toHaveLength(6);
  },
);

test.each(transports)('maxRetries 0 sends once, whatever fails ($name)', async ({ make }) => {
  for (const status of [408, 429, 500, 502, 503, 529]) {
    const server = await serve(
      ({ socket }) => void socket.write(withLength(status, '', { 'retry-after': '0' })),
    );
    const failure = await failureOf(clientOf(server, make()).chat.completions.create(params));
    expect(failure).toMatchObject({ status, retryable: true });
    expect(server.arrivals).toHaveLength(1);
  }
});

test.each(transports)(
  'an error body that is cut, endless or compressed leaves the status standing ($name)',
  async ({ make }) => {
    const cut = await serve(
      ({ socket }) => void socket.end(`${head(401, { 'content-length': 500 })}{"error":{"mess`),
    );
    const failure = await failureOf(clientOf(cut, make()).chat.completions.create(params));
    expect(failure).toMatchObject({ code: 'authentication', status: 401 });

    const endless = await serve(({ socket }) => {
      socket.write(head(500, { connection: 'close' }));
      const pour = (): void => {
        while (!socket.destroyed && socket.write('x'.repeat(16_384)));
      };
      socket.on('drain', pour);
      pour();
    });
    const flood = await failureOf(clientOf(endless, make()).chat.completions.create(params));
    expect(flood).toMatchObject({ code: 'server_error', status: 500 });
    expect(flood.message.length).toBeLessThan(1_000);
    await eventually('the close of an endless body', () => endless.isClosed());
  },
);

test.each(transports)(
  'a web page with status 200 is invalid_response ($name)',
  async ({ make }) => {
    const page = '<!doctype html><html><title>Welcome</title></html>';
    const server = await serve(
      ({ socket }) =>
        void socket.write(withLength(200, page, { 'content-type': 'text/html; charset=utf-8' })),
    );
    const client = clientOf(server, make());
    const whole = await failureOf(client.chat.completions.create(params));
    expect(whole.code).toBe('invalid_response');
    const streamed = await failureOf(client.chat.completions.stream(params).finalCompletion());
    expect(streamed.code).toBe('invalid_response');
  },
);

test.each(transports)('204 and an empty 200 are no answers ($name)', async ({ make }) => {
  for (const bytes of [head(204), withLength(200, '')]) {
    const server = await serve(({ socket }) => void socket.write(bytes));
    const client = clientOf(server, make());
    const whole = await failureOf(client.chat.completions.create(params));
    expect(['stream_interrupted', 'invalid_response']).toContain(whole.code);
    const streamed = await failureOf(client.chat.completions.stream(params).finalCompletion());
    expect(['stream_interrupted', 'invalid_response']).toContain(streamed.code);
  }
});

test.each(transports)(
  'an error in the middle of a stream is told with what had come, and is sent once ($name)',
  async ({ make }) => {
    const error = frame({ id: 'c1', choices: [], error: { message: 'upstream error', code: 502 } });
    const server = await serve(
      ({ socket }) =>
        void socket.write(streamHead + chunked(first) + chunked(error) + chunked(done) + zeroChunk),
    );
    const client = clientOf(server, make(), { maxRetries: 2 });
    const failure = await failureOf(client.chat.completions.stream(params).finalCompletion());
    expect(failure.code).toBe('server_error');
    expect(failure).not.toHaveProperty('status');
    expect(failure.partial?.choices[0].message.content).toBe('Hel');
    expect(server.arrivals).toHaveLength(1);
  },
);

// ---------------------------------------------------------------- aborts

/** An agent that never gets a connection, for either transport. */
function nowhere(name: string): Transport {
  const agent = new Agent({ connect: () => {} });
  cleanups.push(() => void agent.destroy().catch(() => {}));
  return name === 'undici'
    ? undiciTransport({ dispatcher: agent })
    : fetchTransport({
        fetch: (url, init) => undiciFetch(url, { ...init, dispatcher: agent }),
      });
}

async function expectAborted(
  promise: Promise<unknown>,
  controller: AbortController,
  reason: unknown,
): Promise<ChatError & { report: Report }> {
  const startedAt = performance.now();
  controller.abort(reason);
  const failure = await failureOf(promise);
  expect(failure.code).toBe('aborted');
  expect(failure.retryable).toBe(false);
  expect(failure.cause).toBe(reason);
  expect(performance.now() - startedAt).toBeLessThan(patienceMs);
  expect(listenersOn(controller.signal)).toBe(0);
  return failure;
}

test.each(transports)(
  'a signal that is aborted already opens no connection ($name)',
  async ({ make }) => {
    const server = await serve(answerWhole);
    const client = clientOf(server, make(), { maxRetries: 2 });
    const reason = new Error('too late');
    const signal = AbortSignal.abort(reason);
    const calls = [
      () => client.chat.completions.create(params, { signal }),
      () => client.chat.completions.create({ ...params, stream: true }, { signal }),
      () => client.chat.completions.stream(params, { signal }).finalCompletion(),
      () => client.models.list({ signal }),
    ];
    for (const call of calls) {
      const failure = await failureOf(call());
      expect(failure).toMatchObject({ code: 'aborted', cause: reason });
      expect(listenersOn(signal)).toBe(0);
    }
    await pause(50);
    expect(server.connectionCount()).toBe(0);
  },
);

test.each(transports)('an abort while connecting rejects at once ($name)', async ({ name }) => {
  const controller = new AbortController();
  const client = clientOf({ origin: 'http://127.0.0.1:45999' }, nowhere(name), { maxRetries: 2 });
  const whole = client.chat.completions.create(params, { signal: controller.signal });
  whole.catch(() => {});
  await pause(30);
  await expectAborted(whole, controller, { why: 'custom' });
});

test.each(transports)(
  'an abort while waiting for a busy connection rejects at once ($name)',
  async ({ name }) => {
    const server = await serve(() => {});
    const agent = new Agent({ connections: 1, pipelining: 1 });
    cleanups.push(() => void agent.destroy().catch(() => {}));
    const transport =
      name === 'undici'
        ? undiciTransport({ dispatcher: agent })
        : fetchTransport({
            fetch: (url, init) => undiciFetch(url, { ...init, dispatcher: agent }),
          });
    const client = clientOf(server, transport);
    const holder = client.chat.completions.create(params, { timeout: 5_000 });
    holder.catch(() => {});
    await eventually('the first request', () => server.arrivals.length === 1);
    const controller = new AbortController();
    const queued = client.chat.completions.create(params, { signal: controller.signal });
    queued.catch(() => {});
    await pause(30);
    await expectAborted(queued, controller, new Error('no longer'));
    await client.close();
    const failure = await failureOf(holder);
    expect(failure.code).toBe('aborted');
    expect(server.arrivals).toHaveLength(1);
  },
);

test.each(transports)(
  'an abort while waiting for the head rejects at once, and the server sees the close ($name)',
  async ({ make }) => {
    const server = await serve(() => {});
    const client = clientOf(server, make(), { maxRetries: 2 });
    for (const stream of [false, true]) {
      const controller = new AbortController();
      const { signal } = controller;
      const call = client.chat.completions.create({ ...params, stream }, { signal });
      call.catch(() => {});
      const before = server.arrivals.length;
      await eventually('the request', () => server.arrivals.length > before);
      await expectAborted(call, controller, new Error('enough'));
      await eventually('the close', () => server.isClosed());
    }
    expect(server.arrivals).toHaveLength(2);
  },
);

test.each(transports)(
  'an abort in the middle of a stream rejects at once with what had come, and the server sees the close ($name)',
  async ({ make }) => {
    const server = await serve(({ socket }) => void socket.write(streamHead + chunked(first)));
    const controller = new AbortController();
    const client = clientOf(server, make(), { maxRetries: 2 });
    const stream = await client.chat.completions.create(
      { ...params, stream: true },
      { signal: controller.signal },
    );
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    const waiting = iterator.next();
    waiting.catch(() => {});
    await pause(20);
    const failure = await expectAborted(waiting, controller, 'a string as the reason');
    expect(failure.partial?.choices[0].message.content).toBe('Hel');
    await eventually('the close', () => server.isClosed());
    expect(server.arrivals).toHaveLength(1);
  },
);

test.each(transports)(
  'an abort while nobody reads a stream is told to whoever reads next ($name)',
  async ({ make }) => {
    const server = await serve(({ socket }) => void socket.write(streamHead + chunked(first)));
    const controller = new AbortController();
    const stream = await clientOf(server, make()).chat.completions.create(
      { ...params, stream: true },
      { signal: controller.signal },
    );
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    const reason = new Error('while it is quiet');
    controller.abort(reason);
    await eventually('the close', () => server.isClosed());
    const failure = await failureOf(iterator.next());
    expect(failure).toMatchObject({ code: 'aborted', cause: reason });
    expect(listenersOn(controller.signal)).toBe(0);
  },
);

test.each(transports)(
  'an abort in the middle of a whole answer rejects at once, and the server sees the close ($name)',
  async ({ make }) => {
    const server = await serve(
      ({ socket }) => void socket.write(`${head(200, { 'content-length': 1_000 })}{"id":`),
    );
    const controller = new AbortController();
    const { signal } = controller;
    const client = clientOf(server, make(), { maxRetries: 2 });
    const call = client.chat.completions.create(params, { signal });
    call.catch(() => {});
    await eventually('the request', () => server.arrivals.length === 1);
    await pause(50);
    await expectAborted(call, controller, new Error('enough'));
    await eventually('the close', () => server.isClosed());
    expect(server.arrivals).toHaveLength(1);
  },
);

test.each(transports)(
  'an abort while the body of an error is read rejects at once ($name)',
  async ({ make }) => {
    const server = await serve(
      ({ socket }) => void socket.write(`${head(500, { 'content-length': 1_000 })}{"error":`),
    );
    const controller = new AbortController();
    const { signal } = controller;
    const call = clientOf(server, make()).chat.completions.create(params, { signal });
    call.catch(() => {});
    await eventually('the request', () => server.arrivals.length === 1);
    await pause(50);
    await expectAborted(call, controller, new Error('enough'));
    await eventually('the close', () => server.isClosed());
  },
);

test.each(transports)(
  'an abort between two attempts rejects at once, and nothing more is sent ($name)',
  async ({ make }) => {
    const server = await serve(
      ({ socket }) =>
        void socket.write(withLength(503, errorBody('busy'), { 'retry-after': '30' })),
    );
    const client = clientOf(server, make(), { maxRetries: 2 });
    for (const stream of [false, true]) {
      const controller = new AbortController();
      const { signal } = controller;
      const before = server.arrivals.length;
      const call = client.chat.completions.create({ ...params, stream }, { signal });
      call.catch(() => {});
      await eventually('the request', () => server.arrivals.length === before + 1);
      await pause(50);
      const failure = await expectAborted(call, controller, new Error('enough'));
      expect(failure.report.attempts).toMatchObject([{ status: 503, waitedMs: 30_000 }]);
      await pause(20);
      expect(server.arrivals).toHaveLength(before + 1);
    }
  },
);

test.each(transports)('calls after an aborted one work ($name)', async ({ make }) => {
  const server = await serve((arrival) => {
    if (arrival.number > 1) answerWhole(arrival);
  });
  const client = clientOf(server, make());
  const controller = new AbortController();
  const call = client.chat.completions.create(params, { signal: controller.signal });
  call.catch(() => {});
  await eventually('the request', () => server.arrivals.length === 1);
  await expectAborted(call, controller, new Error('enough'));
  const completion = await client.chat.completions.create(params);
  expect(completion.choices[0].message.content).toBe('Hello');
});

test.each(transports)('an abort after the end changes nothing ($name)', async ({ make }) => {
  const server = await serve(answerStreamed);
  const controller = new AbortController();
  const client = clientOf(server, make());
  const { signal } = controller;
  const stream = await client.chat.completions.create({ ...params, stream: true }, { signal });
  expect(await textOf(stream)).toBe('Hello');
  controller.abort();
  stream.abort();
  const completion = await stream.finalCompletion();
  expect(completion.choices[0].finish_reason).toBe('stop');
  expect(stream.report.completion).toBe('complete');
});

test.each(transports)(
  'leaving the loop closes the connection, and the end is aborted ($name)',
  async ({ make }) => {
    const server = await serve(({ socket }) => void socket.write(streamHead + chunked(first)));
    const client = clientOf(server, make());
    const { signal } = new AbortController();
    const stream = await client.chat.completions.create({ ...params, stream: true }, { signal });
    for await (const _chunk of stream) break;
    await eventually('the close', () => server.isClosed());
    const failure = await failureOf(stream.finalCompletion());
    expect(failure.code).toBe('aborted');
    expect(failure.partial?.choices[0].message.content).toBe('Hel');
    expect(listenersOn(signal)).toBe(0);
  },
);

test.each(transports)(
  'an error thrown in the loop closes the connection, and stays the caller’s own ($name)',
  async ({ make }) => {
    const server = await serve(({ socket }) => void socket.write(streamHead + chunked(first)));
    const client = clientOf(server, make());
    const stream = await client.chat.completions.create({ ...params, stream: true });
    const own = new Error('mine');
    const run = async (): Promise<void> => {
      for await (const _chunk of stream) throw own;
    };
    await expect(run()).rejects.toBe(own);
    await eventually('the close', () => server.isClosed());
  },
);

test.each(transports)(
  'leaving text() or events(), abort() and disposing each close the connection ($name)',
  async ({ make }) => {
    const server = await serve(({ socket }) => void socket.write(streamHead + chunked(first)));
    const client = clientOf(server, make());
    const endings: ((stream: ChatStream) => Promise<void>)[] = [
      async (stream) => {
        for await (const _text of stream.text()) break;
      },
      async (stream) => {
        for await (const _event of stream.events()) break;
      },
      async (stream) => stream.abort(),
      async (stream) => stream[Symbol.asyncDispose](),
      async (stream) => {
        const reader = (stream.toSSEStream() as ReadableStream<Uint8Array>).getReader();
        await reader.read();
        await reader.cancel();
      },
    ];
    for (const [index, end] of endings.entries()) {
      const stream = await client.chat.completions.create({ ...params, stream: true });
      await end(stream);
      await eventually(`the close of ending ${index}`, () => server.isClosed());
      const failure = await failureOf(stream.finalCompletion());
      expect({ index, code: failure.code }).toEqual({ index, code: 'aborted' });
    }
  },
);

test.each(transports)(
  'closing the client ends its calls with aborted ($name)',
  async ({ make }) => {
    const server = await serve(({ socket, number }) => {
      if (number === 1) socket.write(streamHead + chunked(first));
    });
    const client = clientOf(server, make());
    const stream = await client.chat.completions.create({ ...params, stream: true });
    const waiting = stream.finalCompletion();
    waiting.catch(() => {});
    const whole = client.chat.completions.create(params);
    whole.catch(() => {});
    await eventually('both requests', () => server.arrivals.length === 2);
    await client.close();
    expect((await failureOf(waiting)).code).toBe('aborted');
    expect((await failureOf(whole)).code).toBe('aborted');
    await eventually('the closes', () => server.isClosed());
    expect((await failureOf(client.chat.completions.create(params))).code).toBe('aborted');
  },
);

// ---------------------------------------------------------------- listeners

test.each(transports)(
  'no listener is left on the caller’s signal, however a call ends ($name)',
  async ({ make }) => {
    const server = await serve((arrival) => {
      const { socket, body } = arrival;
      if (body.includes('whole')) answerWhole(arrival);
      else if (body.includes('streamed')) answerStreamed(arrival);
      else if (body.includes('refused')) socket.write(withLength(400, errorBody('no')));
      else if (body.includes('again')) socket.write(withLength(503, '', { 'retry-after-ms': '1' }));
      else if (body.includes('cut')) socket.end(`${closedHead}${first}`);
      else if (body.includes('lost')) socket.end();
    });
    const client = clientOf(server, make(), { maxRetries: 1 });
    const { signal } = new AbortController();
    const about = (content: string) => ({ messages: [{ role: 'user' as const, content }] });
    const options: RequestOptions = { signal };
    await client.chat.completions.create(about('whole'), options);
    expect(listenersOn(signal)).toBe(0);
    await client.chat.completions.stream(about('streamed'), options).finalCompletion();
    expect(listenersOn(signal)).toBe(0);
    for (const content of ['refused', 'again', 'lost']) {
      await failureOf(client.chat.completions.create(about(content), options));
      expect({ content, left: listenersOn(signal) }).toEqual({ content, left: 0 });
    }
    for (const content of ['refused', 'again', 'lost', 'cut']) {
      await failureOf(client.chat.completions.stream(about(content), options).finalCompletion());
      expect({ content, left: listenersOn(signal) }).toEqual({ content, left: 0 });
    }
    const slow = { ...options, timeout: { headers: 50, connect: 50 }, maxRetries: 0 };
    await failureOf(client.chat.completions.create(about('silence'), slow));
    expect(listenersOn(signal)).toBe(0);
    await failureOf(client.chat.completions.create({ messages: [] }, options));
    expect(listenersOn(signal)).toBe(0);
  },
);

/** Warnings of leaks since the last call; the tests' setup has put a spy there. */
function takeLeakWarnings(): string[] {
  const { mock, mockClear } = vi.mocked(process.emitWarning);
  const warnings = mock.calls.flat().map(String);
  mockClear();
  return warnings.filter((text) => text.includes('MaxListeners'));
}

const manyCalls = 30;
const answerAsAsked = (arrival: Arrival): void =>
  arrival.body.includes('"stream":true') ? answerStreamed(arrival) : answerWhole(arrival);

test.each(transports)(
  'many calls at once on one client work, without a warning of a leak ($name)',
  async ({ make }) => {
    const server = await serve(answerAsAsked);
    const client = clientOf(server, make());
    takeLeakWarnings();
    const calls = Array.from({ length: manyCalls }, (_, index) =>
      index % 2 === 0
        ? client.chat.completions.create(params)
        : client.chat.completions.stream(params).finalCompletion(),
    );
    const completions = await Promise.all(calls);
    expect(completions.map(({ choices }) => choices[0].message.content)).toEqual(
      Array.from({ length: manyCalls }, () => 'Hello'),
    );
    expect(takeLeakWarnings()).toEqual([]);
  },
);

test.each(transports)(
  'many calls at once on one signal work, leave no listener, and give no warning of a leak ($name)',
  async ({ make }) => {
    const server = await serve(answerAsAsked);
    const { signal } = new AbortController();
    takeLeakWarnings();
    // A client each, so that the signal is all they share.
    const calls = Array.from({ length: manyCalls }, (_, index) => {
      const client = clientOf(server, make());
      return index % 2 === 0
        ? client.chat.completions.create(params, { signal })
        : client.chat.completions.stream(params, { signal }).finalCompletion();
    });
    const completions = await Promise.all(calls);
    expect(completions).toHaveLength(manyCalls);
    expect(listenersOn(signal)).toBe(0);
    expect(takeLeakWarnings()).toEqual([]);
  },
);

const processEvents = [
  'beforeExit',
  'exit',
  'SIGINT',
  'SIGTERM',
  'uncaughtException',
  'unhandledRejection',
  'warning',
] as const;

test.each(transports)('no listener is put on the process ($name)', async ({ make }) => {
  const count = (): number[] => processEvents.map((name) => process.listenerCount(name));
  const before = count();
  const server = await serve((arrival) => {
    if (arrival.number % 2 === 0) answerWhole(arrival);
    else arrival.socket.end();
  });
  const client = clientOf(server, make(), { maxRetries: 1 });
  await client.chat.completions.create(params);
  const controller = new AbortController();
  const call = client.chat.completions.create(params, { signal: controller.signal });
  call.catch(() => {});
  await expectAborted(call, controller, new Error('enough'));
  await client.close();
  expect(count()).toEqual(before);
});

// ---------------------------------------------------------------- clocks

async function expectTimeout(
  promise: Promise<unknown>,
  phase: string,
): Promise<ChatError & { report: Report }> {
  const { value: failure, tookMs } = await timed(failureOf(promise));
  expect(failure).toMatchObject({ code: 'timeout', phase });
  expect(failure.report.attempts.at(-1)).toMatchObject({ error: 'timeout', phase });
  expect(tookMs).toBeLessThan(patienceMs);
  return failure;
}

test('a connection that does not stand in time is timeout, phase connect (undici)', async () => {
  const client = clientOf({ origin: 'http://127.0.0.1:45999' }, nowhere('undici'));
  const timeout = { connect: 60, headers: 5_000 };
  const failure = await expectTimeout(
    client.chat.completions.create(params, { timeout }),
    'connect',
  );
  expect(failure.retryable).toBe(true);
});

test('a connection that does not stand in time is timeout, phase headers (fetch)', async () => {
  const client = clientOf({ origin: 'http://127.0.0.1:45999' }, nowhere('fetch'));
  const timeout = { connect: 30, headers: 30 };
  await expectTimeout(client.chat.completions.create(params, { timeout }), 'headers');
});

test.each(transports)(
  'a head that does not come is timeout, phase headers, and the server sees the close ($name)',
  async ({ make }) => {
    const server = await serve(() => {});
    const client = clientOf(server, make());
    const timeout = { connect: 50, headers: 60 };
    const failure = await expectTimeout(
      client.chat.completions.create(params, { timeout }),
      'headers',
    );
    expect(failure.retryable).toBe(true);
    await expectTimeout(
      client.chat.completions.create({ ...params, stream: true }, { timeout }),
      'headers',
    );
    await eventually('the closes', () => server.isClosed());
    await failureOf(client.chat.completions.create(params, { timeout, maxRetries: 1 }));
    expect(server.arrivals).toHaveLength(4);
  },
);

test.each(transports)(
  'a head that dribbles is timeout, phase headers ($name)',
  async ({ make }) => {
    const server = await serve(({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(() => socket.write('x-more: 1\r\n'), 10);
      socket.on('close', () => clearInterval(timer));
    });
    const timeout = { connect: 50, headers: 100 };
    const call = clientOf(server, make()).chat.completions.create(params, { timeout });
    await expectTimeout(call, 'headers');
    await eventually('the close', () => server.isClosed());
  },
);

test.each(transports)(
  'silence in the middle of a stream is timeout, phase idle, with what had come ($name)',
  async ({ make }) => {
    const server = await serve(({ socket }) => void socket.write(streamHead + chunked(first)));
    const client = clientOf(server, make(), { maxRetries: 2, timeout: { idle: 100 } });
    const stream = await client.chat.completions.create({ ...params, stream: true });
    const failure = await expectTimeout(stream.finalCompletion(), 'idle');
    expect(failure.partial?.choices[0].message.content).toBe('Hel');
    expect(server.arrivals).toHaveLength(1);
    await eventually('the close', () => server.isClosed());
  },
);

test.each(transports)(
  'silence in the middle of a whole answer is timeout, phase idle ($name)',
  async ({ make }) => {
    const server = await serve(
      ({ socket }) => void socket.write(`${head(200, { 'content-length': 1_000 })}{"id":`),
    );
    const client = clientOf(server, make(), { timeout: { idle: 100 } });
    await expectTimeout(client.chat.completions.create(params), 'idle');
    await eventually('the close', () => server.isClosed());
  },
);

test.each(transports)(
  'comments without content are timeout, phase stall ($name)',
  async ({ make }) => {
    const server = await serve(({ socket }) => {
      socket.write(streamHead + chunked(first));
      const timer = setInterval(() => socket.write(chunked(': keep-alive\n\n')), 10);
      socket.on('close', () => clearInterval(timer));
    });
    const client = clientOf(server, make(), { timeout: { idle: 5_000, stall: 150 } });
    const stream = await client.chat.completions.create({ ...params, stream: true });
    const failure = await expectTimeout(stream.finalCompletion(), 'stall');
    expect(failure.partial?.choices[0].message.content).toBe('Hel');
    await eventually('the close', () => server.isClosed());
  },
);

test.each(transports)(
  'blank lines in place of a whole answer are timeout, phase stall ($name)',
  async ({ make }) => {
    const server = await serve(({ socket }) => {
      socket.write(head(200, { connection: 'close' }));
      const timer = setInterval(() => socket.write('\n'), 10);
      socket.on('close', () => clearInterval(timer));
    });
    const client = clientOf(server, make(), { timeout: { idle: 5_000, stall: 150 } });
    await expectTimeout(client.chat.completions.create(params), 'stall');
    await eventually('the close', () => server.isClosed());
  },
);

test.each(transports)(
  'comments keep a stream awake as long as stall allows ($name)',
  async ({ make }) => {
    const server = await serve(({ socket }) => {
      socket.write(streamHead);
      void (async () => {
        for (let comment = 0; comment < 20; comment++) {
          socket.write(chunked(': keep-alive\n\n'));
          await pause(20);
        }
        socket.write(chunked(first + second + last + done) + zeroChunk);
      })();
    });
    const client = clientOf(server, make(), { timeout: { idle: 250 } });
    expect(await textOf(client.chat.completions.stream(params))).toBe('Hello');
  },
);

test.each(transports)(
  'the whole call may take no longer than total, retries included ($name)',
  async ({ make }) => {
    const silent = await serve(() => {});
    const client = clientOf(silent, make(), { maxRetries: 2 });
    await expectTimeout(client.chat.completions.create(params, { timeout: 100 }), 'total');
    const drip = await serve(({ socket }) => {
      socket.write(streamHead);
      const timer = setInterval(() => socket.write(chunked(first)), 10);
      socket.on('close', () => clearInterval(timer));
    });
    const streaming = clientOf(drip, make(), { timeout: { total: 150 } });
    await expectTimeout(streaming.chat.completions.stream(params).finalCompletion(), 'total');
    await eventually('the close', () => drip.isClosed());
    const busy = await serve(
      ({ socket }) => void socket.write(withLength(503, '', { 'retry-after': '20' })),
    );
    const waiting = clientOf(busy, make(), { maxRetries: 2, timeout: { total: 150 } });
    const failure = await failureOf(waiting.chat.completions.create(params));
    // A wait that cannot end in time is not begun, and what the vendor said is not lost behind a clock.
    expect(failure).toMatchObject({ code: 'overloaded', retryAfterMs: 20_000 });
    expect(busy.arrivals).toHaveLength(1);
  },
);

test.each(transports)('a deadline that passes is deadline_exceeded ($name)', async ({ make }) => {
  const server = await serve(() => {});
  const client = clientOf(server, make(), { maxRetries: 2 });
  const soon = await failureOf(
    client.chat.completions.create(params, { deadline: Date.now() + 100 }),
  );
  expect(soon.code).toBe('deadline_exceeded');
  await eventually('the close', () => server.isClosed());
  const streamed = client.chat.completions.stream(params, { deadline: new Date(Date.now() + 100) });
  expect((await failureOf(streamed.finalCompletion())).code).toBe('deadline_exceeded');
  const sent = server.arrivals.length;
  const past = await failureOf(
    client.chat.completions.create(params, { deadline: Date.now() - 1 }),
  );
  expect(past.code).toBe('deadline_exceeded');
  await pause(30);
  expect(server.arrivals).toHaveLength(sent);
});

test.each(transports)(
  'a wait that outlasts the deadline is not begun, and the vendor’s error is told ($name)',
  async ({ make }) => {
    const server = await serve(
      ({ socket }) => void socket.write(withLength(429, '', { 'retry-after': '30' })),
    );
    const client = clientOf(server, make(), { maxRetries: 2 });
    const deadline = Date.now() + 20_000;
    const failure = await failureOf(client.chat.completions.create(params, { deadline }));
    expect(failure).toMatchObject({ code: 'rate_limit', retryAfterMs: 30_000 });
    expect(failure.report.attempts[0]?.waitedMs).toBeUndefined();
  },
);

test.each(transports)(
  'a stream that nobody reads is given up after unread, and the server sees the close ($name)',
  async ({ make }) => {
    const server = await serve(({ socket }) => void socket.write(streamHead + chunked(first)));
    const client = clientOf(server, make(), { timeout: { unread: 100 } });
    const { signal } = new AbortController();
    const stream = await client.chat.completions.create({ ...params, stream: true }, { signal });
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    await eventually('the close', () => server.isClosed());
    const failure = await failureOf(iterator.next());
    expect(failure).toMatchObject({ code: 'timeout', phase: 'unread', retryable: false });
    expect(listenersOn(signal)).toBe(0);
  },
);

test.each(transports)(
  'a reader that is slower than idle and stall loses nothing ($name)',
  async ({ make }) => {
    const server = await serve(answerStreamed);
    const client = clientOf(server, make(), { timeout: { idle: 80, stall: 80 } });
    const stream = await client.chat.completions.create({ ...params, stream: true });
    let text = '';
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      await pause(150);
    }
    expect(text).toBe('Hello');
  },
);

// ---------------------------------------------------------------- connections are used again

test.each(transports)('two whole calls in a row share a connection ($name)', async ({ make }) => {
  const server = await serve(answerWhole);
  const client = clientOf(server, make());
  await client.chat.completions.create(params);
  // undici takes a connection for free a turn of the event loop after the end of its body.
  await pause(20);
  await client.chat.completions.create(params);
  expect(server.arrivals).toHaveLength(2);
  expect(new Set(server.arrivals.map(({ port }) => port)).size).toBe(1);
  expect(server.connectionCount()).toBe(1);
});

test.each(transports)(
  'whole calls with a moment between them share a connection ($name)',
  async ({ make }) => {
    const server = await serve(answerWhole);
    const client = clientOf(server, make());
    for (let call = 0; call < 4; call++) {
      await client.chat.completions.create(params);
      await pause(10);
    }
    expect(server.arrivals).toHaveLength(4);
    expect(server.connectionCount()).toBe(1);
  },
);

test.each(transports)(
  'many calls in a row do not need a connection each ($name)',
  async ({ make }) => {
    const server = await serve(answerAsAsked);
    const client = clientOf(server, make());
    for (let call = 0; call < 10; call++) {
      await client.chat.completions.create(params);
      await client.chat.completions.stream(params).finalCompletion();
    }
    expect(server.arrivals).toHaveLength(20);
    expect(server.connectionCount()).toBeLessThanOrEqual(2);
  },
);

test.each(transports)(
  'two streamed calls in a row share a connection ($name)',
  async ({ make }) => {
    const server = await serve(answerStreamed);
    const client = clientOf(server, make());
    for (let call = 0; call < 2; call++) {
      const stream = await client.chat.completions.create({ ...params, stream: true });
      expect(await textOf(stream)).toBe('Hello');
      await stream.finalCompletion();
      await pause(20);
    }
    expect(server.arrivals).toHaveLength(2);
    expect(server.connectionCount()).toBe(1);
  },
);

test.each(transports)(
  'a stream whose body ends a moment after [DONE] leaves its connection usable ($name)',
  async ({ make }) => {
    const server = await serve(({ socket }) => {
      socket.write(streamHead + chunked(first) + chunked(second) + chunked(last + done));
      setTimeout(() => socket.write(zeroChunk), 40);
    });
    const client = clientOf(server, make());
    for (let call = 0; call < 2; call++) {
      const completion = await client.chat.completions.stream(params).finalCompletion();
      expect(completion.choices[0].message.content).toBe('Hello');
      await pause(120);
    }
    expect(server.connectionCount()).toBe(1);
  },
);

test.each(transports)(
  'a stream whose body never ends after [DONE] ends all the same, and lets go ($name)',
  async ({ make }) => {
    const server = await serve(
      ({ socket }) => void socket.write(streamHead + chunked(first + last + done)),
    );
    const stream = clientOf(server, make()).chat.completions.stream(params);
    const completion = await stream.finalCompletion();
    expect(completion.choices[0].finish_reason).toBe('stop');
    // The body is given up a second later; the answer did not wait for that.
    expect(server.isClosed()).toBe(false);
    await eventually('the close', () => server.isClosed());
  },
);

test.each(transports)(
  'an error with a body leaves its connection usable ($name)',
  async ({ make }) => {
    const server = await serve((arrival) => {
      if (arrival.number === 1) arrival.socket.write(withLength(400, errorBody('no')));
      else answerWhole(arrival);
    });
    const client = clientOf(server, make());
    await failureOf(client.chat.completions.create(params));
    // undici takes a connection for free a turn of the event loop after the end of its body.
    await pause(20);
    await client.chat.completions.create(params);
    expect(server.connectionCount()).toBe(1);
  },
);

test.each(transports)(
  'a kept connection that the server resets at the next request costs one attempt ($name)',
  async ({ make }) => {
    const server = await serve((arrival) => {
      if (arrival.number === 2) arrival.socket.resetAndDestroy();
      else answerWhole(arrival);
    });
    const client = clientOf(server, make(), { maxRetries: 1 });
    await client.chat.completions.create(params);
    const completion = await client.chat.completions.create(params);
    expect(completion.report.attempts).toMatchObject([{ error: 'connection' }, { status: 200 }]);
    expect(server.arrivals).toHaveLength(3);
  },
);

// ---------------------------------------------------------------- more than the queue takes

const texts = Array.from({ length: 1_500 }, (_, index) => `[${index}]`);
const written = texts.join('');

test('an exchange that a transport around ours ends leaves no hole, however full its queue is', async () => {
  const server = await serve(({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n');
    socket.write('transfer-encoding: chunked\r\n\r\n');
    const events = [...texts.map((content) => chunkOf({ content }, null)), last, done];
    for (const each of events) socket.write(`${each.length.toString(16)}\r\n${each}\r\n`);
    socket.write('0\r\n\r\n');
  });
  const inner = undiciTransport();
  const controller = new AbortController();
  const around: Transport = {
    send: (request) => inner.send({ ...request, signal: controller.signal }),
  };
  const stream = await clientOf(server, around).chat.completions.create({
    ...params,
    stream: true,
  });
  let text = '';
  const reading = (async () => {
    for await (const chunk of stream) {
      if (text === '') {
        await pause(200);
        controller.abort(new Error('enough'));
      }
      text += chunk.choices[0]?.delta.content ?? '';
    }
  })();
  const failure = await failureOf(reading);
  expect(failure.code).toBe('stream_interrupted');
  expect(written.startsWith(text)).toBe(true);
  expect(failure.partial?.choices[0].message.content).toBe(text);
});

// undici 7 crashes the process if it is told to pause at the last byte (nodejs/undici#5360); which piece that is depends on
// how much a queue takes.
const endings: [what: string, header: string, end: string[]][] = [
  ['that the connection ends', 'connection: close\r\n', [last]],
  ['that is cut off', 'connection: close\r\n', []],
  ['without any length', '', [last]],
];
const pieceCounts = [2, 3, 4, 5, 6];

test.each(endings)('a slow reader of an answer %s gets all of it', async (_, header, end) => {
  const piece = 'x'.repeat(50_000);
  const answerOf = async (pieceCount: number): Promise<number> => {
    const server = await serve(({ socket }) => {
      void (async () => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n${header}\r\n`);
        for (let count = 1; count <= pieceCount; count++) {
          await pause(10);
          const event = chunkOf({ content: piece }, null);
          socket.write(count < pieceCount ? event : event + end.join(''));
        }
        await pause(20);
        socket.end();
      })();
    });
    const client = clientOf(server, undiciTransport());
    const stream = await client.chat.completions.create({ ...params, stream: true });
    let length = 0;
    const reading = (async () => {
      for await (const chunk of stream) {
        if (length === 0) await pause(300);
        length += chunk.choices[0]?.delta.content?.length ?? 0;
      }
    })();
    if (end.length > 0) await reading;
    else expect(await failureOf(reading)).toMatchObject({ code: 'stream_interrupted' });
    return length;
  };
  const lengths = await Promise.all(pieceCounts.map(answerOf));
  expect(lengths).toEqual(pieceCounts.map((count) => count * piece.length));
});

test.each([
  ['in the middle', [first, second], 'stream_interrupted'],
  ['after the finish_reason', [first, second, last], undefined],
])('a body that throws %s, and not by a promise, has been interrupted', async (_, events, code) => {
  const encoder = new TextEncoder();
  let next = 0;
  const transport: Transport = {
    send: async () => ({
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
      body: {
        read() {
          const event = events[next++];
          if (event === undefined) throw new TypeError('reader is gone');
          return Promise.resolve(encoder.encode(event));
        },
        cancel() {},
      },
    }),
  };
  const stream = clientOf({ origin: 'http://127.0.0.1:1' }, transport).chat.completions.stream(
    params,
  );
  const final = stream.finalCompletion();
  if (code !== undefined) {
    expect(await failureOf(final)).toMatchObject({ code, retryable: true });
    return;
  }
  const { choices, report } = await final;
  expect(choices[0].message.content).toBe('Hello');
  expect(report.issues.map((issue) => issue.code)).toEqual(['no_clean_end']);
});
