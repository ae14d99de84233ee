import { addDecimals } from '../cost/decimal.ts';
import type { ChatError } from '../outcome/chat-error.ts';
import type { Report } from '../outcome/report.ts';
import type { BulkProgress } from './types.ts';

/** Counts what happens in a run, and tells it now and then. */
export interface Meter {
  began(): void;
  done(report: Report, isFromJournal: boolean): void;
  failed(error: ChatError): void;
  waits(untilMs: number | undefined): void;
  /** Tells, if the last time is a while ago or it matters. */
  tell(isAlways: boolean): void;
}

const everyMs = 100;
/** The rate is that of so long a time. */
const windowMs = 10_000;

export function createMeter(
  total: number | undefined,
  onProgress: ((progress: BulkProgress) => void) | undefined,
): Meter {
  const sums = { done: 0, fromJournal: 0, failed: 0, running: 0, tokens: 0, costUsd: '0' };
  let waitsUntilMs: number | undefined;
  let toldAtMs = -Infinity;
  /** How many had ended when. */
  const samples: { atMs: number; ended: number }[] = [{ atMs: Date.now(), ended: 0 }];
  const add = ({ usage, cost }: Pick<Report, 'usage' | 'cost'>, isPaidNow: boolean): void => {
    if (isPaidNow) sums.tokens += usage?.total_tokens ?? 0;
    if (cost !== undefined) sums.costUsd = addDecimals(sums.costUsd, cost.usd);
  };
  const rate = (nowMs: number): number => {
    const ended = sums.done - sums.fromJournal + sums.failed;
    samples.push({ atMs: nowMs, ended });
    while (samples.length > 2 && nowMs - (samples[1]?.atMs ?? nowMs) > windowMs) samples.shift();
    const [first = { atMs: nowMs, ended }] = samples;
    return nowMs > first.atMs ? ((ended - first.ended) * 1_000) / (nowMs - first.atMs) : 0;
  };
  const read = (nowMs: number): BulkProgress => {
    const perSecond = rate(nowMs);
    const left = total === undefined ? undefined : Math.max(0, total - sums.done - sums.failed);
    return {
      ...sums,
      perSecond,
      ...(total !== undefined && { total }),
      ...(left !== undefined && perSecond > 0 && { leftMs: (left / perSecond) * 1_000 }),
      ...(waitsUntilMs !== undefined && { waitsUntilMs }),
    };
  };
  return {
    began: () => void sums.running++,
    done(report, isFromJournal) {
      sums.running--;
      sums.done++;
      if (isFromJournal) sums.fromJournal++;
      add(report, !isFromJournal);
    },
    failed({ report }) {
      sums.running--;
      sums.failed++;
      if (report !== undefined) add(report, true);
    },
    waits: (untilMs) => void (waitsUntilMs = untilMs),
    tell(isAlways) {
      if (onProgress === undefined) return;
      const nowMs = Date.now();
      if (!isAlways && nowMs - toldAtMs < everyMs) return;
      toldAtMs = nowMs;
      onProgress(read(nowMs));
    },
  };
}
