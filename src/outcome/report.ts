import type { ChatErrorCode, TimeoutPhase } from './error-codes.ts';
import type { ReportUsage } from '../schema/usage.ts';
import type { ReportIssue } from '../schema/issue.ts';
import type { Cost } from '../cost/prices.ts';

/** One difference between what was asked and what was sent. */
export interface Adjustment {
  /** Dotted path in the caller's request, e.g. `messages.0.role`. */
  param: string;
  /**
   * What was done: `ineffective` means sent although the vendor says it has no effect; `rerouted` means sent to another
   * path of the same vendor.
   */
  action: 'renamed' | 'mapped' | 'clamped' | 'dropped' | 'added' | 'rerouted' | 'ineffective';
  /** Whether the answer may differ from what was asked for. Lossy ones warn, or are refused with `onUnsupported: 'error'`. */
  lossy: boolean;
  /** What the caller wrote; `null` if nothing. */
  from: unknown;
  /** What was sent; `null` if nothing. */
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
  /** How long it took until it failed or the answer was whole, in milliseconds. */
  durationMs: number;
  /** HTTP status, once a response head had arrived. */
  status?: number | undefined;
  /** The vendor's id for this attempt. */
  requestId?: string | undefined;
  /** How it failed; absent if it did not. */
  error?: ChatErrorCode | undefined;
  /** Which clock ended it, if one did. */
  phase?: TimeoutPhase | undefined;
  /** How long we waited after it before the next attempt, in milliseconds. */
  waitedMs?: number | undefined;
  /** `false` where the vendor documents that it does not bill an attempt that failed this way; absent if unknown. */
  billed?: boolean | undefined;
}

/** When things happened, in milliseconds since `startedAt`. */
export interface Timings {
  /** When the call began, epoch milliseconds. */
  startedAt: number;
  /** How long the call waited for its place, where calls at the same time are limited; absent if it did not. */
  queuedMs?: number | undefined;
  /** Response head of the attempt that answered. */
  headersMs?: number | undefined;
  /** First event with reasoning text. */
  firstReasoningMs?: number | undefined;
  /** First event with content or a tool call. */
  firstContentMs?: number | undefined;
  /** End of the call. */
  totalMs?: number | undefined;
}

/** Whether the model thought, against what it was asked to do. */
export interface ReportThinking {
  /** What was asked of it; `default` if nothing was. A forced tool choice that rules thinking out asks for `disabled`. */
  asked: 'enabled' | 'disabled' | 'default';
  /** What the vendor does when nothing is asked; only where `asked` is `default`. */
  byDefault?: 'on' | 'off' | 'unknown' | undefined;
  /** Whether the answer came with reasoning text or a count of reasoning tokens; `false` until it did. */
  seen: boolean;
}

/** What kind of end the answer had. */
export type CompletionState =
  /** The call has not ended yet. */
  | 'running'
  /** The answer is whole. */
  | 'complete'
  /** `max_tokens` or the context ran out. */
  | 'length'
  /** As `length`, but every token went into reasoning and there is no content. */
  | 'reasoning_exhausted'
  | 'content_filter'
  /** The vendor stopped in the middle, or gave a reason that is not known to be a good one; or the call failed. */
  | 'interrupted';

/** What happened during a call. Safe to log as JSON: it holds no key, no prompt and no answer. */
export interface Report {
  /** Id of the vendor. */
  provider: string;
  /** The model id that was sent. */
  model: string;
  /** The model that the answer names, in the vendor's words; absent if it names none. */
  answeredBy?: string | undefined;
  /** The vendor's id for the request, from its own header. */
  requestId?: string | undefined;
  /** Response headers, without cookies. */
  headers: Record<string, string>;
  /** Every send, the last one last. */
  attempts: Attempt[];
  /** Every difference between the request and what was sent. */
  adjustments: Adjustment[];
  /** Oddities of the answer; at most 100, and equal ones once, with their `count`. */
  issues: ReportIssue[];
  /** Token counts, with the cache counters filled in where they follow from the others; absent if the vendor gave none. */
  usage?: ReportUsage | undefined;
  /** Cost of the answer; absent where unknown, never guessed. */
  cost?: Cost | undefined;
  /** Whether the model thought; absent where the call has nothing to do with thinking. */
  thinking?: ReportThinking | undefined;
  /** When things happened. */
  timings: Timings;
  /** What kind of end the answer had. */
  completion: CompletionState;
}
