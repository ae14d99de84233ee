import type { ProviderId } from '../../providers/registry.ts';
import type { ComposedAnswer } from './answer.ts';
import type { ErrorForm, ErrorWords, RenderError } from './error-words.ts';
import { errorsIn } from './error-words.ts';

// How each vendor's answers look on the wire. Sources are those of the vendors' files in `providers/`.

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
  renderError: RenderError;
}

const created = 1_795_000_000;

function openaiUsage(answer: ComposedAnswer): Record<string, unknown> {
  return {
    prompt_tokens: answer.promptTokens,
    completion_tokens: answer.completionTokens,
    total_tokens: answer.promptTokens + answer.completionTokens,
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

const newApiQuota: Partial<ErrorWords> = {
  status: 403,
  code: 'insufficient_user_quota',
  message: 'The quota of the user is not enough',
};

/**
 * What the gateway software of ShortAPI and Anyfast says, which knows no money but its quota
 * (https://github.com/QuantumNous/new-api, types/error.go; that the two run it is inferred).
 */
const newApiWords: ErrorForm['words'] = {
  model_not_found: { status: 404, message: 'No available channel for this model' },
  insufficient_balance: newApiQuota,
  quota: newApiQuota,
};

// https://api-docs.deepseek.com/quick_start/error_codes has one error for an account that is used up, 402. Its type and
// code as seen.
const deepseekBalance: Partial<ErrorWords> = {
  status: 402,
  type: 'unknown_error',
  code: 'invalid_request_error',
  message: 'Insufficient Balance',
};

// 403 is "out of credits" (https://docs.aimlapi.com/errors-and-messages/errors-with-status-code-4xx.md).
const aimlapiBalance: Partial<ErrorWords> = { status: 403, message: "You've run out of funds." };

// 403 is "insufficient balance or permission"
// (https://docs.vtrix.ai/api-reference/models/model_api_documentation_gitbook).
const vtrixBalance: Partial<ErrorWords> = { status: 403, message: 'Insufficient balance' };

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
    renderError: errorsIn(
      {
        words: {
          authentication: { message: 'Authentication Fails, Your api key: ****rong is invalid' },
          rate_limit: { code: 'invalid_request_error' },
          insufficient_balance: deepseekBalance,
          quota: deepseekBalance,
          // Seen from August to October 2026 where the balance was low: it passes when other calls are done.
          concurrency: {
            code: 'invalid_request_error',
            message:
              'Too many requests. Your current concurrency is 26, which exceeds your concurrency limit of 25 based on ' +
              'your remaining balance. Please top up your balance to restore your concurrency.',
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
    renderError: errorsIn(
      {
        words: {
          insufficient_balance: aimlapiBalance,
          quota: aimlapiBalance,
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
    renderError: errorsIn(
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
    renderError: errorsIn(
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
    renderError: errorsIn(
      {
        // 402 insufficient_balance or quota_exceeded; 429 rate_limit_exceeded or concurrency_limit
        // (https://docs.bytespike.ai/concepts/errors-reference).
        words: {
          quota: { type: 'insufficient_credits', code: 'quota_exceeded' },
          concurrency: { code: 'concurrency_limit' },
        },
        body: ({ message, type, code }) => ({ error: { type, code, message, param: null } }),
      },
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
    renderError: errorsIn(
      {
        words: {
          insufficient_balance: vtrixBalance,
          quota: vtrixBalance,
          model_not_found: { status: 404 },
        },
        body: ({ message }) => ({ message }),
      },
      requestIdHeaders,
    ),
  },
};
