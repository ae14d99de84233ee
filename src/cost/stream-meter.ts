import { isPending } from '../internal/pending.ts';
import type { ChunkUsage } from '../schema/usage.ts';
import type { Reservation } from './budget.ts';
import { maxUsdOf, tenthsOfTokens } from './estimate.ts';
import type { Prices } from './prices.ts';

/** Watches that a stream costs no more than what is set aside for it. */
export interface StreamMeter {
  /**
   * A piece of content, reasoning or arguments has come. Gives whether the stream may go on: `true` at once for as long as
   * the reserve lasts, which costs some nanoseconds; a promise only where a shared ledger has to be asked for more.
   */
  text(piece: string): boolean | Promise<boolean>;
  /** The vendor has counted; that takes the place of our own estimate. */
  usage(usage: ChunkUsage): boolean | Promise<boolean>;
}

export interface StreamMeterOptions {
  reservation: Reservation;
  prices: Prices;
  /** For how many tokens of answer the reservation is enough. */
  answerTokens: number;
}

/** How many tokens of answer are set aside at a time once the reserve is used up. */
const stepTokens = 1_024;

/**
 * Counts by the characters, and by the vendor's own counts where the stream has them. Where the request limits the answer,
 * the vendor sees to it, and no meter is needed.
 */
export function createStreamMeter({
  reservation,
  prices,
  answerTokens,
}: StreamMeterOptions): StreamMeter {
  let allowedTenths = answerTokens * 10;
  let tenths = 0;
  const stepUsd = maxUsdOf(prices, 0, stepTokens);
  const extended = (isExtended: boolean): boolean | Promise<boolean> => {
    if (!isExtended) return false;
    allowedTenths += stepTokens * 10;
    return goOn();
  };
  const goOn = (): boolean | Promise<boolean> => {
    if (tenths <= allowedTenths) return true;
    // Without a price nothing more can be set aside.
    if (stepUsd === undefined) return false;
    const isExtended = reservation.extend(stepUsd);
    return isPending(isExtended) ? isExtended.then(extended) : extended(isExtended);
  };
  return {
    text(piece) {
      tenths += tenthsOfTokens(piece);
      return tenths <= allowedTenths || goOn();
    },
    usage({ completion_tokens: counted }) {
      if (typeof counted === 'number' && counted >= 0) tenths = counted * 10;
      return goOn();
    },
  };
}
