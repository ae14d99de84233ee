import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BulkProgress } from 'deepseek-v4-flash';
import { createClient, fileJournal } from 'deepseek-v4-flash';
import { createEmulator } from 'deepseek-v4-flash/testing';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import * as z from 'zod';
import { echo, gather, params, texts } from '../kit/bulk.ts';
import { tempFolder } from '../kit/process.ts';

// What a run must not get wrong silently: half an answer, a damaged journal, figures of money, functions that fail.

/** An hour at which DeepSeek asks twice its price. */
const peak = Date.UTC(2026, 10, 30, 2);

/** A vendor that repeats what it is told, and ends with a word. */
const ending = (endOf: (content: string) => string) =>
  echo((content) => ({
    content: `re: ${content}`,
    reasoning_content: '',
    finish_reason: endOf(content),
  }));

let path: string;
beforeEach(() => {
  const folder = tempFolder();
  path = join(folder, 'results.jsonl');
  return () => rmSync(folder, { recursive: true });
});
const lines = (): string[] => readFileSync(path, 'utf8').trimEnd().split('\n');

test.each(['insufficient_system_resource', 'made_up'])(
  'an answer that ended with %s is a failed item, paid for and not in the journal, so that the next run asks again',
  async (end) => {
    let told: BulkProgress | undefined;
    const onProgress = (progress: BulkProgress): void => void (told = progress);
    const broken = ending((content) => (content === 'item 1' ? end : 'stop'));
    const { results, error } = await gather(broken, texts(3), {
      journal: fileJournal(path),
      onProgress,
    });

    expect(error).toBeUndefined();
    const failed = results.find(({ index }) => index === 1);
    expect(failed?.completion).toBeUndefined();
    expect(failed?.error).toMatchObject({ code: 'stream_interrupted' });
    expect(failed?.error?.partial?.choices[0].message.content).toBe('re: item 1');
    expect(failed?.error?.report?.completion).toBe('interrupted');
    const costs = results.map((result) => (result.completion ?? result.error)?.report?.cost?.usd);
    const sum = costs.reduce((usd, each) => usd + Number(each), 0);
    expect(told).toMatchObject({ done: 2, failed: 1 });
    expect(Number(told?.costUsd)).toBeCloseTo(sum, 12);
    expect(lines()).toHaveLength(2);

    const second = echo();
    const again = await gather(second, texts(3), { journal: fileJournal(path) });
    expect(again.results.every(({ completion }) => completion !== undefined)).toBe(true);
    expect(second.asked()).toBe(1);
  },
);

test('an answer that was cut at its maximum of tokens stays one, and is not asked for again', async () => {
  const { results } = await gather(
    ending(() => 'length'),
    ['a'],
    { journal: fileJournal(path) },
  );
  expect(results[0]?.completion?.report.completion).toBe('length');

  const second = echo();
  const again = await gather(second, ['a'], { journal: fileJournal(path) });
  expect(again.results[0]?.completion?.report.completion).toBe('length');
  expect(second.asked()).toBe(0);
});

test('half an answer that an earlier version has written down is asked for again', async () => {
  await gather(echo(), ['a', 'b'], { journal: fileJournal(path), concurrency: 1 });
  const [first = '', ...others] = lines();
  const half = first.replace('"completion":"complete"', '"completion":"interrupted"');
  expect(half).not.toBe(first);
  writeFileSync(path, `${[half, ...others].join('\n')}\n`);

  const second = echo();
  const { results } = await gather(second, ['a', 'b'], { journal: fileJournal(path) });
  expect(second.asked()).toBe(1);
  expect(results.every(({ completion }) => completion?.report.completion === 'complete')).toBe(
    true,
  );
  const third = echo();
  await gather(third, ['a', 'b'], { journal: fileJournal(path) });
  expect(third.asked()).toBe(0);
});

test('the figures of a limit that refuses are of one moment: nothing is below zero, and less is left than was asked for', async () => {
  vi.useFakeTimers({ now: peak, toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const { results, error } = await gather(echo(), texts(20), {
    params: (content) => ({ ...params(content), max_tokens: 100 }),
    maxCostUsd: 0.0002,
    concurrency: 16,
  });

  expect(error).toMatchObject({ code: 'budget_exceeded', param: 'maxCostUsd' });
  const { message } = error as Error;
  const figures =
    /could cost ([\d.]+) USD, and maxCostUsd 0\.0002 leaves ([\d.]+) \(([\d.]+) spent\)/.exec(
      message,
    );
  const [asked = 0, left = 0, spent = 0] = (figures ?? []).slice(1).map(Number);
  expect(message).toMatch(/spent/);
  expect(figures).not.toBeNull();
  expect(left).toBeLessThan(asked);
  const paid = results.map(({ completion }) => Number(completion?.report.cost?.usd));
  expect(spent).toBeCloseTo(
    paid.reduce((sum, usd) => sum + usd, 0),
    12,
  );
  expect(left + spent).toBeCloseTo(0.0002, 12);
});

test.each([
  ['no choices', { choices: [] }, {}],
  ['a choice without a message', { choices: [{}] }, {}],
  ['a text that is none', { choices: [{ message: { content: 7 } }] }, {}],
  ['a report without attempts', undefined, { attempts: undefined }],
  ['attempts that are none', undefined, { attempts: [null] }],
  ['a cost that is no decimal', undefined, { cost: { usd: 'much' } }],
  ['a cost that is null', undefined, { cost: null }],
  ['usage that is null', undefined, { usage: null }],
  ['a count that is a text', undefined, { usage: { total_tokens: '7' } }],
])('a journal entry with %s is refused, and nothing is asked', async (_what, answer, changes) => {
  await gather(echo(), ['a'], { journal: fileJournal(path) });
  const { key, completion, report } = JSON.parse(lines()[0] ?? '') as Record<string, object>;
  const damaged = { key, completion: answer ?? completion, report: { ...report, ...changes } };
  writeFileSync(path, `${JSON.stringify(damaged)}\n`);

  for (const maxCostUsd of [undefined, 1]) {
    const second = echo();
    const { results, error } = await gather(second, ['a'], {
      journal: fileJournal(path),
      maxCostUsd,
    });
    expect(error).toMatchObject({ code: 'invalid_options', param: 'journal' });
    expect(results).toEqual([]);
    expect(second.asked()).toBe(0);
  }
});

const failing: [string, () => unknown][] = [
  [
    'throws',
    () => {
      throw new Error('of progress');
    },
  ],
  ['rejects', () => Promise.reject(new Error('of progress'))],
  [
    'rejects a moment later',
    async () => {
      await Promise.resolve();
      throw new Error('of progress');
    },
  ],
];
test.each(failing)(
  'an onProgress that %s ends the run with that, once all that was asked for was yielded and written down',
  async (_how, fails) => {
    const unhandled: unknown[] = [];
    const hear = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', hear);
    try {
      const vendor = echo();
      let calls = 0;
      const { results, error } = await gather(vendor, texts(50), {
        journal: fileJournal(path),
        concurrency: 6,
        onProgress: () => (calls++, fails() as undefined),
      });
      await new Promise((resolve) => setTimeout(resolve, 20));

      expect((error as Error).message).toBe('of progress');
      expect(calls).toBe(1);
      expect(vendor.asked()).toBeGreaterThan(0);
      expect(vendor.asked()).toBeLessThan(50);
      expect(results).toHaveLength(vendor.asked());
      expect(lines()).toHaveLength(vendor.asked());
    } finally {
      process.off('unhandledRejection', hear);
    }
    expect(unhandled).toEqual([]);
  },
);

test('an onProgress that fails when it is told for the last time ends the run with that, after all results', async () => {
  const { results, error } = await gather(echo(), texts(1), {
    onProgress({ running, done }) {
      if (done === 1 && running === 0) throw new Error('at the end');
    },
  });
  expect(results).toHaveLength(1);
  expect((error as Error).message).toBe('at the end');
});

test('the results of a run are for one loop: a second one is refused like that over a stream', async () => {
  const { client, asked } = echo();
  const run = client.bulk(texts(3), { params });
  let count = 0;
  for await (const _result of run) count++;
  expect(count).toBe(3);

  const again = async (): Promise<void> => {
    for await (const _result of run) count++;
  };
  await expect(again()).rejects.toMatchObject({ code: 'stream_consumed' });
  expect([count, asked()]).toEqual([3, 3]);
});

test('an iterator that was taken from a run goes on in a loop', async () => {
  const iterator = echo().client.bulk(texts(3), { params })[Symbol.asyncIterator]();
  await iterator.next();
  let count = 0;
  for await (const _result of iterator) count++;
  expect(count).toBe(2);
});

test('with a schema an answer that was broken off is a failed item too, even if what had come fits', async () => {
  const emulator = createEmulator({
    answer: () => ({ content: '{"a":1}', finish_reason: 'insufficient_system_resource' }),
  });
  const client = createClient({ apiKey: 'k', transport: emulator.transport, maxRetries: 0 });
  const schema = z.object({ a: z.number() });
  const journal = fileJournal(path);
  for await (const { completion, error } of client.bulk(['a'], { params, schema, journal })) {
    expect(completion).toBeUndefined();
    expect(error).toMatchObject({ code: 'invalid_output' });
    expect(error?.partial?.choices[0].message.content).toBe('{"a":1}');
  }
  expect(readFileSync(path, 'utf8')).toBe('');
});
