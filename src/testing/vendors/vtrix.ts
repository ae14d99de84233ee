import type { VendorDialect } from '../emulator/dialect.ts';
import { openaiTop, openaiUsage } from '../emulator/dialect.ts';

// Sources are those of `providers/vtrix.ts`, as read on 2026-11-20.

// paths (https://docs.vtrix.ai/api-reference/models/model_api_documentation_gitbook): 403 is "insufficient balance or
// permission".
const noBalance = { message: 'Insufficient balance' };

export const vtrix: VendorDialect = {
  otherModels: ['deepseek-flash', 'deepseek-v4-pro'],
  top: openaiTop('chatcmpl-emulated6'),
  usagePlace: 'on the finish chunk',
  usage: (answer) => ({
    usage: {
      ...openaiUsage(answer),
      // model: "Total cost in USD", a string; the discount's unit is not stated.
      cost: (answer.completionTokens / 1_000_000).toFixed(8),
      discount: 0,
    },
  }),
  errors: {
    words: {
      insufficient_balance: noBalance,
      quota: noBalance,
      model_not_found: { status: 404 },
    },
    body: ({ message }) => ({ message }),
  },
};
