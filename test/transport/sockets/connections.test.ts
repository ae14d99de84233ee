import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import {
  answerAsAsked,
  answerStreamed,
  answerWhole,
  clientOf,
  errorBody,
  failureOf,
  params,
  serve,
  textOf,
  transports,
} from '../../kit/sockets.ts';
import { done, first, last, second } from '../../kit/hello.ts';
import { cleanups } from '../../kit/cleanups.ts';
import { chunked, responseOf, streamHead, zeroChunk } from '../../kit/raw-server.ts';
import { eventually, pause } from '../../kit/time.ts';

test.each(transports)('a refused connection is connection ($name)', async ({ make }) => {
  const { url } = await serve(() => {});
  for (const clean of cleanups.splice(0)) await clean();
  const failure = await failureOf(clientOf({ url }, make()).chat.completions.create(params));
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
      if (arrival.number === 1) arrival.socket.write(responseOf(400, errorBody('no')));
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
