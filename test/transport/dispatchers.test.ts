import { createClient, undiciTransport } from 'deepseek-v4-flash';
import type { Client, DispatcherLike } from 'deepseek-v4-flash';
import type { EmulatorServer } from 'deepseek-v4-flash/testing';
import { startEmulator } from 'deepseek-v4-flash/testing';
import { expect, test, vi } from 'vitest';
import * as undici7 from 'undici';
import * as undici6 from 'undici6';
import { cleanups } from '../kit/cleanups.ts';

// Dispatchers of other copies of undici: what they ask of a handler changed between its majors.

const copies = [
  { copy: 'undici 6', undici: undici6 as unknown as typeof undici7 },
  { copy: 'undici 7', undici: undici7 },
];
const params = { messages: [{ role: 'user' as const, content: 'What is it?' }] };
const long = 'a long answer '.repeat(20_000);

async function serve(...replies: Parameters<EmulatorServer['reply']>): Promise<EmulatorServer> {
  const emulator = await startEmulator();
  emulator.reply(...replies);
  cleanups.push(() => emulator.close());
  return emulator;
}

function clientOn(dispatcher: DispatcherLike, baseURL?: string): Client {
  const transport = undiciTransport({ dispatcher });
  return createClient({
    apiKey: 'sk-test-key',
    transport,
    maxRetries: 0,
    ...(baseURL && { baseURL }),
  });
}

const kinds: { kind: string; make: (undici: typeof undici7) => undici7.Dispatcher }[] = [
  { kind: 'an Agent', make: ({ Agent }) => new Agent() },
  {
    kind: 'an Agent with an interceptor',
    make: ({ Agent }) =>
      new Agent().compose((dispatch) => (options, handler) => dispatch(options, handler)),
  },
  { kind: 'a RetryAgent', make: ({ Agent, RetryAgent }) => new RetryAgent(new Agent()) },
];
const all = copies.flatMap((one) => kinds.map((other) => ({ ...one, ...other })));

test.each(all)('$kind of $copy carries whole and streamed answers', async ({ undici, make }) => {
  const emulator = await serve({ content: long }, { content: long });
  const dispatcher = make(undici);
  cleanups.push(() => dispatcher.destroy());
  const client = clientOn(dispatcher, emulator.baseURL('deepseek'));

  const whole = await client.chat.completions.create(params);
  const stream = await client.chat.completions.create({ ...params, stream: true });
  // Long enough for the connection to have more than the queue takes.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const streamed = await stream.finalCompletion();

  expect(whole.choices[0].message.content).toBe(long);
  expect(streamed.choices[0].message.content).toBe(long);
  expect(stream.report.headers['content-type']).toContain('text/event-stream');
});

test.each(copies)(
  'a MockAgent of $copy answers, and its failures are connection errors',
  async ({ undici }) => {
    const mock = new undici.MockAgent();
    mock.disableNetConnect();
    cleanups.push(() => mock.close());
    const completion = {
      id: 'mock',
      object: 'chat.completion',
      created: 1,
      model: 'deepseek-v4-flash',
      choices: [
        { index: 0, message: { role: 'assistant', content: 'mocked' }, finish_reason: 'stop' },
      ],
    };
    const headers = {
      'content-type': 'application/json',
      'X-Twice': ['one', 'two'],
      constructor: 'a name as any other',
    };
    const chat = mock.get('https://api.deepseek.com');
    chat
      .intercept({ path: '/chat/completions', method: 'POST' })
      .reply(200, completion, { headers });
    chat
      .intercept({ path: '/chat/completions', method: 'POST' })
      .replyWithError(new Error('the mock is down'));
    const client = clientOn(mock);

    const answered = await client.chat.completions.create(params);
    const failed = client.chat.completions.create(params);

    expect(answered.choices[0].message.content).toBe('mocked');
    expect(answered.report.headers['x-twice']).toBe('one, two');
    expect(answered.report.headers.constructor).toBe('a name as any other');
    await expect(failed).rejects.toMatchObject({ code: 'connection', message: /the mock is down/ });
  },
);

test.each(copies)('an abort reaches the connection through $copy', async ({ undici }) => {
  const emulator = await serve({ writes: ['{"id":', 'hang'] });
  const agent = new undici.Agent();
  cleanups.push(() => agent.destroy());
  const controller = new AbortController();
  const client = clientOn(agent, emulator.baseURL('deepseek'));

  const call = client.chat.completions.create(params, { signal: controller.signal });
  setTimeout(() => controller.abort(), 50);

  await expect(call).rejects.toMatchObject({ code: 'aborted' });
  await vi.waitFor(() => expect(emulator.connections.open).toBe(0));
});

test('a dispatcher whose dispatch throws is a connection that failed', async () => {
  const dispatcher: DispatcherLike = {
    dispatch() {
      throw new Error('out of order');
    },
  };

  const call = clientOn(dispatcher).chat.completions.create(params);

  await expect(call).rejects.toMatchObject({ code: 'connection', message: /out of order/ });
});

test('the Agent is loaded without the rest of undici', async () => {
  // @ts-expect-error: has no types of its own
  const alone = (await import('undici/lib/dispatcher/agent.js')) as { default: unknown };

  expect(alone.default).toBe(undici7.Agent);
});

test('where undici cannot be loaded, fetch is used, with one warning', async () => {
  vi.resetModules();
  vi.doMock('undici/lib/dispatcher/agent.js', () => {
    throw new Error('no such file');
  });
  cleanups.push(() => vi.doUnmock('undici/lib/dispatcher/agent.js'));
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  cleanups.push(() => warned.mockRestore());
  const fetched = vi.spyOn(globalThis, 'fetch');
  cleanups.push(() => fetched.mockRestore());
  const { createClient: createAnew } = await import('../../src/client.ts');
  const emulator = await startEmulator();
  cleanups.push(() => emulator.close());

  const client = createAnew({ baseURL: emulator.baseURL('deepseek'), apiKey: 'any-key' });
  for (const content of ['one', 'two']) {
    emulator.reply({ content });
    const messages = [{ role: 'user' as const, content: 'Hi' }];
    const { choices } = await client.chat.completions.create({ messages });
    expect(choices[0].message.content).toBe(content);
  }

  expect(fetched).toHaveBeenCalledTimes(2);
  expect(warned.mock.calls.map(([message]) => message)).toEqual([
    expect.stringMatching(
      /^undici could not be loaded \(.*\), so requests go over fetch instead\.$/,
    ),
  ]);
});
