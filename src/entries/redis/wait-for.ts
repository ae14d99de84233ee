import type { Clock, Lease } from '../../index.ts';
import type { Place } from './room.ts';

const maxTimerMs = 2 ** 31 - 1;

/** Waits until a place is given, its time is over, or the signal aborts. */
export function waitFor(place: Place, clock: Clock): Promise<Lease | undefined> {
  const { signal, endsAtMs } = place.wish;
  return new Promise((resolve, reject) => {
    let timer: unknown;
    const stop = (): void => {
      clock.clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    const abort = (): void => {
      stop();
      place.leave();
      reject(signal?.reason);
    };
    const watch = (): void => {
      const leftMs = endsAtMs - clock.now();
      if (leftMs > maxTimerMs) timer = clock.setTimeout(watch, maxTimerMs);
      else timer = clock.setTimeout(over, Math.max(0, leftMs));
    };
    const over = (): void => {
      stop();
      place.leave();
      resolve(undefined);
    };
    place.onGiven = () => {
      stop();
      resolve(place.lease);
    };
    signal?.addEventListener('abort', abort);
    if (endsAtMs !== Infinity) watch();
  });
}
