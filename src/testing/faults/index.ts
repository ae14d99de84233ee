import type { EmulatorFault } from '../emulator/reply.ts';
import { answerFaults } from './answers.ts';
import { cuts } from './cuts.ts';
import { eventFaults } from './events.ts';
import { headFaults } from './heads.ts';

/**
 * What can go wrong with an answer, exact to the byte: replies for {@link Emulator.reply} that change what the vendor
 * would have said, so that each fits every vendor, whole and streamed. Pauses wait on the global `setTimeout`: in memory,
 * fake timers drive them. Faults of the connection's own bytes need the socket of `startEmulator`.
 *
 * @example
 * emulator.reply(faults.cutAfterEvents(3, 'reset'), { ...faults.noDone(), answer: { content: 'Hello' } });
 * emulator.reply(faults.compose(faults.noFinish(), faults.oneByteWrites()));
 */
export const faults = {
  /** Several faults of one answer, each applied to what the one before it made; the last `answer` given is the vendor's. */
  compose: (...all: readonly EmulatorFault[]): EmulatorFault => ({
    fault: (response) => all.reduce((changed, { fault }) => fault(changed), response),
    answer: all.findLast(({ answer }) => answer !== undefined)?.answer,
  }),
  ...cuts,
  ...eventFaults,
  ...answerFaults,
  ...headFaults,
};
