import type { ChatErrorCode, TimeoutPhase } from '../outcome/error-codes.ts';

// When a vendor is left alone, and for how long. Everything here is a function of one small record and the time, so that
// the record can lie in a store that many processes share. Times are points in time, and so survive being written and
// read back.

/** What is known of a vendor's failures. JSON-safe. No record at all is a vendor without failures. */
export interface BreakerRecord {
  /** Failures in a row. */
  failures: number;
  /** How often it opened since its last success, not counting those times that the vendor itself set. */
  openings: number;
  /** When it opened, epoch milliseconds; 0 while it is closed. */
  openedAtMs: number;
  /** From when on one call is let through, epoch milliseconds; 0 while it is closed. */
  openUntilMs: number;
  /** Until when the call that was let through has the vendor for itself, epoch milliseconds; 0 if there is none. */
  probeUntilMs: number;
}

/** What went wrong with a call, as far as it matters here. A `ChatError` fits as it is. */
export interface VendorFailure {
  code: ChatErrorCode;
  status?: number | undefined;
  retryAfterMs?: number | undefined;
  /** How many calls at the same time the vendor allows, if it said so. */
  limit?: number | undefined;
  phase?: TimeoutPhase | undefined;
}

/** `closed`: calls go through; `open`: none does; `half_open`: one does, to see. */
export type BreakerState = 'closed' | 'open' | 'half_open';

export const breakerRules = {
  failuresInARow: 3,
  shortestMs: 5_000,
  longestMs: 60_000,
  /** A key that was refused, or an account without money, will not have changed sooner. */
  accountMs: 300_000,
  /** A probe of which nothing has been heard for so long blocks the others no more. */
  probeMs: 30_000,
} as const;

const counted: readonly ChatErrorCode[] = [
  'connection',
  'timeout',
  'rate_limit',
  'overloaded',
  'server_error',
  'stream_interrupted',
];

const ofAccount: readonly ChatErrorCode[] = ['authentication', 'insufficient_balance'];

/** Whether a vendor has only asked for its pause itself, as a 429 with `Retry-After` does. */
export function isAskedPause({ openings }: BreakerRecord): boolean {
  return openings === 0;
}

/** Whether a failure says something about the vendor: neither the caller's faults nor aborts do. */
export function isVendorFault({ code, phase }: VendorFailure): boolean {
  if (ofAccount.includes(code)) return true;
  // An answer that nobody read is the reader's doing.
  return counted.includes(code) && phase !== 'unread';
}

export function breakerState(record: BreakerRecord | undefined, nowMs: number): BreakerState {
  if (record === undefined || record.openUntilMs === 0) return 'closed';
  return nowMs < record.openUntilMs ? 'open' : 'half_open';
}

/** `0` if a call may be sent (to a half-open vendor, as its probe); else when it is worth asking again. */
export function againAt(record: BreakerRecord | undefined, nowMs: number): number {
  if (record === undefined || record.openUntilMs === 0) return 0;
  const { openUntilMs, probeUntilMs } = record;
  if (nowMs < openUntilMs) return openUntilMs;
  return nowMs < probeUntilMs ? probeUntilMs : 0;
}

/** The record with its probe given out. Only where {@link againAt} is 0 and the state is half open. */
export function withProbe(record: BreakerRecord, nowMs: number): BreakerRecord {
  return { ...record, probeUntilMs: nowMs + breakerRules.probeMs };
}

/** The record with a probe given back that came to nothing; the same if it was somebody else's by then. */
export function withoutProbe(
  record: BreakerRecord | undefined,
  probeUntilMs: number,
): BreakerRecord | undefined {
  if (record === undefined || record.probeUntilMs !== probeUntilMs) return record;
  return { ...record, probeUntilMs: 0 };
}

/** A failure, and when. */
interface FailedAt {
  startedAtMs: number;
  nowMs: number;
  /** Whether half of the latest calls failed. */
  isHalfFailing: boolean;
}

/** After a failure of the vendor's. */
export function afterFailure(
  record: BreakerRecord | undefined,
  failure: VendorFailure,
  { startedAtMs, nowMs, isHalfFailing }: FailedAt,
): BreakerRecord {
  const before = record ?? closed;
  const failures = before.failures + 1;
  const askedMs = askedPause(failure);
  // Calls that were under way together fail together: they are one and the same outage, and none of them is a probe of it.
  // They make no outage of a pause that the vendor has asked for, and once a pause is over they say nothing about now.
  const isUnderWay = isOlder(before, startedAtMs);
  const state = breakerState(record, nowMs);
  const isOutage = isUnderWay
    ? state === 'open' && (before.openings > 0 || isHalfFailing)
    : state !== 'closed' || isHalfFailing || failures >= breakerRules.failuresInARow;
  if (askedMs === undefined && !isOutage) return { ...before, failures };
  const isNew = !isUnderWay && state !== 'open';
  const isFirst = isNew || before.openings === 0;
  const openings = before.openings + (askedMs === undefined && isFirst ? 1 : 0);
  const pauseMs = askedMs ?? ownPauseMs(openings);
  return {
    failures,
    openings,
    openedAtMs: isNew ? nowMs : before.openedAtMs,
    // The later end wins: a second failure never shortens what the first one has set.
    openUntilMs: Math.max(before.openUntilMs, nowMs + pauseMs),
    probeUntilMs: isUnderWay ? before.probeUntilMs : 0,
  };
}

const closed: BreakerRecord = {
  failures: 0,
  openings: 0,
  openedAtMs: 0,
  openUntilMs: 0,
  probeUntilMs: 0,
};

/** The pause that the failure itself calls for, in milliseconds. */
function askedPause({ code, status, retryAfterMs }: VendorFailure): number | undefined {
  if (ofAccount.includes(code)) return breakerRules.accountMs;
  const isBusy = code === 'rate_limit' || code === 'overloaded' || status === 429 || status === 503;
  return isBusy && retryAfterMs !== undefined && retryAfterMs > 0 ? retryAfterMs : undefined;
}

/** 5, 10, 20, 40, 60 seconds. */
function ownPauseMs(openings: number): number {
  return Math.min(breakerRules.longestMs, breakerRules.shortestMs * 2 ** (openings - 1));
}

/**
 * After an answer that was whole: nothing is left of earlier failures. A call that was under way before the vendor failed
 * says nothing about how it is now, and changes nothing.
 */
export function afterSuccess(
  record: BreakerRecord | undefined,
  startedAtMs: number,
): BreakerRecord | undefined {
  return record === undefined || isOlder(record, startedAtMs) ? record : undefined;
}

/**
 * After the first content of a probe: the vendor answers, and others need not wait until the answer is whole, which may
 * take minutes. It is closed on trial: the next failure opens it again, for twice as long.
 */
export function afterFirstContent(
  record: BreakerRecord | undefined,
  startedAtMs: number,
): BreakerRecord | undefined {
  if (record === undefined || record.openUntilMs === 0) return record;
  if (isOlder(record, startedAtMs)) return record;
  const failures = breakerRules.failuresInARow - 1;
  return { ...closed, failures, openings: record.openings };
}

function isOlder({ openUntilMs, openedAtMs }: BreakerRecord, startedAtMs: number): boolean {
  return openUntilMs > 0 && startedAtMs <= openedAtMs;
}
