import type { PlayedResponse } from './script.ts';

// The errors that every vendor has, and the words of those that say nothing special. What a vendor says in another way
// stands in its file in `vendors/`.

/**
 * The ways in which a vendor says no. The status is the usual one; a vendor that documents another one answers with that.
 *
 * | kind | status | what happened |
 * |---|---|---|
 * | `missing_key` | 401 | no key was sent |
 * | `authentication` | 401 | the key is wrong |
 * | `insufficient_balance` | 402, or 403 | the account has no money left |
 * | `permission_denied` | 403 | the key may not do this |
 * | `not_found` | 404 | there is no such path |
 * | `bad_request` | 400 | the body is not valid |
 * | `unprocessable` | 422 | a parameter is not valid |
 * | `model_not_found` | 400, or 404 | there is no such model |
 * | `context_length` | 400 | the messages are too long for the model |
 * | `content_filter` | 400 | the vendor does not like what was asked |
 * | `rate_limit` | 429 | too many requests in a time; it passes |
 * | `concurrency` | 429 | too many requests at the same time; it passes when others are done |
 * | `quota` | 402, or 403 | the quota of the account is used up; it does not pass by itself |
 * | `server_error` | 500 | something broke at the vendor |
 * | `bad_gateway` | 502 | the vendor's own vendor failed |
 * | `overloaded` | 503 | the vendor is too busy |
 * | `gateway_timeout` | 504 | the answer took the vendor too long |
 */
export type ErrorKind =
  | 'missing_key'
  | 'authentication'
  | 'insufficient_balance'
  | 'permission_denied'
  | 'not_found'
  | 'bad_request'
  | 'unprocessable'
  | 'model_not_found'
  | 'context_length'
  | 'content_filter'
  | 'rate_limit'
  | 'concurrency'
  | 'quota'
  | 'server_error'
  | 'bad_gateway'
  | 'overloaded'
  | 'gateway_timeout';

/** What is said of an error, before it has a form. */
export interface ErrorWords {
  status: number;
  type: string;
  code: string;
  message: string;
}

const errorWords: Record<ErrorKind, ErrorWords> = {
  missing_key: words(401, 'authentication_error', 'invalid_api_key', 'No API key was given.'),
  authentication: words(
    401,
    'authentication_error',
    'invalid_api_key',
    'Invalid API key provided.',
  ),
  insufficient_balance: words(
    402,
    'insufficient_credits',
    'insufficient_balance',
    'Insufficient Balance',
  ),
  permission_denied: words(403, 'permission_error', 'permission_denied', 'Permission denied.'),
  not_found: words(404, 'invalid_request_error', 'not_found', 'Not found.'),
  bad_request: words(
    400,
    'invalid_request_error',
    'invalid_request_error',
    'The body is not valid.',
  ),
  unprocessable: words(422, 'invalid_request_error', 'invalid_param', 'A parameter is not valid.'),
  model_not_found: words(
    400,
    'invalid_request_error',
    'model_not_found',
    'There is no such model.',
  ),
  context_length: words(
    400,
    'invalid_request_error',
    'context_length_exceeded',
    "This model's maximum context length is 1048576 tokens.",
  ),
  content_filter: words(
    400,
    'invalid_request_error',
    'invalid_request_error',
    'Content Exists Risk',
  ),
  rate_limit: words(429, 'rate_limit_error', 'rate_limit_exceeded', 'Too many requests.'),
  concurrency: words(
    429,
    'rate_limit_error',
    'rate_limit_exceeded',
    'Too many requests at the same time.',
  ),
  quota: words(402, 'insufficient_quota', 'insufficient_quota', 'You exceeded your current quota.'),
  server_error: words(500, 'server_error', 'internal_error', 'Internal server error'),
  bad_gateway: words(502, 'api_error', 'bad_gateway', 'Upstream request failed'),
  overloaded: words(
    503,
    'service_unavailable_error',
    'service_unavailable',
    'Service is too busy.',
  ),
  gateway_timeout: words(504, 'timeout', 'timeout', 'Generation timeout'),
};

function words(status: number, type: string, code: string, message: string): ErrorWords {
  return { status, type, code, message };
}

/** Every {@link ErrorKind}. */
export const errorKinds = Object.keys(errorWords) as ErrorKind[];

/** What a vendor says of its errors: the words that differ, and the form of the body. */
export interface ErrorForm {
  words?: Partial<Record<ErrorKind, Partial<ErrorWords>>> | undefined;
  body(words: ErrorWords, kind: ErrorKind): unknown;
}

/** Makes the answer that says no. */
export type RenderError = (
  kind: ErrorKind,
  own: { message?: string | undefined; headers?: Record<string, string> | undefined },
) => PlayedResponse;

/** The errors of a vendor, in its form, with its headers, and with the status that it has for an empty account. */
export function errorsIn(
  form: ErrorForm,
  headers: Record<string, string>,
  balanceStatus: number,
): RenderError {
  return (kind, own) => {
    const usual = errorWords[kind];
    const status =
      usual.status === errorWords.insufficient_balance.status ? balanceStatus : usual.status;
    const ownWords = { ...usual, status, ...form.words?.[kind] };
    if (own.message !== undefined) ownWords.message = own.message;
    const body = form.body(ownWords, kind);
    const isText = typeof body === 'string';
    return {
      status: ownWords.status,
      headers: {
        ...(!isText && { 'content-type': 'application/json' }),
        ...headers,
        ...own.headers,
      },
      writes: [isText ? body : JSON.stringify(body)],
    };
  };
}
