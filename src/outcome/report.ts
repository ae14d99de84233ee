import type { ChatErrorCode, TimeoutPhase } from './error-codes.ts';
import type { ReportUsage } from '../schema/usage.ts';
import type { ReportIssue } from '../schema/issue.ts';
import type { Cost } from '../cost/prices.ts';

/** One difference between what was requested and what was sent. */
export interface Adjustment {
  /** Dotted path in the caller's request, e.g. `messages.0.role`. */
  param: string;
  /**
   * What was done: `ineffective` means sent although the vendor says it has no effect; `rerouted` means sent to another
   * path of the same vendor.
   */
  action: 'renamed' | 'mapped' | 'clamped' | 'dropped' | 'added' | 'rerouted' | 'ineffective';
  /** Whether the answer may differ from what was requested. Lossy ones warn, or are refused with `onUnsupported: 'error'`. */
  lossy: boolean;
  /** The value that the caller wrote; `null` if none. */
  from: unknown;
  /** The value that was sent; `null` if none. */
  to: unknown;
  /** Why, in one sentence. */
  reason: string;
}

/** One send of the request. */
export interface Attempt {
  /** 1 for the first send. */
  number: number;
  /** The vendor it went to. */
  provider: string;
  /** When it began, epoch milliseconds. */
  startedAt: number;
  /** How long it took until it failed or the answer was complete, in milliseconds. */
  durationMs: number;
  /** HTTP status, once the response headers had arrived. */
  status?: number | undefined;
  /** The vendor's id for this attempt. */
  requestId?: string | undefined;
  /** The error code; absent if it did not fail. */
  error?: ChatErrorCode | undefined;
  /** Which time limit ended it, if one did. */
  phase?: TimeoutPhase | undefined;
  /** The wait between it and the next attempt, in milliseconds. */
  waitedMs?: number | undefined;
  /** `false` where the vendor documents that it does not bill an attempt that failed this way; absent if unknown. */
  billed?: boolean | undefined;
}

/** When things happened, in milliseconds since `startedAt`. */
export interface Timings {
  /** When the call began, epoch milliseconds. */
  startedAt: number;
  /** How long the call queued, if calls at the same time are limited; absent if it did not. */
  queuedMs?: number | undefined;
  /** Response headers of the attempt that answered. */
  headersMs?: number | undefined;
  /** First event with reasoning text. */
  firstReasoningMs?: number | undefined;
  /** First event with content or a tool call. */
  firstContentMs?: number | undefined;
  /** End of the call. */
  totalMs?: number | undefined;
}

/** Whether thinking was requested, and whether the model thought. */
export interface ReportThinking {
  /** What was requested; `default` if nothing was. A forced tool choice that rules thinking out counts as `disabled`. */
  asked: 'enabled' | 'disabled' | 'default';
  /** What the vendor does when nothing is asked; only where `asked` is `default`. */
  byDefault?: 'on' | 'off' | 'unknown' | undefined;
  /** Whether the answer has reasoning text or a count of reasoning tokens; `false` until it does. */
  seen: boolean;
}

/** How much of the prompt the vendor had kept from calls before. */
export interface ReportCache {
  /** Prompt tokens from the cache. */
  hitTokens: number;
  /** Other prompt tokens. */
  missTokens: number;
  /** The share of the first in both, 0 to 1. */
  hitRate: number;
}

/** How the answer ended. */
export type CompletionState =
  /** The call has not ended yet. */
  | 'running'
  /** The answer is complete. */
  | 'complete'
  /** `max_tokens` or the context ran out. */
  | 'length'
  /** Like `length`, but every token was spent on reasoning and there is no content. */
  | 'reasoning_exhausted'
  /** The vendor's filter ended the answer. A prompt that it refused is an error, and so `interrupted`. */
  | 'content_filter'
  /**
   * There is no whole answer: the vendor stopped early or gave an unknown finish_reason, or the call failed, by whatever
   * error, also an abort, a refusal, or a request that was never sent. Not `invalid_output`: there the answer is whole.
   */
  | 'interrupted';

/** What happened during a call. Safe to log as JSON: it contains no key, no prompt and no answer. */
export interface Report {
  /** Id of the vendor. */
  provider: string;
  /** The model id that was sent. */
  model: string;
  /** The model that the answer names, as the vendor spells it; absent if it names none. */
  answeredBy?: string | undefined;
  /** The vendor's id for the request, from its own header. */
  requestId?: string | undefined;
  /** Response headers, without cookies. */
  headers: Record<string, string>;
  /** Every send, in order. */
  attempts: Attempt[];
  /** Every difference between the request and what was sent. */
  adjustments: Adjustment[];
  /** Irregularities of the answer; at most 100, and equal ones only once, with a `count`. */
  issues: ReportIssue[];
  /** Token counts, with the cache counters filled in where they follow from the others; absent if the vendor sent none. */
  usage?: ReportUsage | undefined;
  /** Cost of the answer; absent if unknown, never guessed. */
  cost?: Cost | undefined;
  /**
   * How many sends may have been billed, and cost nobody knows what: they are not in `cost`, so that a sum of costs is too
   * low by them. Absent for none.
   */
  unpriced?: number | undefined;
  /** Whether the model thought; absent for calls that do not involve thinking. */
  thinking?: ReportThinking | undefined;
  /** How much of the prompt came from the vendor's cache; absent where the vendor does not tell. */
  cache?: ReportCache | undefined;
  /** When things happened. */
  timings: Timings;
  /**
   * How the answer ended: `complete`, `length` (cut at the maximum of tokens), `reasoning_exhausted` (all tokens went into
   * thinking), `content_filter`, or `interrupted`, which every call has that failed without a whole answer; `running` until then.
   */
  completion: CompletionState;
}
