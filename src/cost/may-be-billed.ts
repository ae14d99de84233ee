/** What of an attempt says whether it is paid for. */
export interface BilledAttempt {
  /** HTTP status, once a response head had arrived. */
  status?: number | undefined;
  /** How it failed; absent if it did not. */
  error?: string | undefined;
  /** `false` where the vendor documents that it does not bill an attempt that failed this way. */
  billed?: boolean | undefined;
}

/**
 * Whether a vendor may ask money for an attempt. Where it could not be reached, or refused the request, it has not worked on
 * it; of other failures nobody knows, but where its documentation says so.
 */
export function mayBeBilled({ status, error, billed }: BilledAttempt): boolean {
  if (billed === false) return false;
  if (status === undefined)
    return error === undefined || error === 'timeout' || error === 'aborted';
  return status < 400 || (status >= 500 && status !== 503 && status !== 529);
}
