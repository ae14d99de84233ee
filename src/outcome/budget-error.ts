import type { Standing } from '../cost/budget.ts';
import type { ChatErrorInit } from './chat-error.ts';
import { ChatError } from './chat-error.ts';

const notSent = 'The request was not sent: ';

/** A request was not sent, since it could cost more than is left; `maxUsd` is what it could cost. */
export function budgetRefused(
  maxUsd: string,
  standing: Standing,
  init: ChatErrorInit = {},
): ChatError {
  // What is held comes back, but for what these calls will have cost.
  const wait = standing.heldCalls === 0 ? 'L' : 'Wait for these calls, l';
  const message = `${notSent}it could cost ${maxUsd} USD, and ${told(standing)}. ${wait}ower max_tokens, shorten the prompt, or raise maxCostUsd`;
  return new ChatError('budget_exceeded', message, { ...init, param: 'maxCostUsd' });
}

/** A request was not sent, since nobody knows what it could cost. */
export function costUnknown(limitUsd: string, init: ChatErrorInit = {}): ChatError {
  const message = `${notSent}what it could cost is not known, and maxCostUsd is ${limitUsd}. Give prices (pricing) for the vendor, or leave images, sounds and files out`;
  return new ChatError('budget_exceeded', message, { ...init, param: 'maxCostUsd' });
}

/** A stream was ended, since it has cost what was left. */
export function budgetPassed(standing: Standing, init: ChatErrorInit = {}): ChatError {
  const message = `The answer was ended: it has cost what was left for it. With it, ${told(standing)}. Set max_tokens, or raise maxCostUsd`;
  return new ChatError('budget_exceeded', message, { ...init, param: 'maxCostUsd' });
}

/**
 * An answer that did not fit was paid for, and the request that asks for a correction was refused: what is told is both.
 *
 * @param refusal what the request was refused with
 * @param mismatch the answer's own error; its report and the answer are added by whoever goes on with the call
 */
export function correctionRefused(refusal: ChatError, mismatch: ChatError): ChatError {
  const { provider, requestId } = mismatch;
  const why = refusal.message.replace(notSent, '');
  const message = `${mismatch.message}. It was paid for, see report. The request to correct it was not sent: ${why}`;
  const init = { provider, requestId, param: 'maxCostUsd', cause: mismatch };
  return new ChatError('budget_exceeded', message, init);
}

function told({ limitUsd, spentUsd, heldUsd, heldCalls, leftUsd }: Standing): string {
  const calls = heldCalls === 1 ? '1 call' : `${heldCalls} calls`;
  const held = heldCalls === 0 ? '' : `, ${heldUsd} held for ${calls} in flight`;
  return `maxCostUsd ${limitUsd} leaves ${leftUsd} (${spentUsd} spent${held})`;
}
