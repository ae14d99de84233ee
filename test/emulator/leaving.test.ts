import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { createClient } from 'deepseek-v4-flash';
import type { EmulatorServer } from 'deepseek-v4-flash/testing';
import { faults, startEmulator } from 'deepseek-v4-flash/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

// The emulator runs in the process of its user's tests: whatever a client does to its connection, that process lives on.

const unhandled = vi.fn<(reason: unknown) => void>();
let emulator: EmulatorServer;

beforeAll(async () => {
  process.on('unhandledRejection', unhandled);
  process.on('uncaughtException', unhandled);
  emulator = await startEmulator();
});

/** No error went by all handlers, and the next client is answered. */
async function expectToLive(): Promise<void> {
  // The server hears of an end a little later than the client that made it.
  await vi.waitFor(() => expect(emulator.connections.busy).toBe(0), 5_000);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(unhandled).not.toHaveBeenCalled();
  const baseURL = emulator.baseURL('deepseek');
  const client = createClient({ apiKey: 'any', baseURL, maxRetries: 0 });
  emulator.reply({ content: 'Still here.' });
  const messages = [{ role: 'user', content: 'Hi' } as const];
  const { choices } = await client.chat.completions.create({ messages });
  expect(choices[0].message.content).toBe('Still here.');
}

afterAll(async () => {
  await emulator.close();
  process.off('unhandledRejection', unhandled);
  process.off('uncaughtException', unhandled);
});

const body = JSON.stringify({
  model: 'deepseek-v4-flash',
  messages: [{ role: 'user', content: 'Hi' }],
  stream: true,
});
const head = [
  'POST /deepseek/chat/completions HTTP/1.1',
  'host: 127.0.0.1',
  'authorization: Bearer any',
  'content-type: application/json',
  `content-length: ${body.length}`,
].join('\r\n');
const whole = `${head}\r\n\r\n${body}`;

const leave: Record<string, (socket: Socket) => void> = {
  'a FIN': (socket) => void socket.end().destroy(),
  'an end': (socket) => void socket.destroy(),
  'a reset': (socket) => void socket.resetAndDestroy(),
};

/** Sends bytes and leaves, at once or with the first bytes of an answer. */
async function sendAndLeave(
  sent: string,
  how: (socket: Socket) => void,
  when: 'at once' | 'later' | 'answered',
): Promise<void> {
  const socket = connect(Number(new URL(emulator.url).port), '127.0.0.1');
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  await new Promise((resolve) => socket.write(sent, resolve));
  if (when === 'later') await new Promise((resolve) => setTimeout(resolve, 20));
  if (when === 'answered') await new Promise((resolve) => socket.once('data', resolve));
  how(socket);
  await new Promise((resolve) =>
    socket.closed ? resolve(undefined) : socket.once('close', resolve),
  );
}

const places: [place: string, sent: string][] = [
  ['the head', head.slice(0, 40)],
  ['the end of the head', `${head}\r\n\r\n`],
  ['the body', whole.slice(0, -20)],
  ['the request', whole],
];

test.each(Object.keys(leave))('a client may leave with %s, wherever it is', async (way) => {
  for (const [, sent] of places) {
    for (const when of ['at once', 'later'] as const) {
      await sendAndLeave(sent, leave[way] ?? (() => {}), when);
    }
  }
  await expectToLive();
});

test.each(Object.keys(leave))('a client may leave an answer with %s', async (way) => {
  const endless = { repeat: `: ${'x'.repeat(50_000)}\n\n`, everyMs: 0 };
  const answers = [
    { writes: [endless] },
    { writes: ['data: {}\n\n', { delayMs: 30 }, 'data: {}\n\n', 'reset'] },
    { writes: ['data: {}\n\n', { delayMs: 30 }, 'data: {}\n\n', 'fin'] },
    { writes: ['data: {}\n\n', 'hang'] },
    faults.compose(faults.slow(5), faults.closeDelimited()),
    faults.raw('HTTP/1.1 200 OK\r\n\r\n', endless),
  ] as const;
  for (const answer of answers) {
    emulator.reply(answer);
    await sendAndLeave(whole, leave[way] ?? (() => {}), 'answered');
  }
  await expectToLive();
});
