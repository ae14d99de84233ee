import type { ChildProcess } from 'node:child_process';
import { execFile, fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createClient } from 'deepseek-v4-flash';
import { redisState } from 'deepseek-v4-flash/redis';
import { startEmulator } from 'deepseek-v4-flash/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PromptQueue, Settings } from '../../../examples/fleet/queue.ts';
import {
  connect,
  fill,
  jobOptions,
  openQueue,
  statePrefix,
} from '../../../examples/fleet/queue.ts';
import type { Account } from '../redis/account.ts';
import { startAccount } from '../redis/account.ts';
import type { RedisServer } from '../redis/server.ts';
import { startRedis } from '../redis/server.ts';
import { hasNoServer, servers } from '../redis/servers.ts';

// examples/fleet: its workers as processes, some of them killed. Ten thousand prompts: FLEET_PROMPTS=10000.

const promptCount = Number(process.env.FLEET_PROMPTS ?? 2_000);
const limit = 25;
const atOnce = 10;
const poll = { timeout: 60_000, interval: 50 };
const root = fileURLToPath(new URL('../../../', import.meta.url));

function startWorker(settings: Settings): ChildProcess {
  return fork('examples/fleet/worker.ts', [JSON.stringify(settings)], {
    cwd: root,
    execArgv: ['--import', 'tsx'],
  });
}

describe.skipIf(hasNoServer).each(servers.slice(0, 1))('the fleet over $name', ({ path }) => {
  let server: RedisServer;
  let account: Account;
  let queue: PromptQueue;
  let close: () => Promise<void>;
  let workers: ChildProcess[] = [];
  let settings: Settings;
  /** What has been spent or set aside, as the workers have written it down. */
  let spent: () => Promise<number>;

  beforeEach(async () => {
    server = await startRedis(path, true);
    account = await startAccount(limit, 40);
    const redisUrl = `redis://127.0.0.1:${server.port}`;
    const redis = connect(redisUrl);
    queue = openQueue(redis);
    const state = redisState(redis, { prefix: statePrefix });
    spent = async () => Number(await state.readSpend('spend'));
    settings = { redisUrl, baseURL: account.baseURL, accountLimit: limit, maxCostUsd: 1, atOnce };
    close = async () => {
      await state.close();
      await queue.close();
      redis.disconnect();
    };
  });
  afterEach(async () => {
    for (const worker of workers) worker.kill('SIGKILL');
    workers = [];
    await close();
    account.close();
    await server.stop();
  });
  /** Starts workers, and waits until they take jobs. */
  const startFleet = async (count = 4): Promise<void> => {
    workers = Array.from({ length: count }, () => startWorker(settings));
    await expect
      .poll(() => queue.getWorkersCount(), { timeout: 120_000, interval: 100 })
      .toBe(count);
  };
  const answered = async (): Promise<number> => (await queue.getJobCounts()).completed ?? 0;
  const until = async (count: number): Promise<void> => {
    await expect.poll(answered, { timeout: 240_000, interval: 100 }).toBeGreaterThanOrEqual(count);
  };
  const paidCount = (): number => [...account.paid.values()].reduce((sum, count) => sum + count, 0);

  test(`${promptCount} prompts have one result each, though a worker is killed and Redis restarted`, async () => {
    const prompts = Array.from({ length: promptCount }, (_, at) => `Prompt ${at}`);
    await startFleet();
    const startedAtMs = performance.now();
    await fill(queue, prompts);
    await until(promptCount / 4);
    workers[0]?.kill('SIGKILL');
    await until(promptCount / 2);
    await server.kill();
    await sleep(1_000);
    await server.start();
    await until(promptCount);
    const seconds = (performance.now() - startedAtMs) / 1_000;
    const jobs = await queue.getJobs(['completed'], 0, -1);
    const costUsd = Number(jobs[0]?.returnvalue.costUsd);
    const twice = paidCount() - promptCount;
    console.log(
      `${promptCount} prompts in ${seconds.toFixed(1)} s; paid twice: ${twice}; at most ${account.most} at the same time, ${account.refused} refused`,
    );

    expect(await queue.getJobCounts()).toMatchObject({ failed: 0, active: 0, waiting: 0 });
    expect(jobs.map(({ data }) => data.content).toSorted()).toEqual(prompts.toSorted());
    for (const { data, returnvalue } of jobs) {
      expect(returnvalue.content).toBe(`re: ${data.content}`);
    }
    expect(account.paid.size).toBe(promptCount);
    expect(twice).toBeLessThanOrEqual(atOnce);
    // More than was really paid, and no more than was allowed.
    expect(await spent()).toBeGreaterThanOrEqual(paidCount() * costUsd * (1 - 1e-9));
    expect(await spent()).toBeLessThanOrEqual(settings.maxCostUsd);
  }, 300_000);

  test('the fleet stops before its budget is passed, and what is left waits', async () => {
    // Less than 600 answers cost.
    settings = { ...settings, maxCostUsd: 0.012 };
    await startFleet();
    await fill(
      queue,
      Array.from({ length: 600 }, (_, at) => `Prompt ${at}`),
    );
    await expect.poll(() => queue.isPaused(), { timeout: 60_000 }).toBe(true);
    await expect.poll(() => queue.getActiveCount(), { timeout: 20_000 }).toBe(0);
    const [first] = await queue.getJobs(['completed'], 0, 0);
    const costUsd = Number(first?.returnvalue.costUsd);

    expect(paidCount() * costUsd).toBeLessThanOrEqual(settings.maxCostUsd);
    // No sooner than what is set aside for all that are in hand, and for the one that was refused, takes the rest of it.
    const [{ maxUsd } = { maxUsd: '0' }] = await createClient({ apiKey: 'k' }).estimate({
      messages: [{ role: 'user', content: 'Prompt 599' }],
      max_tokens: 200,
    });
    const left = settings.maxCostUsd - paidCount() * costUsd;
    console.log(
      `${paidCount()} of 600 within the budget; ${(left / Number(maxUsd)).toFixed(1)} reserves left`,
    );
    expect(left).toBeLessThan((4 * atOnce + 1) * Number(maxUsd));
    expect(paidCount()).toBe(await answered());
    const { failed, waiting, delayed } = await queue.getJobCounts();
    expect({ failed, delayed, waiting }).toEqual({
      failed: 0,
      delayed: 0,
      waiting: 600 - paidCount(),
    });
  }, 120_000);

  test('a refusal of one prompt gives it up at once; what may pass is tried again, after the wait that was asked for', async () => {
    const tries = new Map<string, number[]>();
    const refusals: Record<string, object> = {
      'too long': { error: 'context_length' },
      'too many': { error: 'rate_limit', headers: { 'retry-after': '1' } },
      'too busy': { error: 'overloaded', headers: { 'retry-after': '2' } },
    };
    const emulator = await startEmulator({
      answer: ({ body }) => {
        const prompt = String(body?.messages?.at(-1)?.content);
        const times = tries.get(prompt) ?? [];
        tries.set(prompt, [...times, Date.now()]);
        return times.length === 0 ? (refusals[prompt] ?? {}) : {};
      },
    });
    settings = { ...settings, baseURL: emulator.baseURL('deepseek') };
    await startFleet(1);
    for (const prompt of Object.keys(refusals)) {
      await queue.add('prompt', { content: prompt }, { jobId: prompt, ...jobOptions });
      await expect.poll(async () => (await queue.getJob(prompt))?.finishedOn, poll).toBeDefined();
    }
    await emulator.close();
    const jobs = await Promise.all(Object.keys(refusals).map((name) => queue.getJob(name)));
    const [tooLong, tooMany, tooBusy] = jobs;
    const waitedMs = (prompt: string): number => {
      const [first = 0, second = 0] = tries.get(prompt) ?? [];
      return second - first;
    };

    expect(tries.get('too long')).toHaveLength(1);
    expect(tooLong?.failedReason).toContain('context_length');
    // That the account is busy is no failure of the prompt.
    expect(tooMany).toMatchObject({ attemptsMade: 1, returnvalue: {} });
    expect(waitedMs('too many')).toBeGreaterThanOrEqual(990);
    expect(tooBusy).toMatchObject({ attemptsMade: 2, returnvalue: {} });
    expect(waitedMs('too busy')).toBeGreaterThanOrEqual(1_990);
  }, 120_000);
});

describe('the command', () => {
  const run = (env: object): Promise<{ code: number; stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      const { DEEPSEEK_API_KEY: _key, REDIS_URL: _url, ...rest } = process.env;
      execFile(
        process.execPath,
        ['--import', 'tsx', 'examples/fleet/run.ts', '60', '2'],
        { cwd: root, env: { ...rest, ...env } },
        (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
      );
    });

  test.skipIf(hasNoServer)(
    'answers every prompt, and says what it came to',
    async () => {
      const { code, stdout, stderr } = await run({});

      expect(stderr).toBe('');
      expect(code).toBe(0);
      expect(stdout).toContain('Vendor: the built-in emulator');
      expect(stdout).toMatch(/60\/60 answered, 0 failed, .* \$0\.00\d+ of \$1\n/);
    },
    120_000,
  );

  test('says what to install where there is no Redis', async () => {
    const { code, stderr } = await run({ PATH: '' });

    expect(code).toBe(1);
    expect(stderr).toContain('apt-get install redis-server');
  });
});
