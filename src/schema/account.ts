/** A list of models. */
export interface ModelList {
  object: 'list';
  /** The models. */
  data: Model[];
  /**
   * Vendors whose list could not be had, where others gave theirs; absent if there are none, and not enumerable. Those
   * that document no list, or have no key, are not among them.
   */
  readonly failures?: readonly ModelListFailure[] | undefined;
}

/** A vendor whose list of models could not be had. */
export interface ModelListFailure {
  /** The name of the vendor. */
  provider: string;
  /** Why its list could not be had: a `ChatError`. */
  error: Error;
}

/** One model; fields that are not listed are kept. */
export interface Model {
  /** What the vendor calls it. */
  id: string;
  object?: string | undefined;
  /** Unix seconds. */
  created?: number | undefined;
  /** Who owns it, as the vendor says. */
  owned_by?: string | undefined;
  /** The vendor that offers it; only set by a client of several vendors. */
  provider?: string | undefined;
}

/** What is left on the account. */
export interface Balance {
  /** Whether the balance suffices for calls. */
  available: boolean;
  /** ISO 4217 code; absent if the vendor does not say. */
  currency?: string | undefined;
  /** Decimal string. */
  total: string;
  /** The vendor's response, unchanged. */
  raw: unknown;
}
