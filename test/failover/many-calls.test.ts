import type { ChatError, ClientOptions } from 'deepseek-v4-flash';
import { createClient } from 'deepseek-v4-flash';
import type { EmulatorReply } from 'deepseek-v4-flash/testing';
import { createEmulator, faults } from 'deepseek-v4-flash/testing';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

// Many calls at the same time, some of which meet a fault: what one call learns of a vendor must not fail the others.

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2026, 10, 28, 12) }));
afterEach(() => void vi.useRealTimers());

const vendors = ['deepseek', 'aimlapi'] as const;

/** Every call whose number a fault names meets it at its first request, wherever that goes. */
function connect(
  faultOf: (call: number) => EmulatorReply | undefined,
  { vendorCount = 2, ...options }: ClientOptions & { vendorCount?: number } = {},
) {
  const met = new Set<number>();
  const emulator = createEmulator({
    answer({ body }) {
      const call = Number(body?.messages?.at(-1)?.content);
      const fault = met.has(call) ? undefined : faultOf(call);
      met.add(call);
      return fault ?? { ...faults.slow(10), answer: { content: `answer ${call}` } };
    },
  });
  const client = createClient({
    onUnsupported: 'adjust',
    ...options,
    transport: emulator.transport,
    providers: vendors.slice(0, vendorCount).map((provider) => ({ provider, apiKey: 'any' })),
  });
  const ask = (call: number) =>
    client.chat.completions.create({ messages: [{ role: 'user', content: String(call) }] });
  return { client, ask };
}

/** So many calls, so many of them at the same time; the errors of those that failed, and how long all took. */
async function all(count: number, atOnce: number, ask: (call: number) => Promise<unknown>) {
  const startedAt = Date.now();
  const errors: ChatError[] = [];
  const state = { next: 0, working: atOnce };
  const work = async (): Promise<void> => {
    while (state.next < count) {
      await ask(state.next++).catch((error: unknown) => errors.push(error as ChatError));
    }
    state.working--;
  };
  for (let each = 0; each < atOnce; each++) void work();
  for (let ms = 0; state.working > 0 && ms < 120_000; ms += 5) await vi.advanceTimersByTimeAsync(5);
  expect(state.working).toBe(0);
  return { errors: errors.map(({ message }) => message), tookMs: Date.now() - startedAt };
}

const busyFor = (durationMs: number): EmulatorReply => ({
  error: 'rate_limit',
  headers: { 'retry-after-ms': String(durationMs) },
});
const cut = (): EmulatorReply => faults.compose(faults.slow(10), faults.cutAfterBytes(40, 'reset'));

describe('one call in twenty meets a 429 with a short wait, and one a connection that is cut', () => {
  test.each([1, 2])('with %i of the vendors all are answered, in seconds', async (vendorCount) => {
    const { ask } = connect(
      (call) => ([3, 11].includes(call % 20) ? (call % 20 === 3 ? busyFor(50) : cut()) : undefined),
      { vendorCount },
    );
    const { errors, tookMs } = await all(200, 20, ask);
    expect(errors).toEqual([]);
    expect(tookMs).toBeLessThan(5_000);
  });
});

const reply = fc.oneof(
  { weight: 16, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 400 }).map(busyFor) },
  { weight: 1, arbitrary: fc.constant(undefined).map(cut) },
);

test('wherever such faults come, no call of two vendors fails, whether it queues or not', async () => {
  const concurrencies = fc.constantFrom(undefined, 2, 5);
  await fc.assert(
    fc.asyncProperty(
      fc.array(reply, { minLength: 60, maxLength: 60 }),
      concurrencies,
      async (replies, concurrency) => {
        const { ask } = connect((call) => replies[call], { concurrency });
        expect((await all(replies.length, 20, ask)).errors).toEqual([]);
      },
    ),
    { numRuns: 40 },
  );
});
