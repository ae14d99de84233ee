import type { SpendLedger } from '../cost/spend.ts';
import type { AbortSignalLike } from '../internal/web.ts';
import type { ReportIssue } from '../schema/issue.ts';
import type { BreakerRecord } from './breaker.ts';

/**
 * What several vendors' traffic is held in: breakers, places, and money. `memoryState()` holds it for one process; a store
 * that many processes share is written against this interface. All rules are on this side of it: a store compares and
 * sets, counts, and queues. It never sees a prompt, an answer or a key.
 *
 * What has not to be waited for is given as it is, and not as a promise. A key is the name of a vendor, or of a budget; a
 * store adds its own prefix.
 */
export interface SharedState extends SpendLedger {
  /** The record of a vendor, if it has one. */
  readBreaker(key: string): BreakerRecord | undefined | Promise<BreakerRecord | undefined>;
  /**
   * Changes a record in one step (compare and set), and gives what it is now. `change` is pure and may be called again when
   * somebody else was faster; the last call counts. What it gives back unchanged need not be written; `undefined` removes
   * the record. A store may forget a record an hour after its `openUntilMs`.
   */
  updateBreaker(
    key: string,
    change: (record: BreakerRecord | undefined) => BreakerRecord | undefined,
  ): BreakerRecord | undefined | Promise<BreakerRecord | undefined>;
  /**
   * Takes one place among `limit()`, in the order of asking. `undefined` if none came free by `endsAtMs`.
   *
   * Without a limit (`Infinity`) nothing is waited for, but the place counts all the same.
   *
   * @throws the signal's reason (as a rejection where it waits)
   */
  acquire(key: string, wish: LeaseWish): Lease | undefined | Promise<Lease | undefined>;
}

/** What is asked of a place. */
export interface LeaseWish {
  /** How many there are. Asked again whenever one comes free, since it may have changed. At least 1. */
  limit: () => number;
  /**
   * When the call ends at the latest, epoch milliseconds, or `Infinity`: nobody waits longer, and a place that was not
   * given back by then is free. A store of many processes also frees those of a process that died, by renewing its leases
   * while it lives.
   */
  endsAtMs: number;
  /** Ends the wait for a place. */
  signal?: AbortSignalLike | undefined;
}

/** A place that is held. */
export interface Lease {
  /**
   * What the report of the call says of it, where a store has to say something: for instance, that it could not be reached
   * and the place is of this process's own share.
   */
  readonly issue?: ReportIssue | undefined;
  /** Gives it back. May be called again. Never throws. */
  release(): void;
}
