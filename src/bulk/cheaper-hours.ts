import { cheaperFrom } from '../cost/off-peak.ts';
import type { Prices } from '../cost/prices.ts';
import { onAbort } from '../internal/abort.ts';
import { callAt, realClock } from '../internal/clock.ts';
import type { AbortSignalLike } from '../internal/web.ts';
import { invalidOptions } from '../outcome/invalid-options.ts';
import type { Meter } from './progress.ts';

/**
 * Waits until a model is cheaper, if it is not.
 *
 * @throws ChatError `invalid_options` where it costs the same all day; the signal's reason
 */
export async function waitForCheaperHours(
  prices: Prices | undefined,
  meter: Meter,
  signal: AbortSignalLike,
): Promise<void> {
  if (prices?.peak === undefined) {
    const message =
      'Option offPeak needs a vendor that is known to be cheaper at some hours, and no prices of your own (pricing): leave it out';
    throw invalidOptions('offPeak', message);
  }
  const untilMs = cheaperFrom(prices, realClock.now());
  if (untilMs <= realClock.now()) return;
  meter.waits(untilMs);
  meter.tell(true);
  try {
    await waitUntil(untilMs, signal);
  } finally {
    meter.waits(undefined);
  }
}

function waitUntil(atMs: number, signal: AbortSignalLike): Promise<void> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const offAbort = onAbort(signal, () => {
      stop();
      reject(signal.reason);
    });
    const stop = callAt(realClock, atMs, () => {
      offAbort();
      resolve();
    });
  });
}
