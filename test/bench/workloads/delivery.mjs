import { checkResult, compare } from '../compare.mjs';
import { runClient } from '../processes.mjs';
import { named } from '../subjects.mjs';
import { createRows, medianOf } from '../table.mjs';
import { expected } from '../wire.mjs';

const perSecond = 50;

/** One measurement of so many paced streams. Tells the load of the server too, which must not be the limit. */
export async function deliver(server, subject, { streams, warmUpSeconds, seconds, spread = {} }) {
  const { processes = 1, threads = 1 } = spread;
  const chunks = perSecond * (warmUpSeconds + seconds + 0.5);
  const scenario = { kind: 'paced', chunks, perSecond };
  const baseURL = server.url(scenario);
  const start = performance.now();
  const before = await server.cpuMicroseconds();
  const share = Math.ceil(streams / processes);
  const options = { baseURL, streams: share, warmUpSeconds, seconds, threads };
  const task = threads > 1 ? 'delivery-threads' : 'delivery';
  const limits = { timeoutMs: 60_000 };
  const runs = await Promise.all(
    Array.from({ length: processes }, () => runClient(subject.name, task, options, limits)),
  );
  const cpu = (await server.cpuMicroseconds()) - before;
  const serverCore = cpu / 1_000 / (performance.now() - start);
  for (const { result } of runs) checkResult(result, expected(scenario));
  return { ...together(runs), serverCore, expected: expected(scenario) };
}

/** What is true of the slowest of them, but for the cores, which add up. */
function together(runs) {
  const worst = (field) => Math.max(...runs.map((run) => run[field]));
  const cores = runs.reduce((sum, { cores: some, core }) => sum + (some ?? core), 0);
  return { ...runs[0], p50: worst('p50'), p99: worst('p99'), core: worst('core'), cores };
}

const create =
  (streamsOf, atLeast) =>
  async ({ server, quick, rounds }) => {
    const streams = quick ? atLeast : streamsOf;
    const times = { streams, warmUpSeconds: quick ? 0.5 : 3, seconds: quick ? 1 : 10 };
    const contestants = await compare({
      subjects: named('bare', 'bare-fetch', 'ours', 'ours-fetch', 'openai'),
      rounds,
      expected: { finish: 'stop' },
      runOne: (subject) => deliver(server, subject, times),
    });
    const p50 = (one) => medianOf(one, (run) => run.p50 / 1_000);
    const p99 = (one) => medianOf(one, (run) => run.p99 / 1_000);
    const [floor] = contestants;
    return {
      title: `Delivery, ${streams.toLocaleString('en')} × ${perSecond} deltas a second`,
      about: "From the server's write of a delta to the reader's hands. The ratio is that of p50.",
      units: {
        p50: 'ms',
        p99: 'ms',
        'p99 to bare': '×',
        'CPU of a core': '%',
        "server's core": '%',
      },
      rows: createRows(contestants, {
        p50,
        p99,
        'p99 to bare': (one) => (floor.failed === undefined ? p99(one) / p99(floor) : undefined),
        'CPU of a core': (one) => medianOf(one, (run) => run.core * 100),
        "server's core": (one) => medianOf(one, (run) => run.serverCore * 100),
      }),
    };
  };

export const delivery1 = create(1, 1);
// Below the knee of all, where a delay is not a queue.
export const delivery200 = create(200, 20);
export const delivery1000 = create(1_000, 50);
