import type { ChatErrorInit } from './chat-error.ts';
import { ChatError } from './chat-error.ts';

/** Nothing was sent, since the call could cost more than is left; `maxUsd` is what it could cost. */
export function budgetRefused(
  limitUsd: string,
  maxUsd: string | undefined,
  init: ChatErrorInit = {},
): ChatError {
  const message =
    maxUsd === undefined
      ? `What the call could cost is not known, so it was not sent under maxCostUsd ${limitUsd}: give prices (pricing) for the vendor, or leave images, sounds and files out`
      : `The call could cost ${maxUsd} USD, and maxCostUsd ${limitUsd} does not leave so much: nothing was sent. Lower max_tokens, shorten the prompt, or raise maxCostUsd`;
  return new ChatError('budget_exceeded', message, { ...init, param: 'maxCostUsd' });
}

/** A stream was ended, since it has cost what was left. */
export function budgetPassed(limitUsd: string, init: ChatErrorInit = {}): ChatError {
  const message = `The answer was ended: it has cost what maxCostUsd ${limitUsd} left for it. Set max_tokens, or raise maxCostUsd`;
  return new ChatError('budget_exceeded', message, { ...init, param: 'maxCostUsd' });
}
