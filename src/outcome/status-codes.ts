import type { ChatErrorCode } from './error-codes.ts';

const known: Readonly<Record<number, ChatErrorCode>> = {
  401: 'authentication',
  402: 'insufficient_balance',
  403: 'permission_denied',
  404: 'not_found',
  408: 'timeout',
  409: 'server_error',
  425: 'server_error',
  429: 'rate_limit',
  503: 'overloaded',
  529: 'overloaded',
};

/** What a status means, where nothing else tells more. */
export function codeOfStatus(status: number): ChatErrorCode {
  // Neither an answer nor a refusal of ours.
  if (status < 400) return 'invalid_response';
  return known[status] ?? (status >= 500 ? 'server_error' : 'bad_request');
}
