import type { ProviderId } from '../providers/registry.ts';
import type { ComposedAnswer } from './answer.ts';
import type { PlayedResponse } from './script.ts';

// How each vendor's answers look on the wire. Sources are those of the vendors' files in `providers/`.

/** The ways in which a vendor says no. */
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
  | 'quota'
  | 'server_error'
  | 'bad_gateway'
  | 'overloaded'
  | 'gateway_timeout';

interface ErrorWords {
  status: number;
  type: string;
  code: string;
  message: string;
}

const errorWords: Record<ErrorKind, ErrorWords> = {
  missing_key: error(401, 'authentication_error', 'invalid_api_key', 'No API key was given.'),
  authentication: error(
    401,
    'authentication_error',
    'invalid_api_key',
    'Invalid API key provided.',
  ),
  insufficient_balance: error(
    402,
    'insufficient_credits',
    'insufficient_balance',
    'Insufficient Balance',
  ),
  permission_denied: error(403, 'permission_error', 'permission_denied', 'Permission denied.'),
  not_found: error(404, 'invalid_request_error', 'not_found', 'Not found.'),
  bad_request: error(
    400,
    'invalid_request_error',
    'invalid_request_error',
    'The body is not valid.',
  ),
  unprocessable: error(422, 'invalid_request_error', 'invalid_param', 'A parameter is not valid.'),
  model_not_found: error(
    400,
    'invalid_request_error',
    'model_not_found',
    'There is no such model.',
  ),
  context_length: error(
    400,
    'invalid_request_error',
    'context_length_exceeded',
    "This model's maximum context length is 1048576 tokens.",
  ),
  content_filter: error(
    400,
    'invalid_request_error',
    'invalid_request_error',
    'Content Exists Risk',
  ),
  rate_limit: error(429, 'rate_limit_error', 'rate_limit_exceeded', 'Too many requests.'),
  quota: error(429, 'insufficient_quota', 'insufficient_quota', 'You exceeded your current quota.'),
  server_error: error(500, 'server_error', 'internal_error', 'Internal server error'),
  bad_gateway: error(502, 'api_error', 'bad_gateway', 'Upstream request failed'),
  overloaded: error(
    503,
    'service_unavailable_error',
    'service_unavailable',
    'Service is too busy.',
  ),
  gateway_timeout: error(504, 'timeout', 'timeout', 'Generation timeout'),
};

function error(status: number, type: string, code: string, message: string): ErrorWords {
  return { status, type, code, message };
}

/** How one vendor writes. */
export interface Dialect {
  /** Beside `content-type`, on every answer. */
  headers: Record<string, string>;
  /** Sent before the first event. */
  keepAlive: string;
  /** What every body and event begins with. */
  top(object: string, model: string): Record<string, unknown>;
  /** Deltas that open a message. */
  opening: Record<string, unknown>[];
  /** A piece of reasoning, as the fields of a choice. */
  reasoningDelta(text: string): Record<string, unknown>;
  contentDelta(text: string): Record<string, unknown>;
  /** Fields of a choice beside `finish_reason`, at the end. */
  choiceEnd: Record<string, unknown>;
  /** Where the counts go in a stream. */
  usagePlace: 'on the finish chunk' | 'on a chunk of its own';
  /** Whether counts are sent only if asked for. */
  usageOnRequest: boolean;
  /** `usage` and whatever else tells of cost. */
  usage(answer: ComposedAnswer): Record<string, unknown>;
  renderError(
    kind: ErrorKind,
    own: { message?: string | undefined; headers?: Record<string, string> | undefined },
  ): PlayedResponse;
}

const created = 1_795_000_000;

function openaiUsage(answer: ComposedAnswer): Record<string, unknown> {
  return {
    prompt_tokens: answer.promptTokens,
    completion_tokens: answer.completionTokens,
    total_tokens: answer.promptTokens + answer.completionTokens,
  };
}

/** What a dialect says of its errors: the words that differ, and the form of the body. */
interface ErrorForm {
  words?: Partial<Record<ErrorKind, Partial<ErrorWords>>> | undefined;
  body(words: ErrorWords, kind: ErrorKind): unknown;
}

function errors(form: ErrorForm, headers: Record<string, string>): Dialect['renderError'] {
  return (kind, own) => {
    const words = { ...errorWords[kind], ...form.words?.[kind] };
    if (own.message !== undefined) words.message = own.message;
    const body = form.body(words, kind);
    const isText = typeof body === 'string';
    return {
      status: words.status,
      headers: {
        ...(!isText && { 'content-type': 'application/json' }),
        ...headers,
        ...own.headers,
      },
      writes: [isText ? body : JSON.stringify(body)],
    };
  };
}

const base: Omit<Dialect, 'headers' | 'top' | 'usage' | 'renderError'> = {
  keepAlive: '',
  opening: [{ role: 'assistant', content: '' }],
  reasoningDelta: (text: string) => ({ delta: { reasoning_content: text } }),
  contentDelta: (text: string) => ({ delta: { content: text } }),
  choiceEnd: {},
  usagePlace: 'on a chunk of its own',
  usageOnRequest: true,
};

const deepseekHeaders = { 'x-ds-trace-id': 'emulated-trace' };
const aimlapiHeaders = { 'x-inference-id': 'emulated-inference' };
const requestIdHeaders = { 'x-request-id': 'emulated-request' };

/** What the gateway software of ShortAPI and Anyfast says. */
const newApiWords: ErrorForm['words'] = {
  model_not_found: { status: 404, message: 'No available channel for this model' },
  insufficient_balance: {
    status: 403,
    code: 'insufficient_user_quota',
    message: 'The quota of the user is not enough',
  },
};

export const dialects: Record<ProviderId, Dialect> = {
  deepseek: {
    ...base,
    headers: deepseekHeaders,
    keepAlive: ': keep-alive\n\n',
    top: (object, model) => ({
      id: '7328ddb4-0000-4000-8000-000000000001',
      object,
      created,
      model,
      system_fingerprint: 'fp_emulated',
    }),
    opening: [{ role: 'assistant', content: null, reasoning_content: '' }],
    reasoningDelta: (text) => ({ delta: { content: null, reasoning_content: text } }),
    contentDelta: (text) => ({ delta: { content: text, reasoning_content: null } }),
    usagePlace: 'on the finish chunk',
    // The counts come whether or not they are asked for.
    usageOnRequest: false,
    usage: (answer) => ({
      usage: {
        ...openaiUsage(answer),
        prompt_tokens_details: { cached_tokens: answer.cachedTokens },
        ...(answer.reasoningTokens > 0 && {
          completion_tokens_details: { reasoning_tokens: answer.reasoningTokens },
        }),
        prompt_cache_hit_tokens: answer.cachedTokens,
        prompt_cache_miss_tokens: answer.promptTokens - answer.cachedTokens,
      },
    }),
    renderError: errors(
      {
        words: {
          authentication: { message: 'Authentication Fails, Your api key: ****rong is invalid' },
          rate_limit: { code: 'invalid_request_error' },
          insufficient_balance: { type: 'unknown_error', code: 'invalid_request_error' },
          quota: {
            type: 'rate_limit_error',
            code: 'invalid_request_error',
            message:
              'Your concurrency exceeds your concurrency limit of 25 based on your remaining balance.',
          },
        },
        // Without a key the answer is plain text, without a content type; other paths answer nothing at all.
        body: ({ message, type, code }, kind) =>
          kind === 'missing_key'
            ? 'Authentication Fails (governor)'
            : kind === 'not_found'
              ? ''
              : { error: { message, type, param: null, code } },
      },
      deepseekHeaders,
    ),
  },
  aimlapi: {
    ...base,
    headers: aimlapiHeaders,
    // The prefix of the id is gone in the answer.
    top: (object, model) => ({
      id: '9b2f3c1e-0000-4000-8000-000000000002',
      object,
      created,
      model: model.replace('deepseek/', ''),
    }),
    usage: (answer) => {
      const credits = 26 * answer.promptTokens + 52 * answer.completionTokens;
      return {
        usage: {
          ...openaiUsage(answer),
          prompt_tokens_details: { cached_tokens: answer.cachedTokens },
          prompt_cache_hit_tokens: answer.cachedTokens,
          prompt_cache_miss_tokens: answer.promptTokens - answer.cachedTokens,
        },
        // Two million credits a dollar.
        meta: { usage: { credits_used: credits, usd_spent: credits / 2_000_000 } },
      };
    },
    renderError: errors(
      {
        words: {
          insufficient_balance: { status: 403, message: "You've run out of funds." },
          model_not_found: { message: 'Invalid enum value for model.' },
        },
        body: ({ status, message }) => ({
          message,
          path: '/v1/chat/completions',
          requestId: 'emulated-inference',
          statusCode: String(status),
          timestamp: '2026-11-20T00:00:00.000Z',
        }),
      },
      aimlapiHeaders,
    ),
  },
  shortapi: {
    ...base,
    headers: requestIdHeaders,
    keepAlive: ': PING\n\n',
    top: (object, model) => ({ id: 'chatcmpl-emulated3', object, created, model }),
    usage: (answer) => ({
      usage: {
        ...openaiUsage(answer),
        prompt_tokens_details: {
          cached_tokens: answer.cachedTokens,
          text_tokens: answer.promptTokens,
          audio_tokens: 0,
          image_tokens: 0,
        },
        completion_tokens_details: {
          text_tokens: answer.completionTokens - answer.reasoningTokens,
          audio_tokens: 0,
          reasoning_tokens: answer.reasoningTokens,
        },
      },
    }),
    renderError: errors(
      {
        words: newApiWords,
        body: ({ message, code }) => ({
          error: { message, type: 'new_api_error', param: '', code },
        }),
      },
      requestIdHeaders,
    ),
  },
  anyfast: {
    ...base,
    headers: requestIdHeaders,
    keepAlive: ': PING\n\n',
    top: (object, model) => ({ id: 'chatcmpl-emulated4', object, created, model }),
    choiceEnd: { matched_stop: null },
    usage: (answer) => ({
      usage: {
        ...openaiUsage(answer),
        prompt_tokens_details: { cached_tokens: answer.cachedTokens },
        completion_tokens_details: { reasoning_tokens: answer.reasoningTokens },
      },
    }),
    renderError: errors(
      {
        words: newApiWords,
        body: ({ message, type, code }) => ({ error: { message, type, code } }),
      },
      requestIdHeaders,
    ),
  },
  bytespike: {
    ...base,
    headers: requestIdHeaders,
    // Its sample has no `created`.
    top: (object, model) => ({ id: 'chatcmpl-emulated5', object, model }),
    // "reasoning_content on the choice".
    reasoningDelta: (text) => ({ delta: {}, reasoning_content: text }),
    usagePlace: 'on the finish chunk',
    usage: (answer) => ({ usage: openaiUsage(answer) }),
    renderError: errors(
      { body: ({ message, type, code }) => ({ error: { type, code, message, param: null } }) },
      requestIdHeaders,
    ),
  },
  vtrix: {
    ...base,
    headers: requestIdHeaders,
    top: (object, model) => ({ id: 'chatcmpl-emulated6', object, created, model }),
    usagePlace: 'on the finish chunk',
    usageOnRequest: false,
    usage: (answer) => ({
      usage: {
        ...openaiUsage(answer),
        cost: (answer.completionTokens / 1_000_000).toFixed(8),
        discount: 0,
      },
    }),
    renderError: errors(
      {
        words: {
          insufficient_balance: { status: 403, message: 'Insufficient balance' },
          model_not_found: { status: 404 },
        },
        body: ({ message }) => ({ message }),
      },
      requestIdHeaders,
    ),
  },
};
