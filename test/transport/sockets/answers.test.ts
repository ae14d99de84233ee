import { expect, test } from 'vitest';
import {
  answerStreamed,
  answerWhole,
  clientOf,
  expectNoKey,
  key,
  params,
  serve,
  textOf,
  transports,
} from '../../kit/sockets.ts';
import { done, eventOf, last, usage, wholeAnswer } from '../../kit/hello.ts';
import { headOf, responseOf, streamHead, zeroChunk } from '../../kit/raw-server.ts';
import { pause } from '../../kit/time.ts';

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
      const bytes = responseOf(200, wholeAnswer);
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
    const body = eventOf({ content: 'é漢😀' }) + last + done;
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
      socket.write(responseOf(200, wholeAnswer));
    });
    const completion = await clientOf(server, make()).chat.completions.create(params);
    expect(completion.choices[0].message.content).toBe('Hello');
  },
);

test.each(transports)('201 is a success ($name)', async ({ make }) => {
  const server = await serve(({ socket }) => void socket.write(responseOf(201, wholeAnswer)));
  const completion = await clientOf(server, make()).chat.completions.create(params);
  expect(completion.report.attempts).toMatchObject([{ status: 201 }]);
});

test.each(transports)(
  'blank lines before a whole answer keep it awake and are no part of it ($name)',
  async ({ make }) => {
    const server = await serve(({ socket }) => {
      socket.write(headOf(200, { 'content-type': 'application/json', connection: 'close' }));
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
