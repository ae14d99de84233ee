import type { RequestOptions } from '../options/options.ts';
import type { resolveCall } from '../options/resolve-options.ts';
import type { Hooks } from '../options/spectators.ts';
import type { AbortSignalLike } from '../internal/web.ts';
import type { Clock } from '../internal/clock.ts';
import type { ReportIssue } from '../schema/issue.ts';
import type { HedgeBudget } from '../traffic/hedge-budget.ts';
import type { Candidate } from './candidate.ts';
import type { Asked } from '../call/ask.ts';
import type { TotalsCounter } from '../cost/totals.ts';
import type { Order } from './order.ts';
import type { Spending } from './spending.ts';

/** What a client of several vendors was configured with. */
export interface FailoverRules {
  /** In the user's order. */
  readonly candidates: readonly [Candidate, ...Candidate[]];
  /** There is but one vendor, which is asked again by its own call. */
  readonly isAlone: boolean;
  readonly order: Order;
  readonly onInterrupted: 'error' | 'restart' | 'continue';
  readonly onUnsupported: 'warn' | 'adjust' | 'error';
  readonly hedge: HedgeRule | undefined;
  /** How long a call waits for the first vendor to come back, if none can be called. */
  readonly maxWaitMs: number;
  /** The limits on money of a call; `undefined` without any. @throws ChatError `invalid_options` */
  spending(asked: Pick<Asked, 'options' | 'run'>): Spending | undefined;
  /** Others may hold places that this process knows nothing of. */
  readonly isShared: boolean;
  /** What the report of a call under a limit says of where its money is written down. */
  spendIssue(): ReportIssue | undefined;
  readonly totals: TotalsCounter;
  readonly hooks: Hooks;
  /** Aborted when the client is closed. */
  readonly closing: AbortSignalLike;
  readonly clock: Clock;
  /** The options of one call. */
  resolve(
    given: RequestOptions<unknown> | null | undefined,
    kind: 'streamed' | 'whole',
  ): ReturnType<typeof resolveCall> & { totalMs: number; unreadMs: number };
}

/** When a second vendor is asked, because the first one has been silent. */
export interface HedgeRule {
  /** So many milliseconds after a call was sent; `undefined` while nobody knows. */
  afterMs(candidate: Candidate): number | undefined;
  readonly budget: HedgeBudget;
}
