import type { ChatError } from '../outcome/chat-error.ts';
import type { ChatErrorCode } from '../outcome/error-codes.ts';
import type { ResolvedOptions } from '../options/options.ts';
import { harmlessHeaders } from '../outcome/redact.ts';
import type { Attempt, Report } from '../outcome/report.ts';
import type { HttpRequest } from '../transport/http-request.ts';

// What the user's hooks and logger hear of a call. Most calls have neither: an event is made only for a hook that is
// there, and no closure is made for any.

/** Before each send. */
export function tellRequest(
  { provider, hooks, logger }: ResolvedOptions,
  { method, url, headers }: HttpRequest,
  attempt: number,
): void {
  if (hooks.onRequest) {
    callHook(hooks, hooks.onRequest, {
      provider: provider.id,
      method,
      url,
      headers: harmlessHeaders(headers),
      attempt,
    });
  }
  if (logger.debug) callHook(logger, logger.debug, 'request', { provider: provider.id, url });
}

/** At each response head, once the report holds it. */
export function tellResponse(
  { provider, hooks, logger }: ResolvedOptions,
  status: number,
  { headers, attempts, requestId }: Report,
): void {
  if (logger.debug) {
    callHook(logger, logger.debug, 'response', { provider: provider.id, status, requestId });
  }
  if (!hooks.onResponse) return;
  callHook(hooks, hooks.onResponse, {
    provider: provider.id,
    status,
    headers: harmlessHeaders(headers),
    attempt: attempts.length,
  });
}

/** Before the wait for the next attempt. */
export function tellRetry(
  { provider, hooks, logger }: ResolvedOptions,
  attempt: Attempt,
  error: ChatErrorCode,
  delayMs: number,
): void {
  if (logger.debug) {
    callHook(logger, logger.debug, 'retry', { provider: provider.id, error, delayMs });
  }
  if (hooks.onRetry) callHook(hooks, hooks.onRetry, { provider: provider.id, attempt, delayMs });
}

/** At the end of the call. */
export function tellEnd(
  { hooks, logger }: { hooks: ResolvedOptions['hooks']; logger?: ResolvedOptions['logger'] },
  report: Report,
  error?: ChatError,
): void {
  if (logger?.debug) callHook(logger, logger.debug, 'end', endDetails(report, error));
  if (hooks.onEnd) callHook(hooks, hooks.onEnd, report, error);
}

function endDetails(report: Report, error: ChatError | undefined): Record<string, unknown> {
  const { provider, model, completion, usage, cost, timings } = report;
  return {
    provider,
    model,
    completion,
    error: error?.code,
    promptTokens: usage?.prompt_tokens,
    completionTokens: usage?.completion_tokens,
    costUsd: cost?.usd,
    totalMs: timings.totalMs,
  };
}

/** Hooks are guests: what they throw is theirs, as the option's documentation says. */
function callHook<Heard extends unknown[]>(
  owner: object,
  hook: (...heard: Heard) => unknown,
  ...heard: Heard
): void {
  try {
    const result = Reflect.apply(hook, owner, heard);
    // Also what they throw later, as asynchronous functions do.
    void Promise.resolve(result).catch(() => {});
  } catch {
    // See above.
  }
}
