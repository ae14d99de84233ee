/**
 * Where money is written down: in this process, or in a store that many share. One number for each key, what was spent and
 * what is reserved together, is all it takes: a process that dies leaves its reserve standing, and that is right, since
 * nobody knows what its calls cost.
 */
export interface SpendLedger {
  /**
   * Adds an amount, in one step with the check of the limit, and gives `true`; gives `false`, and adds nothing, if the sum
   * would be above the limit. Without a limit it is always added.
   *
   * @param usd an exact decimal, below zero to give back
   * @param limitUsd an exact decimal
   */
  addSpend(key: string, usd: string, limitUsd?: string): boolean | Promise<boolean>;
  /** The sum so far, as an exact decimal; `0` for a key that was never used. */
  readSpend(key: string): string | Promise<string>;
}
