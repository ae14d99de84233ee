import { Worker } from 'node:worker_threads';

const thread = new URL('../thread.mjs', import.meta.url);

/** As `delivery`, with the streams shared out among so many worker threads. */
export async function run(_connect, { threads, streams, subject, ...options }) {
  const share = { ...options, subject, streams: Math.ceil(streams / threads) };
  const runs = await Promise.all(Array.from({ length: threads }, () => runThread(share)));
  const worst = (field) => Math.max(...runs.map((one) => one[field]));
  // The clock of the CPU is the whole process's, whichever thread asks.
  const cores = worst('core');
  const samples = runs.reduce((sum, one) => sum + one.samples, 0);
  const [{ result }] = runs;
  return { p50: worst('p50'), p99: worst('p99'), core: cores / threads, cores, samples, result };
}

function runThread(workerData) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(thread, { workerData });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}
