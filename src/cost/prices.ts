/** US dollars per million tokens, as decimal strings, on a date. */
export interface Prices {
  /** When the prices were read, `YYYY-MM-DD`. */
  date?: string | undefined;
  /** Prompt tokens from the cache. */
  cacheHit: string;
  /** Other prompt tokens. */
  cacheMiss: string;
  /** Answer tokens, reasoning included. */
  output: string;
  /** Hours with another price. */
  peak?:
    | {
        /** Price is multiplied by this. */
        factor: number;
        /** Hours of the day in UTC, from (inclusive) and to (exclusive). */
        hoursUTC: readonly (readonly [from: number, to: number])[];
        /** Days of the week in UTC, 0 is Sunday. */
        days: readonly number[];
        /** Days on which these hours have no other price; absent: there are none. */
        holidays?: Holidays | undefined;
      }
    | undefined;
}

/** Days off, as they were announced. */
export interface Holidays {
  /** The years of which all of them are listed. In any other year nobody here knows. */
  years: readonly number[];
  /** Days in UTC, `YYYY-MM-DD`, from and to (both inclusive). */
  days: readonly (readonly [from: string, to: string])[];
}

/** What the call cost. */
export interface Cost {
  /** US dollars as an exact decimal string, e.g. `0.000243`. */
  usd: string;
  /** `provider`: the vendor's own figure. `table`: the dated price table of this package. `pricing`: the caller's own prices. */
  source: 'provider' | 'table' | 'pricing';
  /** Date of the price table, `YYYY-MM-DD`. */
  priceDate?: string | undefined;
  /**
   * How many sends failed in a way that may have been billed, and cost nobody knows what. They are not in `usd`. Absent for
   * none.
   */
  unpriced?: number | undefined;
  /** A discount that the vendor mentions; its unit is not documented, so it is not subtracted. */
  discount?: number | string | undefined;
}
