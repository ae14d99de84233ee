import type { Context, Span } from '@opentelemetry/api';
import { context, trace } from '@opentelemetry/api';
import type {
  AsyncItems,
  BulkCompletion,
  BulkOptions,
  BulkResult,
  OutputSchema,
} from '../../index.ts';
import { format, parse } from '../units.ts';
import { errorType } from './attributes.ts';
import type { Kit } from './kit.ts';
import { quietly } from './kit.ts';
import { failed, internal, observeCall } from './observe-call.ts';
import type { Attributes, SpanLike } from './types.ts';

/** What a run has come to. Usage and cost are those of this run, without what its journal had. */
interface Sums {
  answered: number;
  fromJournal: number;
  failed: number;
  inputTokens: number;
  outputTokens: number;
  costUnits: bigint;
  unpriced: number;
}

/**
 * Many answers: a span for the run, with a child for each call that was made. What came from the journal was no call. A call
 * is recorded when its result is taken, with the times of its report; so what is traced inside of it, e.g. by undici, is a
 * child of the run.
 */
export function observeBulk<Item, Options, Schema extends OutputSchema>(
  kit: Kit,
  options: BulkOptions<Item, Options, Schema>,
  start: (
    options: BulkOptions<Item, Options, Schema>,
  ) => AsyncItems<BulkResult<Item, BulkCompletion<Schema>>>,
): AsyncItems<BulkResult<Item, BulkCompletion<Schema>>> {
  // Refused by the client, in its own words.
  if (typeof options?.params !== 'function') return start(options);
  const { params } = options;
  /** What was asked for items whose results are still to come: no more than are worked on. */
  const asked = new Map<number, unknown>();
  const results = start({
    ...options,
    async params(item, index) {
      const made = await params(item, index);
      asked.set(index, made);
      return made;
    },
  });
  const outer = context.active();
  let run: Run | undefined;
  const items: AsyncItems<BulkResult<Item, BulkCompletion<Schema>>> = {
    async next() {
      run ??= beginRun(kit, options.concurrency, outer);
      const { inner, record, end } = run;
      try {
        const step = await context.with(inner, () => results.next());
        if (step.done === true) end();
        else {
          record(step.value as BulkResult<Item>, asked);
          asked.delete(step.value.index);
        }
        return step;
      } catch (error) {
        end(error);
        throw error;
      }
    },
    async return() {
      const left = await results.return?.();
      run?.end();
      return left ?? { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
  return {
    ...items,
    [Symbol.asyncIterator]() {
      // Refused a second time by the client.
      results[Symbol.asyncIterator]();
      return items;
    },
  };
}

interface Run {
  inner: Context;
  record(result: BulkResult<unknown>, asked: ReadonlyMap<number, unknown>): void;
  end(error?: unknown): void;
}

function beginRun(kit: Kit, concurrency: number | undefined, outer: Context): Run {
  const { names, tracer } = kit;
  const attributes = { ...(concurrency != null && { [names.bulkConcurrency]: concurrency }) };
  const span = quietly(() =>
    tracer.startSpan('bulk', { ...internal(), attributes }, outer as never),
  );
  const inner = (span && quietly(() => trace.setSpan(outer, span as unknown as Span))) ?? outer;
  const sums: Sums = {
    answered: 0,
    fromJournal: 0,
    failed: 0,
    inputTokens: 0,
    outputTokens: 0,
    costUnits: 0n,
    unpriced: 0,
  };
  let isOver = false;
  return {
    inner,
    record(result, asked) {
      const { index, completion, error } = result;
      const report = completion?.report ?? error?.report;
      if (error === undefined) sums.answered++;
      else sums.failed++;
      if (!asked.has(index)) return void sums.fromJournal++;
      sums.inputTokens += report?.usage?.prompt_tokens ?? 0;
      sums.outputTokens += report?.usage?.completion_tokens ?? 0;
      sums.costUnits += parse(report?.cost?.usd ?? '0');
      sums.unpriced += report?.unpriced ?? 0;
      const startedAt = report?.timings.startedAt;
      const about = { operation: 'chat', params: asked.get(index), isStream: false } as const;
      const call = observeCall(kit, { ...about, startedAt, parent: inner });
      if (error === undefined) call.settle(completion);
      else call.fail(error);
    },
    end(error) {
      if (isOver) return;
      isOver = true;
      quietly(() => endRun(kit, span, sums, error));
    },
  };
}

function endRun({ names }: Kit, span: SpanLike | undefined, sums: Sums, error: unknown): void {
  const type = errorType(error);
  const attributes: Attributes = {
    [names.bulkAnswered]: sums.answered,
    [names.bulkFromJournal]: sums.fromJournal,
    [names.bulkFailed]: sums.failed,
    [names.inputTokens]: sums.inputTokens,
    [names.outputTokens]: sums.outputTokens,
    [names.cost]: Number(format(sums.costUnits)),
    ...(sums.unpriced > 0 && { [names.unpriced]: sums.unpriced }),
    ...(type !== undefined && { [names.errorType]: type }),
  };
  span?.setAttributes(attributes);
  if (error !== undefined) span?.setStatus(failed(error));
  span?.end();
}
