import type { ChatError, Report } from 'deepseek-v4-flash';
import { expect, test } from 'vitest';
import {
  answerStreamed,
  clientOf,
  failureOf,
  listenersOn,
  nowhere,
  params,
  serve,
  textOf,
  transports,
} from '../../kit/sockets.ts';
import { done, first, last, second } from '../../kit/hello.ts';
import { chunked, headOf, responseOf, streamHead, zeroChunk } from '../../kit/raw-server.ts';
import { eventually, patienceMs, pause, timed } from '../../kit/time.ts';

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
  const client = clientOf({ url: 'http://127.0.0.1:45999' }, nowhere('undici'));
  const timeout = { connect: 60, headers: 5_000 };
  const failure = await expectTimeout(
    client.chat.completions.create(params, { timeout }),
    'connect',
  );
  expect(failure.retryable).toBe(true);
});

test('a connection that does not stand in time is timeout, phase headers (fetch)', async () => {
  const client = clientOf({ url: 'http://127.0.0.1:45999' }, nowhere('fetch'));
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
      ({ socket }) => void socket.write(`${headOf(200, { 'content-length': 1_000 })}{"id":`),
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
      socket.write(headOf(200, { connection: 'close' }));
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
      ({ socket }) => void socket.write(responseOf(503, '', { 'retry-after': '20' })),
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
      ({ socket }) => void socket.write(responseOf(429, '', { 'retry-after': '30' })),
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
