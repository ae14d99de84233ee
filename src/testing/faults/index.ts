import { answerFaults } from './answers.ts';
import { cuts } from './cuts.ts';
import { eventFaults } from './events.ts';
import { headFaults } from './heads.ts';
import { compose, ordered } from './order.ts';
import type { Order } from './order.ts';
import type { FaultPlace } from './places.ts';

const ofEvents: Order = { takes: 'events' };
const ofAnything: Order = { takes: 'connection' };
const cutting: Order = { takes: 'connection', leaves: 'bytes' };
const ofHeaders: Order = { takes: 'bytes' };
const ofBody: Order = { takes: 'bytes', leaves: 'bytes' };
const ofConnection: Order = { takes: 'connection', leaves: 'connection' };
const framing: Order = { takes: 'bytes', leaves: 'connection' };
const another: Order = { takes: 'connection', leaves: 'events' };

/** The two ends of an answer are there in any form; every other place is that of an event. */
const placed = (at: FaultPlace): Order =>
  at === 'start' || at === 'after done' ? ofAnything : ofEvents;

/** The functions of {@link faults}. */
// Named parts, since declarations keep the comments of those, and not of what they are spread into.
export interface Faults extends CutFaults, EventFaults, AnswerFaults, HeadFaults {
  /**
   * Several faults of one answer, each applied to what the one before it made; the last `answer` given is the vendor's.
   * Faults of events come before faults of bytes, and those before faults of the connection.
   *
   * @throws ChatError `invalid_options` for an order in which one of them would find nothing to change
   */
  compose: typeof compose;
}

type CutFaults = typeof cuts;
type EventFaults = typeof eventFaults;
type AnswerFaults = typeof answerFaults;
type HeadFaults = typeof headFaults;

/**
 * What can go wrong with an answer, exact to the byte: replies for {@link Emulator.reply} that change what the vendor
 * would have said, so that each fits every vendor, whole and streamed. Pauses wait on the global `setTimeout`: in memory,
 * fake timers drive them. Faults of the connection's own bytes need the socket of `startEmulator`.
 *
 * @example
 * emulator.reply(faults.cutAfterEvents(3, 'reset'), { ...faults.noDone(), answer: { content: 'Hello' } });
 * emulator.reply(faults.compose(faults.noFinish(), faults.oneByteWrites()));
 */
export const faults: Faults = {
  compose,
  .../* @__PURE__ */ ordered(
    { ...cuts, ...eventFaults, ...answerFaults, ...headFaults },
    {
      cutAfterBytes: cutting,
      cutAfterEvents: ofEvents,
      cutBefore: ofEvents,
      silence: ofAnything,
      neverEnds: ofAnything,
      oneByteWrites: cutting,
      oneWrite: cutting,
      slow: ofAnything,
      pause: (_delayMs, at = 'start') => placed(at),
      comments: ofEvents,
      blankLines: ofEvents,
      endlessLine: ofBody,
      insert: placed,
      edit: ofEvents,
      errorFrame: ofEvents,
      malformedEvent: ofEvents,
      noFinish: ofEvents,
      noDone: ofEvents,
      noEnd: ofEvents,
      doneAs: ofEvents,
      finishReason: ofEvents,
      finishTwice: ofEvents,
      usage: ofEvents,
      badUtf8: ofEvents,
      hugeEvent: ofEvents,
      // A changed event would have the usual ends of lines again.
      lineEnds: { takes: 'events', leaves: 'bytes' },
      status: another,
      retryAfter: another,
      redirect: another,
      headers: ofHeaders,
      largeHead: ofHeaders,
      manyHeaders: ofHeaders,
      webPage: another,
      text: ofBody,
      gzip: ofBody,
      notStreamed: ofEvents,
      streamedAnyway: ofEvents,
      raw: ofConnection,
      noAnswer: ofConnection,
      lateHead: ofConnection,
      cutHead: ofConnection,
      dribbledHead: ofConnection,
      notHttp: ofConnection,
      falseLength: framing,
      twoLengths: framing,
      lengthAndChunks: framing,
      brokenChunk: ofConnection,
      closeDelimited: framing,
      informational: ofConnection,
    },
  ),
};
