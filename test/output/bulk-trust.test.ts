import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BulkOptions, BulkProgress, BulkResult } from 'deepseek-v4-flash';
import { createClient, fileJournal } from 'deepseek-v4-flash';
import { createEmulator } from 'deepseek-v4-flash/testing';
import { beforeEach, expect, test } from 'vitest';
import { tempFolder } from '../kit/process.ts';

// What a run must not get wrong silently: half an answer, a damaged journal, figures of money, functions that fail.

const params = (content: string) => ({
  messages: [{ role: 'user' as const, content }],
  max_tokens: 100,
});

/** A client whose vendor repeats what it is told, and ends with a word. */
function echo(endOf: (content: string) => string = () => 'stop') {
  const emulator = createEmulator({
    answer: ({ body }) => {
      const content = String(body?.messages?.[0]?.content);
      const finish_reason = endOf(content);
      return { content: `re: ${content}`, reasoning_content: '', finish_reason };
    },
  });
  const client = createClient({ apiKey: 'k', transport: emulator.transport, maxRetries: 0 });
  return { client, asked: () => emulator.requests.length };
}

async function gather(
  { client }: Pick<ReturnType<typeof echo>, 'client'>,
  items: string[],
  options: Partial<BulkOptions<string, never>> = {},
) {
  const results: BulkResult<string>[] = [];
  let error: unknown;
  try {
    for await (const result of client.bulk(items, { params, ...options })) results.push(result);
  } catch (reason) {
    error = reason;
  }
  return { results, error };
}

const texts = (count: number): string[] => Array.from({ length: count }, (_, at) => `item ${at}`);

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
    const broken = echo((content) => (content === 'item 1' ? end : 'stop'));
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
    echo(() => 'length'),
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
