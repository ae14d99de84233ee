/** Every way a call can fail. A closed list: a `switch` over it can be exhaustive. */
export type ChatErrorCode =
  /** The request breaks a rule of the API; nothing was sent. `issues` and `param` hold the path. */
  | 'invalid_request'
  /** A client or call option is wrong: URL, vendor, key, timer value. Nothing was sent. */
  | 'invalid_options'
  /** The vendor has no such parameter, and leaving it out was not allowed or makes no sense. */
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
  /** Too many requests (429). `retryAfterMs` holds the vendor's own figure, if it gave one. */
  | 'rate_limit'
  /** The vendor has no capacity (503, 529). */
  | 'overloaded'
  /** The vendor failed (other 5xx). */
  | 'server_error'
  /** No response head arrived: refused, reset, name not found, TLS. */
  | 'connection'
  /** The vendor answered with a redirect; none is followed, since the key would travel with it. */
  | 'unexpected_redirect'
  /** One of our clocks ran out; `phase` says which. */
  | 'timeout'
  /** The `deadline` of the call passed. */
  | 'deadline_exceeded'
  /** The caller's signal, `abort()` or leaving the loop ended the call; `cause` is the signal's reason. */
  | 'aborted'
  /** The answer began and did not end properly. `partial` is what had arrived. */
  | 'stream_interrupted'
  /** The stream was already read, or is being read by somebody else. */
  | 'stream_consumed'
  /** Something was larger than a limit of ours; the message says which and how to raise it. */
  | 'limit_exceeded'
  /** The vendor answered, but not with a chat completion. */
  | 'invalid_response'
  /** The answer does not fit the schema that was asked for. */
  | 'invalid_output'
  /** The call could cost more than `maxCostUsd` leaves: nothing was sent, or a stream was ended; then `partial` is what had arrived. */
  | 'budget_exceeded'
  /** Every vendor of a failover list failed. */
  | 'all_providers_failed'
  /** The vendor does not offer this call. */
  | 'unsupported';

/** Which clock ran out. */
export type TimeoutPhase = 'connect' | 'headers' | 'idle' | 'stall' | 'total' | 'unread';
