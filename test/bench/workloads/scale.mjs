import { checkResult } from '../compare.mjs';
import { named } from '../subjects.mjs';
import { deliver } from './delivery.mjs';

const limitMs = 100;
const limitCore = 0.95;

/** Doubles the number of streams until a process cannot keep up, then narrows the gap down to an eighth. */
async function findKnee(tryWith, first) {
  const probes = [];
  // One good try of three is enough: a hiccup of the machine is no limit of the client.
  async function keepsUp(streams) {
    for (let attempt = 0; attempt < 3; attempt += 1) if (await tryOnce(streams)) return true;
    return false;
  }
  async function tryOnce(streams) {
    const run = await tryWith(streams);
    checkResult(run.result, run.expected);
    const { core, cores, p50, p99, serverCore } = run;
    const isWell = p99 / 1_000 <= limitMs && core < limitCore;
    probes.push({ streams, isWell, core, cores, p50, p99, serverCore });
    process.stderr.write(isWell ? '.' : '|');
    return isWell;
  }
  let good = 0;
  let bad = first;
  while (bad <= 8_000 && (await keepsUp(bad))) {
    good = bad;
    bad *= 2;
  }
  while (bad - good > Math.max(bad / 8, 10)) {
    const middle = Math.round((good + bad) / 2);
    if (await keepsUp(middle)) good = middle;
    else bad = middle;
  }
  const last = probes.findLast(({ isWell }) => isWell);
  const next = probes.filter(({ isWell }) => !isWell).toSorted((a, b) => a.streams - b.streams)[0];
  return { knee: good, last, next, probes };
}

const [bare, ours, openai] = named('bare', 'ours', 'openai');
const spreads = {
  'two processes': { processes: 2 },
  'two worker threads': { threads: 2 },
};
const alone = [bare, ours, openai].map((subject) => ({ subject, label: subject.label }));
const shared = [bare, ours].flatMap((subject) =>
  Object.entries(spreads).map(([how, spread]) => ({
    subject,
    label: `${subject.label}, ${how}`,
    spread,
  })),
);

const createScale =
  (runners, first, words) =>
  async ({ server, quick }) => {
    const times = quick ? { warmUpSeconds: 0.5, seconds: 1 } : { warmUpSeconds: 3, seconds: 5 };
    const rows = [];
    for (const { subject, label, spread } of runners) {
      const { name } = subject;
      const tryWith = (streams) => deliver(server, subject, { ...times, streams, spread });
      try {
        const found = quick ? await smallStep(tryWith) : await findKnee(tryWith, first);
        const { knee, last, next, probes } = found;
        const values = {
          streams: knee,
          'p99 there': last && last.p99 / 1_000,
          'CPU there': last && last.cores * 100,
          "server's core beyond it": next && next.serverCore * 100,
        };
        rows.push({ subject: name, label, values, ratios: {}, runs: probes });
      } catch (error) {
        rows.push({ subject: name, label, failed: error.message });
      }
    }
    process.stderr.write('\n');
    return {
      title: words.title,
      about: `${words.about} with p99 of the delivery within ${limitMs} ms and ${words.limit}.${quick ? ' (One small step only.)' : ''}`,
      units: {
        streams: '',
        'p99 there': 'ms',
        'CPU there': '%',
        "server's core beyond it": '%',
      },
      rows,
    };
  };

export const scale = createScale(alone, 250, {
  title: 'Streams per core at 50 deltas a second',
  about: 'The most that one process reads',
  limit: `below ${limitCore * 100} % of a core`,
});

/** The server needs its share of the same cores. */
export const beyond = createScale(shared, 500, {
  title: 'Streams beyond one core at 50 deltas a second',
  about:
    'The most that two processes, or two threads, read beside the server on the same two cores,',
  limit: `each below ${limitCore * 100} % of a core`,
});

async function smallStep(tryWith) {
  const run = await tryWith(50);
  checkResult(run.result, run.expected);
  return { knee: 50, last: run, next: undefined, probes: [run] };
}
