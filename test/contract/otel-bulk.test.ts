import { createClient } from 'deepseek-v4-flash';
import type { BulkJournal, BulkOptions, JournalEntry } from 'deepseek-v4-flash';
import { instrument } from 'deepseek-v4-flash/otel';
import { createEmulator, faults } from 'deepseek-v4-flash/testing';
import { expect, test } from 'vitest';
import { recorder } from '../kit/telemetry.ts';

// What is recorded of `client.bulk`: a span for the run, and its calls as children.

const params = (content: string) => ({ messages: [{ role: 'user' as const, content }] });
type Options = Partial<BulkOptions<string, never>>;

async function runOf(items: string[], options: Options = {}, take = Infinity) {
  const { spans, measured, tracer, meter } = recorder();
  const emulator = createEmulator({
    answer: ({ body }) =>
      body?.messages?.[0]?.content === 'bad' ? faults.status(400) : { content: 'Good.' },
  });
  const plain = createClient({ apiKey: 'k', transport: emulator.transport, maxRetries: 0 });
  const client = instrument(plain, { tracer, meter });
  let taken = 0;
  let error: unknown;
  try {
    for await (const _result of client.bulk(items, { params, ...options })) {
      if (++taken >= take) break;
    }
  } catch (reason) {
    error = reason;
  }
  const named = (name: string) => spans.filter((span) => span.name.startsWith(name));
  return { run: named('bulk')[0], calls: named('chat'), spans, measured, error, taken, emulator };
}

function journalWith(entries: Record<string, JournalEntry>): BulkJournal {
  const known = new Map(Object.entries(entries));
  return { get: (key) => known.get(key), add: (key, entry) => void known.set(key, entry) };
}

test('a run is a span with its counts, and each call that was made is a child of it', async () => {
  const { run, calls, spans, measured, taken } = await runOf(['a', 'bad', 'c'], { concurrency: 2 });

  expect(taken).toBe(3);
  expect(run).toMatchObject({ kind: 0, isEnded: true });
  expect(run?.status).toBeUndefined();
  expect(run?.attributes).toMatchObject({
    'flash.bulk.answered': 2,
    'flash.bulk.failed': 1,
    'flash.bulk.from_journal': 0,
    'flash.bulk.concurrency': 2,
  });
  expect(run?.attributes['gen_ai.usage.output_tokens']).toBeGreaterThan(0);
  expect(calls.map(({ parent }) => parent)).toEqual([run, run, run]);
  expect(calls.map(({ attributes }) => attributes['error.type']).toSorted()).toEqual([
    'bad_request',
    undefined,
    undefined,
  ]);
  // The run, three calls, and an attempt of each.
  expect(spans).toHaveLength(7);
  expect(spans.every(({ isEnded }) => isEnded)).toBe(true);
  expect(measured.filter(({ name }) => name.endsWith('duration'))).toHaveLength(3);
});

test('the cost of a run has no digits of floats, and what it is short of is counted', async () => {
  const emulator = createEmulator({
    answer: ({ body }) =>
      body?.messages?.[0]?.content === 'bad'
        ? faults.status(500)
        : { content: 'Good.', usage: { prompt_tokens: 1, cached_tokens: 0, completion_tokens: 1 } },
  });
  const { spans, tracer, meter } = recorder();
  const plain = createClient({
    apiKey: 'k',
    transport: emulator.transport,
    maxRetries: 0,
    pricing: { cacheHit: '0', cacheMiss: '0', output: '100000' },
  });
  const client = instrument(plain, { tracer, meter });
  for await (const _result of client.bulk(['a', 'b', 'c', 'bad'], { params }));
  const run = spans.find(({ name }) => name.startsWith('bulk'));

  expect(run?.attributes).toMatchObject({ 'flash.cost.usd': 0.3, 'flash.cost.unpriced': 1 });
});

test('an answer from the journal was no call, and costs this run nothing', async () => {
  const { emulator } = await runOf([]);
  const client = createClient({ apiKey: 'k', transport: emulator.transport });
  const completion = await client.chat.completions.create(params('a'));
  const journal = journalWith({ 0: { completion, report: completion.report } });
  const { run, calls } = await runOf(['a', 'b'], { journal });

  expect(calls).toHaveLength(1);
  expect(run?.attributes).toMatchObject({
    'flash.bulk.answered': 2,
    'flash.bulk.from_journal': 1,
    'gen_ai.usage.output_tokens': calls[0]?.attributes['gen_ai.usage.output_tokens'],
    'flash.cost.usd': calls[0]?.attributes['flash.cost.usd'],
  });
});

test('a run that is ended by an error has its code, and one that is left has none', async () => {
  const failing = await runOf(['a', 'b'], {
    params: () => {
      throw new TypeError('of the caller');
    },
  });
  expect(failing.error).toBeInstanceOf(TypeError);
  expect(failing.run).toMatchObject({ isEnded: true, attributes: { 'error.type': 'TypeError' } });
  expect(JSON.stringify(failing.run)).not.toContain('of the caller');

  const left = await runOf(['a', 'b', 'c', 'd'], { concurrency: 1 }, 2);
  expect(left.run).toMatchObject({ isEnded: true, attributes: { 'flash.bulk.answered': 2 } });
  expect(left.run?.attributes).not.toHaveProperty('error.type');
});

test('options that bulk refuses are refused in the same words, and nothing is recorded', () => {
  const { spans, tracer, meter } = recorder();
  const plain = createClient({ apiKey: 'k' });
  const client = instrument(plain, { tracer, meter });
  for (const options of [undefined, {}, { params, concurrency: -1 }, { params, odd: 1 }]) {
    const refusal = (ask: typeof plain) => {
      try {
        ask.bulk(['a'], options as never);
        return undefined;
      } catch (error) {
        return String(error);
      }
    };
    expect(refusal(client as typeof plain)).toBe(refusal(plain));
    expect(refusal(plain)).toBeDefined();
  }
  expect(spans).toEqual([]);
});

test('a second loop over the results of a recorded run is refused, as it is without the record', async () => {
  const { tracer, meter } = recorder();
  const emulator = createEmulator({ answer: () => ({ content: 'Good.' }) });
  const plain = createClient({ apiKey: 'k', transport: emulator.transport });
  const run = instrument(plain, { tracer, meter }).bulk(['a', 'b'], { params });
  let count = 0;
  const loop = async (): Promise<void> => {
    for await (const _result of run) count++;
  };
  await loop();
  await expect(loop()).rejects.toMatchObject({ code: 'stream_consumed' });
  expect(count).toBe(2);
});
