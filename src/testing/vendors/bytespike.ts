import type { VendorDialect } from '../emulator/dialect.ts';
import { openaiUsage } from '../emulator/dialect.ts';

// Sources are those of `providers/bytespike.ts`, as read on 2026-11-20.

export const bytespike: VendorDialect = {
  otherModels: ['deepseek-flash', 'deepseek-v4-pro'],
  modelOwner: 'deepseek',
  // Its sample has no `created`.
  top: (object, model) => ({ id: 'chatcmpl-emulated5', object, model }),
  // "reasoning_content on the choice".
  reasoningDelta: (text) => ({ delta: {}, reasoning_content: text }),
  usagePlace: 'on the finish chunk',
  usage: (answer) => ({ usage: openaiUsage(answer) }),
  errors: {
    // errors: 402 insufficient_balance or quota_exceeded; 429 rate_limit_exceeded or concurrency_limit
    // (https://docs.bytespike.ai/concepts/errors-reference).
    words: {
      quota: { type: 'insufficient_credits', code: 'quota_exceeded' },
      concurrency: { code: 'concurrency_limit' },
    },
    body: ({ message, type, code }) => ({ error: { type, code, message, param: null } }),
  },
};
