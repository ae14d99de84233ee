import { docsOf } from './docs-address.ts';
import type { ChatErrorCode, TimeoutPhase } from './error-codes.ts';
import type { ErrorIssue } from '../schema/issue.ts';
import type { Report } from './report.ts';
import type { ChatCompletion, DecodedCompletion } from '../schema/response.ts';

/** The fields of a {@link ChatError}. */
export interface ChatErrorInit {
  /** HTTP status, if the vendor sent one. */
  status?: number | undefined;
  /** Id of the vendor that was called. */
  provider?: string | undefined;
  /** The vendor's id for the request. */
  requestId?: string | undefined;
  /** Whether the same call may succeed later. @default false */
  retryable?: boolean | undefined;
  /** How long the vendor asked us to wait, in milliseconds. */
  retryAfterMs?: number | undefined;
  /** How many calls at the same time the vendor allows. */
  limit?: number | undefined;
  /** Which clock ran out. */
  phase?: TimeoutPhase | undefined;
  /** Every rule that was broken. */
  issues?: readonly ErrorIssue[] | undefined;
  /** Path of the parameter that is to blame. */
  param?: string | undefined;
  /** The vendor's own error code. */
  vendorCode?: string | undefined;
  /** The vendor's own error type. */
  vendorType?: string | undefined;
  /** What had arrived of the answer. */
  partial?: ChatCompletion | undefined;
  /** What happened up to the failure. */
  report?: Report | undefined;
  /** What each vendor failed with. */
  causes?: readonly ChatError[] | undefined;
  /** The error behind this one. */
  cause?: unknown;
}

// `Symbol.for`, so that a CJS copy and an ESM copy of this package recognise each other's errors.
const brand = Symbol.for('deepseek-v4-flash.ChatError');

const plainFields = [
  'status',
  'provider',
  'requestId',
  'retryAfterMs',
  'limit',
  'phase',
  'issues',
  'param',
  'vendorCode',
  'vendorType',
] as const;

/**
 * The only error this package throws. `code` says what happened, `retryable` whether the same call may succeed later.
 * No message contains a key, a prompt or an answer.
 */
export class ChatError extends Error {
  declare readonly name: 'ChatError';
  /** What happened, from a closed list; `docs` says what it means and what to do. */
  readonly code: ChatErrorCode;
  /** Whether sending the same request again may succeed. */
  readonly retryable: boolean;
  /** HTTP status, if the vendor sent one. Never invented. */
  declare readonly status?: number | undefined;
  /** Id of the vendor that was called. */
  declare readonly provider?: string | undefined;
  /** The vendor's id for the request, for questions to its support. */
  declare readonly requestId?: string | undefined;
  /** How long the vendor asked us to wait, in milliseconds. */
  declare readonly retryAfterMs?: number | undefined;
  /** How many calls at the same time the vendor allows, on a `rate_limit` that says so. */
  declare readonly limit?: number | undefined;
  /** Which time limit was exceeded, on `timeout`. */
  declare readonly phase?: TimeoutPhase | undefined;
  /**
   * Everything that is wrong, on `invalid_request`, `invalid_response` and `invalid_output`; on the last in the words of
   * your schema, which may quote the answer, so not enumerable there.
   */
  declare readonly issues?: readonly ErrorIssue[] | undefined;
  /** Path of the parameter that is wrong, e.g. `messages.0.role`. */
  declare readonly param?: string | undefined;
  /** The vendor's own error code, verbatim. */
  declare readonly vendorCode?: string | undefined;
  /** The vendor's own error type, verbatim. */
  declare readonly vendorType?: string | undefined;
  /**
   * What had arrived, once the answer had begun: text, reasoning, complete tool calls, usage. Its `finish_reason` is
   * `null`; on `invalid_output` it is the complete answer, with its own. Not enumerable, so that a log of the error
   * contains no answer.
   */
  declare readonly partial?: ChatCompletion | undefined;
  /** What happened up to the failure: attempts, adjustments, timings. Not enumerable. */
  declare readonly report?: Report | undefined;
  /** On `all_providers_failed`: the error of each vendor, in order. Not enumerable. */
  declare readonly causes?: readonly ChatError[] | undefined;

  constructor(code: ChatErrorCode, message: string, init: ChatErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = code;
    this.retryable = init.retryable ?? false;
    const fields: Record<string, unknown> = this as never;
    for (const field of plainFields) if (init[field] !== undefined) fields[field] = init[field];
    attachToError(this, { ...init, issues: undefined });
    Object.defineProperties(this, {
      [brand]: { value: true },
      name: { value: 'ChatError', writable: true },
    });
  }

  /** Address of the page, and of the section of it, that says what this code means and what to do about it. */
  get docs(): string {
    return docsOf(this.code);
  }

  /** Code, message and plain fields; neither `partial` nor `report` nor `cause`. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, retryable } = this;
    return { name, code, message, retryable, ...(this as object) };
  }
}

/** Adds what only the caller of the failing part knows, and what may quote an answer: none of it enumerable. */
export function attachToError(
  error: ChatError,
  extra: Pick<ChatErrorInit, 'report' | 'issues' | 'causes'> & {
    partial?: DecodedCompletion | undefined;
  },
): ChatError {
  for (const field of ['report', 'partial', 'issues', 'causes'] as const) {
    const value = extra[field];
    if (value !== undefined) {
      Object.defineProperty(error, field, { value, enumerable: false, configurable: true });
    }
  }
  return error;
}

/**
 * Whether `error` is a {@link ChatError} (of any copy of this package), and has that code if one is given.
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
  if (typeof error !== 'object' || error === null || !isBranded(error)) return false;
  return code === undefined || (error as { code?: unknown }).code === code;
}

/** Whatever was thrown may be a proxy, and throw when it is looked at. */
function isBranded(error: object): boolean {
  try {
    return brand in error;
  } catch {
    return false;
  }
}
