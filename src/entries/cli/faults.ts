import type { EmulatorReply, EmulatorFault } from '../../testing/index.ts';
import { createEmulator, faults } from '../../testing/index.ts';
import { misuse } from './read-arguments.ts';

type MakeFault = (...options: unknown[]) => EmulatorFault;

/** Faults whose options can be written in a terminal: no functions. */
const notByFlag = ['compose', 'edit', 'text'];

/** The names of the faults that can be named by a flag. */
export function faultNames(): string[] {
  return Object.keys(faults).filter((name) => !notByFlag.includes(name));
}

/**
 * `cutAfterEvents:3,reset` → `faults.cutAfterEvents(3, 'reset')`; several are composed, in their order.
 *
 * @throws ChatError `invalid_options` for a name that does not exist, or options that it cannot use
 */
export function readFaults(texts: readonly string[]): EmulatorReply | undefined {
  if (texts.length === 0) return undefined;
  const reply = faults.compose(...texts.map(readFault));
  checkReply(reply);
  return reply;
}

function readFault(text: string): EmulatorFault {
  const [, name = '', options = ''] = /^(\w+):?(.*)$/s.exec(text) ?? [];
  if (!faultNames().includes(name)) {
    throw misuse(
      'fault',
      `There is no fault "${name}". The faults are ${faultNames().join(', ')}.`,
    );
  }
  const make = (faults as unknown as Record<string, MakeFault>)[name] as MakeFault;
  return make(...(options === '' ? [] : readOptions(text, options)));
}

/** A list with commas, or what stands between the brackets of a JSON list. */
function readOptions(text: string, options: string): unknown[] {
  if (!/[{["]/.test(options)) return options.split(',').map(readWord);
  try {
    return JSON.parse(`[${options}]`) as unknown[];
  } catch {
    throw misuse('fault', `The options of the fault "${text}" must be words or JSON, with commas.`);
  }
}

function readWord(word: string): unknown {
  const plain = word.trim();
  if (/^-?\d+(\.\d+)?$/.test(plain)) return Number(plain);
  return plain === 'true' || plain === 'false' ? plain === 'true' : plain;
}

/** @throws ChatError `invalid_options` now, and not at the first request */
export function checkReply(reply: EmulatorReply): void {
  createEmulator().reply(reply);
}
