// The fleet's own process: fills the queue, keeps the workers running, and draws a line of totals.
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { redisState } from 'deepseek-v4-flash/redis';
import { startEmulator } from 'deepseek-v4-flash/testing';
import type { PromptQueue, Settings } from './queue.ts';
import { connect, fill, openQueue, statePrefix } from './queue.ts';
import { startRedis } from './redis.ts';

const program = fileURLToPath(new URL('worker.ts', import.meta.url));
const limits = { accountLimit: 25, maxCostUsd: 1, atOnce: 10 };

/** @throws Error where there is no Redis */
export async function runFleet(promptCount: number, workerCount: number): Promise<void> {
  const server = await startRedis();
  const emulator = process.env.DEEPSEEK_API_KEY ? undefined : await startEmulator({ delayMs: 20 });
  console.log(`Queue and shared state: ${server.name}`);
  console.log(`Vendor: ${emulator ? 'the built-in emulator (no key is set)' : 'DeepSeek'}`);
  const redis = connect(server.url);
  const queue = openQueue(redis);
  const state = redisState(redis, { prefix: statePrefix });
  const baseURL = emulator?.baseURL('deepseek');
  const settings: Settings = { redisUrl: server.url, baseURL, ...limits };
  await fill(
    queue,
    Array.from({ length: promptCount }, (_, at) => `Say ${at} in words.`),
  );
  await queue.resume();
  const workers = startWorkers(settings, workerCount);
  await draw(queue, async () => `$${await state.readSpend('spend')} of $${settings.maxCostUsd}`);
  await workers.stop();
  await sayEnd(queue);
  await state.close();
  await queue.close();
  redis.disconnect();
  await emulator?.close();
  server.stop();
}

/** Keeps so many workers running: one that dies is followed by another. */
function startWorkers(settings: Settings, count: number): { stop(): Promise<void> } {
  const running = new Set<ChildProcess>();
  let isOver = false;
  const start = (): void => {
    const child = fork(program, [JSON.stringify(settings)]);
    running.add(child);
    child.once('exit', (_code, signal) => {
      running.delete(child);
      if (isOver) return;
      console.error(`\nA worker has died (${signal ?? 'by itself'}); another one is started`);
      start();
    });
  };
  for (let at = 0; at < count; at++) start();
  return {
    async stop() {
      isOver = true;
      await Promise.all(
        Array.from(running, (child) => {
          child.kill('SIGTERM');
          return once(child, 'exit');
        }),
      );
    },
  };
}

/** A line of totals, until every prompt is answered, given up, or left for want of money. */
async function draw(queue: PromptQueue, spent: () => Promise<string>): Promise<void> {
  let sinceMs = Date.now();
  const isTerminal = process.stdout.isTTY;
  for (;;) {
    const counts = await queue.getJobCounts();
    const { completed = 0, failed = 0, active = 0, delayed = 0 } = counts;
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const ended = completed + failed;
    const isOver = ended === total || (active === 0 && (await queue.isPaused()));
    // The workers need a moment to start.
    if (ended === 0) sinceMs = Date.now();
    const perSecond = (ended * 1_000) / Math.max(1, Date.now() - sinceMs);
    const line = `${completed}/${total} answered, ${failed} failed, ${active} in hand, ${delayed} wait for another attempt, ${perSecond.toFixed(0)}/s, ${await spent()}`;
    if (isTerminal) process.stdout.write(`\r${line} `);
    if (isOver) {
      console.log(isTerminal ? '' : line);
      return;
    }
    await sleep(200);
  }
}

async function sayEnd(queue: PromptQueue): Promise<void> {
  const [first] = await queue.getJobs(['completed'], 0, 0);
  if (first !== undefined) console.log(`${first.data.content} → ${first.returnvalue.content}`);
  for (const { data, failedReason } of await queue.getJobs(['failed'], 0, 2)) {
    console.log(`${data.content} → ${failedReason}`);
  }
  if (await queue.isPaused()) {
    console.log('The fleet was stopped: the budget is used up, or the account refuses every call');
  }
}
