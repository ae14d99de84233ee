import { isPending } from '../internal/pending.ts';
import { orElse, Patience } from '../internal/or-else.ts';
import type { ReportIssue } from '../schema/issue.ts';
import type { BreakerRecord } from './breaker.ts';
import { noLease } from './limiter.ts';
import type { Lease, LeaseWish, SharedState } from './shared-state.ts';
import type { SteadyLedger } from './steady-ledger.ts';
import { steadyLedger } from './steady-ledger.ts';

// A state of the user's own may throw, reject, hang, or give what is none. It takes no call down, and gives no vendor a bad name.

export interface SteadyState extends SharedState, SteadyLedger {}

const known = new WeakMap<SharedState, SteadyState>();

/** A state that never fails, over one that may: where it does, what this process knows holds. One for all clients of it. */
export function steadyState(state: SharedState): SteadyState {
  let steady = known.get(state);
  if (steady === undefined) {
    const patience = new Patience(2_000, 5_000);
    const breakers = steadyBreakers(state, patience);
    steady = {
      ...breakers,
      ...steadyLedger(state, patience),
      acquire: (key, wish) => acquire(state, key, wish, patience),
    };
    known.set(state, steady);
  }
  return steady;
}

function steadyBreakers(
  state: SharedState,
  patience: Patience,
): Pick<SharedState, 'readBreaker' | 'updateBreaker'> {
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
          patience,
        ),
      ),
    updateBreaker: (key, change) =>
      noted(
        key,
        orElse(
          () => state.updateBreaker(key, change),
          isRecord,
          () => change(seen.get(key)),
          patience,
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
  patience: Patience,
): Lease | undefined | Promise<Lease | undefined> {
  if (patience.isOver) return noLease;
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
  return isPending(lease)
    ? whileThere(lease.then(steadyLease), state, key, patience)
    : steadyLease(lease);
}

/** A place may be waited for as long as it takes, unless the state does not even tell how a vendor is meanwhile. */
function whileThere(
  lease: Promise<Lease | undefined>,
  state: SharedState,
  key: string,
  patience: Patience,
): Promise<Lease | undefined> {
  return new Promise((resolve, reject) => {
    let isSettled = false;
    const look = async (): Promise<void> => {
      if (patience.takeTry()) {
        await orElse<unknown>(
          () => state.readBreaker(key),
          () => true,
          () => undefined,
          patience,
        );
      }
      if (isSettled) return;
      if (!patience.isOver) timer = setTimeout(look, lookMs);
      else {
        resolve(noLease);
        lease.then(
          (late) => late?.release(),
          () => {},
        );
      }
    };
    let timer = setTimeout(look, lookMs);
    lease.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      isSettled = true;
    });
  });
}

const lookMs = 2_000;

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
