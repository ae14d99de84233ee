import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Limiter, Place } from '../../src/traffic/limiter.ts';
import { createLimiter } from '../../src/traffic/limiter.ts';
import { memoryState } from '../../src/traffic/memory-state.ts';
import { virtualClock } from '../kit/virtual-clock.ts';

function setUp(concurrency?: number) {
  const clock = virtualClock();
  const limiter = createLimiter({ name: 'one', state: memoryState({ clock }), concurrency, clock });
  const enter = (endsAtMs = Infinity): Place => limiter.enter({ endsAtMs }) as Place;
  return { clock, limiter, enter };
}

const enterMany = (enter: () => Place, count: number): Place[] =>
  Array.from({ length: count }, () => enter());

test('without a limit every call gets its place at once, and no promise', () => {
  const { limiter, enter } = setUp();
  const places = enterMany(enter, 1000);
  expect(places.every((place) => !(place instanceof Promise) && place.queuedMs === 0)).toBe(true);
  expect(limiter).toMatchObject({ running: 1000, waiting: 0, limit: Infinity });
});

test('a call beyond the limit waits until a place comes free, and knows how long', async () => {
  const { clock, limiter, enter } = setUp(2);
  const [first] = enterMany(enter, 2);
  const third = limiter.enter({ endsAtMs: Infinity });
  expect(third).toBeInstanceOf(Promise);
  expect(limiter).toMatchObject({ running: 2, waiting: 1 });
  await clock.pass(1_500);
  first?.release();
  expect((await third)?.queuedMs).toBe(1_500);
  expect(limiter).toMatchObject({ running: 2, waiting: 0 });
});

test('a place that is given back twice is one place', async () => {
  const { clock, limiter, enter } = setUp(1);
  const first = enter();
  const waiting = [1, 2].map(() => limiter.enter({ endsAtMs: Infinity }));
  first.release();
  first.release();
  await clock.pass(0);
  expect(limiter).toMatchObject({ running: 1, waiting: 1 });
  (await waiting[0])?.release();
  (await waiting[1])?.release();
  expect(limiter).toMatchObject({ running: 0, waiting: 0 });
});

test('an aborted wait ends with the reason of its signal and takes no place', async () => {
  const { clock, limiter, enter } = setUp(1);
  const first = enter();
  const controller = new AbortController();
  const aborted = limiter.enter({ endsAtMs: Infinity, signal: controller.signal });
  const next = limiter.enter({ endsAtMs: Infinity });
  controller.abort('enough');
  await expect(aborted).rejects.toBe('enough');
  expect(limiter.waiting).toBe(1);
  first.release();
  await clock.pass(0);
  expect(await next).toMatchObject({ queuedMs: 0 });
  expect(limiter).toMatchObject({ running: 1, waiting: 0 });
});

test('nobody waits beyond the end of the call, and no timer is left', async () => {
  const { clock, limiter, enter } = setUp(1);
  enter();
  const late = limiter.enter({ endsAtMs: clock.now() + 2_000 });
  await clock.pass(2_000);
  expect(await late).toBeUndefined();
  expect(limiter).toMatchObject({ running: 1, waiting: 0 });
  expect(clock.pending()).toBe(0);
  expect(limiter.enter({ endsAtMs: clock.now() })).toBeUndefined();
});

test('a place whose call should have ended is free, also for somebody who waits already', async () => {
  const { clock, limiter, enter } = setUp(1);
  enter(clock.now() + 10_000);
  const next = limiter.enter({ endsAtMs: Infinity });
  await clock.pass(9_999);
  expect(limiter.waiting).toBe(1);
  await clock.pass(1);
  expect((await next)?.queuedMs).toBe(10_000);

  const other = setUp(1);
  other.enter(other.clock.now() + 10_000);
  await other.clock.pass(10_000);
  expect(other.limiter.enter({ endsAtMs: Infinity })).not.toBeInstanceOf(Promise);
});

test('two limiters of one name and state share its places', async () => {
  const clock = virtualClock();
  const state = memoryState({ clock });
  const [one, other] = [1, 2].map(() =>
    createLimiter({ name: 'one', state, concurrency: 1, clock }),
  ) as [Limiter, Limiter];
  const place = one.enter({ endsAtMs: Infinity }) as Place;
  const waiting = other.enter({ endsAtMs: Infinity });
  expect(other).toMatchObject({ running: 0, waiting: 1 });
  place.release();
  expect(await waiting).toBeDefined();
});

test('the limit that a refusal names is heeded at once, by those who run already too', async () => {
  const { clock, limiter, enter } = setUp();
  const places = enterMany(enter, 10);
  places[0]?.refused(3);
  places[0]?.release();
  expect(limiter.limit).toBe(3);
  const next = limiter.enter({ endsAtMs: Infinity });
  for (const place of places.slice(1, 7)) place.release();
  await clock.pass(0);
  expect(limiter).toMatchObject({ running: 3, waiting: 1 });
  places[7]?.release();
  expect(await next).toBeDefined();
  expect(limiter.running).toBe(3);
});

test('a named limit never raises what was configured', () => {
  const { limiter, enter } = setUp(5);
  enter().refused(2_500);
  expect(limiter.limit).toBe(5);
});

test.each([Number.NaN, 0, -3, 1.5, Infinity])(
  'a named limit of %s is none: what was running is halved',
  (named) => {
    const { limiter, enter } = setUp();
    enterMany(enter, 8)[0]?.refused(named);
    expect(limiter.limit).toBe(4);
  },
);

test('the refusals of one burst halve once, and later ones again', () => {
  const { limiter, enter } = setUp();
  const places = enterMany(enter, 20);
  for (const place of places) {
    place.refused();
    place.release();
  }
  expect(limiter.limit).toBe(10);
  for (const place of enterMany(enter, 10)) {
    place.refused();
    place.release();
  }
  expect(limiter.limit).toBe(5);
});

test('refusals without end leave one place', () => {
  const { limiter, enter } = setUp();
  for (let count = 0; count < 10; count++) {
    const place = enter();
    place.refused();
    place.release();
  }
  expect(limiter.limit).toBe(1);
});

test('after a refusal more is tried again, one place for each round of successes', () => {
  const { limiter, enter } = setUp();
  const first = enter();
  first.refused(4);
  first.release();
  const limits: number[] = [];
  for (let round = 0; round < 4; round++) {
    const places = enterMany(enter, limiter.limit);
    for (const place of places) place.succeeded();
    for (const place of places) place.release();
    limits.push(limiter.limit);
  }
  expect(limits).toEqual([5, 6, 7, 8]);
});

test('successes with places to spare raise nothing', () => {
  const { limiter, enter } = setUp();
  const first = enter();
  first.refused(4);
  first.release();
  for (let count = 0; count < 100; count++) {
    const place = enter();
    place.succeeded();
    place.release();
  }
  expect(limiter.limit).toBe(4);
});

type Step = 'enter' | 'release' | 'abort' | 'refuse' | 'succeed';

const steps = fc.array(
  fc.record({
    step: fc.constantFrom<Step>('enter', 'enter', 'release', 'abort', 'refuse', 'succeed'),
    pick: fc.nat(1000),
  }),
  { maxLength: 120 },
);

/** Calls that come and go, with what is known of each. */
function simulate(concurrency: number) {
  const { clock, limiter } = setUp(concurrency);
  const running = new Map<number, Place>();
  const waiting = new Map<number, AbortController>();
  const asked: number[] = [];
  const admitted: number[] = [];
  let asks = 0;
  /** Gives whether it got a place at once. */
  const enter = (): boolean => {
    const id = ++asks;
    const controller = new AbortController();
    const given = limiter.enter({ endsAtMs: Infinity, signal: controller.signal });
    if (!(given instanceof Promise)) {
      running.set(id, given as Place);
      return true;
    }
    asked.push(id);
    waiting.set(id, controller);
    const admit = (place: Place | undefined): void => {
      waiting.delete(id);
      running.set(id, place as Place);
      admitted.push(id);
    };
    given.then(admit, () => waiting.delete(id));
    return false;
  };
  const release = (id: number): void => {
    running.get(id)?.release();
    running.delete(id);
  };
  return { clock, limiter, running, waiting, asked, admitted, enter, release };
}

test('whatever happens: never more than the limit, in the order of asking, and nobody is forgotten', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), steps, async (concurrency, script) => {
      const { clock, limiter, running, waiting, ...calls } = simulate(concurrency);
      for (const { step, pick } of script) {
        const before = limiter.running;
        const [id = 0, place] = [...running][pick % Math.max(1, running.size)] ?? [];
        const isAtOnce = step === 'enter' && calls.enter();
        if (step === 'abort') [...waiting.values()][pick % Math.max(1, waiting.size)]?.abort();
        if (step === 'refuse') place?.refused((pick % 4) + 1);
        if (step === 'succeed') place?.succeeded();
        if (step === 'release') calls.release(id);
        await clock.pass(0);
        // Nobody gets past those who wait: they have been given theirs by then.
        if (isAtOnce) expect(waiting.size).toBe(0);
        // A limit that was lowered ends no call that runs, but none is added.
        expect(limiter.running).toBeLessThanOrEqual(Math.max(before, limiter.limit));
        expect(limiter.running).toBeLessThanOrEqual(concurrency);
        expect([limiter.running, limiter.waiting]).toEqual([running.size, waiting.size]);
        // A raise is noticed when the call that brought it gives its place back.
        const isFull = limiter.running >= limiter.limit;
        if (step === 'release' && limiter.waiting > 0) expect(isFull).toBe(true);
      }
      while (running.size > 0) {
        calls.release([...running.keys()][0] ?? 0);
        await clock.pass(0);
      }
      expect(limiter).toMatchObject({ running: 0, waiting: 0 });
      const isAdmitted = new Set(calls.admitted);
      expect(calls.admitted).toEqual(calls.asked.filter((id) => isAdmitted.has(id)));
    }),
    { numRuns: 200 },
  );
});

test('a store that cannot be reached takes no call down, and the place says so', async () => {
  const state = { ...memoryState(), acquire: () => Promise.reject(new Error('no connection')) };
  const limiter = createLimiter({ name: 'one', state, concurrency: 1 });
  const place = await limiter.enter({ endsAtMs: Infinity });
  expect(place?.issue).toMatchObject({ code: 'state_unavailable' });
  expect(limiter.running).toBe(1);
  place?.release();
  expect(limiter.running).toBe(0);
});
