import { raceSignal } from '../internal/abort.ts';
import { createLifetime } from './lifetime.ts';
import type { CallContext } from './call.ts';
import type { RequestOptions } from '../options/options.ts';
import { defaults } from '../options/options.ts';
import { resolveCall } from '../options/resolve-options.ts';

/** Waits for code of the user's, which may never come back, no longer than the call may take. */
export type Bound = <T>(work: Promise<T>) => Promise<T>;

/**
 * The bounds of a call, for what is done with its answer: its signal, its deadline, the end of the client, and the clock
 * over everything, which starts anew for each.
 */
export function boundByCall(
  { options, closing }: CallContext,
  given: RequestOptions<unknown> | null | undefined,
): Bound {
  return async (work) => {
    const { signal, deadlineMs, timeout } = resolveCall(options, given, 'whole');
    const totalMs = timeout.total ?? defaults.timeout.total.whole;
    const totalHint = '; its schema was still validating';
    const lifetime = createLifetime({ signal, closing, totalMs, totalHint, deadlineMs });
    try {
      return await raceSignal(work, lifetime.signal);
    } finally {
      lifetime.end();
    }
  };
}
