import type { Transport } from 'deepseek-v4-flash';
import { undiciTransport } from 'deepseek-v4-flash';
import { expect, test } from 'vitest';
import { clientOf, failureOf, params, serve } from '../../kit/sockets.ts';
import { done, eventOf, first, last, second } from '../../kit/hello.ts';
import { pause } from '../../kit/time.ts';

const texts = Array.from({ length: 1_500 }, (_, index) => `[${index}]`);
const written = texts.join('');

test('an exchange that a transport around ours ends leaves no hole, however full its queue is', async () => {
  const server = await serve(({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n');
    socket.write('transfer-encoding: chunked\r\n\r\n');
    const events = [...texts.map((content) => eventOf({ content })), last, done];
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
          const event = eventOf({ content: piece });
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
  const stream = clientOf({ url: 'http://127.0.0.1:1' }, transport).chat.completions.stream(params);
  const final = stream.finalCompletion();
  if (code !== undefined) {
    expect(await failureOf(final)).toMatchObject({ code, retryable: true });
    return;
  }
  const { choices, report } = await final;
  expect(choices[0].message.content).toBe('Hello');
  expect(report.issues.map((issue) => issue.code)).toEqual(['no_clean_end']);
});
