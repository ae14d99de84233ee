import { fork } from 'node:child_process';
import { getEventListeners, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { fetchTransport, undiciTransport } from 'deepseek-v4-flash';
import { Agent } from 'undici';
import { raceKeepAlive } from '../faults/keep-alive.ts';
import type { Caller } from '../faults/mixed-calls.ts';
import { createCaller, kindFor, startFaultServer } from '../faults/mixed-calls.ts';
import { pick, seededRandom } from '../kit/random.ts';
import { eventually, pause } from '../kit/time.ts';

// `npm run soak`: calls of every kind, half of them with faults, for a long time, and then nothing may be left of them.
// The server is another process, so that the heap is the client's.
//   SOAK_SECONDS  how long (90), and ten thousand calls at least     SOAK_LANES  calls at once (32)
//   SOAK_RACE     calls of the keep-alive race (5000)                SOAK_SEED   (the clock's)
//   SOAK_HEAP_KB  how much the heap may have grown at the end (2048)

const seconds = Number(process.env.SOAK_SECONDS ?? 90);
const lanes = Number(process.env.SOAK_LANES ?? 32);
const raceCalls = Number(process.env.SOAK_RACE ?? 5_000);
const seed = Number(process.env.SOAK_SEED ?? Date.now() % 2 ** 31);
const mostHeapKB = Number(process.env.SOAK_HEAP_KB ?? 2_048);
const leastCalls = 10_000;

if (process.argv[2] === 'serve') await serve();
else await soak();

/** The other process: says where it listens, and answers how many connections are open. */
async function serve(): Promise<void> {
  const server = await startFaultServer();
  process.on('message', () => process.send?.({ open: server.open }));
  process.on('disconnect', () => process.exit());
  process.send?.({ url: server.url });
}

interface FaultProcess {
  url: string;
  openConnections(): Promise<number>;
  stop(): Promise<void>;
}

async function startFaultProcess(): Promise<FaultProcess> {
  const child = fork(fileURLToPath(import.meta.url), ['serve']);
  const answer = async (): Promise<{ url?: string; open?: number }> => {
    const [message] = (await once(child, 'message')) as [{ url?: string; open?: number }];
    return message;
  };
  const { url = '' } = await answer();
  return {
    url,
    async openConnections() {
      const answered = answer();
      child.send('open?');
      return (await answered).open ?? 0;
    },
    async stop() {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}

interface Totals {
  calls: number;
  endings: Map<string, number>;
  wrong: Map<string, number>;
}

async function soak(): Promise<void> {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('Run it with --expose-gc');
  console.log(`soak: ${seconds} s, ${lanes} calls at once, seed ${seed}`);
  const problems: string[] = [];
  const note = (problem: string): void => {
    problems.push(problem);
    console.error(`PROBLEM ${problem}`);
  };
  process.on('unhandledRejection', (reason) => note(`unhandled rejection: ${String(reason)}`));
  process.on('warning', ({ name, message }) => {
    if (/MaxListeners|TimeoutOverflow/.test(name)) note(`${name}: ${message}`);
  });

  const server = await startFaultProcess();
  const before = activeResources();
  const agent = new Agent({ keepAliveTimeout: 100, keepAliveMaxTimeout: 100 });
  const callers = [
    createCaller(server.url, undiciTransport({ dispatcher: agent })),
    createCaller(server.url, fetchTransport()),
  ];
  const totals: Totals = { calls: 0, endings: new Map(), wrong: new Map() };

  // Everything that is made once has been made after the first two thousand.
  await run(callers, totals, () => totals.calls >= 2_000);
  await quiet(server);
  const heapBefore = heapKB(gc);
  const startedAt = performance.now();
  let toldAt = startedAt;
  await run(callers, totals, () => {
    const now = performance.now();
    if (now - toldAt > 15_000) {
      toldAt = now;
      console.log(`${totals.calls} calls, heap ${heapKB(gc)} KB, calls under way included`);
    }
    return now - startedAt > seconds * 1_000 && totals.calls >= leastCalls;
  });
  await quiet(server);
  const heapAfter = heapKB(gc);

  console.log(`${totals.calls} calls:`, Object.fromEntries([...totals.endings].toSorted()));
  console.log(`heap ${heapBefore} KB after the warm-up, ${heapAfter} KB at the end`);
  for (const [message, count] of totals.wrong) note(`${count} times: ${message}`);
  if (heapAfter - heapBefore > mostHeapKB)
    note(`the heap has grown by ${heapAfter - heapBefore} KB`);
  const open = await server.openConnections();
  if (open > 0) note(`${open} connections are open`);
  for (const { signal } of callers) {
    const listeners = getEventListeners(signal, 'abort').length;
    if (listeners > 0) note(`${listeners} listeners are on the callers' signal`);
  }
  await agent.close();
  await eventually('timers and sockets as before', () => grown(before).length === 0).catch(() =>
    note(`left: ${grown(before).join(', ')}`),
  );
  await server.stop();

  const race = await raceKeepAlive({ calls: raceCalls, lanes: 20, seed });
  console.log(
    `keep-alive race: ${race.calls} calls, ${race.reused} on a used connection, ${race.sends - race.calls} extra sends, ${race.failures.length} failures`,
  );
  for (const failure of new Set(race.failures)) note(`keep-alive race: ${failure}`);

  console.log(
    problems.length === 0 ? 'soak: nothing is left behind' : `soak: ${problems.length} problems`,
  );
  process.exitCode = problems.length === 0 ? 0 : 1;
}

async function run(
  callers: readonly Caller[],
  totals: Totals,
  isOver: () => boolean,
): Promise<void> {
  const next = seededRandom(seed + totals.calls);
  const lane = async (): Promise<void> => {
    while (!isOver()) {
      totals.calls++;
      const kind = kindFor(next);
      // One in four over fetch.
      const caller = pick(callers, next() < 0.25 ? 0.9 : 0);
      try {
        count(totals.endings, await caller?.call(kind));
      } catch (error) {
        count(totals.wrong, String(error));
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

function count(map: Map<string, number>, name = 'nothing'): void {
  map.set(name, (map.get(name) ?? 0) + 1);
}

/** Idle connections are kept a moment, on purpose: undici's a tenth of a second, those of fetch four. */
async function quiet(server: FaultProcess): Promise<void> {
  for (let waits = 0; waits < 40 && (await server.openConnections()) > 0; waits++) await pause(250);
}

function heapKB(gc: () => void): number {
  gc();
  gc();
  return Math.round(process.memoryUsage().heapUsed / 1_024);
}

function activeResources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** What keeps the process awake now, and did not then. */
function grown(before: Record<string, number>): string[] {
  const now = activeResources();
  // The wait that looks at it is one itself.
  return ['TCPSocketWrap', 'TCPConnectWrap', 'Timeout'].filter((name) => {
    const own = name === 'Timeout' ? 1 : 0;
    return (now[name] ?? 0) > (before[name] ?? 0) + own;
  });
}
