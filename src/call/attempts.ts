import { raceSignal, Stop } from '../internal/abort.ts';
import type { ChatErrorInit, ChatError } from '../outcome/chat-error.ts';
import { isChatError } from '../outcome/chat-error.ts';
import type { ResolvedOptions } from '../options/options.ts';
import type { Attempt, Report } from '../outcome/report.ts';
import type { RetryBudget } from '../traffic/retry-budget.ts';
import { backoffMs, longestWaitMs } from '../traffic/retry-delay.ts';
import type { AbortSignalLike } from '../internal/web.ts';
import type { Lifetime } from './lifetime.ts';
import { callHook } from './hooks.ts';

/** One send. */
export interface AttemptScope {
  readonly record: Attempt;
  /** Aborted with the call, or with this attempt alone; another may follow. */
  readonly stop: Stop;
  /** `x-should-retry` of the response. */
  shouldRetry?: boolean | undefined;
}

/** The attempts of one call. */
export interface Attempts {
  /** Sends until it works, or until trying again is of no use. */
  run<T>(send: (scope: AttemptScope) => Promise<T>): Promise<T>;
  /** Waits for the next attempt after one that failed later than in `run`. @throws the error, if there is no next one */
  again(error: unknown): Promise<void>;
  /** The last attempt has done its work. */
  succeed(): void;
  /** The last attempt has failed for good. */
  fail(error: ChatError): void;
}

/**
 * Retry wraps an attempt and not a transport, since only decoding knows what an answer means. An attempt is repeated
 * before anything was delivered, and never after a refusal that would come again.
 */
export function createAttempts(call: {
  lifetime: Lifetime;
  options: ResolvedOptions;
  maxRetries: number;
  origin: string;
  budget: RetryBudget;
  report: Report;
}): Attempts {
  const { lifetime, options, maxRetries, origin, budget, report } = call;
  const { serverErrorRetries = Infinity, unbilledStatuses = [] } = options.provider.profile;
  let scope: AttemptScope | undefined;
  let detach = (): void => {};
  let serverErrors = 0;
  let isOpen = false;

  const begin = (): AttemptScope => {
    const stop = new Stop();
    const follow = (): void => stop.abort(lifetime.signal.reason);
    lifetime.signal.addEventListener('abort', follow);
    detach = () => lifetime.signal.removeEventListener('abort', follow);
    const record: Attempt = {
      number: report.attempts.length + 1,
      startedAt: Date.now(),
      durationMs: 0,
    };
    report.attempts.push(record);
    isOpen = true;
    scope = { record, stop };
    return scope;
  };

  const close = (error?: ChatError): void => {
    if (scope === undefined || !isOpen) return;
    isOpen = false;
    const { record } = scope;
    detach();
    record.durationMs = Date.now() - record.startedAt;
    if (error === undefined) return;
    record.error = error.code;
    if (error.phase !== undefined) record.phase = error.phase;
    const { status } = record;
    const isUnbilled =
      status !== undefined &&
      unbilledStatuses.some((each) => (each === '5xx' ? status >= 500 : each === status));
    if (isUnbilled) record.billed = false;
  };

  /** How long to wait, or `undefined` if there is no next attempt. */
  const nextDelay = (
    error: ChatError,
    { record, shouldRetry }: AttemptScope,
  ): number | undefined => {
    if (!error.retryable || shouldRetry === false) return undefined;
    if (record.number > maxRetries || lifetime.signal.aborted) return undefined;
    if ((error.status ?? 0) >= 500 && ++serverErrors > serverErrorRetries) return undefined;
    const delayMs = error.retryAfterMs ?? backoffMs(record.number);
    if (delayMs > longestWaitMs) return undefined;
    // A wait that outlasts the call helps nobody, and would hide what the vendor said.
    if (Date.now() + delayMs >= lifetime.endsAtMs) return undefined;
    return budget.take(origin, error.code === 'timeout') ? delayMs : undefined;
  };

  const again = async (cause: unknown): Promise<void> => {
    const failed = scope;
    if (!isChatError(cause) || failed === undefined) throw cause;
    close(cause);
    const delayMs = nextDelay(cause, failed);
    if (delayMs === undefined) throw cause;
    failed.record.waitedMs = delayMs;
    const details = { provider: report.provider, error: cause.code, delayMs };
    const { logger, hooks } = options;
    callHook(logger.debug && (() => logger.debug?.('retry', details)));
    const event = { provider: report.provider, attempt: failed.record, delayMs };
    callHook(hooks.onRetry && (() => hooks.onRetry?.(event)));
    await sleep(delayMs, lifetime.signal);
  };

  return {
    async run(send) {
      for (;;) {
        if (lifetime.signal.aborted) throw lifetime.signal.reason;
        const current = begin();
        try {
          return await send(current);
        } catch (error) {
          // Whatever is left of it must not go on beside the next one.
          if (isChatError(error)) current.stop.abort(error);
          await again(error);
        }
      }
    },
    again,
    succeed() {
      close();
      if (report.attempts.length === 1) budget.refund(origin);
    },
    fail(error) {
      close(error);
      // Whoever hears of the end first takes the others' listeners off; the connection has to hear of it all the same.
      scope?.stop.abort(error);
    },
  };
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

/** Fills in what only the call knows. An error keeps what it has. */
export function annotate(
  error: ChatError,
  known: Pick<ChatErrorInit, 'provider' | 'requestId' | 'status'>,
): void {
  for (const [field, value] of Object.entries(known)) {
    if (value !== undefined && !(field in error)) Object.assign(error, { [field]: value });
  }
}
