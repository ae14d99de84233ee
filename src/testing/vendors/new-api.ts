import type { ErrorForm, ErrorWords } from '../emulator/error-words.ts';

const quota: Partial<ErrorWords> = {
  status: 403,
  code: 'insufficient_user_quota',
  message: 'The quota of the user is not enough',
};

/**
 * What the gateway software of ShortAPI and Anyfast says, which knows no money but its quota
 * (https://github.com/QuantumNous/new-api, types/error.go, as read on 2026-11-20; that the two run it is inferred).
 */
export const newApiWords: ErrorForm['words'] = {
  model_not_found: { status: 404, message: 'No available channel for this model' },
  insufficient_balance: quota,
  quota,
};

/** Its comment while the model is busy. */
export const newApiKeepAlive = ': PING\n\n';
