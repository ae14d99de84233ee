import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import {
  answerStreamed,
  answerWhole,
  clientOf,
  closedHead,
  failureOf,
  params,
  serve,
  textOf,
  transports,
} from '../../kit/sockets.ts';
import { done, first, last, second, wholeAnswer } from '../../kit/hello.ts';
import { chunked, headOf, streamHead, zeroChunk } from '../../kit/raw-server.ts';

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
    head: headOf(200, { 'content-type': 'text/event-stream', 'content-length': 10_000 }),
    body: first + second,
    end: (socket) => void socket.end(),
  },
  {
    cut: 'a content-length that is too small',
    head: headOf(200, {
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
    bytes: headOf(200, { 'content-length': wholeAnswer.length }) + wholeAnswer.slice(0, 60),
  },
  {
    cut: 'an early zero chunk',
    bytes: headOf(200, { 'transfer-encoding': 'chunked' }) + chunked('{"id":"c1",') + zeroChunk,
  },
  {
    cut: 'the end of the connection',
    bytes: headOf(200, { connection: 'close' }) + wholeAnswer.slice(0, 60),
  },
  {
    cut: 'a content-length that is too small',
    bytes: headOf(200, { 'content-length': 60 }) + wholeAnswer,
  },
  {
    cut: 'the end of the connection, before any byte',
    bytes: headOf(200, { connection: 'close' }),
  },
  {
    cut: 'the end of the connection, after blank lines',
    bytes: `${headOf(200, { connection: 'close' })}\n\n\n`,
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
      socket.write(headOf(200, { 'content-length': 1_000 }) + wholeAnswer.slice(0, 60));
      setTimeout(() => socket.resetAndDestroy(), 50);
    });
    const failure = await failureOf(clientOf(server, make()).chat.completions.create(params));
    expect(failure.code).toBe('stream_interrupted');
  },
);
