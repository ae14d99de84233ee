import type { TimeoutOptions } from '../options/options.ts';
import { defaults } from '../options/options.ts';
import type { ReadLimits } from './watched-body.ts';

/** Whether the answer comes piece by piece, or all at once. */
export type CallKind = 'streamed' | 'whole';

/** Every clock of one call, in milliseconds; `Infinity` for none. */
export interface Clocks extends ReadLimits {
  connectMs: number;
  headersMs: number;
  totalMs: number;
  unreadMs: number;
}

/** The clocks that were asked for, with every default filled in. */
export function resolveClocks(
  { connect, headers, idle, stall, total, unread }: TimeoutOptions,
  kind: CallKind,
): Clocks {
  const { timeout } = defaults;
  return {
    connectMs: connect ?? timeout.connect,
    headersMs: headers ?? timeout.headers[kind],
    idleMs: idle ?? timeout.idle,
    stallFirstMs: stall ?? timeout.stall.first,
    stallMs: stall ?? timeout.stall.later,
    totalMs: total ?? timeout.total[kind],
    unreadMs: unread ?? timeout.unread,
  };
}
