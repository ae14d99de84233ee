import type { Report } from './report.ts';
import type { ChatCompletion } from './schema/response.ts';

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
  /** Every vendor of a failover list failed. */
  | 'all_providers_failed'
  /** The vendor does not offer this call. */
  | 'unsupported';

/** Which clock ran out. */
export type TimeoutPhase = 'connect' | 'headers' | 'idle' | 'stall' | 'total' | 'unread';

/** One thing that is wrong with a request or an answer. */
export interface ErrorIssue {
  /** Dotted path to the value, e.g. `messages.0.content`; empty for the whole. */
  path: string;
  /** What is wrong, in one sentence; never the value itself. */
  message: string;
}

/** What a {@link ChatError} is made of. */
export interface ChatErrorInit {
  status?: number | undefined;
  provider?: string | undefined;
  requestId?: string | undefined;
  retryable?: boolean | undefined;
  retryAfterMs?: number | undefined;
  phase?: TimeoutPhase | undefined;
  issues?: readonly ErrorIssue[] | undefined;
  param?: string | undefined;
  vendorCode?: string | undefined;
  vendorType?: string | undefined;
  partial?: ChatCompletion | undefined;
  report?: Report | undefined;
  cause?: unknown;
}

// `Symbol.for`, so that a CJS copy and an ESM copy of this package recognise each other's errors.
const brand = Symbol.for('deepseek-v4-flash.ChatError');

const plainFields = [
  'status',
  'provider',
  'requestId',
  'retryAfterMs',
  'phase',
  'issues',
  'param',
  'vendorCode',
  'vendorType',
] as const;

/**
 * The only error this package throws. `code` says what happened, `retryable` whether the same call may succeed later.
 * No message holds a key, a prompt or an answer.
 */
export class ChatError extends Error {
  override readonly name = 'ChatError';
  /** What happened. */
  readonly code: ChatErrorCode;
  /** Whether sending the same request again may succeed. */
  readonly retryable: boolean;
  /** HTTP status, if the vendor sent one. Never invented. */
  declare readonly status?: number | undefined;
  /** Id of the vendor that was called. */
  declare readonly provider?: string | undefined;
  /** The vendor's id for the request, to quote to its support. */
  declare readonly requestId?: string | undefined;
  /** How long the vendor asked us to wait, in milliseconds. */
  declare readonly retryAfterMs?: number | undefined;
  /** Which clock ran out, on `timeout`. */
  declare readonly phase?: TimeoutPhase | undefined;
  /** Every rule that was broken, on `invalid_request`, `invalid_response` and `invalid_output`. */
  declare readonly issues?: readonly ErrorIssue[] | undefined;
  /** Path of the parameter that is to blame, e.g. `messages.0.role`. */
  declare readonly param?: string | undefined;
  /** The vendor's own error code, verbatim. */
  declare readonly vendorCode?: string | undefined;
  /** The vendor's own error type, verbatim. */
  declare readonly vendorType?: string | undefined;
  /**
   * What had arrived, once the answer had begun: text, reasoning, whole tool calls, usage. Its `finish_reason` is
   * `null`. Not enumerable, so that a log of the error holds no answer.
   */
  declare readonly partial?: ChatCompletion | undefined;
  /** What happened up to the failure: attempts, adjustments, timings. Not enumerable. */
  declare readonly report?: Report | undefined;

  constructor(code: ChatErrorCode, message: string, init: ChatErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = code;
    this.retryable = init.retryable ?? false;
    for (const field of plainFields) {
      if (init[field] !== undefined) Object.assign(this, { [field]: init[field] });
    }
    attachToError(this, init);
    Object.defineProperty(this, brand, { value: true });
    Object.defineProperty(this, 'name', { value: 'ChatError', enumerable: false });
  }

  /** Code, message and plain fields; neither `partial` nor `report` nor `cause`. */
  toJSON(): Record<string, unknown> {
    const plain: Record<string, unknown> = {
      name: this.name,
      code: this.code,
      message: this.message,
      retryable: this.retryable,
    };
    for (const field of plainFields) if (this[field] !== undefined) plain[field] = this[field];
    return plain;
  }
}

/** Adds what only the caller of the failing part knows: `report` and `partial`, both not enumerable. */
export function attachToError(
  error: ChatError,
  extra: { report?: Report | undefined; partial?: ChatCompletion | undefined },
): ChatError {
  for (const field of ['report', 'partial'] as const) {
    const value = extra[field];
    if (value !== undefined) {
      Object.defineProperty(error, field, { value, enumerable: false, configurable: true });
    }
  }
  return error;
}

/**
 * Whether `error` is a {@link ChatError} (of any copy of this package), and of that code where one is given.
 *
 * @example
 * if (isChatError(error, 'rate_limit')) await sleep(error.retryAfterMs ?? 1000);
 */
export function isChatError(error: unknown): error is ChatError;
export function isChatError<Code extends ChatErrorCode>(
  error: unknown,
  code: Code,
): error is ChatError & { readonly code: Code };
export function isChatError(error: unknown, code?: ChatErrorCode): boolean {
  if (typeof error !== 'object' || error === null || !(brand in error)) return false;
  return code === undefined || (error as { code?: unknown }).code === code;
}

const waitedFor: Record<TimeoutPhase, string> = {
  connect: 'the connection did not stand',
  headers: 'no response head came',
  idle: 'no bytes came',
  stall: 'bytes came, but no content',
  total: 'the answer was not whole',
  unread: 'nobody read the stream',
};

/** A `timeout` that says which clock ran out, and how to change it. */
export function timeoutError(phase: TimeoutPhase, limitMs: number, hint = ''): ChatError {
  const message = `Timed out: ${waitedFor[phase]} for ${limitMs} ms (option timeout.${phase})${hint}`;
  return new ChatError('timeout', message, { phase, retryable: phase !== 'unread' });
}
