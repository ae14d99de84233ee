import type { Asker } from '../call/ask.ts';
import { completeRecovering } from '../call/recover.ts';
import { LocalAbort, onAbort } from '../internal/abort.ts';
import type { ChatErrorCode } from '../outcome/error-codes.ts';
import { ChatError, isChatError } from '../outcome/chat-error.ts';
import { answerWithReport } from '../outcome/with-report.ts';
import { waitForCheaperHours } from './cheaper-hours.ts';
import { createHandOver } from './hand-over.ts';
import type { BulkPrices } from './money.ts';
import { createMoney } from './money.ts';
import { createNotes } from './notes.ts';
import type { Meter } from './progress.ts';
import { createMeter } from './progress.ts';
import type { ResolvedBulk } from './resolve.ts';
import { iteratorOf, resolveBulk } from './resolve.ts';
import type { BulkItems, BulkOptions, BulkResult } from './types.ts';

/** What a run needs of its client. */
export interface BulkClient extends BulkPrices {
  asker: Asker;
}

/** What one item fails with, all others would fail with too. */
const endingCodes: readonly ChatErrorCode[] = [
  'invalid_options',
  'missing_api_key',
  'authentication',
  'insufficient_balance',
  'budget_exceeded',
  'aborted',
];

function endsRun({ code, causes = [] }: ChatError): boolean {
  if (code !== 'all_providers_failed') return endingCodes.includes(code);
  return causes.length > 0 && causes.every((cause) => isChatError(cause) && endsRun(cause));
}

/**
 * Asks for many answers, so many at a time. Each lane takes an item, works on it, and hands its result over before it takes
 * the next one: so no more is in memory than there are lanes, however slowly results are taken.
 */
export function bulk<Item, Options>(
  client: BulkClient,
  items: BulkItems<Item>,
  given: BulkOptions<Item, Options>,
): AsyncGenerator<BulkResult<Item>, undefined> {
  const options = resolveBulk(items, given as BulkOptions<unknown, unknown>);
  return run(client, iteratorOf(items), options);
}

async function* run<Item>(
  client: BulkClient,
  source: Iterator<Item> | AsyncIterator<Item>,
  options: ResolvedBulk,
): AsyncGenerator<BulkResult<Item>, undefined> {
  const { signal } = options;
  const stop = new LocalAbort();
  const meter = createMeter(options.total, options.onProgress);
  const take = takerOf(source);
  const work = createWork<Item>(client, options, meter, stop);
  const results = createHandOver<BulkResult<Item>>();
  const end: { isNear: boolean; failure?: { error: unknown } } = { isNear: false };
  let working = 0;
  const fail = (error: unknown): void => {
    end.isNear = true;
    end.failure ??= { error };
    // Who waits for a slow source has nothing to hand over.
    if (working === 0) results.end();
  };
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
      meter.tell(false);
      yield result;
    }
    meter.tell(true);
    if (end.failure !== undefined) throw end.failure.error;
    return undefined;
  } finally {
    end.isNear = true;
    offAbort?.();
    stop.abort(new ChatError('aborted', 'The run was left'));
    results.drop();
    // It is told, and not waited for: it may be in the middle of an item.
    Promise.resolve(source.return?.()).catch(() => {});
  }
}

interface Worked<Item> {
  result?: BulkResult<Item> | undefined;
  /** What ends the run. */
  error?: unknown;
}

/** Works on one item: what it is in the journal, or what is asked for and written there. Never rejects. */
function createWork<Item>(
  client: BulkClient,
  options: ResolvedBulk,
  meter: Meter,
  stop: LocalAbort,
): (item: Item, index: number) => Promise<Worked<Item>> {
  const { asker, pricesOf } = client;
  const { params, call, offPeak, maxCostUsd } = options;
  const notes = createNotes(options);
  const money = maxCostUsd === undefined ? undefined : createMoney(maxCostUsd, client);
  const ask = async (item: Item, index: number): Promise<BulkResult<Item>> => {
    const asked = await params(item, index);
    if (offPeak) await waitForCheaperHours(pricesOf(asked?.model), meter, stop);
    const pay = await money?.reserve(asked);
    try {
      const { completion } = await completeRecovering(asker, {
        params: asked,
        options: { ...call, signal: stop },
      });
      pay?.(completion.report);
      return { index, item, completion };
    } catch (error) {
      pay?.(isChatError(error) ? error.report : undefined);
      if (!isChatError(error)) throw error;
      return { index, item, error: error as ChatError };
    }
  };
  return async (item, index) => {
    let result: BulkResult<Item> | undefined;
    try {
      const key = notes?.keyOf(item, index);
      const noted = key === undefined ? undefined : await notes?.find(key);
      if (noted !== undefined) {
        const completion = answerWithReport(noted.completion, noted.report);
        money?.paid(noted.report);
        meter.done(noted.report, true);
        return { result: { index, item, completion } };
      }
      result = await ask(item, index);
      const { completion, error } = result;
      if (error !== undefined) {
        meter.failed(error);
        return endsRun(error) ? { result, error } : { result };
      }
      meter.done(completion.report, false);
      if (key !== undefined) await notes?.add(key, { completion, report: completion.report });
      return { result };
    } catch (error) {
      // Of the user's own functions, of the journal, or of the limit: the answer that was paid for is given all the same.
      return { result, error };
    }
  };
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
