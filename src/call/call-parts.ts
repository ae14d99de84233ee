import type { CallKind, Clocks } from './clocks.ts';
import { resolveClocks } from './clocks.ts';
import type { Lifetime } from './lifetime.ts';
import type { WatchCache } from './cache-care.ts';
import { createLifetime } from './lifetime.ts';
import type { AbortSignalLike } from '../internal/web.ts';
import type { ResolvedOptions } from '../options/options.ts';
import type { resolveCall } from '../options/resolve-options.ts';
import { Secrets } from '../outcome/redact.ts';
import { printable } from '../outcome/printable-report.ts';
import type { Report } from '../outcome/report.ts';
import { addIssue } from '../outcome/report-issues.ts';
import type { NoteIssue } from '../schema/issue.ts';
import type { RetryBudget } from '../traffic/retry-budget.ts';

/** What a client lends to each of its calls. */
export interface CallContext {
  options: ResolvedOptions;
  budget: RetryBudget;
  /** Aborted when the client is closed. */
  closing: AbortSignalLike;
  /** Absent if nobody watches the vendors' caches here. */
  watchCache?: WatchCache | undefined;
  /** Notified of the beginning and the end of each call; absent if calls are not counted here. */
  counts?: CallCounts | undefined;
}

/** Counts the calls of a client. */
export interface CallCounts {
  begin(): void;
  end(report: Report): void;
}

/** What the pieces of one call share: its attempts, its sends and its end. */
export interface CallParts {
  readonly options: ResolvedOptions;
  readonly budget: RetryBudget;
  readonly maxRetries: number;
  readonly clocks: Clocks;
  readonly lifetime: Lifetime;
  readonly report: Report;
  readonly note: NoteIssue;
  readonly counts: CallCounts | undefined;
  /** What no message of the call may repeat. */
  readonly secrets: Secrets;
  readonly watchCache: WatchCache | undefined;
  /** What is sent; empty until it is prepared. */
  body: Readonly<Record<string, unknown>>;
  /** Whether the request offers tools; known once it is prepared. */
  hasTools: boolean;
  /** Whether some of them are the vendor's own. */
  hasServerTools: boolean;
}

/** Starts the clocks of a call, and its report. */
export function createParts(
  { options, budget, closing, counts, watchCache }: CallContext,
  { timeout, maxRetries, deadlineMs, signal }: ReturnType<typeof resolveCall>,
  kind: CallKind,
): CallParts {
  const report = startReport(options.provider.id);
  counts?.begin();
  const clocks = resolveClocks(timeout, kind);
  const { totalMs } = clocks;
  const totalHint = kind === 'whole' ? '; for long answers use stream: true' : '';
  return {
    options,
    budget,
    maxRetries,
    clocks,
    lifetime: createLifetime({ signal, closing, totalMs, totalHint, deadlineMs }),
    report,
    note: (issue) => addIssue(report.issues, issue),
    counts,
    watchCache,
    body: {},
    secrets: new Secrets(),
    hasTools: false,
    hasServerTools: false,
  };
}

/** The report of a call that begins. */
export function startReport(provider: string): Report {
  return printable({
    provider,
    model: '',
    headers: {},
    attempts: [],
    adjustments: [],
    issues: [],
    timings: { startedAt: Date.now() },
    completion: 'running',
  });
}
