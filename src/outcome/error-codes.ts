/** Every way a call can fail. A closed list: a `switch` over it can be exhaustive. */
export type ChatErrorCode =
  /** The request breaks a rule of the API; nothing was sent. `issues` and `param` contain the path. */
  | 'invalid_request'
  /** A client or call option is wrong: URL, vendor, key, timer value. Nothing was sent. */
  | 'invalid_options'
  /** The vendor has no such parameter, and omitting it is not allowed or would change the meaning. */
  | 'unsupported_parameter'
  /** No key was given, and none of the vendor's environment variables is set. */
  | 'missing_api_key'
  /** The vendor refused the request (400, 413, 415, 422). */
  | 'bad_request'
  /** The vendor refused the key (401). */
  | 'authentication'
  /** The account has no money or quota left (402; 403 or 429 at some vendors). */
  | 'insufficient_balance'
  /** The key may not do this (403). */
  | 'permission_denied'
  /** No such path or model (404). */
  | 'not_found'
  /** Prompt and answer together do not fit the model's context. */
  | 'context_length'
  /** The vendor's content filter refused the prompt. */
  | 'content_filter'
  /** Too many requests (429). `retryAfterMs` is the vendor's own figure, if it sent one. */
  | 'rate_limit'
  /** The vendor has no capacity (503, 529). */
  | 'overloaded'
  /** The vendor failed (other 5xx). */
  | 'server_error'
  /** No response arrived: refused, reset, name not found, TLS. */
  | 'connection'
  /** The vendor answered with a redirect; redirects are not followed, because the key would be sent along. */
  | 'unexpected_redirect'
  /** A time limit was exceeded; `phase` says which. */
  | 'timeout'
  /** The `deadline` of the call passed. */
  | 'deadline_exceeded'
  /** The caller's signal, `abort()` or leaving the loop ended the call; `cause` is the signal's reason. */
  | 'aborted'
  /** The answer began and did not end properly. `partial` is what had arrived. */
  | 'stream_interrupted'
  /** The stream was already read, or is being read elsewhere. */
  | 'stream_consumed'
  /** Something exceeded an option of `limits`; the message says which one to raise. */
  | 'limit_exceeded'
  /** The vendor answered, but not with a chat completion. */
  | 'invalid_response'
  /** The answer does not match the requested schema. */
  | 'invalid_output'
  /** The call could cost more than `maxCostUsd` allows: it was not sent, or a stream was stopped; then `partial` is what had arrived. */
  | 'budget_exceeded'
  /** Every vendor in `providers` failed; `causes` has the error of each. */
  | 'all_providers_failed'
  /** The vendor does not offer this call. */
  | 'unsupported';

/** Which time limit was exceeded; see `TimeoutOptions`. */
export type TimeoutPhase = 'connect' | 'headers' | 'idle' | 'stall' | 'total' | 'unread';

const retryable: readonly ChatErrorCode[] = [
  'rate_limit',
  'overloaded',
  'server_error',
  'connection',
  'timeout',
  'stream_interrupted',
];

/** Whether the same request may succeed later, where the code is all that is known of an error that came from elsewhere. */
export function isRetryable(code: ChatErrorCode): boolean {
  return retryable.includes(code);
}

/** The `type` of errors that this library writes on a wire. Those alone have our codes. */
export const flashErrorType = 'flash_error';

// A table, so that the compiler asks for a code that is new.
const codes: Readonly<Record<ChatErrorCode, true>> = {
  invalid_request: true,
  invalid_options: true,
  unsupported_parameter: true,
  missing_api_key: true,
  bad_request: true,
  authentication: true,
  insufficient_balance: true,
  permission_denied: true,
  not_found: true,
  context_length: true,
  content_filter: true,
  rate_limit: true,
  overloaded: true,
  server_error: true,
  connection: true,
  unexpected_redirect: true,
  timeout: true,
  deadline_exceeded: true,
  aborted: true,
  stream_interrupted: true,
  stream_consumed: true,
  limit_exceeded: true,
  invalid_response: true,
  invalid_output: true,
  budget_exceeded: true,
  all_providers_failed: true,
  unsupported: true,
};

/** The code in an error of ours. */
export function flashErrorCode(type: unknown, code: unknown): ChatErrorCode | undefined {
  const isOurs = type === flashErrorType && Object.hasOwn(codes, String(code));
  return isOurs ? (code as ChatErrorCode) : undefined;
}
