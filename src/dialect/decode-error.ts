import type { ChatErrorCode } from '../outcome/error-codes.ts';
import { flashErrorCode, isRetryable } from '../outcome/error-codes.ts';
import { answerEnd } from '../schema/finish-reason.ts';
import { codeOfStatus } from '../outcome/status-codes.ts';
import { defaultModel, findModel } from './models.ts';
import type { AnswerFacts, DecodedFailure, VendorFailure } from './profile.ts';
import {
  codeOfWords,
  contentFilter,
  contextLength,
  emptyAccount,
  tooManyAtOnce,
} from './error-words.ts';

type Fields = Record<string, unknown>;

/**
 * The error in a body that came with status 200, or in an event of a stream; `undefined` if there is none. Read by the
 * shape, since gateways send errors with any status and any content type. `error: null` does not count.
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
export function decodeError(failure: VendorFailure, profile: AnswerFacts): DecodedFailure {
  const vendorError = readError(failure.body);
  const code = codeOf(failure, vendorError, profile);
  const quoted = vendorError.message === undefined ? '' : `: ${vendorError.message}`;
  const where =
    failure.status === undefined ? 'reported an error' : `answered ${String(failure.status)}`;
  return {
    code,
    message: `${profile.name} ${where}${quoted}${hint(code, failure.model, profile)}`,
    status: failure.status,
    provider: profile.id,
    // A server that uses this library has told what it knew.
    retryable: vendorError.retryable ?? isRetryable(code),
    limit: code === 'rate_limit' ? concurrencyLimit(vendorError) : undefined,
    param: vendorError.param,
    vendorCode: vendorError.code,
    vendorType: vendorError.type,
    requestId: vendorError.requestId,
  };
}

function hint(code: ChatErrorCode, model: string | undefined, profile: AnswerFacts): string {
  const { apiKeyVariables, models = {} } = profile;
  const contextWindow = findModel(model ?? defaultModel, { models })?.contextWindow;
  if (code === 'context_length' && contextWindow !== undefined) {
    return ` (the context window is ${contextWindow} tokens)`;
  }
  if (code === 'authentication' && apiKeyVariables.length > 0) {
    return ` (check the key; it is usually in ${apiKeyVariables.join(' or ')})`;
  }
  return '';
}

/** DeepSeek's limit of calls at the same time, which it states only in the message. */
function concurrencyLimit({ message = '' }: VendorErrorFields): number | undefined {
  const limit = /concurrency limit of \(?(\d{1,9})\)?/i.exec(message)?.[1];
  return limit === undefined ? undefined : Number(limit);
}

/**
 * The status decides; inside a 200, the status in the body, then its `code` and `type`, and its message last, which
 * may contain anything, also parts of the prompt.
 */
function codeOf(
  { status: httpStatus, body }: VendorFailure,
  vendorError: VendorErrorFields,
  profile: AnswerFacts,
): ChatErrorCode {
  const ours = flashErrorCode(vendorError.type, vendorError.code);
  if (ours !== undefined) return ours;
  const searchedText = [vendorError.type, vendorError.code, vendorError.message]
    .filter(Boolean)
    .join(' ')
    .toLowerCase();
  const status = httpStatus ?? vendorError.status;
  // A web page is the network's, and its words are about nothing that the vendor knows.
  if (isPage(body)) return status === 403 ? 'permission_denied' : codeOfStatus(status ?? 502);
  const codeByName = codeOfWords([vendorError.code, vendorError.type]);
  if (status === undefined) return refine(codeByName ?? codeByWords(searchedText), searchedText);
  if (status === 403) return forbidden(codeByName, searchedText, profile);
  const code = codeOfStatus(status);
  if (code === 'rate_limit') {
    if (codeByName === 'insufficient_balance') return codeByName;
    const isEmpty = emptyAccount.test(searchedText) && !tooManyAtOnce.test(searchedText);
    return isEmpty ? 'insufficient_balance' : code;
  }
  if (code !== 'bad_request') return code;
  if (codeByName !== undefined && refinements.has(codeByName)) return codeByName;
  return isFiltered(body) ? 'content_filter' : refine(code, searchedText);
}

// What a 400 may be as well, if its own `code` or `type` says so.
const refinements = new Set<ChatErrorCode>([
  'context_length',
  'content_filter',
  'insufficient_balance',
  'not_found',
]);

/** A request may be bad because it does not fit, or for what it says; many have only words for it. */
function refine(code: ChatErrorCode, searchedText: string): ChatErrorCode {
  if (code !== 'bad_request') return code;
  if (contextLength.test(searchedText)) return 'context_length';
  // DeepSeek, of a name that is gone.
  if (searchedText.includes('supported api model names')) return 'not_found';
  return contentFilter.test(searchedText) ? 'content_filter' : code;
}

function forbidden(
  codeByName: ChatErrorCode | undefined,
  searchedText: string,
  { insufficientBalanceStatuses = [] }: AnswerFacts,
): ChatErrorCode {
  if (codeByName === 'insufficient_balance' || codeByName === 'content_filter') return codeByName;
  if (emptyAccount.test(searchedText) || /\bquota\b|\bbalance\b/.test(searchedText))
    return 'insufficient_balance';
  const saysPermission =
    codeByName === 'permission_denied' || /permission|not allowed|access denied/.test(searchedText);
  return insufficientBalanceStatuses.includes(403) && !saysPermission
    ? 'insufficient_balance'
    : 'permission_denied';
}

/** What the words of an error say that has nothing else. */
function codeByWords(searchedText: string): ChatErrorCode {
  const rules: [RegExp, ChatErrorCode][] = [
    [tooManyAtOnce, 'rate_limit'],
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
  return rules.find(([pattern]) => pattern.test(searchedText))?.[1] ?? 'server_error';
}

/** An answer that the vendor's filter has emptied, with a status of failure. */
function isFiltered(body: unknown): boolean {
  const choices = isRecord(body) ? body.choices : undefined;
  const [choice] = Array.isArray(choices) ? (choices as unknown[]) : [];
  const reason = isRecord(choice) ? choice.finish_reason : undefined;
  return typeof reason === 'string' && answerEnd(reason) === 'content_filter';
}

interface VendorErrorFields {
  message?: string | undefined;
  type?: string | undefined;
  code?: string | undefined;
  param?: string | undefined;
  requestId?: string | undefined;
  status?: number | undefined;
  /** Only of errors of ours. */
  retryable?: boolean | undefined;
}

/** Reads every shape in which vendors and gateways put an error. */
function readError(body: unknown): VendorErrorFields {
  if (Array.isArray(body)) return readError(body[0]);
  if (typeof body === 'string') return { message: readText(body) };
  if (!isRecord(body)) return {};
  const { error } = body;
  const inner: Fields = isRecord(error) ? error : body;
  const message = messageOf(inner) ?? messageOf(body);
  // The name of the failure together with its message.
  const name = typeof error === 'string' && error.trim() !== '' ? error : undefined;
  const vendorMessage = name === undefined || name === message ? message : joined(name, message);
  const code = word(inner.code);
  const isOurs = flashErrorCode(inner.type, inner.code) !== undefined;
  return {
    message: vendorMessage === undefined ? undefined : clip(vendorMessage),
    type: word(inner.type),
    code: code ?? word(inner.statusCode ?? inner.status),
    param: word(inner.param),
    requestId: word(inner.requestId ?? inner.request_id),
    status: [inner.code, inner.statusCode, inner.status, body.statusCode, body.status]
      .map((status) => (typeof status === 'object' ? Number.NaN : Number(status)))
      .find((status) => Number.isInteger(status) && status >= 400 && status < 600),
    retryable: isOurs && typeof inner.retryable === 'boolean' ? inner.retryable : undefined,
  };
}

/** What an error says, wherever it says it. */
function messageOf(fields: Fields): string | undefined {
  const page = fields['html-message'];
  return [
    fields.message,
    fields.error_message,
    fields.msg,
    fields.detail,
    fields.title,
    fields['short-message'],
    typeof page === 'string' ? page.replace(/<[^>]*>/g, ' ') : undefined,
  ]
    .map(messageText)
    .find((text) => text !== undefined);
}

function joined(name: string, message: string | undefined): string {
  return message === undefined ? name : `${name}: ${message}`;
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

/** The text of a body that is not JSON, on one line; for a web page, its title. */
export function readText(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  if (!isPage(trimmed)) return clip(trimmed);
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(trimmed)?.[1]?.trim();
  return `an HTML page${title ? `, "${clip(title)}"` : ''}`;
}

/** Comments may come before it. */
const pageStart =
  /^\s*(?:<!--[\s\S]*?-->\s*)*<(?:!doctype|html|head|body|title|center|h[1-6]|div|p|pre|\?xml)\b/i;

function isPage(body: unknown): boolean {
  const page = isRecord(body) ? body['html-message'] : body;
  return typeof page === 'string' && pageStart.test(page);
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
