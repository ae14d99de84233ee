import type { EmulatorFault } from '../emulator/reply.ts';
import {
  asEvent,
  asJSON,
  choiceOf,
  eventData,
  indexOf,
  isDone,
  isFinish,
  onWrites,
} from './places.ts';
import type { Fields, FaultPlace } from './places.ts';
import type { EmulatorWrite } from '../emulator/script.ts';

// Events that are broken, missing, twice there, or not the vendor's.

const insert = (at: FaultPlace, ...added: EmulatorWrite[]): EmulatorFault =>
  onWrites((writes) => writes.toSpliced(indexOf(writes, at), 0, ...added));

const edit = (change: (json: Fields, index: number) => unknown): EmulatorFault =>
  onWrites((writes) => {
    let index = 0;
    return writes.flatMap((write): EmulatorWrite[] => {
      const json = asJSON(write);
      if (json === undefined) return [write];
      const changed = change(json, index++);
      if (changed === undefined) return [];
      return [eventData(write) === undefined ? JSON.stringify(changed) : asEvent(changed)];
    });
  });

/** Changes the event with the finish_reason into none, one or several. */
const atFinish = (change: (json: Fields, choice: Fields) => unknown[]): EmulatorFault =>
  onWrites((writes) =>
    writes.flatMap((write): EmulatorWrite[] => {
      const json = asJSON(write);
      const choice = choiceOf(json);
      if (json === undefined || choice === undefined || !isFinish(write)) return [write];
      const isStreamed = eventData(write) !== undefined;
      return change(json, choice).map((each) =>
        isStreamed ? asEvent(each) : JSON.stringify(each),
      );
    }),
  );

const plainError = {
  message: 'The upstream model failed',
  type: 'server_error',
  param: null,
  code: 'internal_error',
};

/** What an error frame holds, and where it is. */
export interface ErrorFrameOptions {
  /** What it comes before. @default 'middle' */
  at?: FaultPlace | undefined;
  /** What is in its field `error`. @default a `server_error` */
  error?: unknown;
  /** Send it as `event: error`. @default false */
  named?: boolean | undefined;
  /** Leave out everything after it. @default false */
  last?: boolean | undefined;
}

export const eventFaults = {
  /** Any bytes, at any place: what the client should make of them is up to you. */
  insert,

  /** Changes each event, or a whole answer, as JSON; `undefined` leaves an event out. What the client should make of it is up to you. */
  edit,

  /**
   * An error in a stream. First, the client should throw it as if it had a status, and send again if it is of that
   * kind; later, it should throw it with `partial`, and send nothing. A whole answer becomes the error.
   */
  errorFrame: (options: ErrorFrameOptions = {}): EmulatorFault =>
    onWrites((writes) => {
      const { at = 'middle', error = plainError, named = false, last = false } = options;
      const body = JSON.stringify({ error });
      if (!writes.some((write) => eventData(write) !== undefined)) return [body];
      const index = indexOf(writes, at);
      const frame = `${named ? 'event: error\n' : ''}data: ${body}\n\n`;
      return [...writes.slice(0, index), frame, ...(last ? [] : writes.slice(index))];
    }),

  /** An event that is cut off in its middle and closed all the same; the client should say `invalid_response`, with `partial`. */
  malformedEvent: (at: FaultPlace = 'middle'): EmulatorFault =>
    insert(at, 'data: {"choices":[{"index":0,"delta":{"content":"half of\n\n'),

  /** Leaves the finish_reason out, and keeps `[DONE]`; the client should say `stream_interrupted`: `[DONE]` proves nothing. */
  noFinish: (): EmulatorFault =>
    atFinish((json, choice) => [{ ...json, choices: [{ ...choice, finish_reason: null }] }]),

  /** Leaves `[DONE]` out; the client should have the answer. */
  noDone: (): EmulatorFault => onWrites((writes) => writes.filter((write) => !isDone(write))),

  /** Leaves out finish_reason and `[DONE]`; the client should say `stream_interrupted`, with `partial`. */
  noEnd: (): EmulatorFault =>
    onWrites((writes) => writes.filter((write) => !isDone(write) && !isFinish(write))),

  /** Spells `[DONE]` in another way; the client should take it with blanks around it, and no other. */
  doneAs: (text: string): EmulatorFault =>
    onWrites((writes) => writes.map((write) => (isDone(write) ? text : write))),

  /** Another finish_reason; the client should hand it on, and call the answer `interrupted` where it says so. */
  finishReason: (finish_reason: string): EmulatorFault =>
    atFinish((json, choice) => [{ ...json, choices: [{ ...choice, finish_reason }] }]),

  /** The finish_reason twice, with the usage on the second one; the client should have one answer, and its usage. */
  finishTwice: (second?: string): EmulatorFault =>
    atFinish((json, choice) => {
      const { usage: _usage, ...first } = json;
      const again = { ...choice, delta: {}, finish_reason: second ?? choice.finish_reason };
      return [first, { ...json, choices: [again] }];
    }),

  /**
   * Another `usage`, or none for `undefined`; on the finish, on an event of its own after it, or on each event. The
   * client should have the last that can be read, note what cannot, and make up no number.
   */
  usage: (
    usage: unknown,
    on: 'finish' | 'an event of its own' | 'every event' = 'finish',
  ): EmulatorFault => ({
    fault(response) {
      const without = edit(({ usage: _usage, ...json }) => json).fault(response);
      if (usage === undefined) return without;
      if (on === 'every event') return edit((json) => ({ ...json, usage })).fault(without);
      if (on === 'finish') return atFinish((json) => [{ ...json, usage }]).fault(without);
      return insert('after finish', asEvent({ choices: [], usage })).fault(without);
    },
  }),

  /** A byte that is not valid UTF-8 at the start of the first text; the client should put U+FFFD in its place. */
  badUtf8: (): EmulatorFault =>
    onWrites((writes) => {
      const place = /"content":"(?=[^"])/;
      const index = writes.findIndex((write) => typeof write === 'string' && place.test(write));
      if (index === -1) return writes;
      const [before = '', after = ''] = (writes[index] as string).split(/(?<="content":")(?=[^"])/);
      return writes.toSpliced(index, 1, before, Uint8Array.of(0xff), after);
    }),

  /** An event whose data has exactly this size; the client should take it up to its limit, and say `limit_exceeded` beyond. */
  hugeEvent: (bytes: number, at: FaultPlace = 'before finish'): EmulatorFault =>
    onWrites((writes) => {
      // A whole answer has no events.
      if (writes.every((write) => eventData(write) === undefined)) return writes;
      const opened = writes.map(asJSON).find((json) => choiceOf(json) !== undefined);
      const sized = (content: string): string =>
        JSON.stringify({
          ...opened,
          choices: [{ index: 0, delta: { content }, finish_reason: null }],
        });
      const padding = 'a'.repeat(Math.max(0, bytes - sized('').length));
      return writes.toSpliced(indexOf(writes, at), 0, `data: ${sized(padding)}\n\n`);
    }),

  /** Other ends of lines; the client should see no difference. */
  lineEnds: (lineEnd: '\r\n' | '\r'): EmulatorFault =>
    onWrites((writes) =>
      writes.map((write) =>
        typeof write === 'string' && /\n/.test(write) ? write.replaceAll('\n', lineEnd) : write,
      ),
    ),
};
