/** Token counts of an answer. All three counts are known, or there is no usage: a missing count is not zero. */
export interface CompletionUsage {
  /** Tokens of the prompt, cached ones included. */
  prompt_tokens: number;
  /** Tokens of the answer, reasoning included. */
  completion_tokens: number;
  /** The sum of both. */
  total_tokens: number;
  /** Prompt tokens that came from the cache. */
  prompt_cache_hit_tokens?: number | undefined;
  /** Prompt tokens that did not come from the cache. */
  prompt_cache_miss_tokens?: number | undefined;
  /** What the prompt was made of. */
  prompt_tokens_details?: PromptTokensDetails | undefined;
  /** What the answer was made of. */
  completion_tokens_details?: CompletionTokensDetails | undefined;
}

/** Details of the prompt tokens. */
export interface PromptTokensDetails {
  /** Tokens that came from the cache. */
  cached_tokens?: number | undefined;
  /** Tokens of audio. */
  audio_tokens?: number | undefined;
  /** Tokens of text. */
  text_tokens?: number | undefined;
  /** Tokens of images. */
  image_tokens?: number | undefined;
  /** Some gateways put the cache counters here. */
  prompt_cache_hit_tokens?: number | undefined;
  /** Some gateways put the cache counters here. */
  prompt_cache_miss_tokens?: number | undefined;
}

/** Details of the answer tokens. */
export interface CompletionTokensDetails {
  /** Tokens of the reasoning. */
  reasoning_tokens?: number | undefined;
  /** Predicted tokens that the answer uses. */
  accepted_prediction_tokens?: number | undefined;
  /** Predicted tokens that it does not use. */
  rejected_prediction_tokens?: number | undefined;
  /** Tokens of audio. */
  audio_tokens?: number | undefined;
  /** Tokens of text. */
  text_tokens?: number | undefined;
}

type Nullable<T> = {
  [Field in keyof T]?:
    | (NonNullable<T[Field]> extends number ? number : Nullable<NonNullable<T[Field]>>)
    | null
    | undefined;
};

/** Token counts in a chunk, as the vendor sent them: each may be missing or `null`. */
export type ChunkUsage = Nullable<CompletionUsage>;

/** Token counts in a report: those that are known. */
export type ReportUsage = {
  [Field in keyof CompletionUsage]?: CompletionUsage[Field] | undefined;
};

/** The counters, each once, by where they stand. */
export const counters = {
  usage: ['prompt_tokens', 'completion_tokens', 'total_tokens'],
  cache: ['prompt_cache_hit_tokens', 'prompt_cache_miss_tokens'],
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
} as const;

/** By hand, what `chunkUsageSchema` says; `false` where in doubt. */
export function isPlainUsage(usage: unknown): boolean {
  return usage == null || hasPlainFields(usage, true);
}

function hasPlainFields(usage: unknown, isTop: boolean): boolean {
  if (typeof usage !== 'object' || usage === null || Array.isArray(usage)) return false;
  for (const name in usage) {
    const value: unknown = (usage as Record<string, unknown>)[name];
    // What is not named is the vendor's own.
    if (value == null || !usageFields.has(name)) continue;
    // JSON can say more than a number holds.
    const isPlain = name.endsWith('_details')
      ? isTop && hasPlainFields(value, false)
      : Number.isFinite(value);
    if (!isPlain) return false;
  }
  return true;
}

/** Whether a usage has any of the three counts. */
export function hasCounts({ prompt_tokens, completion_tokens, total_tokens }: ChunkUsage): boolean {
  return (prompt_tokens ?? completion_tokens ?? total_tokens) != null;
}

/** Counts from several chunks: the last known value of each. */
export function laterUsage(before: ChunkUsage | undefined, later: ChunkUsage): ChunkUsage {
  if (before === undefined) return later;
  const knownFields = Object.entries(later).filter(([, value]) => value != null);
  const parts = knownFields.map(([name, value]) => {
    const old = (before as Record<string, unknown>)[name];
    return [name, isPart(value) && isPart(old) ? laterUsage(old, value) : value];
  });
  const merged: ChunkUsage = { ...before, ...Object.fromEntries(parts) };
  // A sum of other counts than these.
  const isStale =
    later.total_tokens == null && (later.prompt_tokens ?? later.completion_tokens) != null;
  if (isStale) delete merged.total_tokens;
  return merged;
}

/**
 * A usage with all three counts, and without what is `null`: two of the three give the third. `undefined` if there are
 * fewer.
 */
export function countedUsage(usage: ChunkUsage): CompletionUsage | undefined {
  // As nearly all are.
  if (isCounted(usage) && !hasNull(usage)) return usage;
  const counts = threeCounts(usage);
  if (counts === undefined) return undefined;
  const known = withoutNull(usage);
  return isCounted(known) ? known : { ...known, ...counts };
}

function isCounted(usage: ChunkUsage): usage is CompletionUsage {
  return counters.usage.every((name) => Number.isFinite(usage[name]));
}

function threeCounts({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: total,
}: ChunkUsage):
  | Pick<CompletionUsage, 'prompt_tokens' | 'completion_tokens' | 'total_tokens'>
  | undefined {
  const counts = (input: number, output: number, all: number) => {
    return { prompt_tokens: input, completion_tokens: output, total_tokens: all };
  };
  if (prompt != null && completion != null) {
    const all = total ?? prompt + completion;
    return Number.isFinite(all) ? counts(prompt, completion, all) : undefined;
  }
  if (total == null) return undefined;
  // More of one than of all cannot be.
  if (prompt != null && prompt <= total) return counts(prompt, total - prompt, total);
  if (completion != null && completion <= total) {
    return counts(total - completion, completion, total);
  }
  return undefined;
}

/** What of a usage is not a vendor's own, wherever it stands: counters, and what holds some. */
const usageFields: ReadonlySet<string> = new Set([
  ...Object.values(counters).flat(),
  'prompt_tokens_details',
  'completion_tokens_details',
]);

/** A usage without those of its counters that are `null`; fields that are not listed are the vendor's own, and stay. */
function withoutNull(usage: ChunkUsage): ReportUsage {
  if (!hasNull(usage)) return usage as ReportUsage;
  const entries = Object.entries(usage)
    .filter(([name, value]) => value !== null || !usageFields.has(name))
    .map(([name, value]) => [
      name,
      usageFields.has(name) && isPart(value) ? withoutNull(value) : value,
    ]);
  return Object.fromEntries(entries) as ReportUsage;
}

/** Most have none, and are not copied. */
function hasNull(usage: ChunkUsage, isInside = false): boolean {
  for (const name in usage) {
    const value: unknown = usage[name as keyof ChunkUsage];
    if (value === null || (!isInside && isPart(value) && hasNull(value, true))) return true;
  }
  return false;
}

function isPart(value: unknown): value is ChunkUsage {
  return typeof value === 'object' && value !== null;
}

/** Cached tokens of the prompt, and the rest of them, as far as one follows from the other. */
export function cacheCounts({
  prompt_tokens: prompt,
  prompt_cache_hit_tokens,
  prompt_cache_miss_tokens,
  prompt_tokens_details: details,
}: ChunkUsage): { hit: number | undefined; miss: number | undefined } {
  const hit = prompt_cache_hit_tokens ?? details?.prompt_cache_hit_tokens ?? details?.cached_tokens;
  const left = hit != null && prompt != null ? prompt - hit : undefined;
  const miss = prompt_cache_miss_tokens ?? details?.prompt_cache_miss_tokens ?? left;
  // More hits than tokens cannot be; then the rest is not known either.
  return { hit: hit ?? undefined, miss: miss != null && miss >= 0 ? miss : undefined };
}

/** A usage for a report: without what is `null`, and with the cache counters that follow from the others. */
export function reportUsage(usage: ChunkUsage, counted: CompletionUsage | undefined): ReportUsage {
  const { hit, miss } = cacheCounts(usage);
  const known: ReportUsage = { ...(counted ?? withoutNull(usage)) };
  if (hit !== undefined) known.prompt_cache_hit_tokens = hit;
  if (miss !== undefined) known.prompt_cache_miss_tokens = miss;
  return known;
}
