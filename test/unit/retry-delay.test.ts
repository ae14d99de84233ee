import type { Transport } from 'deepseek-v4-flash';
import { createClient, isChatError } from 'deepseek-v4-flash';
import { afterEach, expect, test, vi } from 'vitest';
import { createRetryBudget } from '../../src/traffic/retry-budget.ts';
import { backoffMs, maxDelayMs, serverDelayMs } from '../../src/traffic/retry-delay.ts';

afterEach(() => {
  vi.useRealTimers();
});

const now = Date.parse('2026-11-20T12:00:00Z');
const inSeconds = (seconds: number): string => new Date(now + seconds * 1000).toUTCString();

const told: [string, Record<string, string>, number | undefined][] = [
  ['nothing', {}, undefined],
  ['seconds', { 'retry-after': '2' }, 2_000],
  ['a fraction of a second', { 'retry-after': '0.5' }, 500],
  ['zero', { 'retry-after': '0' }, 0],
  ['seconds with spaces around', { 'retry-after': ' 2 ' }, 2_000],
  ['milliseconds', { 'retry-after-ms': '250' }, 250],
  ['a fraction of a millisecond', { 'retry-after-ms': '0.5' }, 0.5],
  ['milliseconds before seconds', { 'retry-after-ms': '250', 'retry-after': '9' }, 250],
  [
    'seconds where the milliseconds are nonsense',
    { 'retry-after-ms': 'x', 'retry-after': '9' },
    9_000,
  ],
  ['a date', { 'retry-after': inSeconds(30) }, 30_000],
  ['a date in the past', { 'retry-after': inSeconds(-30) }, 0],
  ['a date of the older form', { 'retry-after': 'Friday, 20-Nov-26 12:00:10 GMT' }, 10_000],
  ['an hour', { 'retry-after': '3600' }, 3_600_000],
  ['a negative number', { 'retry-after': '-1' }, undefined],
  ['a negative number of milliseconds', { 'retry-after-ms': '-5' }, undefined],
  ['NaN', { 'retry-after': 'NaN' }, undefined],
  ['Infinity', { 'retry-after': 'Infinity' }, undefined],
  ['a hexadecimal number', { 'retry-after': '0x10' }, undefined],
  ['an exponent', { 'retry-after': '1e9' }, undefined],
  ['a unit', { 'retry-after': '5s' }, undefined],
  ['nothing after the colon', { 'retry-after': '' }, undefined],
  ['a space', { 'retry-after': ' ' }, undefined],
  ['two headers in one', { 'retry-after': '1, 2' }, undefined],
  ['a word', { 'retry-after': 'soon' }, undefined],
  ['a year in the far future', { 'retry-after': 'Fri, 31 Dec 9999 23:59:59 GMT' }, undefined],
  ['a number in the far future', { 'retry-after': '1000000000000' }, undefined],
  ['digits without an end', { 'retry-after': '9'.repeat(400) }, undefined],
  ['a weekday and nothing else', { 'retry-after': 'Monday' }, undefined],
  ['a date that does not exist', { 'retry-after': 'Fri, 99 Foo 2026 12:00:00 GMT' }, undefined],
  ['milliseconds in the far future', { 'retry-after-ms': '99999999999999' }, undefined],
];

test.each(told)('a vendor that says %s (%j) is understood', (_what, headers, expected) => {
  expect(serverDelayMs(headers, now)).toBe(expected);
});

const resets: [string, Record<string, string>, number | undefined][] = [
  ['Unix seconds', { 'x-reset': String(now / 1000 + 7) }, 7_000],
  ['Unix seconds in the past', { 'x-reset': String(now / 1000 - 7) }, 0],
  [
    'Retry-After besides, which counts',
    { 'x-reset': String(now / 1000 + 7), 'retry-after': '1' },
    1_000,
  ],
  ['nonsense', { 'x-reset': 'tomorrow' }, undefined],
  ['Unix milliseconds by mistake', { 'x-reset': String(now) }, undefined],
];

test.each(resets)('a vendor’s own header with %s is understood', (_what, headers, expected) => {
  expect(serverDelayMs(headers, now, 'x-reset')).toBe(expected);
});

test('a vendor’s own header is not read at others', () => {
  expect(serverDelayMs({ 'x-reset': String(now / 1000 + 7) }, now)).toBeUndefined();
});

test('the wait of our own is random below a step that doubles up to 8 seconds', () => {
  const steps = [1, 2, 3, 4, 5, 6, 60, 2_000].map((failures) => backoffMs(failures, () => 1));
  expect(steps).toEqual([500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000, 8_000]);
  expect(backoffMs(3, () => 0)).toBe(0);
  expect(backoffMs(3, () => 0.25)).toBe(500);
  const waits = Array.from({ length: 500 }, () => backoffMs(2));
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...waits)).toBeLessThanOrEqual(1_000);
  expect(new Set(waits).size).toBeGreaterThan(400);
});

test('the budget of retries runs dry, an origin at a time, and fills up by one a success', () => {
  const budget = createRetryBudget();
  const takeAll = (origin: string, isTimeout: boolean): number => {
    let taken = 0;
    while (budget.take(origin, isTimeout)) taken++;
    return taken;
  };
  expect(takeAll('https://a', false)).toBe(100);
  expect(takeAll('https://b', true)).toBe(50);
  for (let success = 0; success < 4; success++) budget.refund('https://a');
  expect(budget.take('https://a', false)).toBe(false);
  budget.refund('https://a');
  expect(budget.take('https://a', false)).toBe(true);
  for (let success = 0; success < 9_000; success++) budget.refund('https://a');
  expect(takeAll('https://a', false)).toBe(100);
});

// ---------------------------------------------------------------- in a call

interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

const whole = JSON.stringify({ choices: [{ message: { content: 'Hi' }, finish_reason: 'stop' }] });

/** Answers in order, the last one for ever; knows when each was asked for. */
function scripted(answers: Answer[]): Transport & { sentAt: number[] } {
  const sentAt: number[] = [];
  return {
    sentAt,
    async send() {
      const answer = answers[Math.min(sentAt.length, answers.length - 1)] ?? { status: 500 };
      sentAt.push(Date.now());
      const { status, headers = {}, body = '' } = answer;
      let isRead = false;
      return {
        status,
        headers,
        body: {
          async read() {
            if (isRead) return undefined;
            isRead = true;
            return new TextEncoder().encode(body);
          },
          cancel() {},
        },
      };
    },
  };
}

const params = { messages: [{ role: 'user' as const, content: 'x' }] };

function callWith(transport: Transport, options: { maxRetries?: number; deadline?: number } = {}) {
  vi.useFakeTimers({ now });
  const client = createClient({ apiKey: 'sk-none', transport });
  const call = client.chat.completions.create(params, options).then(
    (completion) => ({ completion, failure: undefined }),
    (error: unknown) => ({ completion: undefined, failure: error }),
  );
  return call;
}

test('a call waits as long as it was told, and no shorter', async () => {
  const transport = scripted([
    { status: 429, headers: { 'retry-after': '7' } },
    { status: 503, headers: { 'retry-after': inSeconds(20) } },
    { status: 200, body: whole },
  ]);
  const call = callWith(transport);
  await vi.advanceTimersByTimeAsync(6_999);
  expect(transport.sentAt).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(transport.sentAt).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(12_999);
  expect(transport.sentAt).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1);
  const { completion } = await call;
  expect(completion?.report.attempts.map(({ waitedMs }) => waitedMs)).toEqual([
    7_000,
    13_000,
    undefined,
  ]);
  expect(vi.getTimerCount()).toBe(0);
});

test('the longest wait is waited, and a longer one fails at once with its length', async () => {
  const patient = scripted([
    { status: 429, headers: { 'retry-after-ms': String(maxDelayMs) } },
    { status: 200, body: whole },
  ]);
  const call = callWith(patient);
  await vi.advanceTimersByTimeAsync(maxDelayMs);
  expect((await call).failure).toBeUndefined();
  for (const retryAfterMs of [maxDelayMs + 1, 3_600_000]) {
    const transport = scripted([
      { status: 429, headers: { 'retry-after-ms': String(retryAfterMs) } },
    ]);
    const { failure } = await callWith(transport);
    expect(failure).toMatchObject({ code: 'rate_limit', retryAfterMs, retryable: true });
    expect(transport.sentAt).toHaveLength(1);
  }
});

test('nonsense in Retry-After is no instant retry, and no timer that overflows', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  for (const nonsense of ['-1', 'NaN', '1e12', '1000000000000', 'Fri, 31 Dec 9999 23:59:59 GMT']) {
    const transport = scripted([
      { status: 429, headers: { 'retry-after': nonsense } },
      { status: 200, body: whole },
    ]);
    const call = callWith(transport);
    await vi.advanceTimersByTimeAsync(249);
    expect({ nonsense, sends: transport.sentAt.length }).toEqual({ nonsense, sends: 1 });
    await vi.advanceTimersByTimeAsync(1);
    expect((await call).completion?.choices[0].message.content).toBe('Hi');
  }
  vi.mocked(Math.random).mockRestore();
});

test('a vendor that says not to try again is believed', async () => {
  const transport = scripted([{ status: 503, headers: { 'x-should-retry': 'false' } }]);
  const { failure } = await callWith(transport);
  expect(failure).toMatchObject({ code: 'overloaded' });
  expect(transport.sentAt).toHaveLength(1);
});

test('a wait that outlasts the deadline is not begun', async () => {
  const transport = scripted([{ status: 429, headers: { 'retry-after': '10' } }]);
  const { failure } = await callWith(transport, { deadline: now + 10_000 });
  expect(failure).toMatchObject({ code: 'rate_limit', retryAfterMs: 10_000 });
  expect(transport.sentAt).toHaveLength(1);
});

test('an empty account is not waited for, whatever its status says', async () => {
  const body = JSON.stringify({ error: { message: 'x', code: 'insufficient_quota' } });
  const transport = scripted([{ status: 429, headers: { 'retry-after': '1' }, body }]);
  const { failure } = await callWith(transport);
  expect(failure).toMatchObject({ code: 'insufficient_balance', retryable: false });
  expect(transport.sentAt).toHaveLength(1);
});

test('when a vendor is down, the calls of a process stop retrying in time', async () => {
  vi.useFakeTimers({ now });
  const transport = scripted([{ status: 503, headers: { 'retry-after-ms': '1' } }]);
  // A host of its own: the budget is the process's, and other tests spend of it too.
  const baseURL = 'https://down.example';
  const client = createClient({ apiKey: 'sk-none', baseURL, transport, maxRetries: 2 });
  for (let call = 0; call < 200; call++) {
    const failing = client.chat.completions.create(params).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(10);
    expect(isChatError(await failing, 'overloaded')).toBe(true);
  }
  // 200 calls, and the hundred retries that the budget holds.
  expect(transport.sentAt).toHaveLength(300);
});
