import { onAbort } from '../internal/abort.ts';
import type { Clock } from '../internal/clock.ts';
import { callAt } from '../internal/clock.ts';
import type { Lease, LeaseWish } from './shared-state.ts';

/** Places that are taken in the order of asking. */
export interface Semaphore {
  acquire(wish: LeaseWish): Lease | undefined | Promise<Lease | undefined>;
}

interface Waiter {
  wish: LeaseWish;
  /** Ends the wait, with a place or without one. */
  give: (lease: Lease | undefined) => void;
}

/**
 * Nobody is forgotten: whoever waits does so because all places are held, and each way in which one comes free (given
 * back, or past its end) looks at the queue.
 */
export function createSemaphore(clock: Clock): Semaphore {
  const held = new Set<{ endsAtMs: number }>();
  const queue = new Set<Waiter>();
  /** While somebody waits, the earliest end of a place that is held is waited for too. */
  let watchedMs = Infinity;
  let stopWatching = (): void => {};

  const watch = (): void => {
    stopWatching();
    watchedMs = Infinity;
    if (queue.size === 0) return;
    for (const { endsAtMs } of held) watchedMs = Math.min(watchedMs, endsAtMs);
    stopWatching = callAt(clock, watchedMs, () => {
      sweep();
      serve();
      watch();
    });
  };
  const sweep = (): void => {
    for (const place of held) if (place.endsAtMs <= clock.now()) held.delete(place);
  };
  const take = (wish: LeaseWish): Lease => {
    const place = { endsAtMs: wish.endsAtMs };
    held.add(place);
    return {
      release() {
        if (held.delete(place) && queue.size > 0) serve();
      },
    };
  };
  const serve = (): void => {
    for (const waiter of queue) {
      if (held.size >= waiter.wish.limit()) return;
      queue.delete(waiter);
      waiter.give(take(waiter.wish));
      if (waiter.wish.endsAtMs < watchedMs) watch();
    }
  };

  return {
    acquire(wish) {
      if (wish.signal?.aborted === true) throw wish.signal.reason;
      if (queue.size > 0) serve();
      else if (held.size >= wish.limit()) sweep();
      if (queue.size === 0 && held.size < wish.limit()) return take(wish);
      if (wish.endsAtMs <= clock.now()) return undefined;
      const waiting = wait(wish, queue, clock, () => queue.size === 0 && watch());
      if (queue.size === 1) watch();
      return waiting;
    },
  };
}

/** Stands in the queue until a place is given, the signal aborts, or its time is over. */
function wait(
  wish: LeaseWish,
  queue: Set<Waiter>,
  clock: Clock,
  onLeft: () => void,
): Promise<Lease | undefined> {
  const { signal, endsAtMs } = wish;
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      queue.delete(waiter);
      offAbort?.();
      stopTimer();
      onLeft();
    };
    const waiter: Waiter = {
      wish,
      give(lease) {
        leave();
        resolve(lease);
      },
    };
    const offAbort =
      signal &&
      onAbort(signal, () => {
        leave();
        reject(signal.reason);
      });
    const stopTimer = callAt(clock, endsAtMs, () => waiter.give(undefined));
    queue.add(waiter);
  });
}
