import type { ChatError } from '../outcome/chat-error.ts';
import type { ChatErrorCode } from '../outcome/error-codes.ts';

/** Failures that another vendor may not have. Everything else would come again, or is what was wanted. */
const movesOn: ReadonlySet<ChatErrorCode> = new Set([
  'connection',
  'timeout',
  'rate_limit',
  'overloaded',
  'server_error',
  'stream_interrupted',
  'insufficient_balance',
  'authentication',
  'permission_denied',
  'not_found',
  'context_length',
  'invalid_response',
  'unexpected_redirect',
  'missing_api_key',
  'unsupported_parameter',
]);

/** What a failure means for the call: it is over, the vendor is left out of it, or may be tried in the next round. */
export function verdictOn({ code, phase, retryable }: ChatError): 'over' | 'left out' | 'again' {
  // These clocks are the caller's, whoever answers.
  if (phase === 'total' || phase === 'unread' || !movesOn.has(code)) return 'over';
  return retryable ? 'again' : 'left out';
}
