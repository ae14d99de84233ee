import type { Clock } from '../internal/clock.ts';
import { realClock } from '../internal/clock.ts';
import { isPending } from '../internal/pending.ts';
import type { AbortSignalLike } from '../internal/web.ts';
import type { ReportIssue } from '../schema/issue.ts';
import type { AdaptiveLimit } from './adaptive-limit.ts';
import { createAdaptiveLimit } from './adaptive-limit.ts';
import type { Lease, SharedState } from './shared-state.ts';

/** How many calls a vendor gets at the same time. */
export interface Limiter {
  /** Calls that hold a place, of this process. */
  readonly running: number;
  /** Calls that wait for one, of this process. */
  readonly waiting: number;
  /** The limit now; `Infinity` until one is configured or a vendor refuses a call for want of room. */
  readonly limit: number;
  /**
   * A place, at once where there is one; `undefined` if none came free by `endsAtMs`.
   *
   * @throws the signal's reason (as a rejection where it waits)
   */
  enter(wait: Wait): Place | undefined | Promise<Place | undefined>;
}

/** How long somebody waits. */
export interface Wait {
  signal?: AbortSignalLike | undefined;
  /** Epoch milliseconds, or `Infinity`. */
  endsAtMs: number;
}

/** A call's place. The end is told once; what is told after it changes nothing. */
export interface Place {
  /** How long the call waited for it. */
  readonly queuedMs: number;
  /** What the report of the call says of it. */
  readonly issue: ReportIssue | undefined;
  /** The call went well: where all places were in use, there may be room for more. */
  succeeded(): void;
  /** The vendor refused the call because there are too many; `named` is how many it allows, if it says so. */
  refused(named?: number): void;
  /** Gives the place back, whatever came of the call. */
  release(): void;
}

export interface LimiterOptions {
  /** The vendor's name, under which places are shared. */
  name: string;
  state: SharedState;
  /** How many calls at most; `Infinity` for no limit but what the vendor names. */
  concurrency?: number | undefined;
  clock?: Clock | undefined;
}

/** That of a call for which no place could be had, since the state could not be reached. */
export const noLease: Lease = {
  issue: {
    code: 'state_unavailable',
    message: 'the shared state could not be reached: the call was sent without a place of its own',
  },
  release() {},
};

/** Places at one vendor: as many as were configured, and no more than it has shown to allow. */
export function createLimiter({
  name,
  state,
  concurrency = Infinity,
  clock = realClock,
}: LimiterOptions): Limiter {
  const limit = createAdaptiveLimit(concurrency);
  const counts = { running: 0, waiting: 0 };
  const enterLater = async (
    pending: Promise<Lease | undefined>,
    signal: Wait['signal'],
  ): Promise<Place | undefined> => {
    const sinceMs = clock.now();
    counts.waiting++;
    try {
      const lease = await pending;
      return lease && new HeldPlace(lease, Math.max(0, clock.now() - sinceMs), counts, limit);
    } catch (error) {
      if (signal?.aborted === true) throw error;
      // A store that cannot be reached takes no call down.
      return new HeldPlace(noLease, 0, counts, limit);
    } finally {
      counts.waiting--;
    }
  };
  return {
    get running() {
      return counts.running;
    },
    get waiting() {
      return counts.waiting;
    },
    get limit() {
      return limit.value();
    },
    enter({ signal, endsAtMs }) {
      const lease = state.acquire(name, { limit: limit.value, endsAtMs, signal });
      if (!isPending(lease)) return lease && new HeldPlace(lease, 0, counts, limit);
      return enterLater(lease, signal);
    },
  };
}

/** A class, since there is one for every call. */
class HeldPlace implements Place {
  readonly queuedMs: number;
  readonly issue: Place['issue'];
  readonly #lease: Lease;
  readonly #counts: { running: number };
  readonly #limit: AdaptiveLimit;
  readonly #number: number;
  #isHeld = true;

  constructor(lease: Lease, queuedMs: number, counts: { running: number }, limit: AdaptiveLimit) {
    this.queuedMs = queuedMs;
    this.issue = lease.issue;
    this.#lease = lease;
    this.#counts = counts;
    this.#limit = limit;
    this.#number = limit.begin();
    counts.running++;
  }

  succeeded(): void {
    if (this.#isHeld) this.#limit.succeeded(this.#counts.running);
  }

  refused(named?: number): void {
    if (this.#isHeld) this.#limit.refused(this.#number, this.#counts.running, named);
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#counts.running--;
    this.#lease.release();
  }
}
