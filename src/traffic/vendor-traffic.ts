import type { Clock } from '../internal/clock.ts';
import { realClock } from '../internal/clock.ts';
import { isPending } from '../internal/pending.ts';
import type { ReportIssue } from '../schema/issue.ts';
import type { VendorFailure } from './breaker.ts';
import type { Latency } from './latency.ts';
import { createLatency } from './latency.ts';
import type { Place, Wait } from './limiter.ts';
import { createLimiter } from './limiter.ts';
import type { SharedState } from './shared-state.ts';
import type { Admission, BreakerView, Pass, VendorBreaker } from './vendor-breaker.ts';
import { createVendorBreaker, noBreaker } from './vendor-breaker.ts';

/** How a vendor is, as this process sees it. */
export interface VendorHealth extends BreakerView {
  /** Calls under way. */
  running: number;
  /** Calls that wait for a place. */
  waiting: number;
  /** How long its latest answers took to their first content, in milliseconds; absent before the first one. */
  firstContentMs?: number | undefined;
}

/** One call at one vendor. Exactly one of `succeeded`, `failed` and `left` ends it; what is told after that is ignored. */
export interface VendorCall {
  /** How long it waited for its place. */
  readonly queuedMs: number;
  /** What the report of the call says of its place. */
  readonly issue: ReportIssue | undefined;
  /** The first content has arrived, so many milliseconds after the call was sent. */
  firstContent(firstContentMs: number): void;
  /** The answer is whole. */
  succeeded(timing?: { firstContentMs?: number | undefined }): void;
  /** It failed, for whatever reason: what is not the vendor's fault is left out of account here. */
  failed(failure: VendorFailure): void;
  /** Neither: it was aborted, or another vendor's answer was faster. */
  left(): void;
}

/** What is known of one vendor, and who may call it. */
export interface VendorTraffic {
  readonly name: string;
  /** Leave to send one call, or when to ask again. A pass that is not used is given back. */
  admit(nowMs?: number): Admission | Promise<Admission>;
  giveBack(pass: Pass): void;
  /** Whether a call would get its place without waiting, as far as this process knows. */
  hasRoom(): boolean;
  /**
   * Takes a place; `undefined` if none came free by `endsAtMs`, or if the vendor was left alone meanwhile. The pass is used
   * up or given back.
   *
   * @throws the signal's reason (as a rejection where it waits)
   */
  enter(pass: Pass, wait: Wait): VendorCall | undefined | Promise<VendorCall | undefined>;
  health(): VendorHealth;
  readonly latency: Pick<Latency, 'meanMs' | 'p95Ms'>;
  /** Tells when the vendor may have come back, or has gone; returns how to end that. For this process's own calls. */
  onChange(listener: () => void): () => void;
}

export interface VendorTrafficOptions {
  name: string;
  state: SharedState;
  /** How many calls at most; absent: no limit but what the vendor names. */
  concurrency?: number | undefined;
  /** Whether it is left alone after failures; where there is nobody else, that would help nobody. @default true */
  hasBreaker?: boolean | undefined;
  clock?: Clock | undefined;
}

interface Parts {
  breaker: VendorBreaker;
  latency: Latency;
  clock: Clock;
}

/** Everything that the calls of one vendor share. With a healthy vendor and without a limit nothing is waited for. */
export function createVendorTraffic({
  name,
  state,
  concurrency,
  hasBreaker = true,
  clock = realClock,
}: VendorTrafficOptions): VendorTraffic {
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  const breaker = hasBreaker ? createVendorBreaker(name, state, tell) : noBreaker;
  const limiter = createLimiter({ name, state, concurrency, clock });
  const latency = createLatency();
  const parts = { breaker, latency, clock };

  const start = (pass: Pass, place: Place | undefined, hasWaited: boolean) => {
    // A vendor that was left alone while the call waited is not called: the queue would go on into the outage.
    const isGone =
      hasWaited && pass.probeUntilMs === 0 && breaker.view(clock.now()).state !== 'closed';
    if (place !== undefined && !isGone) return startCall(parts, pass, place);
    place?.release();
    breaker.giveBack(pass);
    return undefined;
  };

  return {
    name,
    latency,
    admit: (nowMs = clock.now()) => breaker.admit(nowMs),
    giveBack: (pass) => breaker.giveBack(pass),
    hasRoom: () => limiter.waiting === 0 && limiter.running < limiter.limit,
    enter(pass, wait) {
      try {
        const place = limiter.enter(wait);
        if (!isPending(place)) return start(pass, place, false);
        return place.then(
          (given) => start(pass, given, true),
          (error: unknown) => {
            breaker.giveBack(pass);
            throw error;
          },
        );
      } catch (error) {
        breaker.giveBack(pass);
        throw error;
      }
    },
    health() {
      const firstContentMs = latency.meanMs();
      return {
        ...breaker.view(clock.now()),
        running: limiter.running,
        waiting: limiter.waiting,
        ...(firstContentMs !== undefined && { firstContentMs }),
      };
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function startCall({ breaker, latency, clock }: Parts, pass: Pass, place: Place): VendorCall {
  const startedAtMs = clock.now();
  let isOpen = true;
  let isNoted = false;
  const note = (firstContentMs: number | undefined): void => {
    if (isNoted || firstContentMs === undefined) return;
    isNoted = true;
    latency.note(firstContentMs, clock.now());
  };
  /** Whether this is the first end that is told. */
  const end = (): boolean => {
    if (!isOpen) return false;
    isOpen = false;
    return true;
  };
  return {
    queuedMs: place.queuedMs,
    issue: place.issue,
    firstContent(firstContentMs) {
      if (!isOpen) return;
      note(firstContentMs);
      breaker.firstContent(pass, startedAtMs);
    },
    succeeded(timing) {
      if (!end()) return;
      note(timing?.firstContentMs);
      place.succeeded();
      place.release();
      breaker.succeeded(startedAtMs, clock.now());
    },
    failed(failure) {
      if (!end()) return;
      if (failure.code === 'rate_limit') place.refused(failure.limit);
      breaker.failed(failure, clock.now());
      breaker.giveBack(pass);
      place.release();
    },
    left() {
      if (!end()) return;
      place.release();
      breaker.giveBack(pass);
    },
  };
}
