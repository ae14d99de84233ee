import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'deepseek-v4-flash';
import type { Lease, LeaseWish } from 'deepseek-v4-flash';
import type { RedisState } from 'deepseek-v4-flash/redis';
import { redisState } from 'deepseek-v4-flash/redis';
import { createEmulator } from 'deepseek-v4-flash/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { OpenClient } from './clients.ts';
import { clients } from './clients.ts';
import type { RedisServer } from './server.ts';
import { startRedis } from './server.ts';
import { hasNoServer, servers } from './servers.ts';

const kinds = ['ioredis', 'node-redis'] as const;
const cases = servers.flatMap(({ name, path }) => kinds.map((kind) => ({ name, path, kind })));
const wish = (limit: number, more: Partial<LeaseWish> = {}): LeaseWish => ({
  limit: () => limit,
  endsAtMs: Infinity,
  ...more,
});

describe.skipIf(hasNoServer).each(cases)('$name over $kind', ({ path, kind }) => {
  let server: RedisServer;
  let open: OpenClient[];
  let states: RedisState[];
  let lastPrefix = 0;
  beforeAll(async () => {
    server = await startRedis(path);
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    lastPrefix++;
    open = await Promise.all([clients[kind](server.port), clients[kind](server.port)]);
    // Two processes, as far as Redis can see.
    states = open.map(({ client }) => redisState(client, { prefix: `test${lastPrefix}` }));
  });
  afterEach(async () => {
    await Promise.all(states.map((state) => state.close()));
    for (const { close } of open) close();
  });
  const [one, other] = [() => states[0] as RedisState, () => states[1] as RedisState];
  const command = (...words: string[]) => (open[0] as OpenClient).command(...words);

  test('places are given in the order of asking, whichever process asks', async () => {
    const first = (await one().acquire('vendor', wish(1))) as Lease;
    const order: string[] = [];
    const waiting: Promise<unknown>[] = [];
    for (const [name, state] of [
      ['a', other()],
      ['b', one()],
      ['c', other()],
    ] as const) {
      const asked = Promise.resolve(state.acquire('vendor', wish(1)));
      waiting.push(
        asked.then((lease) => {
          order.push(name);
          lease?.release();
        }),
      );
      await sleep(20);
    }
    expect(order).toEqual([]);
    first.release();
    first.release();
    await Promise.all(waiting);

    expect(order).toEqual(['a', 'b', 'c']);
  });

  test('whoever gives up waiting is passed over, and gets nothing', async () => {
    const held = (await one().acquire('vendor', wish(1))) as Lease;
    const late = other().acquire('vendor', wish(1, { endsAtMs: Date.now() + 100 }));
    const controller = new AbortController();
    const aborted = other().acquire('vendor', wish(1, { signal: controller.signal }));
    const next = other().acquire('vendor', wish(1));
    expect(await late).toBeUndefined();
    controller.abort('left');
    await expect(aborted).rejects.toBe('left');
    held.release();

    const lease = (await next) as Lease;
    lease.release();
    const again = (await one().acquire('vendor', wish(1, { endsAtMs: Date.now() + 500 }))) as Lease;
    expect(again).toBeDefined();
    again.release();
  });

  test('a server that has forgotten the scripts is sent them again', async () => {
    const lease = (await one().acquire('vendor', wish(1))) as Lease;
    lease.release();
    await command('SCRIPT', 'FLUSH');
    const again = (await other().acquire('vendor', wish(1))) as Lease;

    expect(again).toBeDefined();
    again.release();
  });

  test('changes of a record that meet are all made', async () => {
    const closed = { failures: 0, openings: 0, openedAtMs: 0, openUntilMs: 0, probeUntilMs: 0 };
    const count = (state: RedisState) =>
      state.updateBreaker('vendor', (record = closed) => ({
        ...record,
        failures: record.failures + 1,
      }));
    await Promise.all(Array.from({ length: 20 }, (_, at) => count(at % 2 === 0 ? one() : other())));
    await sleep(1_100);

    expect(await one().readBreaker('vendor')).toMatchObject({ failures: 20 });
    expect(await other().updateBreaker('vendor', () => undefined)).toBeUndefined();
    await sleep(1_100);
    expect(await one().readBreaker('vendor')).toBeUndefined();
  });

  test('money is added exactly, and never above the limit', async () => {
    const amounts = Array.from({ length: 200 }, () => '0.000000000000000000000000001');
    const added = await Promise.all(
      amounts.map((usd, at) =>
        (at % 2 === 0 ? one() : other()).addSpend('spend', usd, '0.000000000000000000000000123'),
      ),
    );
    expect(added.filter(Boolean)).toHaveLength(123);
    expect(await one().readSpend('spend')).toBe('0.000000000000000000000000123');
    expect(await other().addSpend('spend', '9007199254740.999999999')).toBe(true);
    expect(await other().addSpend('spend', '-9007199254741.1')).toBe(true);

    expect(await one().readSpend('spend')).toBe('-0.100000000999999999999999877');
    expect(await one().readSpend('never')).toBe('0');
  });

  test('money that was spent while Redis was away is told once it is back, once', async () => {
    await one().addSpend('spend', '1', '10');
    await server.kill();
    const alone = await Promise.all(
      ['2', '3', '5'].map((usd) => one().addSpend('spend', usd, '10')),
    );
    expect(alone).toEqual([true, true, false]);
    expect(await one().readSpend('spend')).toBe('6');
    await server.start();
    // What lies in it was lost with it: this Redis keeps nothing on disk.
    await expect
      .poll(async () => (await one().readSpend('spend')) && other().readSpend('spend'), {
        timeout: 10_000,
      })
      .toBe('5');
  });

  test('a call that need not wait takes two round trips, and leaves nothing of itself in Redis', async () => {
    const emulator = createEmulator();
    emulator.reply({ content: 'An answer that is nobody elses business' });
    const client = createClient({
      providers: ['deepseek', 'aimlapi'].map((provider) => ({
        provider: provider as 'deepseek',
        apiKey: 'sk-secret',
        transport: emulator.transport,
      })),
      concurrency: 5,
      state: one(),
    });
    const ask = () =>
      client.chat.completions.create({ messages: [{ role: 'user', content: 'A prompt of mine' }] });
    await ask();
    await sleep(50);
    const calls = async (): Promise<number> => {
      const text = String(await command('INFO', 'commandstats'));
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(text)?.[1]);
    };
    const before = await calls();
    for (let at = 0; at < 10; at++) await ask();
    await sleep(50);

    expect(await calls()).toBe(before + 20);
    const keys = (await command('KEYS', '*')) as string[];
    const values = await Promise.all(keys.map((key) => command('DUMP', key)));
    expect(keys.length).toBeGreaterThan(0);
    expect(JSON.stringify([keys, values])).not.toMatch(/secret|prompt of mine|nobody/i);
  });
});

test.skipIf(hasNoServer)('a client that was never connected takes no call down', async () => {
  const { client, close } = await clients.ioredis(1);
  const emulator = createEmulator();
  const state = redisState(client);
  const { completions } = createClient({
    apiKey: 'k',
    transport: emulator.transport,
    concurrency: 2,
    maxCostUsd: 1,
    state,
  }).chat;
  const answers = await Promise.all(
    Array.from({ length: 4 }, () =>
      completions.create({ messages: [{ role: 'user', content: 'Hi' }] }),
    ),
  );

  expect(answers).toHaveLength(4);
  await state.close();
  close();
});
