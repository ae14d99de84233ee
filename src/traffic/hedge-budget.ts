/** How many extra calls hedging may make. What failures cost is taken off it: when vendors fail, more calls are no help. */
export interface HedgeBudget {
  /** An ordinary call was made. */
  call(): void;
  /** Takes one extra call, if there is one. */
  take(): boolean;
  /** What was taken has not been sent. */
  giveBack(): void;
  /** A call failed, and another vendor is asked in its place. */
  failed(): void;
}

/** The cap on extra calls: that share of all calls over time, and `burst` at once. */
export interface MaxExtraCalls {
  share: number;
  burst: number;
}

/** In whole numbers: twenty times a twentieth must be one. */
const wholeCall = 1_000_000;

/** How many bursts may be owed: an hour without vendors is no reason for a day without hedges. */
const mostOwed = 5;

/** A token bucket, full at first, which ordinary calls fill. */
export function createHedgeBudget({ share, burst }: MaxExtraCalls): HedgeBudget {
  const gained = Math.round(share * wholeCall);
  // Without a burst the share still has to gather up to one call.
  const capacity = Math.max(1, burst) * wholeCall;
  let tokens = burst * wholeCall;
  const add = (more: number): void => {
    tokens = Math.max(-mostOwed * capacity, Math.min(capacity, tokens + more));
  };
  return {
    call: () => add(gained),
    giveBack: () => add(wholeCall),
    failed: () => add(-wholeCall),
    take() {
      if (tokens < wholeCall) return false;
      tokens -= wholeCall;
      return true;
    },
  };
}
