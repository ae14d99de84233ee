import type { EmulatorFault } from '../emulator/reply.ts';
import { bytesOf, eventData, indexOf, onWrites } from './places.ts';
import type { FaultEnd, FaultPlace } from './places.ts';
import { isBytes } from '../emulator/script.ts';
import type { EmulatorWrite } from '../emulator/script.ts';

// Answers that stop too early, and answers that come at an odd pace.

/** The writes up to a number of bytes, and then the end. Pauses before that stay. */
export function cutBytes(
  writes: readonly EmulatorWrite[],
  bytes: number,
  end: FaultEnd,
): EmulatorWrite[] {
  const encoder = new TextEncoder();
  const kept: EmulatorWrite[] = [];
  let left = bytes;
  for (const write of writes) {
    if (left <= 0) break;
    if (!isBytes(write)) {
      kept.push(write);
      continue;
    }
    const piece = typeof write === 'string' ? encoder.encode(write) : write;
    kept.push(piece.length <= left ? write : piece.subarray(0, left));
    left -= piece.length;
  }
  return end === 'end' ? kept : [...kept, end];
}

function splitBytes(writes: readonly EmulatorWrite[], between: EmulatorWrite[]): EmulatorWrite[] {
  const encoder = new TextEncoder();
  return writes.flatMap((write): EmulatorWrite[] => {
    if (!isBytes(write)) return [write];
    const piece = typeof write === 'string' ? encoder.encode(write) : write;
    return Array.from(piece, (byte) => [...between, Uint8Array.of(byte)]).flat();
  });
}

const times = (count: number, writes: EmulatorWrite[]): EmulatorWrite[] =>
  Array.from({ length: count }, () => writes).flat();

/** Something that is no content, a number of times or for ever, before an event; a whole answer knows only blank lines. */
function filled(
  text: string,
  options: {
    count?: number | undefined;
    everyMs?: number | undefined;
    at?: FaultPlace | undefined;
  },
): EmulatorFault {
  const { count = Infinity, everyMs = 10, at = 'first event' } = options;
  return onWrites((writes) => {
    const index = indexOf(writes, at);
    const isStream = writes.some((write) => eventData(write) !== undefined);
    const filler = isStream ? text : '\n';
    if (count === Infinity) return [...writes.slice(0, index), { repeat: filler, everyMs }];
    const filling = times(count, everyMs > 0 ? [{ delayMs: everyMs }, filler] : [filler]);
    return writes.toSpliced(index, 0, ...filling);
  });
}

export const cuts = {
  /**
   * Ends the body after a number of bytes. The client should say `stream_interrupted` with `partial` (`timeout` of
   * phase `idle` for `hang`), unless the finish_reason was among them.
   */
  cutAfterBytes: (bytes: number, end: FaultEnd = 'end'): EmulatorFault =>
    onWrites((writes) => cutBytes(writes, bytes, end)),

  /** Ends a stream after a number of events; the client should do as with `cutAfterBytes`. */
  cutAfterEvents: (events: number, end: FaultEnd = 'end'): EmulatorFault =>
    cuts.cutBefore(events, end),

  /** Ends a stream at a place; the client should do as with `cutAfterBytes`. A whole answer is cut in half. */
  cutBefore: (place: FaultPlace, end: FaultEnd = 'end'): EmulatorFault =>
    onWrites((writes) => {
      if (writes.every((write) => eventData(write) === undefined)) {
        const size = writes.reduce((sum, each) => sum + (isBytes(each) ? each.length : 0), 0);
        return cutBytes(writes, Math.ceil(size / 2), end);
      }
      const kept = writes.slice(0, indexOf(writes, place));
      return end === 'end' ? kept : [...kept, end];
    }),

  /** Sends the head and nothing after it; the client should say `timeout` of phase `idle`. */
  silence: (): EmulatorFault => onWrites(() => ['hang']),

  /** Sends the whole answer and leaves the connection open; the client should have the answer, and let go. */
  neverEnds: (): EmulatorFault => onWrites((writes) => [...writes, 'hang']),

  /** One byte a write, with a pause before each where one is given; the client should see no difference. */
  oneByteWrites: (everyMs = 0): EmulatorFault =>
    onWrites((writes) => splitBytes(writes, everyMs > 0 ? [{ delayMs: everyMs }] : [])),

  /** The whole answer in one write; the client should see no difference. */
  oneWrite: (): EmulatorFault =>
    onWrites((writes) => {
      const isPause = (write: EmulatorWrite): boolean =>
        typeof write === 'object' && 'delayMs' in write;
      const ends = writes.filter((write) => !isBytes(write) && !isPause(write));
      return [bytesOf(writes), ...ends];
    }),

  /** A pause before each write; the client should wait as long as `idle` and `stall` allow for each. */
  slow: (everyMs: number): EmulatorFault =>
    onWrites((writes) => writes.flatMap((write) => [{ delayMs: everyMs }, write])),

  /** A pause at a place; the client should wait as long as `idle` and `stall` allow. */
  pause: (delayMs: number, at: FaultPlace = 'start'): EmulatorFault =>
    onWrites((writes) => writes.toSpliced(indexOf(writes, at), 0, { delayMs })),

  /** Comments (blank lines, before a whole answer), a number of them or for ever; the client should wait as long as `stall` allows. */
  comments: (options: FillOptions = {}): EmulatorFault => filled(': keep-alive\n\n', options),

  /** Blank lines, a number of them or for ever; the client should wait as long as `stall` allows. */
  blankLines: (options: FillOptions = {}): EmulatorFault => filled('\n', options),

  /** A line that never ends; the client should say `limit_exceeded` before it holds more than its limit. */
  endlessLine: (pieceBytes = 65_536): EmulatorFault =>
    onWrites(() => ['data: {"', { repeat: 'a'.repeat(pieceBytes), everyMs: 0 }]),
};

/** How many, how often, and before what; for ever where no count is given. */
export interface FillOptions {
  /** How many; `Infinity` for ever, so that nothing comes after them. @default Infinity */
  count?: number | undefined;
  /** Milliseconds before each. @default 10 */
  everyMs?: number | undefined;
  /** What they come before. @default 'first event' */
  at?: FaultPlace | undefined;
}
