import { raceSignal, LocalAbort } from '../internal/abort.ts';
import type { AbortSignalLike } from '../internal/web.ts';
import type { ChatError } from '../outcome/chat-error.ts';
import { isChatError } from '../outcome/chat-error.ts';
import type { Attempt } from '../outcome/report.ts';
import { backoffMs, maxDelayMs } from '../traffic/retry-delay.ts';
import type { CallParts } from './call-parts.ts';
import { tellRetry } from './hooks.ts';

/** One send. */
export interface AttemptScope {
  readonly record: Attempt;
  /** Aborted with the call, or with this attempt alone; another may follow. */
  readonly stop: LocalAbort;
  /** `x-should-retry` of the response. */
  shouldRetry?: boolean | undefined;
}

/**
 * The attempts of one call. Retry wraps an attempt and not a transport, since only decoding knows what an answer means.
 * An attempt is repeated before anything was delivered, and never after a refusal that would come again.
 */
export class Attempts {
  readonly #parts: CallParts;
  /** The last attempt. */
  #scope: AttemptScope | undefined = undefined;
  #isOpen = false;
  #serverErrors = 0;
  /** How many issues there were before the first attempt. */
  #keptIssues: number | undefined = undefined;
  /** Ends the open attempt together with the call. One listener serves all attempts, since only one is open at a time. */
  readonly #follow = (): void => this.#scope?.stop.abort(this.#parts.lifetime.signal.reason);

  constructor(parts: CallParts) {
    this.#parts = parts;
  }

  /** Sends until it works, or until trying again is of no use. */
  async run<T>(send: (scope: AttemptScope) => Promise<T>): Promise<T> {
    const { signal } = this.#parts.lifetime;
    for (;;) {
      if (signal.aborted) throw signal.reason;
      const scope = this.#begin();
      try {
        return await send(scope);
      } catch (error) {
        // What is left of it must not run in parallel with the next one.
        if (isChatError(error)) scope.stop.abort(error);
        await this.again(error);
      }
    }
  }

  /** Waits for the next attempt after one that failed later than in `run`. @throws the error, if there is no next one */
  async again(error: unknown): Promise<void> {
    const scope = this.#scope;
    if (!isChatError(error) || scope === undefined) throw error;
    this.#close(error);
    const delayMs = this.#nextDelayMs(error, scope);
    if (delayMs === undefined) throw error;
    scope.record.waitedMs = delayMs;
    const { options, lifetime } = this.#parts;
    tellRetry(options, scope.record, error.code, delayMs);
    await sleep(delayMs, lifetime.signal);
  }

  /** The last attempt has done its work. */
  succeed(): void {
    this.#close();
    const { report, budget, options } = this.#parts;
    if (report.attempts.length === 1) budget.refund(options.origin);
  }

  /** The last attempt has failed for good. */
  fail(error: ChatError): void {
    this.#close(error);
    // Whoever hears of the end first takes the others' listeners off; the connection has to hear of it all the same.
    this.#scope?.stop.abort(error);
  }

  #begin(): AttemptScope {
    const { lifetime, report, options } = this.#parts;
    // Oddities of an answer that was thrown away are of no interest.
    this.#keptIssues ??= report.issues.length;
    if (report.issues.length > this.#keptIssues) report.issues.length = this.#keptIssues;
    const record: Attempt = {
      number: report.attempts.length + 1,
      provider: options.name,
      startedAt: Date.now(),
      durationMs: 0,
    };
    report.attempts.push(record);
    const scope = { record, stop: new LocalAbort() };
    this.#scope = scope;
    this.#isOpen = true;
    lifetime.signal.addEventListener('abort', this.#follow);
    return scope;
  }

  #close(error?: ChatError): void {
    if (this.#scope === undefined || !this.#isOpen) return;
    this.#isOpen = false;
    const { lifetime, options } = this.#parts;
    const { record } = this.#scope;
    lifetime.signal.removeEventListener('abort', this.#follow);
    record.durationMs = Date.now() - record.startedAt;
    if (error === undefined) return;
    record.error = error.code;
    if (error.phase !== undefined) record.phase = error.phase;
    if (isUnbilled(record.status, options.provider.profile.unbilledStatuses)) record.billed = false;
  }

  /** How long to wait, or `undefined` if there is no next attempt. */
  #nextDelayMs(error: ChatError, { record, shouldRetry }: AttemptScope): number | undefined {
    const { lifetime, options, maxRetries, budget } = this.#parts;
    const { serverErrorRetries = Infinity } = options.provider.profile;
    if (!error.retryable || shouldRetry === false) return undefined;
    if (record.number > maxRetries || lifetime.signal.aborted) return undefined;
    if ((error.status ?? 0) >= 500 && ++this.#serverErrors > serverErrorRetries) return undefined;
    const delayMs = error.retryAfterMs ?? backoffMs(record.number);
    if (delayMs > maxDelayMs) return undefined;
    // A wait that outlasts the call is useless, and would hide the vendor's message.
    if (Date.now() + delayMs >= lifetime.endsAtMs) return undefined;
    return budget.take(options.origin, error.code === 'timeout') ? delayMs : undefined;
  }
}

/** Whether the vendor documents that it does not bill an attempt that was answered with this status. */
function isUnbilled(
  status: number | undefined,
  unbilled: readonly (number | '5xx')[] | undefined,
): boolean {
  if (status === undefined || unbilled === undefined) return false;
  return unbilled.some((each) => (each === '5xx' ? status >= 500 : each === status));
}

async function sleep(delayMs: number, signal: AbortSignalLike): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    // Not unref'd: a program that waits for its answer must not end before the next attempt.
    await raceSignal(
      new Promise<void>((resolve) => (timer = setTimeout(resolve, delayMs))),
      signal,
    );
  } finally {
    clearTimeout(timer);
  }
}
