// Our gateway, Portkey's, and a proxy that looks at nothing, each in a process on one core, before the same server; the
// server and whoever asks share another core. Runs are interleaved, and of each figure the median is told; on a machine that
// does other work too, the time on the processor is the figure to go by.
//
//   node test/bench/gateway.mjs [--rounds 5] [--quick]
//
// Needs `npm run build`, `npm ci --prefix test/bench`, and Linux (taskset, /proc).

import { fork, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureLoad } from './gateways/load.mjs';
import { startServer } from './processes.mjs';
import { median, percentile } from './statistics.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const { rounds, quick } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    quick: { type: 'boolean', default: false },
  },
}).values;
const gatewayCore = '0';
const otherCore = '1';

const pin = (pid, core) =>
  new Promise((resolve) =>
    spawn('taskset', ['-a', '-c', '-p', core, String(pid)], { stdio: 'ignore' }).on(
      'exit',
      resolve,
    ),
  );

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const forked = async (file, baseURL) => {
  const child = fork(`${here}gateways/${file}.mjs`, [baseURL]);
  const { port } = await new Promise((resolve) => child.once('message', resolve));
  return { child, port, path: '/v1/chat/completions', headers: { authorization: 'Bearer bench' } };
};

const subjects = {
  'pass-through': (baseURL) => forked('pass-through', baseURL),
  ours: (baseURL) => forked('ours', baseURL),
  async portkey(baseURL) {
    const port = await freePort();
    const file = `${here}node_modules/@portkey-ai/gateway/build/start-server.js`;
    const own = ['--import', `${here}gateways/portkey-headers.mjs`];
    const child = spawn(process.execPath, [...own, file, '--headless', `--port=${port}`], {
      stdio: 'ignore',
      env: { PATH: process.env.PATH, NODE_ENV: 'production' },
    });
    for (let tries = 0; ; tries += 1) {
      const isUp = await fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      );
      if (isUp) break;
      if (tries === 100) throw new Error('Portkey did not start');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const headers = {
      authorization: 'Bearer bench',
      'x-portkey-provider': 'openai',
      'x-portkey-custom-host': baseURL,
    };
    return { child, port, path: '/v1/chat/completions', headers };
  },
};

const residentMegabytes = (pid) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1_024;

/** The time of all its threads on the processor, in microseconds. */
const processorMicroseconds = (pid) =>
  readdirSync(`/proc/${pid}/task`)
    .map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8'))
    .reduce((sum, text) => sum + Number(text.split(' ', 1)[0]) / 1_000, 0);

const scenarios = {
  whole: { scenario: { kind: 'whole', chunks: 500 }, calls: 3_000, alone: 1_000, atOnce: 16 },
  'stream of 100 chunks': {
    scenario: { kind: 'stream', chunks: 100, perWrite: 1 },
    calls: 1_000,
    alone: 300,
    atOnce: 16,
  },
  // As a model writes: each chunk is a read and a write of its own, whoever stands between.
  'stream of 100 chunks in 2 s': {
    scenario: { kind: 'paced', chunks: 100, perSecond: 50 },
    calls: 128,
    alone: 0,
    atOnce: 64,
  },
};

function requestOf({ kind }) {
  return JSON.stringify({
    model: 'deepseek-v4-flash',
    messages: [{ role: 'user', content: 'Why is the sky blue?' }],
    ...(kind !== 'whole' && { stream: true }),
  });
}

async function measure({ port, path, headers, child }, { scenario, calls, alone, atOnce }) {
  const share = quick ? 0.1 : 1;
  const count = (of) => Math.max(of === 0 ? 0 : atOnce, Math.round(of * share));
  const body = requestOf(scenario);
  const target = { port, path, headers: { 'content-type': 'application/json', ...headers }, body };
  await measureLoad({ ...target, calls: count(calls * 0.5), atOnce });
  const one = await measureLoad({ ...target, calls: count(alone), atOnce: 1 });
  const before = child && processorMicroseconds(child.pid);
  const many = await measureLoad({ ...target, calls: count(calls), atOnce });
  return {
    ...(alone > 0 && {
      p50: percentile(one.latencies, 0.5),
      p99: percentile(one.latencies, 0.99),
    }),
    ...(child && {
      processor: (processorMicroseconds(child.pid) - before) / count(calls),
      megabytes: residentMegabytes(child.pid),
    }),
    perSecond: (count(calls) * 1_000) / many.milliseconds,
  };
}

/** Several rounds of every subject in turn: what each measured, and why it failed if it did. */
async function measureRounds(server, part) {
  const baseURL = server.url(part.scenario);
  const { port, pathname } = new URL(baseURL);
  const runs = { direct: [], ...Object.fromEntries(Object.keys(subjects).map((key) => [key, []])) };
  const failures = new Map();
  for (let round = 0; round < Number(rounds); round += 1) {
    const direct = { port, path: `${pathname}/chat/completions`, headers: {} };
    runs.direct.push(await measure(direct, part));
    for (const [subject, start] of Object.entries(subjects)) {
      const gateway = await start(baseURL);
      await pin(gateway.child.pid, gatewayCore);
      try {
        runs[subject].push(await measure(gateway, part));
      } catch (error) {
        failures.set(subject, error.message.slice(0, 34));
      }
      gateway.child.kill();
    }
  }
  return { runs, failures };
}

function rowsOf(name, { runs, failures }) {
  const of = (subject, figure) => median(runs[subject].map((run) => run[figure]));
  // Of the same round, so that what else the machine did is in both.
  const added = (subject, figure) =>
    median(runs[subject].map((run, round) => run[figure] - runs.direct[round][figure]));
  const ratio = (subject, figure) =>
    median(runs[subject].map((run, round) => run[figure] / runs['pass-through'][round][figure]));
  return Object.keys(subjects).map((subject) => {
    if (failures.has(subject)) {
      return { answer: name, gateway: subject, failed: failures.get(subject) };
    }
    const rounded = Object.entries({
      'requests a second': of(subject, 'perSecond'),
      'added p50, µs': added(subject, 'p50'),
      'added p99, µs': added(subject, 'p99'),
      'processor a request, µs': of(subject, 'processor'),
      'memory, MB': of(subject, 'megabytes'),
    }).map(([figure, value]) => [figure, Number.isFinite(value) ? Math.round(value) : '–']);
    return {
      answer: name,
      gateway: subject,
      ...Object.fromEntries(rounded),
      'processor, pass-through = 1': Number(ratio(subject, 'processor').toFixed(2)),
    };
  });
}

const server = await startServer();
await pin(process.pid, otherCore);
const loads = () => loadavg().map((load) => load.toFixed(1));
console.log(`Load of the machine: ${loads().join(', ')}`);
for (const [name, part] of Object.entries(scenarios)) {
  console.table(rowsOf(name, await measureRounds(server, part)));
}
console.log(`Load of the machine: ${loads().join(', ')}`);
server.close();
process.exit();
