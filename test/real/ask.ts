import type {
  ChatCompletion,
  ChatCompletionWithReport,
  ClientOptions,
  Transport,
} from 'deepseek-v4-flash';
import { createClient, fetchTransport, undiciTransport } from 'deepseek-v4-flash';
import type { EmulatorServer } from 'deepseek-v4-flash/testing';
import { faults, startEmulator } from 'deepseek-v4-flash/testing';
import { expect } from 'vitest';
import { key, leaksOf, prompt } from './secrets.ts';
import { cleanups } from '../kit/cleanups.ts';
import { errorOf } from '../kit/failures.ts';

// Questions to the emulator, over either transport, past whatever stands between.

export interface Ask {
  transport: string;
  way: 'whole' | 'streamed';
  ask(
    baseURL: string,
    options?: ClientOptions,
    content?: string,
  ): Promise<ChatCompletionWithReport>;
}

const transports: [name: string, make: () => Transport][] = [
  ['undici', undiciTransport],
  ['fetch', fetchTransport],
];

export const asks = transports.flatMap(([transport, make]) =>
  (['whole', 'streamed'] as const).map((way): Ask => ({
    transport,
    way,
    ask(baseURL, options, content = prompt) {
      const own = { apiKey: key, baseURL, maxRetries: 0, transport: make() };
      const { completions } = createClient({ ...own, ...options }).chat;
      const params = { messages: [{ role: 'user' as const, content }] };
      return way === 'whole'
        ? completions.create(params)
        : completions.stream(params).finalCompletion();
    },
  })),
);

export const answer = {
  reasoning_content: 'It may be the time of day.',
  content: 'Grüße, 漢字 and 👩‍👩‍👧 😀\r\n'.repeat(2_000),
  usage: { prompt_tokens: 11, completion_tokens: 7 },
};

export async function emulate(): Promise<EmulatorServer> {
  const emulator = await startEmulator();
  cleanups.push(() => emulator.close());
  return emulator;
}

/** The emulator's base URL, at somebody who stands before it. */
export const through = (origin: string, emulator: EmulatorServer): string =>
  emulator.baseURL('deepseek').replace(emulator.url, origin);

const toldBy = ({ choices: [{ message, finish_reason }], usage }: ChatCompletion) => ({
  message,
  finish_reason,
  usage,
});

/** The answer has to be what it is without anybody between. */
export async function expectSame(
  { ask }: Ask,
  emulator: EmulatorServer,
  origin: string,
  options?: ClientOptions,
): Promise<void> {
  emulator.reply(answer, answer);
  const direct = await ask(emulator.baseURL('deepseek'));
  const proxied = await ask(through(origin, emulator), options);

  expect(direct.choices[0].message.content).toBe(answer.content);
  expect(toldBy(proxied)).toEqual(toldBy(direct));
  expect(proxied.report.completion).toBe('complete');
}

/** A cut is never an answer, however politely somebody between passes it on. */
export async function expectInterrupted(
  { ask, way, transport }: Ask,
  emulator: EmulatorServer,
  origin: string,
  options?: ClientOptions,
): Promise<void> {
  for (const end of ['end', 'fin', 'reset'] as const) {
    emulator.reply({ ...faults.cutBefore('before finish', end), answer });
    const error = await errorOf(ask(through(origin, emulator), options));

    expect(error, end).toMatchObject({ code: 'stream_interrupted', retryable: true });
    expect(leaksOf(error), error.message).toEqual([]);
    // What a `fetch` has not handed out yet when the connection breaks, it drops.
    if (transport === 'undici' && way === 'streamed') expect(error.partial, end).toBeDefined();
    if (error.partial === undefined) continue;
    const [{ message, finish_reason }] = error.partial.choices;
    expect(finish_reason, end).toBeNull();
    expect(answer.content.startsWith(message.content ?? ''), end).toBe(true);
  }
}
