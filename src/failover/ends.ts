import { ChatError } from '../outcome/chat-error.ts';

interface NoneLeft {
  /** There is but one vendor: then its failure is the call's. */
  isAlone: boolean;
  /** Vendors that were not called, or not again, since they are left alone for now. */
  leftAlone: readonly string[];
  /** When the first of those will be called again, in milliseconds; `Infinity` if there are none. */
  againInMs: number;
}

/**
 * What a call fails with when no vendor is left.
 *
 * @param all what each vendor failed with, in order
 */
export function noneLeft(
  all: readonly ChatError[],
  { isAlone, leftAlone, againInMs }: NoneLeft,
): ChatError {
  const [first] = all;
  const isSame = leftAlone.length === 0 && all.every(({ code }) => code === first?.code);
  // The same refusal by everybody is that refusal.
  if (first !== undefined && isSame && (isAlone || isRefusal(first))) return first;
  // Whoever has no key was no candidate.
  const causes = all.filter(({ code }) => code !== 'missing_api_key');
  const reasons = causes.map(({ provider, code }) => `${provider}: ${code}`).join(', ');
  const waits = causes.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
  const retryAfterMs = Math.min(Math.max(0, againInMs), ...waits);
  const failed = `All providers failed (${reasons})`;
  const alone = `${leftAlone.join(', ')} failed lately and will be tried again later`;
  const message =
    causes.length === 0
      ? `No provider can be called now: ${alone}`
      : leftAlone.length === 0
        ? failed
        : `${failed}; ${alone}`;
  return new ChatError('all_providers_failed', message, {
    causes,
    retryable: leftAlone.length > 0 || causes.some(({ retryable }) => retryable),
    ...(retryAfterMs < Infinity && { retryAfterMs }),
  });
}

function isRefusal({ code }: ChatError): boolean {
  return ['missing_api_key', 'unsupported_parameter', 'budget_exceeded'].includes(code);
}

/** Another vendor's answer came first. */
export function outrun(): ChatError {
  return new ChatError('aborted', 'Another provider answered first');
}
