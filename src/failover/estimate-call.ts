import type { CountTokens, PromptEstimate } from '../cost/estimate.ts';
import { assumedAnswerTokens, estimatePrompt, maxUsdOf } from '../cost/estimate.ts';
import { findModel } from '../dialect/models.ts';
import { isPending } from '../internal/pending.ts';
import type { ResolvedOptions } from '../options/options.ts';
import { canonicalRequest } from '../request/canonical.ts';
import type { PricedEstimate } from './candidate.ts';

/** What a request could come to at a vendor. @throws ChatError `invalid_request` */
export function estimateCall(
  { name, provider, pricing }: ResolvedOptions,
  params: unknown,
  countTokens: CountTokens | undefined,
): PricedEstimate | Promise<PricedEstimate> {
  const request = canonicalRequest(params);
  const model = findModel(request.model, provider.profile);
  const prices = pricing ?? model?.prices;
  const cap = model?.caps.max_tokens ?? Infinity;
  const answerTokens = Math.min(request.max_tokens ?? assumedAnswerTokens, cap);
  const prompt = estimatePrompt(request, countTokens);
  const priced = ({ promptTokens, uncountedParts }: PromptEstimate): PricedEstimate => {
    const maxUsd =
      prices === undefined || uncountedParts !== undefined
        ? undefined
        : maxUsdOf(prices, promptTokens, answerTokens);
    return {
      provider: name,
      promptTokens,
      ...(maxUsd !== undefined && { maxUsd }),
      prices,
      answerTokens,
      isLimited: request.max_tokens !== undefined,
    };
  };
  return isPending(prompt) ? prompt.then(priced) : priced(prompt);
}
