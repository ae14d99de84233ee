import { LocalAbort, onAbort } from '../internal/abort.ts';
import type { AsyncItems } from '../internal/web.ts';
import { ChatError } from '../outcome/chat-error.ts';
import { consumed } from '../stream/bad-ends.ts';
import type { OutputSchema } from '../values/output-schema.ts';
import { createHandOver } from './hand-over.ts';
import { createMeter } from './progress.ts';
import type { ResolvedBulk } from './resolve.ts';
import { iteratorOf, resolveBulk } from './resolve.ts';
import type { BulkItems, BulkOptions, BulkResult } from './types.ts';
import type { BulkClient } from './work.ts';
import { createWork } from './work.ts';

/**
 * Asks for many answers, so many at a time. Each lane takes an item, works on it, and hands its result over before it takes
 * the next one: so no more is in memory than there are lanes, however slowly results are taken.
 */
export function bulk<Item, Options, Schema extends OutputSchema>(
  client: BulkClient,
  items: BulkItems<Item>,
  given: BulkOptions<Item, Options, Schema>,
): AsyncItems<BulkResult<Item>> {
  const options = resolveBulk(items, given as BulkOptions<unknown, unknown, OutputSchema>);
  return readOnce(run(client, iteratorOf(items), options));
}

/** The results, for one loop: a second one would find none, and take that for an empty run. */
function readOnce<Result>(results: AsyncGenerator<Result, undefined>): AsyncItems<Result> {
  let isTaken = false;
  return {
    next: () => results.next(),
    return: () => results.return(undefined),
    throw: (error) => results.throw(error),
    [Symbol.asyncIterator]() {
      if (isTaken) throw consumed();
      isTaken = true;
      return results;
    },
  };
}

async function* run<Item>(
  client: BulkClient,
  source: Iterator<Item> | AsyncIterator<Item>,
  options: ResolvedBulk,
): AsyncGenerator<BulkResult<Item>, undefined> {
  const { signal } = options;
  const stop = new LocalAbort();
  const results = createHandOver<BulkResult<Item>>();
  const end: { isNear: boolean; failure?: { error: unknown } } = { isNear: false };
  let working = 0;
  const fail = (error: unknown): void => {
    end.isNear = true;
    end.failure ??= { error };
    // Who waits for a slow source has nothing to hand over.
    if (working === 0) results.end();
  };
  const meter = createMeter(options.total, options.onProgress, fail);
  const take = takerOf(source);
  const work = createWork<Item>(client, options, meter, stop);
  const abort = (): void => {
    fail(new ChatError('aborted', 'The run was aborted', { cause: signal?.reason }));
    stop.abort(signal?.reason);
    results.end();
  };
  const lane = async (): Promise<void> => {
    while (!end.isNear) {
      const next = await take();
      if (next === undefined || end.isNear) return;
      working++;
      meter.began();
      const { result, error } = await work(next.item, next.index);
      if (error !== undefined) fail(error);
      if (result !== undefined) await results.give(result);
      working--;
      if (end.isNear && working === 0) results.end();
    }
  };
  if (signal?.aborted === true) abort();
  const offAbort = signal && onAbort(signal, abort);
  const lanes = Array.from({ length: options.concurrency }, () => lane().catch(fail));
  void Promise.all(lanes).then(results.end);
  try {
    for (let result = await results.next(); result; result = await results.next()) {
      // What was paid for is given all the same.
      caught(() => meter.tell(false), fail);
      yield result;
    }
    caught(meter.end, fail);
    if (end.failure !== undefined) throw end.failure.error;
    return undefined;
  } finally {
    end.isNear = true;
    offAbort?.();
    stop.abort(new ChatError('aborted', 'The run was left'));
    results.drop();
    // It is told, and not waited for: it may be in the middle of an item.
    Promise.resolve(source.return?.()).catch(() => {});
    caught(meter.end, fail);
  }
}

function caught(act: () => void, fail: (error: unknown) => void): void {
  try {
    act();
  } catch (error) {
    fail(error);
  }
}

/** Items in their order, one at a time, each with its index; `undefined` at the end. */
function takerOf<Item>(
  source: Iterator<Item> | AsyncIterator<Item>,
): () => Promise<{ item: Item; index: number } | undefined> {
  let index = 0;
  let isOver = false;
  let last: Promise<unknown> = Promise.resolve();
  const takeNext = async (): Promise<{ item: Item; index: number } | undefined> => {
    if (isOver) return undefined;
    try {
      const { done, value } = await source.next();
      if (done !== true) return { item: value, index: index++ };
      isOver = true;
    } catch (error) {
      isOver = true;
      throw error;
    }
    return undefined;
  };
  return () => {
    const taken = last.then(takeNext);
    last = taken.catch(() => {});
    return taken;
  };
}
