import type { VendorDialect } from '../emulator/dialect.ts';
import { openaiTop, openaiUsage } from '../emulator/dialect.ts';

// Sources are those of `providers/aimlapi.ts`, as read on 2026-11-20.

// errors (https://docs.aimlapi.com/errors-and-messages/errors-with-status-code-4xx.md): "out of credits".
const outOfCredits = { message: "You've run out of funds." };

const top = openaiTop('9b2f3c1e-0000-4000-8000-000000000002');

export const aimlapi: VendorDialect = {
  otherModels: [],
  modelOwner: 'deepseek',
  requestId: 'emulated-inference',
  // The prefix of the id is gone in the answer.
  top: (object, model) => top(object, model.replace('deepseek/', '')),
  usage(answer) {
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
  // https://docs.aimlapi.com/api-references/service-endpoints/account-balance
  balance: { current_balance: 12.5, currency: 'USD' },
  errors: {
    words: {
      insufficient_balance: outOfCredits,
      quota: outOfCredits,
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
};
