import type { ChatErrorCode } from 'deepseek-v4-flash';
import { expect, test } from 'vitest';
import type { VendorFailure } from '../../src/traffic/breaker.ts';
import { memoryState } from '../../src/traffic/memory-state.ts';
import type { SharedState } from '../../src/traffic/shared-state.ts';
import type { Pass } from '../../src/traffic/vendor-breaker.ts';
import type { VendorCall, VendorTraffic } from '../../src/traffic/vendor-traffic.ts';
import { createVendorTraffic } from '../../src/traffic/vendor-traffic.ts';
import { virtualClock } from '../kit/virtual-clock.ts';

function setUp(state?: SharedState) {
  const clock = virtualClock();
  const shared = state ?? memoryState({ clock });
  const vendor = createVendorTraffic({ name: 'one', state: shared, clock });
  /** When it can be called again, in milliseconds from now; 0 at once. */
  const closedForMs = (): number => {
    const admission = vendor.admit() as Awaited<ReturnType<VendorTraffic['admit']>>;
    if (!admission.isAdmitted) return admission.againAtMs - clock.now();
    vendor.giveBack(admission);
    return 0;
  };
  return { clock, vendor, state: shared, closedForMs, ...callsOf(vendor) };
}

function callsOf(vendor: VendorTraffic) {
  const begin = (): VendorCall => {
    const pass = vendor.admit() as Pass;
    expect(pass.isAdmitted).toBe(true);
    return vendor.enter(pass, { endsAtMs: Infinity }) as VendorCall;
  };
  const fail = (code: ChatErrorCode, more: Partial<VendorFailure> = {}): void =>
    begin().failed({ code, ...more });
  return { begin, fail, succeed: () => begin().succeeded() };
}

test('a vendor that was never called is closed, without failures', () => {
  expect(setUp().vendor.health()).toEqual({
    state: 'closed',
    failures: 0,
    running: 0,
    waiting: 0,
  });
});

test.each([
  'connection',
  'timeout',
  'rate_limit',
  'overloaded',
  'server_error',
  'stream_interrupted',
] as const)('three times %s in a row opens it for five seconds', async (code) => {
  const { clock, vendor, fail, closedForMs } = setUp();
  fail(code);
  fail(code);
  expect(closedForMs()).toBe(0);
  fail(code);
  expect(vendor.health()).toMatchObject({
    state: 'open',
    failures: 3,
    opensAgainAt: clock.now() + 5_000,
  });
  expect(closedForMs()).toBe(5_000);
  await clock.pass(4_999);
  expect(closedForMs()).toBe(1);
  await clock.pass(1);
  expect(vendor.health()).toMatchObject({ state: 'half_open', failures: 3 });
  expect(vendor.health()).not.toHaveProperty('opensAgainAt');
});

test.each([
  'invalid_request',
  'bad_request',
  'content_filter',
  'context_length',
  'aborted',
  'deadline_exceeded',
  'not_found',
  'permission_denied',
  'invalid_output',
  'budget_exceeded',
  'all_providers_failed',
] as const)('%s is not the vendor failing, however often', (code) => {
  const { vendor, fail } = setUp();
  for (let count = 0; count < 30; count++) fail(code);
  expect(vendor.health()).toMatchObject({ state: 'closed', failures: 0 });
});

test('an answer that nobody read in time is not the vendor failing', () => {
  const { vendor, fail } = setUp();
  for (let count = 0; count < 5; count++) fail('timeout', { phase: 'unread' });
  expect(vendor.health().failures).toBe(0);
});

test('25 answers with 500 in a row, one after the other, leave no vendor in rotation', () => {
  const { vendor, begin } = setUp();
  const calls = Array.from({ length: 25 }, begin);
  for (const call of calls) call.failed({ code: 'server_error', status: 500 });
  expect(vendor.health()).toMatchObject({ state: 'open', failures: 25 });
});

test('a success between failures begins the count anew', () => {
  const { vendor, fail, succeed } = setUp();
  for (const step of [fail, fail, succeed, fail, fail]) step('server_error');
  expect(vendor.health()).toMatchObject({ state: 'closed', failures: 2 });
});

test('half of ten calls within 30 seconds opens it, though never three failed in a row', () => {
  const { vendor, fail, succeed } = setUp();
  for (let round = 0; round < 4; round++) {
    succeed();
    fail('server_error');
  }
  succeed();
  expect(vendor.health().state).toBe('closed');
  fail('server_error');
  expect(vendor.health().state).toBe('open');
});

test('once it is back, the calls from before it opened are no reason to leave it alone again', async () => {
  const { clock, vendor, fail, succeed } = setUp();
  for (let round = 0; round < 5; round++) {
    succeed();
    fail('server_error');
  }
  await clock.pass(5_000);
  succeed();
  fail('server_error');
  expect(vendor.health()).toMatchObject({ state: 'closed', failures: 1 });
});

test('half of nine, or less than half of many, does not', () => {
  const { vendor, fail, succeed } = setUp();
  for (let round = 0; round < 4; round++) {
    succeed();
    fail('server_error');
  }
  for (let round = 0; round < 50; round++) {
    succeed();
    succeed();
    fail('server_error');
  }
  expect(vendor.health().state).toBe('closed');
});

test('failures of more than 30 seconds ago are not among them', async () => {
  const { clock, vendor, fail, succeed } = setUp();
  for (let round = 0; round < 4; round++) {
    succeed();
    fail('server_error');
  }
  await clock.pass(31_000);
  succeed();
  fail('server_error');
  expect(vendor.health().state).toBe('closed');
});

test.each(['authentication', 'insufficient_balance'] as const)(
  'one %s opens it for five minutes',
  (code) => {
    const { fail, closedForMs } = setUp();
    fail(code);
    expect(closedForMs()).toBe(300_000);
  },
);

test.each([
  ['rate_limit', 429],
  ['overloaded', 503],
] as const)('%s opens it for as long as Retry-After says, at once', (code, status) => {
  const { fail, closedForMs } = setUp();
  fail(code, { status, retryAfterMs: 90_000 });
  expect(closedForMs()).toBe(90_000);
});

test('a Retry-After that is shorter than our own pause is heeded too, also at the third failure', () => {
  const { fail, closedForMs } = setUp();
  fail('rate_limit');
  fail('rate_limit');
  fail('rate_limit', { retryAfterMs: 1_000 });
  expect(closedForMs()).toBe(1_000);
});

test('a Retry-After of zero, or on another failure, opens nothing by itself', () => {
  const { fail, vendor } = setUp();
  fail('rate_limit', { status: 429, retryAfterMs: 0 });
  fail('server_error', { status: 500, retryAfterMs: 60_000 });
  expect(vendor.health().state).toBe('closed');
});

test('each opening after a failed probe is twice as long, up to a minute', async () => {
  const { clock, fail, closedForMs } = setUp();
  fail('server_error');
  fail('server_error');
  const pauses: number[] = [];
  for (let round = 0; round < 7; round++) {
    fail('server_error');
    pauses.push(closedForMs());
    await clock.pass(closedForMs());
  }
  expect(pauses).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
});

test('a success closes it and begins with the short pause again', async () => {
  const { clock, vendor, fail, succeed, closedForMs } = setUp();
  for (let count = 0; count < 3; count++) fail('server_error');
  await clock.pass(5_000);
  fail('server_error');
  await clock.pass(10_000);
  succeed();
  expect(vendor.health()).toMatchObject({ state: 'closed', failures: 0 });
  for (let count = 0; count < 3; count++) fail('server_error');
  expect(closedForMs()).toBe(5_000);
});

test('a failure while it is open extends, never shortens, and does not double', async () => {
  const { clock, begin, fail, closedForMs } = setUp();
  const [early, late, last] = [begin(), begin(), begin()];
  for (let count = 0; count < 3; count++) fail('server_error');
  await clock.pass(3_000);
  early.failed({ code: 'server_error' });
  expect(closedForMs()).toBe(5_000);
  late.failed({ code: 'insufficient_balance' });
  expect(closedForMs()).toBe(300_000);
  last.failed({ code: 'rate_limit', retryAfterMs: 1_000 });
  expect(closedForMs()).toBe(300_000);
});

test('a call from before it opened does not close it by ending well', async () => {
  const { clock, begin, fail, closedForMs } = setUp();
  const early = begin();
  fail('insufficient_balance');
  await clock.pass(1_000);
  early.succeeded();
  expect(closedForMs()).toBe(299_000);
});

test('half open lets one call through at a time', async () => {
  const { clock, vendor, begin, fail, closedForMs } = setUp();
  for (let count = 0; count < 3; count++) fail('server_error');
  await clock.pass(5_000);
  const probe = begin();
  expect(vendor.admit()).toEqual({
    isAdmitted: false,
    isProbing: true,
    isAsked: false,
    againAtMs: clock.now() + 30_000,
  });
  expect(vendor.health().state).toBe('half_open');
  probe.succeeded();
  expect(closedForMs()).toBe(0);
  expect(vendor.health().state).toBe('closed');
});

test.each(['left', 'aborted', 'not used', 'no place in time'])(
  'a probe that came to nothing (%s) makes room for the next one',
  async (way) => {
    const { clock, vendor, fail } = setUp();
    for (let count = 0; count < 3; count++) fail('server_error');
    await clock.pass(5_000);
    const pass = vendor.admit() as Pass;
    expect(pass.isAdmitted).toBe(true);
    const enter = () => vendor.enter(pass, { endsAtMs: Infinity }) as VendorCall;
    if (way === 'left') enter().left();
    if (way === 'aborted') enter().failed({ code: 'aborted' });
    if (way === 'not used') vendor.giveBack(pass);
    if (way === 'no place in time') {
      const signal = AbortSignal.abort('gone');
      expect(() => vendor.enter(pass, { endsAtMs: Infinity, signal })).toThrow('gone');
    }
    expect(vendor.admit()).toMatchObject({ isAdmitted: true });
    expect(vendor.health()).toMatchObject({ state: 'half_open', failures: 3 });
  },
);

test('a probe that never ends blocks the vendor for 30 seconds and no longer', async () => {
  const { clock, begin, fail, closedForMs } = setUp();
  for (let count = 0; count < 3; count++) fail('server_error');
  await clock.pass(5_000);
  const lost = begin();
  await clock.pass(29_999);
  expect(closedForMs()).toBe(1);
  await clock.pass(1);
  const next = begin();
  lost.left();
  // What the lost one gives back is not the next one's.
  expect(closedForMs()).toBe(30_000);
  next.succeeded();
  expect(closedForMs()).toBe(0);
});

test('the first content of a probe lets others in, and the next failure opens it for twice as long', async () => {
  const { clock, vendor, begin, fail, closedForMs } = setUp();
  for (let count = 0; count < 3; count++) fail('server_error');
  await clock.pass(5_000);
  const probe = begin();
  probe.firstContent(400);
  expect(vendor.health()).toMatchObject({ state: 'closed', failures: 2 });
  expect(closedForMs()).toBe(0);
  probe.failed({ code: 'stream_interrupted' });
  expect(closedForMs()).toBe(10_000);
});

test('first contents alone do not hide that every stream is cut', () => {
  const { vendor, begin } = setUp();
  for (let count = 0; count < 3; count++) {
    const call = begin();
    call.firstContent(100);
    call.failed({ code: 'stream_interrupted' });
  }
  expect(vendor.health().state).toBe('open');
});

test('having been refused a call is no failure', () => {
  const { vendor, fail, closedForMs } = setUp();
  for (let count = 0; count < 3; count++) fail('server_error');
  const before = vendor.health();
  for (let count = 0; count < 100; count++) closedForMs();
  expect(vendor.health()).toEqual(before);
});

test('only the first end of a call counts', () => {
  const { vendor, begin } = setUp();
  const call = begin();
  call.succeeded();
  for (let count = 0; count < 5; count++) call.failed({ code: 'server_error' });
  call.left();
  expect(vendor.health()).toEqual({ state: 'closed', failures: 0, running: 0, waiting: 0 });
});

test('what remains of a pause survives that the record is written and read back', async () => {
  const clock = virtualClock();
  const memory = memoryState({ clock });
  const copied: SharedState = {
    ...memory,
    readBreaker: (key) => copy(memory.readBreaker(key)),
    updateBreaker: (key, change) =>
      copy(memory.updateBreaker(key, (record) => copy(change(copy(record))))),
  };
  const first = createVendorTraffic({ name: 'one', state: copied, clock });
  callsOf(first).fail('overloaded', { status: 503, retryAfterMs: 600_000 });
  await clock.pass(200_000);
  const second = createVendorTraffic({ name: 'one', state: copied, clock });
  expect(second.admit()).toMatchObject({ againAtMs: clock.now() + 400_000 });
  expect(second.health()).toMatchObject({ state: 'open', opensAgainAt: clock.now() + 400_000 });
});

function copy<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}

/** A store that answers later, and lets two changes collide: the loser is called again. */
function distantState(memory: SharedState): SharedState {
  return {
    ...memory,
    readBreaker: async (key) => copy(await memory.readBreaker(key)),
    async updateBreaker(key, change) {
      for (;;) {
        const before = JSON.stringify(memory.readBreaker(key));
        const after = change(before === undefined ? undefined : (JSON.parse(before) as never));
        await Promise.resolve();
        // Nothing comes between these two, as in a store's own step.
        if (JSON.stringify(memory.readBreaker(key)) !== before) continue;
        return copy(memory.updateBreaker(key, () => after));
      }
    },
  };
}

test('of many processes that find a vendor half open at the same time, one gets the probe', async () => {
  const clock = virtualClock();
  const state = distantState(memoryState({ clock }));
  const processes = Array.from({ length: 8 }, () =>
    createVendorTraffic({ name: 'one', state, clock }),
  );
  const calls = processes.slice(0, 3).map(async (each) => {
    const pass = (await each.admit()) as Pass;
    return (await each.enter(pass, { endsAtMs: Infinity })) as VendorCall;
  });
  for (const call of await Promise.all(calls)) call.failed({ code: 'connection' });
  await clock.pass(5_000);
  const admissions = await Promise.all(processes.map((each) => each.admit()));
  expect(admissions.filter(({ isAdmitted }) => isAdmitted)).toHaveLength(1);
  expect(admissions.filter((each) => !each.isAdmitted && each.isProbing)).toHaveLength(7);
});

test('a store that cannot be reached takes no call down', async () => {
  const clock = virtualClock();
  const lost = () => Promise.reject(new Error('no store'));
  const state = {
    ...memoryState({ clock }),
    readBreaker: lost,
    updateBreaker: lost,
    acquire: lost,
  };
  const vendor = createVendorTraffic({ name: 'one', state, clock });
  const pass = (await vendor.admit()) as Pass;
  const call = (await vendor.enter(pass, { endsAtMs: Infinity })) as VendorCall;
  call.failed({ code: 'server_error' });
  await clock.pass(1);
  expect(vendor.health()).toEqual({ state: 'closed', failures: 0, running: 0, waiting: 0 });
});

test('a call from before a pause that the vendor asked for is no failed try of its return', async () => {
  const { clock, vendor, begin, fail, closedForMs } = setUp();
  const [early, late] = [begin(), begin()];
  fail('rate_limit', { status: 429, retryAfterMs: 50 });
  await clock.pass(20);
  early.failed({ code: 'stream_interrupted' });
  expect(closedForMs()).toBe(30);
  await clock.pass(40);
  late.failed({ code: 'stream_interrupted' });
  expect(closedForMs()).toBe(0);
  expect(vendor.health()).toMatchObject({ state: 'half_open', failures: 3 });
  fail('stream_interrupted');
  expect(closedForMs()).toBe(5_000);
});

test('a call from before it opened does not take the place of the one that tries its return', async () => {
  const { clock, vendor, begin, fail } = setUp();
  const early = begin();
  for (let count = 0; count < 3; count++) fail('server_error');
  await clock.pass(5_000);
  const probe = begin();
  early.failed({ code: 'timeout' });
  expect(vendor.admit()).toMatchObject({ isAdmitted: false, isProbing: true });
  probe.succeeded();
  expect(vendor.health().state).toBe('closed');
});
