import type { ChatErrorCode } from '../../error-codes.ts';
import type { DecodedFailure, Profile, VendorFailure } from '../provider.ts';

type Fields = Record<string, unknown>;

/**
 * The error in a body that came with status 200, or in an event of a stream; `undefined` if there is none. Read by the
 * shape, since gateways send errors with any status and any content type. `error: null` is no error.
 */
export function findError(body: unknown): unknown {
  if (Array.isArray(body)) return body.map(findError).find((error) => error !== undefined);
  if (!isRecord(body)) return undefined;
  if (body.error != null && body.error !== false && body.error !== '') return body;
  // A chunk or a completion that has nothing in `error` is what it says it is.
  if (body.choices !== undefined) return undefined;
  if (body.object === 'error') return body;
  const isFlat =
    typeof (body.message ?? body.msg ?? body.detail) === 'string' || Array.isArray(body.detail);
  return isFlat ? body : undefined;
}

/** Status and body → what happened, in the codes of this package. */
export function decodeError(failure: VendorFailure, profile: Profile): DecodedFailure {
  const told = readError(failure.body);
  const words = [told.type, told.code, told.message].filter(Boolean).join(' ').toLowerCase();
  // Inside a 200, the status is in the error if anywhere.
  const code = codeOf(failure.status ?? told.status, words, profile);
  const said = told.message === undefined ? '' : `: ${told.message}`;
  const where =
    failure.status === undefined ? 'reported an error' : `answered ${String(failure.status)}`;
  return {
    code,
    message: `${profile.name} ${where}${said}${hint(code, profile)}`,
    status: failure.status,
    provider: profile.id,
    retryable: retryable.has(code),
    param: told.param,
    vendorCode: told.code,
    vendorType: told.type,
    requestId: told.requestId,
  };
}

const retryable = new Set<ChatErrorCode>(['rate_limit', 'overloaded', 'server_error', 'timeout']);

function hint(code: ChatErrorCode, { contextWindow, apiKeyVariables }: Profile): string {
  if (code === 'context_length' && contextWindow !== undefined) {
    return ` (the context here is ${contextWindow} tokens)`;
  }
  if (code === 'authentication' && apiKeyVariables.length > 0) {
    return ` (check the key; it is usually in ${apiKeyVariables.join(' or ')})`;
  }
  return '';
}

const emptyAccount =
  /insufficient[ _](balance|quota|user[ _]quota|credits?|funds)|quota_exceeded|exceeded your current quota|(run )?out of (funds|credits)|remaining balance|no credits?\b/;
const contextLength =
  /context[ _]length|maximum context|context window|prompt is too long|too many (input )?tokens/;
const contentFilter = /content[ _]filter|content exists risk|content[ _]policy|content management/;

function codeOf(status: number | undefined, words: string, profile: Profile): ChatErrorCode {
  switch (status) {
    case undefined:
      return codeByWords(words);
    case 400:
    case 413:
    case 415:
    case 422:
      if (contextLength.test(words)) return 'context_length';
      return contentFilter.test(words) ? 'content_filter' : 'bad_request';
    case 401:
      return 'authentication';
    case 402:
      return 'insufficient_balance';
    case 403:
      return forbidden(words, profile);
    case 404:
      return 'not_found';
    case 408:
      return 'timeout';
    case 409:
    case 425:
      return 'server_error';
    case 429:
      return emptyAccount.test(words) ? 'insufficient_balance' : 'rate_limit';
    case 503:
    case 529:
      return 'overloaded';
    default:
      return status >= 500 ? 'server_error' : 'bad_request';
  }
}

function forbidden(words: string, { insufficientBalanceStatuses = [] }: Profile): ChatErrorCode {
  if (emptyAccount.test(words) || /\bquota\b|\bbalance\b/.test(words))
    return 'insufficient_balance';
  const saysPermission = /permission|not allowed|access denied|not_in_group/.test(words);
  return insufficientBalanceStatuses.includes(403) && !saysPermission
    ? 'insufficient_balance'
    : 'permission_denied';
}

/** For errors inside a 200, which have no status: what their own words say. */
function codeByWords(words: string): ChatErrorCode {
  const rules: [RegExp, ChatErrorCode][] = [
    [emptyAccount, 'insufficient_balance'],
    [contextLength, 'context_length'],
    [contentFilter, 'content_filter'],
    [/rate[ _]limit|too many requests|concurrency/, 'rate_limit'],
    [/overloaded|unavailable|capacity|too busy/, 'overloaded'],
    [/authentication|invalid[ _]api[ _]key|unauthorized/, 'authentication'],
    [/permission|forbidden/, 'permission_denied'],
    [/not[ _]found/, 'not_found'],
    [/server_error|internal|upstream|api_error/, 'server_error'],
    [/invalid[ _]|bad[ _]request|unsupported/, 'bad_request'],
  ];
  return rules.find(([pattern]) => pattern.test(words))?.[1] ?? 'server_error';
}

interface ToldError {
  message?: string | undefined;
  type?: string | undefined;
  code?: string | undefined;
  param?: string | undefined;
  requestId?: string | undefined;
  status?: number | undefined;
}

/** Reads every shape in which vendors and gateways put an error. */
function readError(body: unknown): ToldError {
  if (Array.isArray(body)) return readError(body[0]);
  if (typeof body === 'string') return { message: readText(body) };
  if (!isRecord(body)) return {};
  const { error } = body;
  const inner: Fields = isRecord(error) ? error : body;
  const message = [
    typeof error === 'string' ? error : undefined,
    inner.message,
    inner.error_message,
    inner.msg,
    inner.detail,
    inner.title,
  ]
    .map(messageText)
    .find((text) => text !== undefined);
  const code = word(inner.code);
  return {
    message: message === undefined ? undefined : clip(message),
    type: word(inner.type),
    code: code ?? word(inner.statusCode ?? inner.status),
    param: word(inner.param),
    requestId: word(inner.requestId ?? inner.request_id),
    status: [inner.code, inner.statusCode, inner.status, body.statusCode, body.status]
      .map((status) => (typeof status === 'object' ? Number.NaN : Number(status)))
      .find((status) => Number.isInteger(status) && status >= 400 && status < 600),
  };
}

function messageText(value: unknown): string | undefined {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value;
  // FastAPI: `detail: [{ msg, loc }]`.
  if (Array.isArray(value)) {
    const texts = value.flatMap((item) => (isRecord(item) ? (messageText(item.msg) ?? []) : []));
    return texts.length > 0 ? texts.join('; ') : undefined;
  }
  return undefined;
}

function readText(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  if (!/^<(!doctype|html|head|body|\?xml)/i.test(trimmed)) return clip(trimmed);
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(trimmed)?.[1]?.trim();
  return `an HTML page${title ? `, "${clip(title)}"` : ''}`;
}

function clip(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 500 ? `${line.slice(0, 500)}…` : line;
}

function word(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? clip(value) : undefined;
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
