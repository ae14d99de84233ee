import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileJournal } from 'deepseek-v4-flash';
import { expect, test } from 'vitest';
import type { Asker } from '../../src/call/ask.ts';
import { bulk } from '../../src/bulk/bulk.ts';
import { cleanups } from '../kit/cleanups.ts';
import { tempFolder } from '../kit/process.ts';

// Runs of many items, some of them killed.

const program = fileURLToPath(new URL('bulk-run.ts', import.meta.url));

interface Told {
  seen: number;
  asked: number;
  digest: string;
  heaps: number[];
}

function start(count: number, path: string) {
  const args = ['--expose-gc', '--import', 'tsx', program, `${count}`, path];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  const ended = once(child, 'close').then(() =>
    text === '' ? undefined : (JSON.parse(text) as Told),
  );
  return { child, ended };
}

const linesOf = (path: string): number =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0;

test('a run that is killed at random points and started again gives the same results as one that was not', async () => {
  const count = 2_000;
  const undisturbed = start(count, '').ended;
  const folder = tempFolder();
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'results.jsonl');
  let noted = 0;
  for (let kill = 0; kill < 3; kill++) {
    const { child, ended } = start(count, path);
    const until = noted + 20 + Math.floor(Math.random() * 400);
    await expect.poll(() => linesOf(path), { timeout: 60_000, interval: 2 }).toBeGreaterThan(until);
    child.kill('SIGKILL');
    await ended;
    noted = linesOf(path);
  }
  const [whole, last] = await Promise.all([undisturbed, start(count, path).ended]);

  expect(whole).toMatchObject({ seen: count, asked: count });
  expect(last).toMatchObject({ seen: count, asked: count - noted, digest: whole?.digest });
  expect(linesOf(path)).toBe(count);
}, 180_000);

// All hundred thousand: BULK_ITEMS=100000.
const emulated = Number(process.env.BULK_ITEMS ?? 20_000);

test(`${emulated} items are asked of the emulator, and the heap stays flat`, async () => {
  const told = await start(emulated, '').ended;

  expect(told).toMatchObject({ seen: emulated, asked: emulated });
  const heaps = told?.heaps ?? [];
  expect(heaps).toHaveLength(10);
  // After a collection each time, in MiB. An answer takes more than a kilobyte: were they kept, it would grow by 20 and more.
  expect(Math.max(...heaps) - Math.min(...heaps)).toBeLessThan(5);
}, 300_000);

/** What one core has to work through in a second, above the cost of the calls themselves. */
const leastPerSecond = 5_000;

test.each([
  ['alone', false],
  ['under a limit and with a journal', true],
])(
  'a hundred thousand items %s are worked through in time, and the heap stays flat',
  async (_, isAll) => {
    const choices = [{ index: 0, message: { content: 'x' } }];
    const asker = {
      complete: async () => ({ choices, report: { attempts: [], issues: [] } }),
      withLessThinking: () => undefined,
    } as unknown as Asker;
    const estimate = async () => [{ provider: 'one', promptTokens: 1, maxUsd: '0.000001' }];
    const client = { asker, estimate, pricesOf: () => undefined };
    const folder = tempFolder();
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const count = 100_000;
    function* items() {
      for (let at = 0; at < count; at++) yield at;
    }
    const heaps: number[] = [];
    let seen = 0;
    const startedAt = process.cpuUsage();
    const results = bulk(client, items(), {
      params: () => ({ messages: [] }),
      ...(isAll && { maxCostUsd: 5, journal: fileJournal(join(folder, 'results.jsonl')) }),
    });
    for await (const { error } of results) {
      if (error !== undefined) throw error;
      if (++seen % 20_000 === 0) heaps.push(process.memoryUsage().heapUsed);
    }
    const { user, system } = process.cpuUsage(startedAt);

    expect(seen).toBe(count);
    expect((count * 1e6) / (user + system)).toBeGreaterThan(leastPerSecond);
    // What is not collected yet, and no more.
    expect(Math.max(...heaps) - Math.min(...heaps)).toBeLessThan(64 * 2 ** 20);
  },
  60_000,
);
