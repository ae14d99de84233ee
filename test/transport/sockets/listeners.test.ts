import type { RequestOptions } from 'deepseek-v4-flash';
import { expect, test, vi } from 'vitest';
import {
  answerAsAsked,
  answerStreamed,
  answerWhole,
  clientOf,
  closedHead,
  errorBody,
  expectAborted,
  failureOf,
  listenersOn,
  params,
  serve,
  transports,
} from '../../kit/sockets.ts';
import { first } from '../../kit/hello.ts';
import { responseOf } from '../../kit/raw-server.ts';

test.each(transports)(
  'no listener is left on the caller’s signal, however a call ends ($name)',
  async ({ make }) => {
    const server = await serve((arrival) => {
      const { socket, body } = arrival;
      if (body.includes('whole')) answerWhole(arrival);
      else if (body.includes('streamed')) answerStreamed(arrival);
      else if (body.includes('refused')) socket.write(responseOf(400, errorBody('no')));
      else if (body.includes('again')) socket.write(responseOf(503, '', { 'retry-after-ms': '1' }));
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
