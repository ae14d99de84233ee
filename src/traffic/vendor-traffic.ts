import type { Clock } from '../internal/clock.ts';
import { realClock } from '../internal/clock.ts';
import { isPending } from '../internal/pending.ts';
import type { ReportIssue } from '../schema/issue.ts';
import type { VendorFailure } from './breaker.ts';
import type { Latency } from './latency.ts';
import { createLatency } from './latency.ts';
import type { Limiter, Place, Wait } from './limiter.ts';
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
  giveBack(pass: Admission): void;
  /**
   * A call at once, where the vendor is well and has room, and none of that has to be asked of a store; else `undefined`,
   * and nothing has happened.
   */
  callNow(endsAtMs: number, nowMs?: number): VendorCall | undefined;
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

  const start: Start = (pass, place, hasWaited, nowMs = clock.now()) => {
    // A vendor that was left alone while the call waited is not called: the queue would go on into the outage.
    const isGone = hasWaited && pass.probeUntilMs === 0 && breaker.view(nowMs).state !== 'closed';
    if (place !== undefined && !isGone) return new StartedCall(parts, pass, place, nowMs);
    place?.release();
    breaker.giveBack(pass);
    return undefined;
  };
  const hasRoom = (): boolean => limiter.waiting === 0 && limiter.running < limiter.limit;
  const admission = createAdmission({ breaker, limiter, clock, start, hasRoom });

  return {
    name,
    latency,
    ...admission,
    giveBack: (pass) => void (pass.isAdmitted && breaker.giveBack(pass)),
    hasRoom,
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

type Start = (
  pass: Pass,
  place: Place | undefined,
  hasWaited: boolean,
  nowMs?: number,
) => VendorCall | undefined;

/** How calls come in: by way of the breaker, then of the limiter. */
function createAdmission({
  breaker,
  limiter,
  clock,
  start,
  hasRoom,
}: {
  breaker: VendorBreaker;
  limiter: Limiter;
  clock: Clock;
  start: Start;
  hasRoom(): boolean;
}): Pick<VendorTraffic, 'admit' | 'enter' | 'callNow'> {
  /** Whether the state answered at once, the last time that it was asked. */
  const atHand = { breaker: false, places: false };
  const admit = (nowMs = clock.now()): Admission | Promise<Admission> => {
    const admission = breaker.admit(nowMs);
    atHand.breaker = !isPending(admission);
    return admission;
  };
  const enter = (pass: Pass, wait: Wait, nowMs?: number): ReturnType<VendorTraffic['enter']> => {
    try {
      const place = limiter.enter(wait);
      atHand.places = !isPending(place);
      if (!isPending(place)) return start(pass, place, false, nowMs);
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
  };
  return {
    admit,
    enter,
    callNow(endsAtMs, nowMs) {
      if (!atHand.breaker || !atHand.places || !hasRoom()) return undefined;
      const pass = admit(nowMs);
      if (isPending(pass)) return forget(pass, (late) => late.isAdmitted && breaker.giveBack(late));
      if (!pass.isAdmitted) return undefined;
      const call = enter(pass, { endsAtMs }, nowMs);
      return isPending(call) ? forget(call, (late) => late?.left()) : call;
    },
  };
}

/** What comes of something that was not waited for is given back. */
function forget<T>(pending: Promise<T>, giveBack: (value: T) => void): undefined {
  pending.then(giveBack, () => {});
}

/** A class, since there is one for every call. */
class StartedCall implements VendorCall {
  readonly #parts: Parts;
  readonly #pass: Pass;
  readonly #place: Place;
  readonly #startedAtMs: number;
  #isOpen = true;
  #isNoted = false;

  constructor(parts: Parts, pass: Pass, place: Place, startedAtMs: number) {
    this.#parts = parts;
    this.#pass = pass;
    this.#place = place;
    this.#startedAtMs = startedAtMs;
  }

  get queuedMs(): number {
    return this.#place.queuedMs;
  }

  get issue(): VendorCall['issue'] {
    return this.#place.issue;
  }

  firstContent(firstContentMs: number): void {
    if (!this.#isOpen) return;
    this.#note(firstContentMs);
    this.#parts.breaker.firstContent(this.#pass, this.#startedAtMs);
  }

  succeeded(timing?: { firstContentMs?: number | undefined }): void {
    if (!this.#end()) return;
    this.#note(timing?.firstContentMs);
    this.#place.succeeded();
    this.#place.release();
    const { breaker, clock } = this.#parts;
    breaker.succeeded(this.#startedAtMs, clock.now());
  }

  failed(failure: VendorFailure): void {
    if (!this.#end()) return;
    if (failure.code === 'rate_limit') this.#place.refused(failure.limit);
    const { breaker, clock } = this.#parts;
    breaker.failed(failure, this.#startedAtMs, clock.now());
    breaker.giveBack(this.#pass);
    this.#place.release();
  }

  left(): void {
    if (!this.#end()) return;
    this.#place.release();
    this.#parts.breaker.giveBack(this.#pass);
  }

  #note(firstContentMs: number | undefined): void {
    if (this.#isNoted || firstContentMs === undefined) return;
    this.#isNoted = true;
    this.#parts.latency.note(firstContentMs, this.#parts.clock.now());
  }

  /** Whether this is the first end that is told. */
  #end(): boolean {
    const isFirst = this.#isOpen;
    this.#isOpen = false;
    return isFirst;
  }
}
