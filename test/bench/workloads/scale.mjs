import { checkResult } from '../compare.mjs';
import { named } from '../subjects.mjs';
import { deliver } from './delivery.mjs';

const limitMs = 100;
const limitCore = 0.95;

/** Doubles the number of streams until a process cannot keep up, then narrows the gap down to an eighth. */
async function findKnee(server, subject, { first, times }) {
  const probes = [];
  // One good try of three is enough: a hiccup of the machine is no limit of the client.
  async function keepsUp(streams) {
    for (let attempt = 0; attempt < 3; attempt += 1) if (await tryOnce(streams)) return true;
    return false;
  }
  async function tryOnce(streams) {
    const run = await deliver(server, subject, { ...times, streams });
    checkResult(run.result, run.expected);
    const { core, p50, p99, serverCore } = run;
    const isWell = p99 / 1_000 <= limitMs && core < limitCore;
    probes.push({ streams, isWell, core, p50, p99, serverCore });
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

export async function scale({ server, quick }) {
  const times = quick ? { warmUpSeconds: 0.5, seconds: 1 } : { warmUpSeconds: 3, seconds: 5 };
  const rows = [];
  for (const subject of named('bare', 'ours', 'openai')) {
    const { name, label } = subject;
    try {
      const found = quick
        ? await smallStep(server, subject, times)
        : await findKnee(server, subject, { first: 250, times });
      const { knee, last, next, probes } = found;
      const values = {
        'streams per core': knee,
        'p99 there': last && last.p99 / 1_000,
        'CPU there': last && last.core * 100,
        "server's core beyond it": next && next.serverCore * 100,
      };
      rows.push({ subject: name, label, values, ratios: {}, runs: probes });
    } catch (error) {
      rows.push({ subject: name, label, failed: error.message });
    }
  }
  process.stderr.write('\n');
  return {
    title: 'Streams per core at 50 deltas a second',
    about: `The most that one process reads with p99 of the delivery within ${limitMs} ms and below ${limitCore * 100} % of a core.${quick ? ' (One small step only.)' : ''}`,
    units: {
      'streams per core': '',
      'p99 there': 'ms',
      'CPU there': '%',
      "server's core beyond it": '%',
    },
    rows,
  };
}

async function smallStep(server, subject, times) {
  const run = await deliver(server, subject, { ...times, streams: 50 });
  checkResult(run.result, run.expected);
  return { knee: 50, last: run, next: undefined, probes: [run] };
}
