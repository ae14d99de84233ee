import type { ChatError, ClientOptions } from 'deepseek-v4-flash';
import { createClient } from 'deepseek-v4-flash';
import type { EmulatorReply } from 'deepseek-v4-flash/testing';
import { createEmulator } from 'deepseek-v4-flash/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { errorOf } from '../kit/failures.ts';

// What users of other gateways complained of, as rules for a client of several vendors. After each the report of it.

beforeEach(() => {
  vi.useFakeTimers({
    now: Date.UTC(2026, 10, 28, 12),
    toFake: ['Date', 'setTimeout', 'clearTimeout', 'performance'],
  });
});
afterEach(() => {
  vi.useRealTimers();
});

type VendorName = 'deepseek' | 'aimlapi' | 'shortapi';
type Script = Partial<Record<VendorName, (nth: number) => EmulatorReply>>;

const well: EmulatorReply = { content: 'Well.', reasoning_content: '' };
const broken: EmulatorReply = { error: 'server_error' };
const busy = (seconds?: number): EmulatorReply => ({
  error: 'rate_limit',
  ...(seconds !== undefined && { headers: { 'retry-after': String(seconds) } }),
});

/** A client of the vendors of a script, and how often each of them was asked. */
function connect(script: Script, options: ClientOptions = {}) {
  const names = Object.keys(script) as VendorName[];
  const sends: VendorName[] = [];
  const count = (name: VendorName): number => sends.filter((each) => each === name).length;
  const emulator = createEmulator({
    answer({ provider }) {
      const name = provider as VendorName;
      sends.push(name);
      return script[name]?.(count(name)) ?? well;
    },
  });
  const client = createClient({
    onUnsupported: 'adjust',
    maxRetries: 0,
    ...options,
    transport: emulator.transport,
    providers: names.map((provider) => ({ provider, apiKey: 'any' })),
  });
  const ask = () => client.chat.completions.create({ messages: [{ role: 'user', content: 'Hi' }] });
  return { client, ask, sends, count };
}

const pass = (durationMs: number) => vi.advanceTimersByTimeAsync(durationMs);

/** What comes of a call while time passes until it has ended. */
async function ended<T>(
  call: Promise<T>,
  limitMs = 120_000,
): Promise<{ value: T; tookMs: number }> {
  const startedAt = Date.now();
  const end = { atMs: Infinity };
  const note = (): void => {
    end.atMs = Date.now();
  };
  call.then(note, note);
  for (let ms = 0; end.atMs === Infinity && ms <= limitMs; ms += 50) await pass(50);
  if (end.atMs === Infinity) throw new Error('The call never ended');
  return { value: await call, tookMs: end.atMs - startedAt };
}

// litellm#34836: 25 straight 500s left a deployment in rotation.
test('25 answers with 500 in a row are not asked for: after three the vendor is left alone', async () => {
  const { ask, client, count } = connect({ deepseek: () => broken, aimlapi: () => well });
  for (let call = 0; call < 25; call++) {
    const { report } = await ask();
    expect(report.provider).toBe('aimlapi');
  }
  expect(count('deepseek')).toBe(3);
  expect(count('aimlapi')).toBe(25);
  expect(client.health()).toMatchObject({
    deepseek: { state: 'open', failures: 3, opensAgainAt: Date.now() + 5_000 },
    aimlapi: { state: 'closed' },
  });
});

// litellm#34836: a rule of percents needs a smallest count.
test('one failure among the first calls leaves nobody alone', async () => {
  const { ask, client, sends } = connect({
    deepseek: (nth) => (nth === 1 ? broken : well),
    aimlapi: () => well,
  });
  await ask();
  await ask();
  expect(sends).toEqual(['deepseek', 'aimlapi', 'deepseek']);
  expect(client.health().deepseek).toMatchObject({ state: 'closed', failures: 0 });
});

// litellm#34836: a cooldown that was written was held to only every ten seconds.
test('a pause holds at once, and ends to the millisecond', async () => {
  const { ask, count } = connect({
    deepseek: (nth) => (nth <= 3 ? broken : well),
    aimlapi: () => well,
  });
  for (let call = 0; call < 3; call++) await ask();
  await pass(4_999);
  expect((await ask()).report.provider).toBe('aimlapi');
  expect(count('deepseek')).toBe(3);
  await pass(1);
  expect((await ask()).report.provider).toBe('deepseek');
});

// litellm#40130: a second failure kept the first one's shorter end.
test('a later failure extends a pause, and never shortens it', async () => {
  const cases = [
    [2, 30, 30],
    [30, 2, 30],
  ] as const;
  for (const [first, second, expected] of cases) {
    const { ask, client } = connect({
      deepseek: (nth) => busy(nth === 1 ? first : second),
      aimlapi: () => well,
    });
    const startedAt = Date.now();
    await Promise.all([ask(), ask()]);
    expect(client.health().deepseek).toMatchObject({
      state: 'open',
      opensAgainAt: startedAt + expected * 1_000,
    });
  }
});

test('each return that fails doubles the pause', async () => {
  const { ask, client, count } = connect({ deepseek: () => broken, aimlapi: () => well });
  for (let call = 0; call < 3; call++) await ask();
  for (const [nth, pauseMs] of [10_000, 20_000, 40_000, 60_000, 60_000].entries()) {
    await pass((client.health().deepseek?.opensAgainAt ?? 0) - Date.now());
    await ask();
    expect(count('deepseek')).toBe(4 + nth);
    expect(client.health().deepseek?.opensAgainAt).toBe(Date.now() + pauseMs);
  }
});

// litellm#3646, OrcaRouter-Lite#121: with all in cooldown the call failed, though there was time.
test('a call that finds all left alone waits for the first to return', async () => {
  const { ask, sends } = connect({
    deepseek: (nth) => (nth === 1 ? busy(8) : well),
    aimlapi: (nth) => (nth === 1 ? busy(4) : well),
  });
  const failed = await errorOf(ask());
  expect(failed).toMatchObject({ code: 'all_providers_failed', retryAfterMs: 4_000 });
  const waiting = ask();
  await pass(3_900);
  expect(sends).toEqual(['deepseek', 'aimlapi']);
  const { value, tookMs } = await ended(waiting);
  expect(value.report.provider).toBe('aimlapi');
  expect(tookMs).toBeLessThanOrEqual(150);
  expect(sends).toEqual(['deepseek', 'aimlapi', 'aimlapi']);
});

test('a call whose first choice fails waits for the other one to return, if it is back in time', async () => {
  const { ask, sends } = connect({
    deepseek: (nth) => (nth === 1 ? busy(4) : well),
    aimlapi: (nth) => (nth === 1 ? well : broken),
  });
  await ask();
  const { value, tookMs } = await ended(ask());
  expect(value.report.attempts.map(({ provider }) => provider)).toEqual(['aimlapi', 'deepseek']);
  expect(tookMs).toBeGreaterThan(3_900);
  expect(tookMs).toBeLessThanOrEqual(4_100);
  expect(sends).toEqual(['deepseek', 'aimlapi', 'aimlapi', 'deepseek']);
});

test('if it is not, the error names both', async () => {
  const { ask } = connect({
    deepseek: (nth) => (nth === 1 ? busy(40) : well),
    aimlapi: (nth) => (nth === 1 ? well : broken),
  });
  await ask();
  expect(await errorOf(ask())).toMatchObject({
    code: 'all_providers_failed',
    message:
      'All providers failed (aimlapi: server_error); deepseek failed lately and will be tried again later',
    retryable: true,
    retryAfterMs: 40_000,
  });
});

// litellm#40718, #40958: an error for want of a deployment lost the 429 behind it, and tripped the breaker itself.
test('having nobody to ask counts as nobody’s failure, and says when to come back', async () => {
  const { ask, client, sends } = connect(
    { deepseek: () => busy(30), aimlapi: () => busy(45) },
    { maxWaitMs: 1_000 },
  );
  await errorOf(ask());
  const before = client.health();
  for (let call = 0; call < 10; call++) {
    const error = (await errorOf(ask())) as ChatError;
    expect(error).toMatchObject({
      code: 'all_providers_failed',
      retryable: true,
      retryAfterMs: 30_000,
    });
    expect(error.report?.attempts).toEqual([]);
  }
  expect(sends).toEqual(['deepseek', 'aimlapi']);
  expect(client.health()).toEqual(before);
});

// litellm#34416: fallbacks that failed were never cooled.
test('a vendor that fails as the second choice is left alone as well', async () => {
  const { ask, client, count } = connect({
    deepseek: () => broken,
    aimlapi: () => broken,
    shortapi: () => well,
  });
  for (let call = 0; call < 10; call++) expect((await ask()).report.provider).toBe('shortapi');
  expect([count('deepseek'), count('aimlapi'), count('shortapi')]).toEqual([3, 3, 10]);
  expect(client.health()).toMatchObject({
    deepseek: { state: 'open' },
    aimlapi: { state: 'open' },
    shortapi: { state: 'closed' },
  });
});

// litellm#7669: the router did not heed Retry-After.
test('one 429 with Retry-After leaves the vendor alone for as long as it says', async () => {
  const { ask, count } = connect({
    deepseek: (nth) => (nth === 1 ? busy(20) : well),
    aimlapi: () => well,
  });
  expect((await ask()).report.provider).toBe('aimlapi');
  await pass(19_999);
  expect((await ask()).report.provider).toBe('aimlapi');
  expect(count('deepseek')).toBe(1);
  await pass(1);
  expect((await ask()).report.provider).toBe('deepseek');
});

// @ai-sdk/workflow 1.0.68: retries stacked upon retries.
test('retries do not stack: maxRetries are rounds over the list, and no vendor has retries of its own', async () => {
  for (const [maxRetries, each] of [
    [0, 1],
    [1, 2],
    [2, 3],
  ] as const) {
    const { ask, count } = connect(
      { deepseek: () => broken, aimlapi: () => broken },
      { maxRetries },
    );
    const call = ask().then(
      () => undefined,
      (error: unknown) => error as ChatError,
    );
    const { value: error } = await ended(call);
    expect(error).toMatchObject({ code: 'all_providers_failed' });
    expect([count('deepseek'), count('aimlapi')]).toEqual([each, each]);
    expect(error?.report?.attempts).toHaveLength(2 * each);
  }
});

test('a call that is aborted between two rounds asks nobody any more', async () => {
  const { client, sends } = connect(
    { deepseek: () => broken, aimlapi: () => broken },
    {
      maxRetries: 5,
    },
  );
  const controller = new AbortController();
  const call = errorOf(
    client.chat.completions.create(
      { messages: [{ role: 'user', content: 'Hi' }] },
      { signal: controller.signal },
    ),
  );
  await pass(0);
  expect(sends).toEqual(['deepseek', 'aimlapi']);
  controller.abort();
  expect(await call).toMatchObject({ code: 'aborted' });
  await pass(60_000);
  expect(sends).toHaveLength(2);
});
