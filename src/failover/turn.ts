import type { Asked } from '../call/ask.ts';
import type { VendorCall } from '../traffic/vendor-traffic.ts';
import type { Candidate } from './candidate.ts';
import type { Reserved } from './spending.ts';

/** One vendor's turn: what it is asked, and its place among the calls there. */
export interface Turn {
  readonly candidate: Candidate;
  readonly asked: Asked;
  readonly call: VendorCall;
  readonly startedAtMs: number;
  /** Money that was set aside for it, under a limit. */
  readonly reserved: Reserved | undefined;
}

/** Whom a turn may be given to. */
export type MayServe = (candidate: Candidate) => boolean;
