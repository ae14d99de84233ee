import type { ChatStream } from 'deepseek-v4-flash';
import { fetchTransport, undiciTransport } from 'deepseek-v4-flash';
import { Agent, fetch as undiciFetch } from 'undici';
import { expect, test } from 'vitest';
import {
  answerStreamed,
  answerWhole,
  clientOf,
  errorBody,
  expectAborted,
  failureOf,
  listenersOn,
  nowhere,
  params,
  serve,
  textOf,
  transports,
} from '../../kit/sockets.ts';
import { first } from '../../kit/hello.ts';
import { cleanups } from '../../kit/cleanups.ts';
import { chunked, headOf, responseOf, streamHead } from '../../kit/raw-server.ts';
import { eventually, pause } from '../../kit/time.ts';

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
  const client = clientOf({ url: 'http://127.0.0.1:45999' }, nowhere(name), { maxRetries: 2 });
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
      ({ socket }) => void socket.write(`${headOf(200, { 'content-length': 1_000 })}{"id":`),
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
      ({ socket }) => void socket.write(`${headOf(500, { 'content-length': 1_000 })}{"error":`),
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
        void socket.write(responseOf(503, errorBody('busy'), { 'retry-after': '30' })),
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
