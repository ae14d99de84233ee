import * as z from 'zod/mini';
import { once } from './standard.ts';

/** Token counts, as the vendor gave them. Every field may be missing: a missing count is not zero. */
export interface CompletionUsage {
  /** Tokens of the prompt, cached ones included. */
  prompt_tokens?: number | null | undefined;
  /** Tokens of the answer, reasoning included. */
  completion_tokens?: number | null | undefined;
  /** Both. */
  total_tokens?: number | null | undefined;
  /** Prompt tokens that came from the cache. */
  prompt_cache_hit_tokens?: number | null | undefined;
  /** Prompt tokens that did not. */
  prompt_cache_miss_tokens?: number | null | undefined;
  prompt_tokens_details?: PromptTokensDetails | null | undefined;
  completion_tokens_details?: CompletionTokensDetails | null | undefined;
}

/** What the prompt was made of. */
export interface PromptTokensDetails {
  cached_tokens?: number | null | undefined;
  audio_tokens?: number | null | undefined;
  text_tokens?: number | null | undefined;
  image_tokens?: number | null | undefined;
  /** Some gateways put the cache counters here. */
  prompt_cache_hit_tokens?: number | null | undefined;
  /** Some gateways put the cache counters here. */
  prompt_cache_miss_tokens?: number | null | undefined;
}

/** What the answer was made of. */
export interface CompletionTokensDetails {
  reasoning_tokens?: number | null | undefined;
  accepted_prediction_tokens?: number | null | undefined;
  rejected_prediction_tokens?: number | null | undefined;
  audio_tokens?: number | null | undefined;
  text_tokens?: number | null | undefined;
}

const count = () => z.nullish(z.number());

/** Loose: unknown counters are kept. */
export const usageSchema = once(() =>
  z.looseObject({
    prompt_tokens: count(),
    completion_tokens: count(),
    total_tokens: count(),
    prompt_cache_hit_tokens: count(),
    prompt_cache_miss_tokens: count(),
    prompt_tokens_details: z.nullish(
      z.looseObject({
        cached_tokens: count(),
        audio_tokens: count(),
        text_tokens: count(),
        image_tokens: count(),
        prompt_cache_hit_tokens: count(),
        prompt_cache_miss_tokens: count(),
      }),
    ),
    completion_tokens_details: z.nullish(
      z.looseObject({
        reasoning_tokens: count(),
        accepted_prediction_tokens: count(),
        rejected_prediction_tokens: count(),
        audio_tokens: count(),
        text_tokens: count(),
      }),
    ),
  }),
);

const counters: Record<'usage' | 'prompt' | 'completion', readonly string[]> = {
  usage: [
    'prompt_tokens',
    'completion_tokens',
    'total_tokens',
    'prompt_cache_hit_tokens',
    'prompt_cache_miss_tokens',
  ],
  prompt: [
    'cached_tokens',
    'audio_tokens',
    'text_tokens',
    'image_tokens',
    'prompt_cache_hit_tokens',
    'prompt_cache_miss_tokens',
  ],
  completion: [
    'reasoning_tokens',
    'accepted_prediction_tokens',
    'rejected_prediction_tokens',
    'audio_tokens',
    'text_tokens',
  ],
};

/** By hand, what {@link usageSchema} says; `false` where in doubt. */
export function isPlainUsage(usage: unknown): boolean {
  if (usage == null) return true;
  if (!hasCounters(usage, counters.usage)) return false;
  const { prompt_tokens_details: prompt, completion_tokens_details: completion } = usage;
  return (
    (prompt == null || hasCounters(prompt, counters.prompt)) &&
    (completion == null || hasCounters(completion, counters.completion))
  );
}

function hasCounters(value: unknown, names: readonly string[]): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  for (const name of names) {
    const counter = (value as Record<string, unknown>)[name];
    // JSON can say more than a number holds.
    if (counter != null && !Number.isFinite(counter)) return false;
  }
  return true;
}

/** Whether a usage tells any of the three counts. */
export function hasCounts({
  prompt_tokens,
  completion_tokens,
  total_tokens,
}: CompletionUsage): boolean {
  return (prompt_tokens ?? completion_tokens ?? total_tokens) != null;
}

/** A usage with all three counts: two of them give the third. `undefined` if there are fewer. */
export function countedUsage(usage: CompletionUsage): CompletionUsage | undefined {
  const { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total } = usage;
  if (prompt != null && completion != null) {
    return total == null ? { ...usage, total_tokens: prompt + completion } : usage;
  }
  if (total == null) return undefined;
  // More of one than of all cannot be.
  if (prompt != null && prompt <= total) return { ...usage, completion_tokens: total - prompt };
  if (completion != null && completion <= total) {
    return { ...usage, prompt_tokens: total - completion };
  }
  return undefined;
}

/** Fills in the cache counters that follow from the others: hit from `cached_tokens`, miss from prompt minus hit. */
export function withCacheCounters(usage: CompletionUsage): CompletionUsage {
  const details = usage.prompt_tokens_details;
  const hit =
    usage.prompt_cache_hit_tokens ?? details?.prompt_cache_hit_tokens ?? details?.cached_tokens;
  const miss =
    usage.prompt_cache_miss_tokens ??
    details?.prompt_cache_miss_tokens ??
    (hit != null && usage.prompt_tokens != null ? usage.prompt_tokens - hit : undefined);
  return {
    ...usage,
    ...(hit != null && { prompt_cache_hit_tokens: hit }),
    // More hits than tokens cannot be; then the rest is not known either.
    ...(miss != null && miss >= 0 && { prompt_cache_miss_tokens: miss }),
  };
}
