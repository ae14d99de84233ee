// The benchmark: what each client costs, against a bare loop that does the same work.
//
//   node test/bench/run.mjs                    everything (most of an hour), into results.json, results.md and results.svg
//   node test/bench/run.mjs --only whole       some of it (may be repeated)
//   node test/bench/run.mjs --rounds 9         more runs of each (5 unless told; cold processes: 21)
//   node test/bench/run.mjs --newest           the newest versions of the others, which need Node 22.15; into newest/
//   node test/bench/run.mjs --quick            small counts and one run each: does everything work?
//
// Needs `npm run build`, and `npm ci --prefix test/bench` (or `test/bench/newest`) for the other clients.

import { mkdtemp } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeEnvironment } from './environment.mjs';
import { renderWorkload } from './output/markdown.mjs';
import { writeResults } from './output/write.mjs';
import { startServer } from './processes.mjs';
import { peersFolder } from './peers.mjs';
import { ours } from './subjects.mjs';
import { cold } from './workloads/cold.mjs';
import { delivery1, delivery200, delivery1000 } from './workloads/delivery.mjs';
import { imports } from './workloads/imports.mjs';
import { partialObject, toolArguments } from './workloads/long-json.mjs';
import { memory } from './workloads/memory.mjs';
import { beyond, scale } from './workloads/scale.mjs';
import { severalChunks, severalStreams, severalWhole } from './workloads/several.mjs';
import { sizes } from './workloads/sizes.mjs';
import { streaming1, streaming16 } from './workloads/streaming.mjs';
import { whole } from './workloads/whole.mjs';

const all = {
  streaming16,
  streaming1,
  whole,
  severalChunks,
  severalWhole,
  severalStreams,
  imports,
  cold,
  delivery1,
  delivery200,
  delivery1000,
  memory,
  toolArguments,
  partialObject,
  sizes,
  scale,
  beyond,
};

const { quick, only, rounds } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    newest: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: Object.keys(all) },
    rounds: { type: 'string', default: '5' },
  },
}).values;

const unknown = only.filter((name) => !(name in all));
if (unknown.length > 0) {
  console.error(`No workload ${unknown.join(', ')}. There are: ${Object.keys(all).join(', ')}`);
  process.exit(2);
}

const [load] = loadavg();
if (load > 1) {
  console.error(`Something else is running here (load ${load.toFixed(1)}): times will be off.`);
}

const environment = await describeEnvironment();
const server = await startServer();
const workloads = {};
for (const name of only) {
  process.stderr.write(`${name} `);
  const outcome = await all[name]({ server, quick, rounds: quick ? 1 : Number(rounds) });
  workloads[name] = { date: new Date().toISOString().slice(0, 10), ...outcome };
  console.log(`${renderWorkload(workloads[name])}\n`);
}
server.close();

// Small counts say that everything works, and nothing about speed: they do not replace real results.
const folder = quick ? await mkdtemp(join(tmpdir(), 'bench-')) : fileURLToPath(peersFolder);
await writeResults(folder, { environment, workloads }, Object.keys(all));
console.log(`Written to ${folder}`);

// A time is never an error; a wrong answer of ours is.
const rows = Object.values(workloads).flatMap((workload) => workload.rows ?? []);
if (rows.some(({ subject, failed }) => failed !== undefined && ours.has(subject))) {
  process.exitCode = 1;
}
