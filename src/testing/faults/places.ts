import type { EmulatorFault } from '../emulator/reply.ts';
import { isBytes } from '../emulator/script.ts';
import type { EmulatorWrite, PlayedResponse } from '../emulator/script.ts';

// What the faults read of an answer: which of its writes are events, and where in it something can be put.

/** JSON of an event or of a whole answer. */
export type Fields = Record<string, unknown>;

/** A place in an answer. A number is that event, from 0; a whole answer has only its beginning and its end. */
export type FaultPlace =
  | 'start'
  | 'first event'
  | 'middle'
  | 'before finish'
  | 'after finish'
  | 'after done'
  | number;

/** How a connection ends: properly, by FIN, by RST, or not at all. */
export type FaultEnd = 'end' | 'fin' | 'reset' | 'hang';

/** A fault that changes the writes alone. */
export function onWrites(
  change: (writes: readonly EmulatorWrite[]) => readonly EmulatorWrite[],
): EmulatorFault {
  return onResponse((response) => ({ ...response, writes: change(response.writes) }));
}

export function onResponse(change: (response: PlayedResponse) => PlayedResponse): EmulatorFault {
  return { fault: change };
}

/** The data of an event; `undefined` if a write is not an event. */
export function eventData(write: EmulatorWrite): string | undefined {
  if (typeof write !== 'string') return undefined;
  return /^(?:event:.*\n)?data: ?(.*)/.exec(write)?.[1];
}

/** An event, or a whole answer, as JSON. */
export function asJSON(write: EmulatorWrite): Fields | undefined {
  if (typeof write !== 'string' || !isBytes(write)) return undefined;
  try {
    const value: unknown = JSON.parse(eventData(write) ?? write);
    return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}

export function asEvent(json: unknown): string {
  return `data: ${JSON.stringify(json)}\n\n`;
}

/** The first choice of an event or of a whole answer. */
export function choiceOf(json: Fields | undefined): Fields | undefined {
  const [choice] = Array.isArray(json?.choices) ? (json.choices as unknown[]) : [];
  return typeof choice === 'object' && choice !== null ? (choice as Fields) : undefined;
}

export function isFinish(write: EmulatorWrite): boolean {
  return choiceOf(asJSON(write))?.finish_reason != null;
}

export function isDone(write: EmulatorWrite): boolean {
  return eventData(write)?.trim() === '[DONE]';
}

/** Index of the write before which something at this place belongs. */
export function indexOf(writes: readonly EmulatorWrite[], place: FaultPlace): number {
  const events = writes.flatMap((write, index) => (eventData(write) === undefined ? [] : [index]));
  const at = (event: number): number => events[event] ?? writes.length;
  const finish = events.findIndex((index) => isFinish(writes[index] as EmulatorWrite));
  // A stream without a finish is all beginning.
  const last = finish === -1 ? events.length : finish;
  switch (place) {
    case 'start':
      return 0;
    case 'first event':
      return events.length === 0 ? 0 : at(0);
    case 'middle':
      return at(Math.ceil(last / 2));
    case 'before finish':
      return at(last);
    case 'after finish':
      return at(last + 1);
    case 'after done':
      return writes.length;
    default:
      // A place that does not exist would leave the answer as it is.
      if (!Number.isInteger(place)) throw new TypeError(`There is no place "${place}"`);
      return at(place);
  }
}

/** All bytes of an answer in one piece, without its pauses. */
export function bytesOf(writes: readonly EmulatorWrite[]): Uint8Array {
  const encoder = new TextEncoder();
  const pieces = writes
    .filter(isBytes)
    .map((write) => (typeof write === 'string' ? encoder.encode(write) : write));
  const bytes = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
