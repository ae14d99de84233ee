/**
 * A token bucket an origin: retries help against single failures, and make an outage worse. 500 tokens; a retry takes 5
 * (10 after a timeout), an answer that needed none gives 1 back. The numbers are the AWS SDK's.
 */
export interface RetryBudget {
  /** Takes the tokens of one retry, if they are there. */
  take(origin: string, isTimeout: boolean): boolean;
  /** Gives one back. */
  refund(origin: string): void;
}

const capacity = 500;

export function createRetryBudget(): RetryBudget {
  const left = new Map<string, number>();
  return {
    take(origin, isTimeout) {
      const tokens = (left.get(origin) ?? capacity) - (isTimeout ? 10 : 5);
      if (tokens < 0) return false;
      left.set(origin, tokens);
      return true;
    },
    refund(origin) {
      const tokens = left.get(origin);
      if (tokens !== undefined) left.set(origin, Math.min(capacity, tokens + 1));
    },
  };
}
