/** How many extra calls hedging may make. */
export interface HedgeBudget {
  /** An ordinary call was made. */
  call(): void;
  /** Takes one extra call, if there is one. */
  take(): boolean;
}

/** The cap on extra calls: that share of all calls over time, and `burst` at once. */
export interface MaxExtraCalls {
  share: number;
  burst: number;
}

/** In whole numbers: twenty times a twentieth must be one. */
const wholeCall = 1_000_000;

/** A token bucket, full at first, which ordinary calls fill. */
export function createHedgeBudget({ share, burst }: MaxExtraCalls): HedgeBudget {
  const gained = Math.round(share * wholeCall);
  // Without a burst the share still has to gather up to one call.
  const capacity = Math.max(1, burst) * wholeCall;
  let tokens = burst * wholeCall;
  return {
    call() {
      tokens = Math.min(capacity, tokens + gained);
    },
    take() {
      if (tokens < wholeCall) return false;
      tokens -= wholeCall;
      return true;
    },
  };
}
