import { addDecimals } from '../cost/decimal.ts';
import { countUnpriced } from '../cost/unpriced.ts';
import { isPending } from '../internal/pending.ts';
import type { ChatError } from '../outcome/chat-error.ts';
import type { Report } from '../outcome/report.ts';
import type { BulkProgress } from './types.ts';

/** Counts what happens in a run, and tells it now and then. */
export interface Meter {
  began(): void;
  done(report: Report, isFromJournal: boolean): void;
  /** What was paid for in an earlier run, and is of no use in this one. */
  paidBefore(report: Report): void;
  failed(error: ChatError): void;
  /** Nothing came of an item: the run ends. */
  left(): void;
  waits(untilMs: number | undefined): void;
  /** Tells, if the last time is a while ago or it matters. @throws what the function that is told has thrown, also later */
  tell(isAlways: boolean): void;
  /** Tells for the last time: nothing is worked on any more. @throws what the function that is told throws */
  end(): void;
}

const everyMs = 100;
/** The rate is that of so long a time. */
const windowMs = 10_000;

/**
 * @param onFailure told what the function rejected with, if it is an asynchronous one; after the end nobody is
 */
export function createMeter(
  total: number | undefined,
  onProgress: ((progress: BulkProgress) => unknown) | undefined,
  onFailure: (error: unknown) => void,
): Meter {
  const sums = noSums();
  let waitsUntilMs: number | undefined;
  let toldAtMs = -Infinity;
  const rate = createRate();
  const add = (report: Report, isPaidNow: boolean): void => {
    const { usage, cost } = report;
    if (isPaidNow) sums.tokens += usage?.total_tokens ?? 0;
    // Also of a report that an older version has written down.
    sums.unpriced += countUnpriced(report);
    if (cost !== undefined) sums.costUsd = addDecimals(sums.costUsd, cost.usd);
  };
  let isOver = false;
  const teller = createTeller(onProgress, onFailure);
  const tell = (isAlways: boolean): void => {
    if (onProgress === undefined || isOver) return;
    teller.check();
    const nowMs = Date.now();
    if (!isAlways && nowMs - toldAtMs < everyMs) return;
    toldAtMs = nowMs;
    const perSecond = rate(nowMs, sums.done - sums.fromJournal + sums.failed);
    teller.tell({
      ...read(sums, perSecond, total),
      ...(waitsUntilMs !== undefined && { waitsUntilMs }),
    });
  };
  return {
    began: () => void sums.running++,
    done(report, isFromJournal) {
      sums.running--;
      sums.done++;
      if (isFromJournal) sums.fromJournal++;
      add(report, !isFromJournal);
    },
    paidBefore: (report) => add(report, false),
    left: () => void sums.running--,
    failed({ report }) {
      sums.running--;
      sums.failed++;
      if (report !== undefined) add(report, true);
    },
    waits: (untilMs) => void (waitsUntilMs = untilMs),
    tell,
    end() {
      // Calls that were aborted with the run are still on their way out.
      sums.running = 0;
      waitsUntilMs = undefined;
      try {
        tell(true);
      } finally {
        isOver = true;
      }
    },
  };
}

function read(
  sums: Omit<BulkProgress, 'perSecond'>,
  perSecond: number,
  total: number | undefined,
): BulkProgress {
  const left = total === undefined ? undefined : Math.max(0, total - sums.done - sums.failed);
  return {
    ...sums,
    perSecond,
    ...(total !== undefined && { total }),
    ...(left !== undefined && perSecond > 0 && { leftMs: (left / perSecond) * 1_000 }),
  };
}

function noSums() {
  return {
    done: 0,
    fromJournal: 0,
    failed: 0,
    running: 0,
    tokens: 0,
    costUsd: '0',
    unpriced: 0,
  };
}

/** Tells a function of the user's, and calls it no more once it has failed. */
function createTeller(
  onProgress: ((progress: BulkProgress) => unknown) | undefined,
  onFailure: (error: unknown) => void,
) {
  let failure: { error: unknown } | undefined;
  return {
    /** @throws what the function has failed with before */
    check(): void {
      if (failure !== undefined) throw failure.error;
    },
    tell(progress: BulkProgress): void {
      try {
        const told = onProgress?.(progress);
        if (!isPending(told)) return;
        told.then(undefined, (error: unknown) => {
          failure ??= { error };
          onFailure(error);
        });
      } catch (error) {
        failure ??= { error };
        throw error;
      }
    },
  };
}

/** How many end a second, of late. */
function createRate(): (nowMs: number, ended: number) => number {
  /** How many had ended when. */
  const samples: { atMs: number; ended: number }[] = [{ atMs: Date.now(), ended: 0 }];
  return (nowMs, ended) => {
    samples.push({ atMs: nowMs, ended });
    while (samples.length > 2 && nowMs - (samples[1]?.atMs ?? nowMs) > windowMs) samples.shift();
    const [first = { atMs: nowMs, ended }] = samples;
    return nowMs > first.atMs ? ((ended - first.ended) * 1_000) / (nowMs - first.atMs) : 0;
  };
}
