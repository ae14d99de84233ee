import type { ChatError } from '../outcome/chat-error.ts';
import { backoffMs, maxDelayMs } from '../traffic/retry-delay.ts';
import type { Refusal } from '../traffic/vendor-breaker.ts';
import type { Bounds } from './bounds.ts';
import type { Candidate } from './candidate.ts';
import type { MayServe } from './turn.ts';

/** Whose turn in a call is to come, in this round and in the next one. */
export class Rounds {
  #order: readonly Candidate[] | undefined = undefined;
  #left: readonly Candidate[] = [];
  #again: { candidate: Candidate; error: ChatError }[] = [];
  /** Those that would take the request only cut to size. They have their turn when nobody takes it whole. */
  #clamping: Candidate[] = [];
  #failed: readonly Candidate[] = [];
  #mayClamp = false;
  #count = 0;

  get hasBegun(): boolean {
    return this.#order !== undefined;
  }

  /** @param taken how many of them have had their turn */
  begin(order: readonly Candidate[], taken = 0): void {
    this.#order = order;
    this.#left = taken === 0 ? order : order.slice(taken);
  }

  /** Those of this round that were not called yet, in order. */
  left(mayServe: MayServe): readonly Candidate[] {
    return this.#left.filter(mayServe);
  }

  take(candidate: Candidate): void {
    this.#left = this.#left.filter((each) => each !== candidate);
  }

  /** Nothing was sent, and its turn is still to come. */
  putBack(candidate: Candidate): void {
    this.#line([...this.#left, candidate]);
  }

  failed(candidate: Candidate): void {
    if (!this.#failed.includes(candidate)) this.#failed = [...this.#failed, candidate];
  }

  /** What failed with `error` may be tried in the next round. */
  again(candidate: Candidate, error: ChatError): void {
    this.#again.push({ candidate, error });
  }

  /** Whether a request that would have to be cut is kept for vendors that take it whole. */
  keepsWhole(candidate: Candidate): boolean {
    if (this.#mayClamp) return false;
    if (!this.#clamping.includes(candidate)) this.#clamping.push(candidate);
    return true;
  }

  /** Whether a vendor was not sent the request, since it would have been cut. */
  isKept(candidate: Candidate): boolean {
    return !this.#mayClamp && this.#clamping.includes(candidate);
  }

  /**
   * Whether a vendor that is left alone is worth waiting for. An outage is not, once the call has seen it: a call that has
   * tried all fails at once.
   */
  isWorthIt(candidate: Candidate, { isProbing, isAsked }: Refusal): boolean {
    return isProbing || isAsked || !this.#failed.includes(candidate);
  }

  /** Whether there is another round, once its time has come. @throws ChatError the reason for the call's end */
  async next(bounds: Bounds, nowMs: number): Promise<boolean> {
    if (!this.#mayClamp && this.#clamping.length > 0) {
      // Nobody takes it as it is, so those that cut it may.
      this.#mayClamp = true;
      this.#line([...this.#left, ...this.#clamping]);
      return true;
    }
    if (this.#again.length === 0 || this.#count >= bounds.settings.maxRetries) return false;
    const waits = this.#again.map(({ error }) => error.retryAfterMs ?? backoffMs(this.#count + 1));
    const delayMs = Math.min(...waits);
    if (delayMs > maxDelayMs || nowMs + delayMs >= bounds.endsAtMs) return false;
    this.#count += 1;
    await bounds.waitUntil(nowMs + delayMs);
    this.#line([...this.#left, ...this.#again.map(({ candidate }) => candidate)]);
    this.#again = [];
    return true;
  }

  #line(candidates: readonly Candidate[]): void {
    this.#left = (this.#order ?? candidates).filter((each) => candidates.includes(each));
  }
}
