import type { Asker } from '../call/ask.ts';
import type { Estimate } from '../cost/call-estimate.ts';
import type { Prices } from '../cost/prices.ts';
import type { VendorTraffic } from '../traffic/vendor-traffic.ts';

/** One of several vendors that may answer a call. What depends on a vendor is asked here, and nowhere looked up. */
export interface Candidate {
  /** What it is called in reports and in `health()`; unique among the candidates of a client. */
  readonly name: string;
  /** Id of the vendor. */
  readonly provider: string;
  /** Asks once: whoever moves on to another vendor does not wait for the same one again. */
  readonly asker: Asker;
  readonly traffic: VendorTraffic;
  /** Whether it can go on with an answer that broke off. */
  readonly canContinue: boolean;
  /** Which generation of the model it serves under a name; `undefined` if nobody knows. */
  generationOf(model: unknown): string | undefined;
  /** @throws ChatError `invalid_request` */
  estimate(params: unknown): PricedEstimate | Promise<PricedEstimate>;
}

/** An {@link Estimate}, and what it was made of. */
export interface PricedEstimate extends Estimate {
  prices: Prices | undefined;
  /** How many tokens of answer it reckons with, and whether the request ends the answer there. */
  answerTokens: number;
  isLimited: boolean;
}
