import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Account } from './account.ts';
import { startAccount } from './account.ts';
import type { RedisServer } from './server.ts';
import { startRedis } from './server.ts';
import { hasNoServer, servers } from './servers.ts';
import type { Work } from './worker.ts';

// A fleet of processes under the limit of one account, over a real Redis.

const limit = 25;
/** As a short answer of a model takes: what a busy machine takes to hand a place on is little beside it. */
const answerMs = 1_000;

interface Said {
  codes: string[];
  warnings: number;
}

interface Worker {
  child: ChildProcess;
  go(): void;
  stop(): Promise<Said>;
}

async function startWorker(work: Work): Promise<Worker> {
  const child = fork(fileURLToPath(new URL('worker.ts', import.meta.url)), [JSON.stringify(work)], {
    execArgv: ['--import', 'tsx'],
  });
  await once(child, 'message');
  return {
    child,
    go: () => void child.send('go'),
    async stop() {
      const said = once(child, 'message');
      child.send('stop');
      return (await said)[0] as Said;
    },
  };
}

describe.skipIf(hasNoServer).each(servers)('a fleet over $name', ({ path }) => {
  let server: RedisServer;
  let account: Account;
  beforeAll(async () => {
    server = await startRedis(path);
  });
  beforeEach(async () => {
    account = await startAccount(limit, answerMs);
    return () => account.close();
  });
  afterAll(() => server.stop());

  const startFleet = async (count: number, atOnce: number): Promise<Worker[]> => {
    const { baseURL } = account;
    const common = { port: server.port, baseURL, limit, atOnce };
    const workers = await Promise.all(
      Array.from({ length: count }, (_, at) =>
        startWorker({ ...common, name: `${at}`, kind: at % 2 === 0 ? 'ioredis' : 'node-redis' }),
      ),
    );
    for (const worker of workers) worker.go();
    return workers;
  };

  test('eight processes use a limit of 25 to at least 90 %, never pass it, and share it evenly', async () => {
    const workers = await startFleet(8, 8);
    await sleep(2_000);
    account.forget();
    const meanRunning = account.measure();
    await sleep(12_000);
    const mean = meanRunning();
    const answers = [...account.answers.values()];
    const said = await Promise.all(workers.map((worker) => worker.stop()));
    console.log(
      `running: mean ${mean.toFixed(1)}, most ${account.most}; answers ${answers.join(' ')}`,
    );

    expect(said.flatMap(({ codes }) => codes)).toEqual([]);
    expect(said.map(({ warnings }) => warnings)).toEqual(said.map(() => 0));
    expect(account.refused).toBe(0);
    expect(account.most).toBe(limit);
    expect(mean).toBeGreaterThan(limit * 0.9);
    const share = answers.reduce((sum, count) => sum + count, 0) / 8;
    expect(Math.min(...answers)).toBeGreaterThan(share * 0.8);
    expect(Math.max(...answers)).toBeLessThan(share * 1.2);
  });

  test('the places of a process that is killed in mid-call are back within the lease time', async () => {
    const workers = await startFleet(4, 10);
    await sleep(2_000);
    const [killed, ...others] = workers;
    killed?.child.kill('SIGKILL');
    await sleep(8_500);
    const meanRunning = account.measure();
    await sleep(3_000);
    const mean = meanRunning();
    const said = await Promise.all(others.map((worker) => worker.stop()));

    expect(said.flatMap(({ codes }) => codes)).toEqual([]);
    expect(account.refused).toBe(0);
    expect(mean).toBeGreaterThan(limit * 0.9);
  });

  test('while Redis is away, calls go on with a share each, and it is used again within 5 s', async () => {
    account.close();
    // It counts, and refuses nobody: what is too much is seen in the count.
    account = await startAccount(1_000, answerMs);
    const workers = await startFleet(4, 10);
    await sleep(3_000);
    expect(account.most).toBe(limit);
    await server.kill();
    await sleep(2_500);
    const meanRunning = account.measure();
    await sleep(3_000);
    const mean = meanRunning();
    const most = account.most;
    await server.start();
    await sleep(5_000);
    account.forget();
    const meanAfter = account.measure();
    await sleep(3_000);
    const [after, mostAfter] = [meanAfter(), account.most];
    const said = await Promise.all(workers.map((worker) => worker.stop()));
    console.log(
      `away: mean ${mean.toFixed(1)}, most ${most}; after: ${after.toFixed(1)}, ${mostAfter}`,
    );

    expect(said.flatMap(({ codes }) => codes)).toEqual([]);
    expect(most).toBeLessThanOrEqual(limit + 4);
    // How busy the others keep them is a matter of the machine; that they are used is not.
    expect(mean).toBeGreaterThan(limit * 0.5);
    expect(mostAfter).toBeLessThanOrEqual(limit);
    expect(after).toBeGreaterThan(limit * 0.5);
    expect(said.map(({ warnings }) => warnings)).toEqual([1, 1, 1, 1]);
  });
});
