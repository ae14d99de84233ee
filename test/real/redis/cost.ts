// What sharing costs a call: npx tsx test/real/redis/cost.ts [path of a server]. The vendor is in memory and answers at
// once, so a call is what this library and Redis take, on one core each.
import { createClient, memoryState } from 'deepseek-v4-flash';
import type { SharedState } from 'deepseek-v4-flash';
import { redisState } from 'deepseek-v4-flash/redis';
import { createEmulator } from 'deepseek-v4-flash/testing';
import { clients } from './clients.ts';
import { startRedis } from './server.ts';

const rounds = 5;
const calls = 2_000;
const messages = [{ role: 'user' as const, content: 'Hi' }];
const server = await startRedis(process.argv[2] ?? '/usr/bin/redis-server');
const ends: (() => unknown)[] = [];

async function stateOf(kind: keyof typeof clients): Promise<SharedState> {
  const { client, close } = await clients[kind](server.port);
  const state = redisState(client, { prefix: kind });
  ends.push(() => state.close().then(close));
  return state;
}

function asker(state: SharedState, maxCostUsd?: number): () => Promise<unknown> {
  const emulator = createEmulator();
  const client = createClient({
    apiKey: 'k',
    transport: emulator.transport,
    concurrency: 1_000,
    state,
    ...(maxCostUsd !== undefined && { maxCostUsd }),
  });
  return async () => {
    await client.chat.completions.create({ messages });
    // The list of requests is for tests of a few.
    (emulator.requests as unknown[]).length = 0;
  };
}

/** The time of a call, so many of them at the same time. The best of some rounds: the others had to share the core. */
async function measure(ask: () => Promise<unknown>, atOnce: number): Promise<number> {
  let best = Infinity;
  for (let round = 0; round <= rounds; round++) {
    let left = calls;
    const lane = async (): Promise<void> => {
      while (left-- > 0) await ask();
    };
    const startedAtMs = performance.now();
    await Promise.all(Array.from({ length: atOnce }, lane));
    // The first one is to warm up.
    if (round > 0) best = Math.min(best, ((performance.now() - startedAtMs) * 1_000) / calls);
  }
  return best;
}

const states = {
  'memoryState()': memoryState(),
  'redisState(), ioredis': await stateOf('ioredis'),
  'redisState(), node-redis': await stateOf('node-redis'),
};
const rows: Record<string, Record<string, number>> = {};
for (const [name, state] of Object.entries(states)) {
  for (const [what, maxCostUsd] of [
    ['limit', undefined],
    ['limit and budget', 1_000_000],
  ] as const) {
    const ask = asker(state, maxCostUsd);
    const [alone, many] = [await measure(ask, 1), await measure(ask, 64)];
    rows[`${name}, ${what}`] = {
      'µs a call, one after the other': Math.round(alone),
      'µs a call, 64 at once': Math.round(many),
      'calls a second, 64 at once': Math.round(1_000_000 / many),
    };
  }
}
console.table(rows);
for (const end of ends) await end();
await server.stop();
