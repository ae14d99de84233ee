import type { VendorDialect } from '../emulator/dialect.ts';
import { openaiTop } from '../emulator/dialect.ts';
import { newApiKeepAlive, newApiWords } from './new-api.ts';

// Sources are those of `providers/anyfast.ts`, as read on 2026-11-20.

export const anyfast: VendorDialect = {
  otherModels: ['deepseek-flash', 'deepseek-v4-pro'],
  keepAlive: newApiKeepAlive,
  top: openaiTop('chatcmpl-emulated4'),
  choiceEnd: { matched_stop: null },
  errors: {
    words: newApiWords,
    body: ({ message, type, code }) => ({ error: { message, type, code } }),
  },
};
