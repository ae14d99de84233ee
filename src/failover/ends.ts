import { ChatError } from '../outcome/chat-error.ts';

/**
 * What a call fails with when no vendor is left.
 *
 * @param causes one for each failure, in order
 * @param isAlone whether there was but one vendor: then its failure is the call's
 */
export function allFailed(all: readonly ChatError[], isAlone: boolean): ChatError {
  const [first] = all;
  const isSame = all.every(({ code }) => code === first?.code);
  // The same refusal by everybody is that refusal.
  if (first !== undefined && isSame && (isAlone || isRefusal(first))) return first;
  // Whoever has no key was no candidate.
  const causes = all.filter(({ code }) => code !== 'missing_api_key');
  const reasons = causes.map(({ provider, code }) => `${provider}: ${code}`).join(', ');
  const waits = causes.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
  return new ChatError('all_providers_failed', `All providers failed (${reasons})`, {
    causes,
    retryable: causes.some(({ retryable }) => retryable),
    ...(waits.length > 0 && { retryAfterMs: Math.min(...waits) }),
  });
}

function isRefusal({ code }: ChatError): boolean {
  return ['missing_api_key', 'unsupported_parameter', 'budget_exceeded'].includes(code);
}

/** No vendor can be called now, so nothing was sent. */
export function noneAvailable(
  names: readonly string[],
  againAtMs: number,
  nowMs: number,
): ChatError {
  const retryAfterMs = Number.isFinite(againAtMs) ? Math.max(0, againAtMs - nowMs) : undefined;
  const message = `No provider can be called now: ${names.join(', ')} failed lately and will be tried again later`;
  return new ChatError('all_providers_failed', message, { retryable: true, retryAfterMs });
}

/** Another vendor's answer came first. */
export function outrun(): ChatError {
  return new ChatError('aborted', 'Another provider answered first');
}
