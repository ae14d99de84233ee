import { isPending } from '../internal/pending.ts';
import type { BreakerRecord, BreakerState, VendorFailure } from './breaker.ts';
import {
  afterFailure,
  afterFirstContent,
  afterSuccess,
  againAt,
  breakerState,
  isAskedPause,
  isVendorFault,
  withoutProbe,
  withProbe,
} from './breaker.ts';
import { createFailureRate } from './failure-rate.ts';
import type { SharedState } from './shared-state.ts';

/** Leave to send one call. */
export interface Pass {
  readonly isAdmitted: true;
  /** Until when the vendor is this call's alone, which finds out how it is; 0 for an ordinary call. */
  readonly probeUntilMs: number;
}

/** No leave. Nothing was sent, and nothing counts as failed. */
export interface Refusal {
  readonly isAdmitted: false;
  /** When it is worth asking again, epoch milliseconds. */
  readonly againAtMs: number;
  /** Whether another call is finding out how the vendor is, so that it may be back sooner. */
  readonly isProbing: boolean;
  /** Whether the vendor itself has asked for its pause, and has not broken down. */
  readonly isAsked: boolean;
}

export type Admission = Pass | Refusal;

/** What a breaker shows. */
export interface BreakerView {
  state: BreakerState;
  /** When a call is let through again, epoch milliseconds; absent while it is closed. */
  opensAgainAt?: number | undefined;
  /** Failures in a row. */
  failures: number;
}

/** The breaker of one vendor, over a state that others may share. */
export interface VendorBreaker {
  admit(nowMs: number): Admission | Promise<Admission>;
  giveBack(pass: Pass): void;
  firstContent(pass: Pass, startedAtMs: number): void;
  succeeded(startedAtMs: number, nowMs: number): void;
  failed(failure: VendorFailure, startedAtMs: number, nowMs: number): void;
  view(nowMs: number): BreakerView;
}

/** Most calls get this one. */
const ordinaryPass: Pass = { isAdmitted: true, probeUntilMs: 0 };

/** That of a vendor who is never left alone. */
export const noBreaker: VendorBreaker = {
  admit: () => ordinaryPass,
  giveBack() {},
  firstContent() {},
  succeeded() {},
  failed() {},
  view: () => ({ state: 'closed', failures: 0 }),
};

type Change = Parameters<SharedState['updateBreaker']>[1];

/**
 * A store that cannot be reached takes no call down: then what this process saw last holds.
 *
 * @param onChange told whenever a vendor may have come back, or has gone
 */
export function createVendorBreaker(
  name: string,
  state: SharedState,
  onChange: () => void,
): VendorBreaker {
  const rate = createFailureRate();
  let seen: BreakerRecord | undefined;
  const update = (change: Change): void =>
    whenThere(state.updateBreaker(name, change), (record) => {
      seen = record;
      onChange();
    });
  const judge = (record: BreakerRecord | undefined, nowMs: number) => {
    seen = record;
    if (record === undefined || record.openUntilMs === 0) return ordinaryPass;
    return againAt(record, nowMs) > 0 ? refusal(record, nowMs) : takeProbe(name, state, nowMs);
  };
  return {
    admit(nowMs) {
      const record = state.readBreaker(name);
      if (!isPending(record)) return judge(record, nowMs);
      return record.then(
        (read) => judge(read, nowMs),
        () => judge(seen, nowMs),
      );
    },
    giveBack({ probeUntilMs }) {
      if (probeUntilMs > 0) update((record) => withoutProbe(record, probeUntilMs));
    },
    firstContent({ probeUntilMs }, startedAtMs) {
      if (probeUntilMs > 0) update((record) => afterFirstContent(record, startedAtMs));
    },
    succeeded(startedAtMs, nowMs) {
      rate.count(nowMs, false);
      // Most vendors have no record, and need no message to a store to keep none.
      whenThere(state.readBreaker(name), (record) => {
        if (record !== undefined) update((latest) => afterSuccess(latest, startedAtMs));
      });
    },
    failed(failure, startedAtMs, nowMs) {
      if (!isVendorFault(failure)) return;
      rate.count(nowMs, true);
      const isHalfFailing = rate.isHalfFailing(nowMs);
      update((record) => {
        const after = afterFailure(record, failure, { startedAtMs, nowMs, isHalfFailing });
        // Once it is back, what was before is no reason to leave it alone again.
        if (after.openUntilMs > 0) rate.forget();
        return after;
      });
    },
    view(nowMs) {
      whenThere(state.readBreaker(name), (record) => (seen = record));
      return viewOf(seen, nowMs);
    },
  };
}

/** Now, where nothing has to be waited for. A store that fails has told nothing. */
function whenThere<T>(value: T | Promise<T>, then: (value: T) => void): void {
  if (isPending(value)) value.then(then, () => {});
  else then(value);
}

function refusal(record: BreakerRecord, nowMs: number): Refusal {
  return {
    isAdmitted: false,
    againAtMs: againAt(record, nowMs),
    isProbing: nowMs >= record.openUntilMs,
    isAsked: isAskedPause(record),
  };
}

/** Of all that ask at the same time, in this process or another, one gets it. */
function takeProbe(
  name: string,
  state: SharedState,
  nowMs: number,
): Admission | Promise<Admission> {
  let isTaken = false;
  const record = state.updateBreaker(name, (latest) => {
    isTaken = breakerState(latest, nowMs) === 'half_open' && againAt(latest, nowMs) === 0;
    return isTaken && latest !== undefined ? withProbe(latest, nowMs) : latest;
  });
  const told = (now: BreakerRecord | undefined): Admission => {
    if (now === undefined || now.openUntilMs === 0) return ordinaryPass;
    return isTaken ? { isAdmitted: true, probeUntilMs: now.probeUntilMs } : refusal(now, nowMs);
  };
  return isPending(record) ? record.then(told, () => ordinaryPass) : told(record);
}

function viewOf(record: BreakerRecord | undefined, nowMs: number): BreakerView {
  const again = againAt(record, nowMs);
  return {
    state: breakerState(record, nowMs),
    ...(again > 0 && { opensAgainAt: again }),
    failures: record?.failures ?? 0,
  };
}
