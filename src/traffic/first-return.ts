import { onAbort } from '../internal/abort.ts';
import type { Clock } from '../internal/clock.ts';
import { callAt, realClock } from '../internal/clock.ts';
import type { Wait } from './limiter.ts';
import type { Pass, Refusal } from './vendor-breaker.ts';
import type { VendorTraffic } from './vendor-traffic.ts';

/** The vendor that is back, with its pass; or when the first one is expected, epoch milliseconds. */
export type FirstReturn<Vendor> = { vendor: Vendor; pass: Pass } | { againAtMs: number };

/** While other processes find out how a vendor is, nobody tells this one. */
const lookAgainMs = 500;

/**
 * Waits for the first of several vendors to come back, when all are left alone: until `endsAtMs` at most, and not at all if
 * none can be back by then. Where two are back, the earlier one of the list is taken. Having nobody to call counts as
 * nobody's failure.
 *
 * @param isWorthIt whether a vendor that is left alone is worth waiting for
 * @throws the signal's reason
 */
export async function firstReturn<Vendor extends Pick<VendorTraffic, 'admit' | 'onChange'>>(
  vendors: readonly Vendor[],
  { signal, endsAtMs }: Wait,
  clock: Clock = realClock,
  isWorthIt: (vendor: Vendor, refusal: Refusal) => boolean = () => true,
): Promise<FirstReturn<Vendor>> {
  for (;;) {
    if (signal?.aborted === true) throw signal.reason;
    const nowMs = clock.now();
    let againAtMs = Infinity;
    let lookAtMs = Infinity;
    for (const vendor of vendors) {
      const admission = await vendor.admit(nowMs);
      if (admission.isAdmitted) return { vendor, pass: admission };
      againAtMs = Math.min(againAtMs, admission.againAtMs);
      if (!isWorthIt(vendor, admission)) continue;
      // A vendor that is being tried out may be back at any moment.
      const nextMs = admission.isProbing ? nowMs + lookAgainMs : admission.againAtMs;
      lookAtMs = Math.min(lookAtMs, nextMs);
    }
    if (nowMs >= endsAtMs || lookAtMs > endsAtMs || lookAtMs === Infinity) return { againAtMs };
    await changeOrTime(vendors, lookAtMs, signal, clock);
  }
}

function changeOrTime(
  vendors: readonly Pick<VendorTraffic, 'onChange'>[],
  atMs: number,
  signal: Wait['signal'],
  clock: Clock,
): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      stopTimer();
      offAbort?.();
      for (const off of offs) off();
      resolve();
    };
    const stopTimer = callAt(clock, atMs, end);
    const offAbort = signal && onAbort(signal, end);
    const offs = vendors.map((vendor) => vendor.onChange(end));
  });
}
