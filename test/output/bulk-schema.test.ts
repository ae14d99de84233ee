import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BulkProgress, JournalEntry, OutputSchema } from 'deepseek-v4-flash';
import { createClient, fileJournal } from 'deepseek-v4-flash';
import type { EmulatorReply } from 'deepseek-v4-flash/testing';
import { createEmulator } from 'deepseek-v4-flash/testing';
import { beforeEach, expect, expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import { tempFolder } from '../kit/process.ts';

// `client.bulk` with a schema: an extractor over many documents.

const Invoice = z.object({ number: z.string(), day: z.string().transform((day) => new Date(day)) });
const params = (text: string) => ({
  messages: [{ role: 'user' as const, content: text }],
  max_tokens: 100,
});
const right = '{"number":"7","day":"2026-11-30"}';
const usage = { prompt_tokens: 10, cached_tokens: 0, completion_tokens: 100 };

/** A vendor that answers each document with one text after the other, and with its last one from then on. */
function extractor(answers: Record<string, EmulatorReply[]>) {
  const asked = new Map<string, number>();
  const emulator = createEmulator({
    answer({ body }) {
      const text = String(body?.messages?.find(({ role }) => role === 'user')?.content);
      const count = asked.get(text) ?? 0;
      asked.set(text, count + 1);
      const list = answers[text] ?? [];
      return list[Math.min(count, list.length - 1)] ?? { content: right, usage };
    },
  });
  const client = createClient({
    apiKey: 'k',
    transport: emulator.transport,
    maxRetries: 0,
    // A hundred tokens of answer cost a tenth of a dollar.
    pricing: { cacheHit: '0', cacheMiss: '0', output: '1000' },
  });
  return { client, asked, emulator };
}

type Each = Pick<ReturnType<typeof extractor>, 'client'>;
type Options = Parameters<Each['client']['bulk']>[1];

async function extract(
  { client }: Each,
  documents: string[],
  options: Partial<Options> = {},
  schema: OutputSchema<unknown> = Invoice,
) {
  const told: BulkProgress[] = [];
  const run = client.bulk(documents, {
    params,
    schema,
    onProgress: (progress) => void told.push(progress),
    ...(options as object),
  });
  const results = [];
  let error: unknown;
  try {
    for await (const result of run) results.push(result);
  } catch (reason) {
    error = reason;
  }
  results.sort((one, other) => one.index - other.index);
  return { results, error, last: told.at(-1) };
}

let path: string;
beforeEach(() => {
  const folder = tempFolder();
  path = join(folder, 'results.jsonl');
  return () => rmSync(folder, { recursive: true });
});
const keysIn = (): string[] =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { key: string }).key);

test('each answer has its value, of the type of the schema', async () => {
  const { client } = extractor({});
  for await (const { completion } of client.bulk(['a', 'b'], { params, schema: Invoice })) {
    const parsed = completion?.choices[0].message.parsed;
    expectTypeOf(parsed?.day).toEqualTypeOf<Date | undefined>();
    expect(parsed).toEqual({ number: '7', day: new Date('2026-11-30') });
  }
  for await (const { completion } of client.bulk(['a'], { params })) {
    // @ts-expect-error without a schema there is no value
    expect(completion?.choices[0].message.parsed).toBeUndefined();
  }
});

test('an answer that does not fit is shown to the model once, and both turns are in its report', async () => {
  const each = extractor({
    b: [
      { content: '{"number":7}', usage },
      { content: right, usage },
    ],
  });
  const { results, error, last } = await extract(each, ['a', 'b']);

  expect(error).toBeUndefined();
  expect(results.map(({ completion }) => completion?.report.cost?.usd)).toEqual(['0.1', '0.2']);
  expect(results[1]?.completion?.report.issues.map(({ code }) => code)).toContain(
    'output_repaired',
  );
  // Exact: floats would make 0.30000000000000004 of it.
  expect(last).toMatchObject({ done: 2, failed: 0, running: 0, costUsd: '0.3', unpriced: 0 });
});

test('an answer that never fits is a failed item and not in the journal, so another run asks again', async () => {
  const wrong = { content: '{"number":7}', usage };
  const { results, error, last } = await extract(extractor({ b: [wrong] }), ['a', 'b', 'c'], {
    journal: fileJournal(path),
  });

  expect(error).toBeUndefined();
  expect(results.map(({ error: failed }) => failed?.code)).toEqual([
    undefined,
    'invalid_output',
    undefined,
  ]);
  expect(results[1]?.error?.partial?.choices[0].message.content).toBe('{"number":7}');
  expect(last).toMatchObject({ done: 2, failed: 1, running: 0, costUsd: '0.4' });
  expect(keysIn().toSorted()).toEqual(['0', '2']);

  const again = extractor({});
  const second = await extract(again, ['a', 'b', 'c'], { journal: fileJournal(path) });
  expect([...again.asked]).toEqual([['b', 1]]);
  expect(second.results.map(({ completion }) => completion?.choices[0].message)).toMatchObject(
    Array.from({ length: 3 }, () => ({ parsed: { day: new Date('2026-11-30') } })),
  );
  expect(second.last).toMatchObject({ done: 3, fromJournal: 2, failed: 0 });
});

test('maxRepairs says how often an answer is corrected', async () => {
  const wrong = { content: 'no', usage };
  const never = extractor({ a: [wrong] });
  const { results } = await extract(never, ['a'], { call: { maxRepairs: 0 } });
  expect(results[0]?.error?.code).toBe('invalid_output');
  expect(never.asked.get('a')).toBe(1);

  const often = extractor({ a: [wrong, wrong, wrong, { content: right }] });
  const { error, results: fixed } = await extract(often, ['a'], { call: { maxRepairs: 3 } });
  expect(error).toBeUndefined();
  expect(fixed[0]?.completion).toBeDefined();
});

test('what a journal has is held to the schema: an answer of an earlier schema is asked for again', async () => {
  const first = extractor({ a: [{ content: '{"name":"x"}', usage }] });
  for await (const _ of first.client.bulk(['a', 'b'], { params, journal: fileJournal(path) }));
  const second = extractor({});
  const { results, error, last } = await extract(second, ['a', 'b'], {
    journal: fileJournal(path),
  });

  expect(error).toBeUndefined();
  expect(results.map(({ completion }) => completion?.text)).toEqual([right, right]);
  expect([...second.asked]).toEqual([['a', 1]]);
  // The answer that is of no use was paid for all the same.
  expect(last).toMatchObject({ done: 2, fromJournal: 1, costUsd: '0.3' });
  const third = extractor({});
  const { last: end } = await extract(third, ['a', 'b'], { journal: fileJournal(path) });
  expect(third.emulator.requests).toHaveLength(0);
  expect(end).toMatchObject({ done: 2, fromJournal: 2 });
});

test('a journal gets answers as they came, since a value need not be JSON', async () => {
  const kept = new Map<string, JournalEntry>();
  const journal = {
    get: (key: string) => kept.get(key),
    add: (key: string, entry: JournalEntry) => void kept.set(key, entry),
  };
  const huge = z.object({ number: z.string().transform(BigInt) });
  const { results, error } = await extract(extractor({}), ['a'], { journal }, huge);
  expect(error).toBeUndefined();
  expect(results[0]?.completion?.choices[0].message).toMatchObject({
    parsed: { number: 7n },
  });
  const stored = JSON.stringify(kept.get('0'));
  expect(stored).not.toContain('parsed');

  const again = await extract(extractor({}), ['a'], { journal }, huge);
  expect(again.results[0]?.completion?.choices[0].message).toMatchObject({
    parsed: { number: 7n },
  });
  expect(again.last?.fromJournal).toBe(1);
  expect(JSON.stringify(kept.get('0'))).toBe(stored);
});

test('a limit holds for corrections too, and tells of the answer that was paid for before', async () => {
  const each = extractor({ c: [{ content: 'no', usage }] });
  const { results, error, last } = await extract(each, ['a', 'b', 'c', 'd'], {
    concurrency: 1,
    maxCostUsd: '0.35',
    journal: fileJournal(path),
  });

  expect(each.emulator.requests).toHaveLength(3);
  expect(results.map(({ error: failed }) => failed?.code)).toEqual([
    undefined,
    undefined,
    'budget_exceeded',
  ]);
  expect(error).toBe(results[2]?.error);
  expect(error).toMatchObject({
    message: expect.stringMatching(/does not fit its schema.*paid.*leaves 0\.05 \(0\.3 spent\)/),
    report: { cost: { usd: '0.1' } },
    cause: { code: 'invalid_output' },
  });
  expect(last).toMatchObject({ done: 2, failed: 1, running: 0, costUsd: '0.3' });
});

test.each([
  ['no schema', 5],
  ['one that JSON cannot express', z.object({ at: z.date() })],
  ['one of a list', z.array(z.string())],
])('%s as the schema is refused at once', (_what, schema) => {
  const { client } = extractor({});
  expect(() => client.bulk(['a'], { params, schema: schema as never })).toThrow(
    expect.objectContaining({ code: 'invalid_options', param: 'schema' }),
  );
});

test('a response_format beside a schema, and corrections without one, are refused', async () => {
  const each = extractor({});
  const { error } = await extract(each, ['a'], {
    params: (text: unknown) => ({
      ...params(String(text)),
      response_format: { type: 'json_object' as const },
    }),
  });
  expect(error).toMatchObject({ code: 'invalid_options', param: 'schema' });
  expect(each.emulator.requests).toHaveLength(0);
  expect(() => each.client.bulk(['a'], { params, call: { maxRepairs: 2 } })).toThrow(
    expect.objectContaining({ code: 'invalid_options', param: 'call.maxRepairs' }),
  );
});
