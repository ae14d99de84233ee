// Our gateway, Portkey's, and a proxy that looks at nothing, each in a process on one core, before the same server; the
// server and whoever asks share another core. Runs are interleaved, and of each figure the median is told.
//
//   node test/bench/gateway.mjs [--rounds 5] [--quick]
//
// Needs `npm run build`, `npm ci --prefix test/bench`, and Linux (taskset, /proc).

import { fork, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureLoad } from './gateways/load.mjs';
import { startServer } from './processes.mjs';
import { median, percentile } from './statistics.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const { rounds, quick } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, quick: { type: 'boolean', default: false } },
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
    const child = spawn(process.execPath, [file, '--headless', `--port=${port}`], {
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

const scenarios = {
  whole: { scenario: { kind: 'whole', chunks: 500 }, calls: 3_000, alone: 1_000 },
  'stream of 100 chunks': {
    scenario: { kind: 'stream', chunks: 100, perWrite: 1 },
    calls: 1_000,
    alone: 300,
  },
};

const server = await startServer();
await pin(process.pid, otherCore);
for (const [name, { scenario, calls, alone }] of Object.entries(scenarios)) {
  const baseURL = server.url(scenario);
  const { port, pathname } = new URL(baseURL);
  const body = JSON.stringify({
    model: 'deepseek-v4-flash',
    messages: [{ role: 'user', content: 'Why is the sky blue?' }],
    ...(scenario.kind === 'stream' && { stream: true }),
  });
  const share = quick ? 0.1 : 1;
  const json = { 'content-type': 'application/json' };
  const measure = async ({ port: at, path, headers }) => {
    const target = { port: at, path, headers: { ...json, ...headers }, body };
    await measureLoad({ ...target, calls: calls * share * 0.3, atOnce: 16 });
    const one = await measureLoad({ ...target, calls: alone * share, atOnce: 1 });
    const many = await measureLoad({ ...target, calls: calls * share, atOnce: 16 });
    return {
      p50: percentile(one.latencies, 0.5),
      p99: percentile(one.latencies, 0.99),
      perSecond: (calls * share * 1_000) / many.milliseconds,
    };
  };
  const runs = { direct: [], ...Object.fromEntries(Object.keys(subjects).map((key) => [key, []])) };
  const shown = [];
  const failures = new Map();
  for (let round = 0; round < Number(rounds); round += 1) {
    runs.direct.push(await measure({ port, path: `${pathname}/chat/completions`, headers: {} }));
    for (const [subject, start] of Object.entries(subjects)) {
      const gateway = await start(baseURL);
      await pin(gateway.child.pid, gatewayCore);
      try {
        const measured = await measure(gateway);
        runs[subject].push({ ...measured, megabytes: residentMegabytes(gateway.child.pid) });
      } catch (error) {
        // Portkey 1.15.2 answers a stream with a 500 on Node 20: "TypeError: immutable", of its own response's headers.
        failures.set(subject, error.message.slice(0, 34));
      }
      gateway.child.kill();
    }
  }
  const of = (subject, figure) => median(runs[subject].map((run) => run[figure]));
  for (const subject of Object.keys(subjects)) {
    if (failures.has(subject)) {
      shown.push({ answer: name, gateway: subject, failed: failures.get(subject) });
      continue;
    }
    // Of the same round, so that what else the machine did is in both.
    const added = (figure) =>
      median(runs[subject].map((run, round) => run[figure] - runs.direct[round][figure]));
    shown.push({
      answer: name,
      gateway: subject,
      'requests a second': Math.round(of(subject, 'perSecond')),
      'added p50, µs': Math.round(added('p50')),
      'added p99, µs': Math.round(added('p99')),
      'memory, MB': Math.round(of(subject, 'megabytes')),
    });
  }
  console.table(shown);
}
server.close();
process.exit();
