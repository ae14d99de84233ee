import type { Asked } from '../call/ask.ts';
import type { Lifetime } from '../call/lifetime.ts';
import { createLifetime } from '../call/lifetime.ts';
import { raceSignal } from '../internal/abort.ts';
import { callAt } from '../internal/clock.ts';
import type { RequestOptions } from '../options/options.ts';
import type { ChatError } from '../outcome/chat-error.ts';
import { attachToError, isChatError } from '../outcome/chat-error.ts';
import { timeoutError } from '../outcome/timeout-error.ts';
import type { FailoverRules } from './rules.ts';

/** How long a call may take over all vendors, and what each of them is told of that. */
export class Bounds {
  readonly startedAtMs: number;
  readonly endsAtMs: number;
  readonly settings: ReturnType<FailoverRules['resolve']>;
  readonly #rules: FailoverRules;
  /** Made where something has to be waited for, which in most calls nothing has. */
  #lifetime: Lifetime | undefined = undefined;
  #ended: ChatError | undefined = undefined;

  constructor(rules: FailoverRules, options: Asked['options'], kind: 'streamed' | 'whole') {
    this.#rules = rules;
    this.startedAtMs = rules.clock.now();
    this.settings = rules.resolve(options, kind);
    const { deadlineMs = Infinity, totalMs } = this.settings;
    this.endsAtMs = Math.min(deadlineMs, this.startedAtMs + totalMs);
  }

  /** Aborted with the call's end. */
  get signal(): Lifetime['signal'] {
    const { signal, deadlineMs, totalMs } = this.settings;
    const { closing, clock } = this.#rules;
    const leftMs = totalMs - (clock.now() - this.startedAtMs);
    this.#lifetime ??= createLifetime({
      signal,
      closing,
      totalMs: leftMs,
      totalHint: '',
      deadlineMs,
    });
    return this.#lifetime.signal;
  }

  /** Waits, no longer than the call may take. @throws ChatError the reason for its end */
  within<T>(work: Promise<T>): Promise<T> {
    return raceSignal(work, this.signal);
  }

  /** As `within`; what comes after the end of the call is given back. @throws ChatError the reason for its end */
  async holding<T>(work: Promise<T>, giveBack: (late: T) => void): Promise<T> {
    try {
      return await this.within(work);
    } catch (error) {
      work.then(giveBack, () => {});
      throw error;
    }
  }

  async waitUntil(atMs: number): Promise<void> {
    let stop = (): void => {};
    try {
      await this.within(
        new Promise<void>((resolve) => (stop = callAt(this.#rules.clock, atMs, resolve))),
      );
    } finally {
      stop();
    }
  }

  /** Ends the call from outside, wherever it waits. */
  abort(error: ChatError): void {
    this.#ended = error;
    this.#lifetime?.abort(error);
  }

  /** @throws ChatError the reason for the call's end from outside */
  throwIfEnded(): void {
    if (this.#ended !== undefined) throw this.#ended;
  }

  /** The call is over: nothing waits any more. */
  end(): void {
    this.#lifetime?.end();
  }

  /** The caller's options, with what is left of the time. Rounds are counted here, and money. */
  optionsLeft(given: Asked['options'], nowMs: number): RequestOptions<unknown> | null | undefined {
    const { own, totalMs, timeout } = this.settings;
    const sinceMs = totalMs < Infinity ? nowMs - this.startedAtMs : 0;
    // Options of a call are read with care, which costs more than all else here: a thousandth of the time is not told.
    const spentMs = sinceMs * 1_000 < totalMs ? 0 : sinceMs;
    if (given == null && spentMs <= 0) return given;
    const { maxRetries, maxCostUsd: _limit, ...others } = own;
    const rest = this.#rules.isAlone ? { ...others, maxRetries } : others;
    if (spentMs <= 0) return rest;
    return { ...rest, timeout: { ...timeout, total: Math.max(1, totalMs - spentMs) } };
  }

  /** The clock over everything was shortened for the vendors after the first one: what is told is what was asked for. */
  ofWholeCall(reason: unknown): unknown {
    if (!isChatError(reason, 'timeout') || reason.phase !== 'total') return reason;
    const { report, partial } = reason;
    return attachToError(timeoutError('total', this.settings.totalMs), { report, partial });
  }
}
