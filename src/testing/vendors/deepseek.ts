import type { VendorDialect } from '../emulator/dialect.ts';
import { openaiTop, openaiUsage } from '../emulator/dialect.ts';
import type { ErrorWords } from '../emulator/error-words.ts';

// Sources are those of `providers/deepseek.ts`, as read on 2026-11-20, and what was seen of its answers up to that day.

// errors (https://api-docs.deepseek.com/quick_start/error_codes): one error for an account that is used up, 402. Its type
// and code as seen.
const balance: Partial<ErrorWords> = {
  type: 'unknown_error',
  code: 'invalid_request_error',
  message: 'Insufficient Balance',
};

export const deepseek: VendorDialect = {
  // Of its own list, the names old and new.
  otherModels: ['deepseek-flash', 'deepseek-v4-pro'],
  modelOwner: 'deepseek',
  requestId: 'emulated-trace',
  keepAlive: ': keep-alive\n\n',
  top: (object, model) => ({
    ...openaiTop('7328ddb4-0000-4000-8000-000000000001')(object, model),
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
  // https://api-docs.deepseek.com/api/get-user-balance
  balance: {
    is_available: true,
    balance_infos: [
      {
        currency: 'USD',
        total_balance: '12.50',
        granted_balance: '0.00',
        topped_up_balance: '12.50',
      },
    ],
  },
  errors: {
    words: {
      authentication: { message: 'Authentication Fails, Your api key: ****rong is invalid' },
      rate_limit: { code: 'invalid_request_error' },
      insufficient_balance: balance,
      quota: balance,
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
};
