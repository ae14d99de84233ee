import { getEventListeners } from 'node:events';
import { createClient, fetchTransport, isChatError, undiciTransport } from 'deepseek-v4-flash';
import { Agent } from 'undici';
import { beforeAll, expect, test, vi } from 'vitest';
import { raceKeepAlive } from './keep-alive.ts';
import { createCaller, kindFor, startFaultServer } from './mixed-calls.ts';
import { key, params } from './streams.ts';
import { seededRandom } from '../kit/random.ts';
import { responseOf, startRawServer } from '../kit/raw-server.ts';
import type { RawRequest } from '../kit/raw-server.ts';
import { eventually, inLanes } from '../kit/time.ts';
import { cleanups } from '../kit/cleanups.ts';
import { wholeAnswer } from '../kit/hello.ts';

// Many calls at once. Nothing here says how fast they are; what counts is how they end, and what they leave behind.

const seed = Number(process.env.FAULT_SEED ?? 20_261_120);
beforeAll(() => console.log(`seed of the calls: ${seed} (FAULT_SEED)`));

/** What keeps this process awake, counted by its kind. */
function activeResources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

const watched = ['Timeout', 'Immediate', 'TCPSocketWrap', 'TCPConnectWrap', 'TCPServerWrap'];

function notBackTo(before: Record<string, number>): string[] {
  const now = activeResources();
  return watched.filter((name) => (now[name] ?? 0) > (before[name] ?? 0));
}

test('300 calls on connections that the server closes as they are used again: no user sees it', async () => {
  const { failures, calls, sends, reused } = await raceKeepAlive({ calls: 300, lanes: 10, seed });
  console.log(
    `keep-alive race: ${calls} calls, ${reused} on a used connection, ${sends - calls} extra sends`,
  );
  expect(failures).toEqual([]);
  expect(reused).toBeGreaterThan(0);
});

const refusal = JSON.stringify({ error: { message: 'Busy.', type: 'some_error', code: 'busy' } });
async function startStormServer() {
  const state = { isDown: true };
  const server = await startRawServer(({ socket }: RawRequest) => {
    socket.write(state.isDown ? responseOf(503, refusal) : responseOf(200, wholeAnswer));
  });
  const agent = new Agent({ connections: 64, keepAliveTimeout: 500 });
  cleanups.push(
    () => server.close(),
    () => agent.close(),
  );
  const base = {
    apiKey: key,
    baseURL: server.url,
    transport: undiciTransport({ dispatcher: agent }),
  };
  return { server, state, base };
}

/** The waits between retries are random; here they are short. */
function shortenWaits(): void {
  const random = vi.spyOn(Math, 'random').mockReturnValue(0.02);
  cleanups.push(() => random.mockRestore());
}

type Asking = Pick<ReturnType<typeof createClient>, 'chat'>;

/** One call of each client, all at once; how they ended. */
async function askAll(clients: readonly Asking[]): Promise<string[]> {
  return Promise.all(
    clients.map(({ chat }) =>
      chat.completions.create({ ...params, stream: false }).then(
        () => 'completion',
        (error: unknown) => (isChatError(error) ? error.code : `untyped: ${String(error)}`),
      ),
    ),
  );
}

test('in an outage 200 calls at once send at most a tenth more, once the retry budget is empty', async () => {
  shortenWaits();
  const { server, state, base } = await startStormServer();
  const client = createClient(base);
  const clients = Array.from({ length: 200 }, () => client);
  const rounds: number[] = [];
  for (let round = 0; round < 5; round++) {
    const before = server.requests;
    expect(new Set(await askAll(clients))).toEqual(new Set(['overloaded']));
    rounds.push(server.requests - before);
  }
  console.log(`retry storm, one client: ${rounds.join(', ')} requests for 200 calls each`);
  // 500 tokens at 5 a retry: a hundred retries in all.
  expect(rounds[0]).toBeLessThanOrEqual(300);
  for (const requests of rounds.slice(1)) expect(requests).toBeLessThanOrEqual(220);

  // When the vendor is back, so are the answers; and with them the budget.
  state.isDown = false;
  expect(new Set(await askAll(clients))).toEqual(new Set(['completion']));
});

test('200 clients that come of one another share the budget', async () => {
  shortenWaits();
  const { server, base } = await startStormServer();
  const client = createClient(base);
  const clients = Array.from({ length: 200 }, () =>
    client.withOptions({ headers: { 'x-a': 'b' } }),
  );
  await askAll(clients);
  const before = server.requests;
  await askAll(clients);
  console.log(`retry storm, 200 of one family: ${server.requests - before} requests for 200 calls`);
  expect(server.requests - before).toBeLessThanOrEqual(220);
});

test('200 clients of their own are one storm too, and send at most a tenth more once it has begun', async () => {
  shortenWaits();
  const { server, base } = await startStormServer();
  const clients = Array.from({ length: 200 }, () => createClient(base));
  await askAll(clients);
  const before = server.requests;
  await askAll(clients);
  console.log(`retry storm, 200 clients: ${server.requests - before} requests for 200 calls`);
  expect(server.requests - before).toBeLessThanOrEqual(220);
});

test('two thousand calls, half of them with faults: all end as they must, and nothing is left behind', async () => {
  const before = activeResources();
  const server = await startFaultServer();
  const agent = new Agent({ keepAliveTimeout: 100, keepAliveMaxTimeout: 100 });
  cleanups.push(() => agent.close());
  const callers = [
    createCaller(server.url, undiciTransport({ dispatcher: agent })),
    createCaller(server.url, fetchTransport()),
  ] as const;
  const next = seededRandom(seed);
  const planned = Array.from({ length: 2_000 }, (_each, at) => ({
    kind: kindFor(next),
    caller: callers[at % 4 === 0 ? 1 : 0],
  }));
  const endings = new Map<string, number>();
  const wrong: string[] = [];
  await inLanes(32, planned.length, async (at) => {
    const { kind, caller } = planned[at] as (typeof planned)[number];
    try {
      const ending = await caller.call(kind);
      endings.set(ending, (endings.get(ending) ?? 0) + 1);
    } catch (error) {
      wrong.push(String(error));
    }
  });
  console.log('mixed calls:', Object.fromEntries(endings));
  expect(wrong).toEqual([]);
  for (const { signal } of callers) expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  // Idle connections are kept a moment, on purpose: undici's a tenth of a second, those of fetch four.
  await eventually('every connection closed', () => server.open === 0);
  await server.close();
  await eventually('timers and sockets as before', () => notBackTo(before).length === 0);
  expect(notBackTo(before)).toEqual([]);
});
