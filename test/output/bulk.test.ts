import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BulkOptions, BulkProgress, BulkResult, JournalEntry } from 'deepseek-v4-flash';
import { createClient, fileJournal } from 'deepseek-v4-flash';
import { createEmulator } from 'deepseek-v4-flash/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { echo, gather, params, texts } from '../kit/bulk.ts';
import { tempFolder } from '../kit/process.ts';

type Options = Partial<BulkOptions<string, never>>;

const contents = (results: BulkResult<string>[]): unknown[] =>
  results
    .toSorted((one, other) => one.index - other.index)
    .map(({ completion }) => completion?.choices[0].message.content);

let path: string;
beforeEach(() => {
  const folder = tempFolder();
  path = join(folder, 'results.jsonl');
  return () => rmSync(folder, { recursive: true });
});
afterEach(() => void vi.useRealTimers());

test('every item has one result, whose answer is its own', async () => {
  const { results, error } = await gather(echo(), texts(50));

  expect(error).toBeUndefined();
  expect(contents(results)).toEqual(texts(50).map((text) => `re: ${text}`));
  expect(results[0]?.completion?.report.completion).toBe('complete');
});

test('an answer that failed is a result, and the others go on', async () => {
  const each = echo((content) => (content === 'item 3' ? { error: 'server_error' } : undefined));
  const { results, error } = await gather(each, texts(10));

  expect(error).toBeUndefined();
  expect(results.filter(({ error: failed }) => failed !== undefined)).toMatchObject([
    { index: 3, item: 'item 3', error: { code: 'server_error' } },
  ]);
});

test.each(['authentication', 'quota'] as const)(
  'what every item would fail with ends the run: %s',
  async (kind) => {
    const each = echo(() => ({ error: kind }));
    const { error } = await gather(each, texts(1_000), { concurrency: 4 });

    expect(error).toBeDefined();
    expect(each.asked()).toBeLessThanOrEqual(8);
  },
);

test('no more items are taken than are worked on, however slowly results are taken', async () => {
  let taken = 0;
  async function* endless() {
    for (;;) yield `item ${taken++}`;
  }
  const { client } = echo();
  let seen = 0;
  for await (const { completion } of client.bulk(endless(), { params, concurrency: 4 })) {
    expect(completion).toBeDefined();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(taken).toBeLessThanOrEqual(++seen + 5);
    if (seen === 20) break;
  }
  const then = taken;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(taken).toBeLessThanOrEqual(then + 1);
});

test('an abort ends the run at once, also while the source is silent', async () => {
  const controller = new AbortController();
  async function* silent() {
    yield 'one';
    await new Promise(() => {});
  }
  setTimeout(() => controller.abort(new Error('enough')), 50);
  const { results, error } = await gather(echo(), silent(), { signal: controller.signal });

  expect(contents(results)).toEqual(['re: one']);
  expect(error).toMatchObject({ code: 'aborted', cause: { message: 'enough' } });
});

test('what a function of the user throws ends the run with it', async () => {
  const mine = new Error('mine');
  const { error } = await gather(echo(), texts(5), {
    params: () => {
      throw mine;
    },
  });
  expect(error).toBe(mine);
});

test('a run that was ended goes on from its journal, and pays for nothing twice', async () => {
  const first = echo();
  const { client } = first;
  let seen = 0;
  const options = { params, concurrency: 4, journal: fileJournal(path) };
  for await (const _ of client.bulk(texts(40), options)) if (++seen === 17) break;
  // What is answered while the loop is left is noted too.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const noted = readFileSync(path, 'utf8').trim().split('\n').length;
  expect(noted).toBeGreaterThanOrEqual(17);

  const second = echo();
  const told: BulkProgress[] = [];
  const { results } = await gather(second, texts(40), {
    journal: fileJournal(path),
    onProgress: (progress) => void told.push(progress),
  });
  expect(contents(results)).toEqual(texts(40).map((text) => `re: ${text}`));
  expect(second.asked()).toBe(40 - noted);
  expect(results.find(({ index }) => index === 0)?.completion?.report.provider).toBe('deepseek');
  expect(told.at(-1)).toMatchObject({
    done: 40,
    fromJournal: noted,
    failed: 0,
    running: 0,
    total: 40,
  });
});

test('half a line at the end of a journal is cut off, and its item done again', async () => {
  await gather(echo(), texts(5), { journal: fileJournal(path) });
  const whole = readFileSync(path, 'utf8');
  const lines = whole.trimEnd().split('\n');
  for (const length of [1, 9, 200]) {
    const kept = `${lines.slice(0, 4).join('\n')}\n`;
    writeFileSync(path, kept + (lines[4] ?? '').slice(0, length));
    const again = echo();
    const { results, error } = await gather(again, texts(5), { journal: fileJournal(path) });

    expect(error).toBeUndefined();
    expect(again.asked()).toBe(1);
    expect(contents(results)).toEqual(texts(5).map((text) => `re: ${text}`));
    expect(readFileSync(path, 'utf8').startsWith(kept)).toBe(true);
    expect(readFileSync(path, 'utf8').trimEnd().split('\n')).toHaveLength(5);
  }
});

test('a last line that is whole but for its newline counts, and what is added begins a line of its own', async () => {
  await gather(echo(), texts(3), { journal: fileJournal(path), concurrency: 1 });
  writeFileSync(path, readFileSync(path, 'utf8').trimEnd());
  const again = echo();
  const { results, error } = await gather(again, texts(4), { journal: fileJournal(path) });

  expect(error).toBeUndefined();
  expect(again.asked()).toBe(1);
  expect(contents(results)).toEqual(texts(4).map((text) => `re: ${text}`));
  const lines = readFileSync(path, 'utf8').split('\n');
  expect(lines.slice(0, 4).map((line) => (JSON.parse(line) as { key: string }).key)).toEqual([
    '0',
    '1',
    '2',
    '3',
  ]);
  expect(lines.slice(4)).toEqual(['']);
});

test.each([
  'notes of mine',
  'notes of mine\n',
  '{"a":1}\n',
  '{"a":1}',
  '{"key":5}\n',
  '{"key":"5"}',
])('a file that is no journal is left as it is: %j', async (text) => {
  writeFileSync(path, text);
  const each = echo();
  const { error } = await gather(each, texts(5), { journal: fileJournal(path) });

  expect(error).toMatchObject({ code: 'invalid_options', param: 'journal' });
  expect(readFileSync(path, 'utf8')).toBe(text);
  expect(each.asked()).toBe(0);
});

test('a journal that cannot be written stops the run before it pays for anything', async () => {
  const each = echo();
  const { results, error } = await gather(each, texts(5), {
    journal: fileJournal(join(path, 'no', 'such', 'folder')),
  });

  expect(error).toMatchObject({
    code: 'invalid_options',
    message: expect.stringContaining('ENOENT'),
  });
  expect(results).toEqual([]);
  expect(each.asked()).toBe(0);
});

test('a journal that fails in the middle: what was paid for is given, and nothing more is asked', async () => {
  const kept = new Map<string, JournalEntry>();
  const full = new Error('disk full');
  const each = echo();
  const { results, error } = await gather(each, texts(100), {
    concurrency: 4,
    journal: {
      get: (key) => kept.get(key),
      add(key, entry) {
        if (kept.size === 10) throw full;
        kept.set(key, entry);
      },
    },
  });

  expect(error).toBe(full);
  expect(each.asked()).toBeLessThanOrEqual(14);
  expect(results).toHaveLength(each.asked());
});

test('keys name items in the journal, so that another order finds them', async () => {
  const key = (item: string) => `"${item}" \n é`;
  await gather(echo(), texts(5), { journal: fileJournal(path), key });
  const again = echo();
  const { results } = await gather(again, texts(5).toReversed(), {
    journal: fileJournal(path),
    key,
  });

  expect(again.asked()).toBe(0);
  expect(contents(results)).toEqual(
    texts(5)
      .toReversed()
      .map((text) => `re: ${text}`),
  );
});

test('a run stops before its limit is passed, counting what the journal has cost', async () => {
  const usage = { prompt_tokens: 10, completion_tokens: 100 };
  const each = echo(() => ({ content: 'x', reasoning_content: '', usage }));
  const options = { maxCostUsd: '0.001', concurrency: 8, journal: fileJournal(path) };
  const { results, error } = await gather(each, texts(1_000), options);
  const cost = (of: BulkResult<string>[]): number =>
    of.reduce((sum, { completion }) => sum + Number(completion?.report.cost?.usd ?? 0), 0);

  expect(error).toMatchObject({ code: 'budget_exceeded' });
  expect(cost(results)).toBeLessThanOrEqual(0.001);
  expect(cost(results)).toBeGreaterThan(0.0005);
  const again = await gather(each, texts(1_000), { ...options, journal: fileJournal(path) });
  expect(again.error).toMatchObject({ code: 'budget_exceeded' });
  expect(cost(again.results)).toBeLessThanOrEqual(0.001);
});

test('what has no known cost is counted, in progress and from a journal', async () => {
  const each = echo((content) => (content === 'item 1' ? { error: 'server_error' } : undefined));
  const told: BulkProgress[] = [];
  const onProgress = (progress: BulkProgress): void => void told.push(progress);
  await gather(each, texts(3), { journal: fileJournal(path), onProgress });
  expect(told.at(-1)).toMatchObject({ done: 2, failed: 1, unpriced: 1 });

  const client = createClient({
    provider: 'bytespike',
    apiKey: 'k',
    transport: createEmulator().transport,
    onUnsupported: 'adjust',
  });
  rmSync(path);
  const unpriced = { client: client as never };
  await gather(unpriced, texts(3), { journal: fileJournal(path), onProgress });
  expect(told.at(-1)).toMatchObject({ done: 3, costUsd: '0', unpriced: 3 });
  await gather(unpriced, texts(3), { journal: fileJournal(path), onProgress });
  expect(told.at(-1)).toMatchObject({ fromJournal: 3, costUsd: '0', unpriced: 3 });
  const [line = '{}'] = readFileSync(path, 'utf8').split('\n');
  expect(JSON.parse(line)).toMatchObject({ report: { unpriced: 1 } });
});

test.each<[string, (abort: () => void) => Options, number?]>([
  ['at its end', () => ({})],
  ['by its limit', () => ({ maxCostUsd: '0.0005', concurrency: 4 })],
  ['by an abort', (abort) => ({ onProgress: ({ done }) => void (done > 20 && abort()) })],
  ['by its reader', () => ({ concurrency: 8 }), 20],
  [
    'by a function of the user',
    () => ({ key: (item) => (item === 'item 30' ? 5 : item) as never }),
  ],
])('a run that is ended %s says last that nothing is running, and then no more', async (...of) => {
  const [, optionsOf, take = Infinity] = of;
  const controller = new AbortController();
  const { client } = echo();
  const told: BulkProgress[] = [];
  const own = optionsOf(() => controller.abort());
  const run = client.bulk(texts(60), {
    params,
    journal: fileJournal(path),
    signal: controller.signal,
    ...own,
    onProgress(progress) {
      told.push(progress);
      own.onProgress?.(progress);
    },
  });
  let seen = 0;
  try {
    for await (const _ of run) {
      // More than a tenth of a second, now and then.
      if (seen % 8 === 0) await new Promise((resolve) => setTimeout(resolve, 110));
      if (++seen === take) break;
    }
  } catch {}
  const last = told.at(-1);
  expect(last?.running).toBe(0);
  expect(told.slice(0, -1).some(({ running }) => running > 0)).toBe(true);
  const count = told.length;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(told).toHaveLength(count);
});

test('a run goes as far as its limit at a vendor that does not tell the cached tokens', async () => {
  const emulator = createEmulator({
    answer: () => ({ content: 'x', usage: { prompt_tokens: 10, completion_tokens: 10 } }),
  });
  const client = createClient({
    provider: 'bytespike',
    apiKey: 'k',
    transport: emulator.transport,
    pricing: { cacheHit: '0', cacheMiss: '1', output: '1' },
    onUnsupported: 'adjust',
  });
  // Of 20 tokens each, though a hundred are set aside.
  const options = { maxCostUsd: '0.001', concurrency: 1, journal: fileJournal(path) };
  const { results, error } = await gather({ client }, texts(100), options);

  expect(error).toMatchObject({ code: 'budget_exceeded' });
  expect(results[0]?.completion?.report.cost).toBeUndefined();
  expect(results).toHaveLength(45);
  const again = await gather({ client }, texts(100), { ...options, journal: fileJournal(path) });
  expect(again.results).toHaveLength(45);
});

test('offPeak waits for the cheaper hours, and says until when', async () => {
  // A Wednesday, in the dear hours from 1 to 4.
  vi.useFakeTimers({ now: Date.parse('2026-11-25T02:30:00Z') });
  const told: BulkProgress[] = [];
  const each = echo();
  const gathered = gather(each, texts(3), {
    offPeak: true,
    onProgress: (progress) => void told.push(progress),
  });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(each.asked()).toBe(0);
  expect(told[0]?.waitsUntilMs).toBe(Date.parse('2026-11-25T04:00:00Z'));
  await vi.advanceTimersByTimeAsync(90 * 60_000);
  const { results, error } = await gathered;

  expect(error).toBeUndefined();
  expect(results).toHaveLength(3);
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse('2026-11-25T04:00:00Z'));
  expect(told.at(-1)?.waitsUntilMs).toBeUndefined();
});

test('offPeak is refused where no hour is cheaper', async () => {
  const client = createClient({
    provider: 'vtrix',
    apiKey: 'k',
    transport: createEmulator().transport,
  });
  const { error } = await gather({ client: client as never }, texts(3), { offPeak: true });

  expect(error).toMatchObject({ code: 'invalid_options', param: 'offPeak' });
});

test.each([
  ['items', 'text', {}],
  ['items', null, {}],
  ['params', [], { params: undefined }],
  ['concurrency', [], { concurrency: 0 }],
  ['maxCostUsd', [], { maxCostUsd: -1 }],
  ['journal', [], { journal: {} }],
  ['key', [], { key: 'id' }],
  ['total', [], { total: -1 }],
  ['offPeak', [], { offPeak: 'yes' }],
  ['call.signal', [], { call: { signal: new AbortController().signal } }],
  ['paralel', [], { paralel: 1 }],
])('a mistake in %s is told at once', (param, items, options) => {
  const { client } = echo();
  const begin = () => client.bulk(items as string[], { params, ...options } as never);

  expect(begin).toThrow(expect.objectContaining({ code: 'invalid_options', param }));
});

test('zeros at the end of a journal, as a power failure leaves them, are cut off', async () => {
  await gather(echo(), texts(3), { journal: fileJournal(path) });
  const before = readFileSync(path, 'utf8');
  appendFileSync(path, '\0'.repeat(5_000));
  const each = echo();
  const { results, error } = await gather(each, texts(4), { journal: fileJournal(path) });

  expect(error).toBeUndefined();
  expect(results).toHaveLength(4);
  expect(each.asked()).toBe(1);
  expect(readFileSync(path, 'utf8').startsWith(`${before}{"key":"3"`)).toBe(true);

  writeFileSync(path, '\0'.repeat(50));
  const foreign = await gather(echo(), texts(1), { journal: fileJournal(path) });
  expect(foreign.error).toMatchObject({ code: 'invalid_options', param: 'journal' });
});

test.each([
  ['a number', (): never => 5 as never],
  ['a promise', (item: string): never => Promise.resolve(item) as never],
])('a key that is %s ends the run before anything is asked for', async (_, key) => {
  const each = echo();
  const { results, error } = await gather(each, texts(3), { key, journal: fileJournal(path) });

  expect(error).toMatchObject({ code: 'invalid_options', param: 'key' });
  expect(results).toEqual([]);
  expect(each.asked()).toBe(0);
  expect(fileJournal(path).get('0')).toBeUndefined();
});

test('two items with one key end the run: the journal could not tell their answers apart', async () => {
  const each = echo();
  const options = { key: (item: string) => item.slice(0, 6), concurrency: 1 };
  const { results, error } = await gather(each, texts(20), {
    ...options,
    journal: fileJournal(path),
  });

  expect(error).toMatchObject({ code: 'invalid_options', param: 'key' });
  expect(results).toHaveLength(10);
  expect(each.asked()).toBe(10);
});

test('a journal of your own may answer null for nothing, as stores do', async () => {
  const stored = new Map<string, JournalEntry>();
  const journal = {
    get: (key: string) => stored.get(key) ?? (null as never),
    add: (key: string, entry: JournalEntry) => void stored.set(key, entry),
  };
  const { results, error } = await gather(echo(), texts(3), { journal });

  expect(error).toBeUndefined();
  expect(contents(results)).toEqual(texts(3).map((text) => `re: ${text}`));
});

test.each([[{}], ['{"completion":{}}'], [{ completion: null, report: {} }]])(
  'a journal of your own that gives %j ends the run',
  async (entry) => {
    const each = echo();
    const journal = { get: () => entry as never, add: () => {} };
    const { error } = await gather(each, texts(3), { journal });

    expect(error).toMatchObject({ code: 'invalid_options', param: 'journal' });
    expect(each.asked()).toBe(0);
  },
);

test('a mistake in the options of every call ends the run, and does not fail each item', async () => {
  const call = { maxRetry: 1 } as never;
  const { results, error } = await gather(echo(), texts(100), { call, concurrency: 2 });

  expect(error).toMatchObject({ code: 'invalid_options', param: 'maxRetry' });
  expect(results.length).toBeLessThan(5);
});

test.each(['authentication', 'insufficient_balance'] as const)(
  'a run over several vendors ends once all of them refuse with %s',
  async (refusal) => {
    const emulator = createEmulator({ answer: () => ({ error: refusal }) });
    const providers = (['deepseek', 'vtrix'] as const).map((provider) => ({
      provider,
      apiKey: 'k-0123456789',
    }));
    const client = createClient({ providers, transport: emulator.transport });
    const { results, error } = await gather({ client }, texts(100), { concurrency: 1 });

    expect(error).toMatchObject({ code: 'all_providers_failed' });
    expect(results).toHaveLength(1);
  },
);

test('what is appended to a journal between two runs by half is cut off only once', () => {
  appendFileSync(path, '{"key":"0","completion":');
  const journal = fileJournal(path);
  expect(journal.get('0')).toBeUndefined();
  expect(readFileSync(path, 'utf8')).toBe('');
});
