import type { VendorDialect } from '../emulator/dialect.ts';
import { openaiTop, openaiUsage } from '../emulator/dialect.ts';
import { newApiKeepAlive, newApiWords } from './new-api.ts';

// Sources are those of `providers/shortapi.ts`, as read on 2026-11-20. No page on errors exists.

export const shortapi: VendorDialect = {
  otherModels: [],
  // In its list of parameters beside `max_tokens`.
  extraDocumented: ['max_completion_tokens'],
  keepAlive: newApiKeepAlive,
  top: openaiTop('chatcmpl-emulated3'),
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
  errors: {
    words: newApiWords,
    body: ({ message, code }) => ({ error: { message, type: 'new_api_error', param: '', code } }),
  },
};
