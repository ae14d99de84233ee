import { expect, test } from 'vitest';
import { firstReturn } from '../../src/traffic/first-return.ts';
import { createHedgeBudget } from '../../src/traffic/hedge-budget.ts';
import { createLatency } from '../../src/traffic/latency.ts';
import { memoryState } from '../../src/traffic/memory-state.ts';
import type { Pass } from '../../src/traffic/vendor-breaker.ts';
import type { VendorCall, VendorTraffic } from '../../src/traffic/vendor-traffic.ts';
import { createVendorTraffic } from '../../src/traffic/vendor-traffic.ts';
import { virtualClock } from '../kit/virtual-clock.ts';

function setUp(names = ['one', 'other'], concurrency?: number) {
  const clock = virtualClock();
  const state = memoryState({ clock });
  const vendors = names.map((name) => createVendorTraffic({ name, state, concurrency, clock }));
  return { clock, vendors: vendors as [VendorTraffic, VendorTraffic] };
}

function begin(vendor: VendorTraffic): VendorCall {
  return vendor.enter(vendor.admit() as Pass, { endsAtMs: Infinity }) as VendorCall;
}

const open = (vendor: VendorTraffic, retryAfterMs: number): void =>
  begin(vendor).failed({ code: 'rate_limit', status: 429, retryAfterMs });

test('a call of a healthy vendor without a limit waits for nothing', () => {
  const { vendors } = setUp();
  const pass = vendors[0].admit();
  expect(pass).not.toBeInstanceOf(Promise);
  const call = vendors[0].enter(pass as Pass, { endsAtMs: Infinity });
  expect(call).not.toBeInstanceOf(Promise);
  expect(vendors[0].health()).toMatchObject({ running: 1, waiting: 0 });
  (call as VendorCall).succeeded({ firstContentMs: 250 });
  expect(vendors[0].health()).toEqual({
    state: 'closed',
    failures: 0,
    running: 0,
    waiting: 0,
    firstContentMs: 250,
  });
});

test('the time to the first content counts once, whoever tells it first', () => {
  const { vendors } = setUp();
  const call = begin(vendors[0]);
  call.firstContent(100);
  call.succeeded({ firstContentMs: 900 });
  expect(vendors[0].health().firstContentMs).toBe(100);
});

test('a failed fallback is left alone as well', () => {
  const { vendors } = setUp();
  for (let count = 0; count < 3; count++) {
    begin(vendors[0]).failed({ code: 'server_error' });
    begin(vendors[1]).failed({ code: 'server_error' });
  }
  expect(vendors.map((each) => each.health().state)).toEqual(['open', 'open']);
});

test('a 429 that names its limit lowers the limit, and counts as a failure', () => {
  const { vendors } = setUp();
  const calls = [1, 2, 3].map(() => begin(vendors[0]));
  calls[0]?.failed({ code: 'rate_limit', status: 429, limit: 2 });
  expect(vendors[0].health()).toMatchObject({ failures: 1, running: 2 });
  expect(vendors[0].hasRoom()).toBe(false);
  calls[1]?.left();
  expect(vendors[0].hasRoom()).toBe(true);
});

test('a call that waited for its place knows how long', async () => {
  const { clock, vendors } = setUp(['one', 'other'], 1);
  const first = begin(vendors[0]);
  const second = vendors[0].enter(vendors[0].admit() as Pass, { endsAtMs: Infinity });
  await clock.pass(700);
  first.left();
  expect((await second)?.queuedMs).toBe(700);
});

test('those who wait for a place are not sent into an outage that begins meanwhile', async () => {
  const { clock, vendors } = setUp(['one', 'other'], 1);
  const first = begin(vendors[0]);
  const queue = [1, 2, 3].map(() =>
    vendors[0].enter(vendors[0].admit() as Pass, { endsAtMs: Infinity }),
  );
  await clock.pass(1_000);
  first.failed({ code: 'insufficient_balance', status: 402 });
  expect(await Promise.all(queue)).toEqual([undefined, undefined, undefined]);
  expect(vendors[0].health()).toMatchObject({ state: 'open', running: 0, waiting: 0 });
});

test('when all are left alone, the first to return is waited for and taken', async () => {
  const { clock, vendors } = setUp();
  open(vendors[0], 8_000);
  open(vendors[1], 3_000);
  const found = firstReturn(vendors, { endsAtMs: clock.now() + 10_000 }, clock);
  await clock.pass(3_000);
  expect(await found).toMatchObject({ vendor: vendors[1], pass: { isAdmitted: true } });
  expect(clock.pending()).toBe(0);
});

test('nobody waits for a return that comes too late; when it comes is told', async () => {
  const { clock, vendors } = setUp();
  open(vendors[0], 20_000);
  open(vendors[1], 30_000);
  const atMs = clock.now();
  expect(await firstReturn(vendors, { endsAtMs: atMs + 10_000 }, clock)).toEqual({
    againAtMs: atMs + 20_000,
  });
  expect(vendors[0].health().failures).toBe(1);
});

test('of those who wait one finds out how the vendor is, and the others follow at once', async () => {
  const { clock, vendors } = setUp();
  open(vendors[0], 5_000);
  open(vendors[1], 60_000);
  const found: Pass[] = [];
  for (let count = 0; count < 4; count++) {
    const wait = { endsAtMs: clock.now() + 10_000 };
    void firstReturn(vendors, wait, clock).then((each) => 'pass' in each && found.push(each.pass));
  }
  await clock.pass(6_234);
  expect(found).toHaveLength(1);
  const probe = vendors[0].enter(found[0] as Pass, { endsAtMs: Infinity }) as VendorCall;
  probe.succeeded();
  await clock.pass(0);
  expect(found).toHaveLength(4);
  expect(clock.pending()).toBe(0);
});

test('a wait for a return ends with the reason of its signal', async () => {
  const { clock, vendors } = setUp();
  for (const vendor of vendors) open(vendor, 5_000);
  const controller = new AbortController();
  const wait = { endsAtMs: Infinity, signal: controller.signal };
  clock.setTimeout(() => controller.abort('enough'), 1_000);
  void clock.pass(1_000);
  await expect(firstReturn(vendors, wait, clock)).rejects.toBe('enough');
  expect(clock.pending()).toBe(0);
});

test('the mean time to the first content follows what is new', () => {
  const latency = createLatency();
  expect(latency.meanMs()).toBeUndefined();
  latency.note(100, 0);
  expect(latency.meanMs()).toBe(100);
  latency.note(400, 60_000);
  expect(latency.meanMs()).toBeCloseTo((100 * 0.5 + 400) / 1.5);
  latency.note(50, 3_600_000);
  expect(latency.meanMs()).toBeCloseTo(50);
});

test('there is a p95 from 20 answers on, of the last 100', () => {
  const latency = createLatency();
  for (let count = 1; count < 20; count++) latency.note(count, count);
  expect(latency.p95Ms()).toBeUndefined();
  latency.note(20, 20);
  expect(latency.p95Ms()).toBe(19);
  for (let count = 1; count <= 100; count++) latency.note(1_000 + count, 100 + count);
  expect(latency.p95Ms()).toBe(1_095);
});

test.each([Number.NaN, Infinity, -1])('a time of %s is no answer', (firstContentMs) => {
  const latency = createLatency();
  latency.note(firstContentMs, 0);
  expect(latency.meanMs()).toBeUndefined();
});

test('hedging has its burst, then its share of the ordinary calls', () => {
  const budget = createHedgeBudget({ share: 0.05, burst: 10 });
  const take = (count: number): number =>
    Array.from({ length: count }, () => budget.take()).filter(Boolean).length;
  expect(take(50)).toBe(10);
  for (let count = 0; count < 19; count++) budget.call();
  expect(take(1)).toBe(0);
  budget.call();
  expect(take(5)).toBe(1);
  for (let count = 0; count < 100_000; count++) budget.call();
  expect(take(50)).toBe(10);
});

test('over many calls hedges are never more than the share and the burst', () => {
  const budget = createHedgeBudget({ share: 0.05, burst: 10 });
  let hedges = 0;
  for (let count = 0; count < 10_000; count++) {
    budget.call();
    if (budget.take()) hedges++;
  }
  expect(hedges).toBeLessThanOrEqual(510);
  expect(hedges).toBeGreaterThan(500);
});

test('what failures cost is taken off, down to five bursts that are owed', () => {
  const budget = createHedgeBudget({ share: 0.05, burst: 2 });
  budget.failed();
  expect([budget.take(), budget.take()]).toEqual([true, false]);
  for (let count = 0; count < 100; count++) budget.failed();
  // Ten are owed, and one is there after that.
  for (let count = 0; count < 219; count++) budget.call();
  expect(budget.take()).toBe(false);
  budget.call();
  expect(budget.take()).toBe(true);
});

test('what was taken and not sent can be taken again', () => {
  const budget = createHedgeBudget({ share: 0, burst: 1 });
  expect(budget.take()).toBe(true);
  budget.giveBack();
  expect([budget.take(), budget.take()]).toEqual([true, false]);
});

test('without a burst the share alone is given, and without a share nothing', () => {
  const slow = createHedgeBudget({ share: 0.1, burst: 0 });
  const results = Array.from({ length: 20 }, () => {
    slow.call();
    return slow.take();
  });
  expect(results.filter(Boolean)).toHaveLength(2);
  const none = createHedgeBudget({ share: 0, burst: 0 });
  for (let count = 0; count < 100; count++) none.call();
  expect(none.take()).toBe(false);
});
