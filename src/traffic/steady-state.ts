import { isPending } from '../internal/pending.ts';
import { orElse } from '../internal/or-else.ts';
import type { ReportIssue } from '../schema/issue.ts';
import type { BreakerRecord } from './breaker.ts';
import { noLease } from './limiter.ts';
import type { Lease, LeaseWish, SharedState } from './shared-state.ts';
import type { SteadyLedger } from './steady-ledger.ts';
import { steadyLedger } from './steady-ledger.ts';

// A state of the user's own may throw, reject, or give what is none. It takes no call down, and gives no vendor a bad name.

export interface SteadyState extends SharedState, SteadyLedger {}

const known = new WeakMap<SharedState, SteadyState>();

/** A state that never fails, over one that may: where it does, what this process knows holds. One for all clients of it. */
export function steadyState(state: SharedState): SteadyState {
  let steady = known.get(state);
  if (steady === undefined) {
    steady = {
      ...steadyBreakers(state),
      ...steadyLedger(state),
      acquire: (key, wish) => acquire(state, key, wish),
    };
    known.set(state, steady);
  }
  return steady;
}

function steadyBreakers(state: SharedState): Pick<SharedState, 'readBreaker' | 'updateBreaker'> {
  type Record = BreakerRecord | undefined;
  const seen = new Map<string, Record>();
  const noted = (key: string, record: Record | Promise<Record>): Record | Promise<Record> => {
    const note = (now: Record): Record => {
      if (now === undefined) seen.delete(key);
      else seen.set(key, now);
      return now;
    };
    return isPending(record) ? record.then(note) : note(record);
  };
  return {
    readBreaker: (key) =>
      noted(
        key,
        orElse(
          () => state.readBreaker(key),
          isRecord,
          () => seen.get(key),
        ),
      ),
    updateBreaker: (key, change) =>
      noted(
        key,
        orElse(
          () => state.updateBreaker(key, change),
          isRecord,
          () => change(seen.get(key)),
        ),
      ),
  };
}

const recordFields = {
  failures: true,
  openings: true,
  openedAtMs: true,
  openUntilMs: true,
  probeUntilMs: true,
} satisfies Record<keyof BreakerRecord, true>;

function isRecord(value: unknown): boolean {
  if (value === undefined) return true;
  const record = value as Record<string, unknown> | null;
  return (
    typeof record === 'object' &&
    record !== null &&
    Object.keys(recordFields).every((field) => Number.isFinite(record[field]))
  );
}

/** By so much the clock of a store may be ahead of ours. */
const clockMs = 1_000;

function acquire(
  state: SharedState,
  key: string,
  wish: LeaseWish,
): Lease | undefined | Promise<Lease | undefined> {
  const { signal, endsAtMs } = wish;
  const isRight = (value: unknown): boolean => {
    // That none came free is believed only when the time is over.
    if (value === undefined) return signal?.aborted === true || Date.now() >= endsAtMs - clockMs;
    return typeof (value as Partial<Lease> | null)?.release === 'function';
  };
  const lease = orElse<Lease | undefined>(
    () => state.acquire(key, wish),
    isRight,
    () => {
      if (signal?.aborted) throw signal.reason;
      return noLease;
    },
  );
  return isPending(lease) ? lease.then(steadyLease) : steadyLease(lease);
}

function steadyLease(lease: Lease | undefined): Lease | undefined {
  if (lease === undefined || lease === noLease) return lease;
  return {
    issue: issueOf(lease),
    release: () =>
      void orElse<unknown>(
        () => lease.release(),
        () => true,
        () => undefined,
      ),
  };
}

function issueOf(lease: Lease): ReportIssue | undefined {
  try {
    const { code, message } = lease.issue ?? {};
    return typeof code === 'string' && typeof message === 'string' ? { code, message } : undefined;
  } catch {
    return undefined;
  }
}
