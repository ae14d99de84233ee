import { setTimeout as sleep } from 'node:timers/promises';
import type { Lease } from 'deepseek-v4-flash';
import { createClient } from 'deepseek-v4-flash';
import type { RedisState } from 'deepseek-v4-flash/redis';
import { redisState } from 'deepseek-v4-flash/redis';
import { createEmulator } from 'deepseek-v4-flash/testing';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { clients } from './clients.ts';
import type { CountingProxy } from './proxy.ts';
import { startProxy } from './proxy.ts';
import type { RedisServer } from './server.ts';
import { startRedis } from './server.ts';
import { hasNoServer, servers } from './servers.ts';

// What sharing costs, in commands and in time that a call waits. In microseconds: `npx tsx test/real/redis/cost.ts`.

const wayMs = 100;
const messages = [{ role: 'user' as const, content: 'Hi' }];

describe.skipIf(hasNoServer).each(servers.slice(0, 1))('over $name', ({ path }) => {
  let server: RedisServer;
  let prefix = 0;
  beforeAll(async () => {
    server = await startRedis(path);
  });
  afterAll(() => server.stop());

  const open = async (port: number, kind: keyof typeof clients): Promise<RedisState> => {
    const { client, close } = await clients[kind](port);
    const state = redisState(client, { prefix: `cost${prefix}` });
    onTestFinished(async () => {
      await state.close();
      close();
    });
    return state;
  };
  const startedProxy = async (delayMs: number): Promise<CountingProxy> => {
    const proxy = await startProxy(server.port, delayMs);
    onTestFinished(() => proxy.close());
    return proxy;
  };

  const silence = async (proxy: CountingProxy): Promise<void> => {
    for (let before = -1; before !== proxy.commands; await sleep(10 * wayMs)) {
      before = proxy.commands;
    }
  };

  const cases = (['ioredis', 'node-redis'] as const).flatMap((kind) => [
    { kind, what: 'under a limit of calls', options: {}, waits: 1, commands: 2 },
    { kind, what: 'and under a budget', options: { maxCostUsd: 5 }, waits: 2, commands: 4 },
  ]);

  test.each(cases)(
    'with $kind a call $what waits for $waits round trip(s), and sends $commands commands',
    async ({ kind, options, waits, commands }) => {
      prefix++;
      const proxy = await startedProxy(wayMs);
      const emulator = createEmulator();
      const client = createClient({
        apiKey: 'k',
        transport: emulator.transport,
        concurrency: 5,
        state: await open(proxy.port, kind),
        ...options,
      });
      // The client connects, and the server learns the scripts, which takes longer than Redis is waited for.
      await expect
        .poll(async () => (await client.chat.completions.create({ messages })).report.issues, {
          timeout: 20_000,
          interval: 10 * wayMs,
        })
        .toEqual([]);
      await silence(proxy);
      const before = proxy.commands;
      const startedAtMs = performance.now();
      await client.chat.completions.create({ messages });
      const tookMs = performance.now() - startedAtMs;
      await sleep(4 * wayMs);

      expect(proxy.commands - before).toBe(commands);
      expect(tookMs).toBeGreaterThanOrEqual(waits * 2 * wayMs - 10);
      expect(tookMs).toBeLessThan((waits + 1) * 2 * wayMs);
    },
  );

  test('whoever waits is woken over one further connection, and asks for nothing meanwhile', async () => {
    prefix++;
    const proxy = await startedProxy(0);
    const [near, far] = [await open(server.port, 'ioredis'), await open(proxy.port, 'ioredis')];
    const wish = { limit: () => 1, endsAtMs: Infinity };
    const held = (await near.acquire('vendor', wish)) as Lease;
    const waiting = Array.from({ length: 50 }, async () => {
      const lease = (await far.acquire('vendor', wish)) as Lease;
      const atMs = performance.now();
      lease.release();
      return atMs;
    });
    // Long enough for the further connection, and for everybody to stand in the queue.
    await expect.poll(() => proxy.connections).toBe(2);
    await sleep(1_000);
    const [commands, renewals] = [proxy.commands, proxy.renewals];
    await sleep(3_000);
    expect(proxy.commands).toBe(commands);
    expect(proxy.renewals - renewals).toBeLessThanOrEqual(2);

    const releasedAtMs = performance.now();
    held.release();
    const [first = Infinity] = await Promise.all(waiting);
    console.log(`woken after ${(first - releasedAtMs).toFixed(1)} ms`);
    // Sooner than the next time at which it says that it lives would tell it.
    expect(first - releasedAtMs).toBeLessThan(1_000);
    await sleep(100);
    // Each gives its place back, and no more.
    expect(proxy.commands - commands).toBe(50);
    expect(proxy.connections).toBe(2);
  });
});
