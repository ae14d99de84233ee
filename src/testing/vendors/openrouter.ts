import type { VendorDialect } from '../emulator/dialect.ts';
import { openaiTop, openaiUsage } from '../emulator/dialect.ts';

// Sources are those of `providers/openrouter.ts`.

export const openrouter: VendorDialect = {
  otherModels: [],
  modelOwner: 'deepseek',
  requestId: 'gen-emulated',
  // https://openrouter.ai/docs/api-reference/streaming
  keepAlive: ': OPENROUTER PROCESSING\n\n',
  top: (object, model) => ({
    ...openaiTop('gen-emulated')(object, model),
    provider: 'Emulated',
  }),
  // https://openrouter.ai/docs/use-cases/reasoning-tokens. `reasoning_details` would hold the same once more.
  reasoningDelta: (text) => ({ delta: { reasoning: text } }),
  choiceEnd: { native_finish_reason: 'stop' },
  // https://openrouter.ai/docs/use-cases/usage-accounting: in any case.
  usageOnRequest: false,
  usage: (answer) => ({
    usage: {
      ...openaiUsage(answer),
      cost: answer.completionTokens / 1_000_000,
      cost_details: { upstream_inference_cost: null },
      prompt_tokens_details: { cached_tokens: answer.cachedTokens },
      completion_tokens_details: { reasoning_tokens: answer.reasoningTokens },
    },
  }),
  errors: {
    words: {
      // https://github.com/can1357/oh-my-pi/issues/9569
      insufficient_balance: {
        message:
          'This request requires more credits, or fewer max_tokens. You requested up to 65536 tokens, but can only afford 1200.',
      },
      quota: { message: 'Insufficient credits' },
    },
    // https://openrouter.ai/docs/api-reference/errors: the status as `code`.
    body: ({ status, message }) => ({ error: { code: status, message, metadata: {} } }),
  },
};
