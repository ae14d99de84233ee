import type { ParseArgsConfig } from 'node:util';
import { parseArgs } from 'node:util';
import { ChatError } from '../../index.ts';

export type Flags = NonNullable<ParseArgsConfig['options']>;

/** What a command is: its text of help, its flags, and what it does. */
export interface Arguments {
  /** Texts of flags; of one that may be given several times, all of them. */
  text(name: string): string | undefined;
  texts(name: string): string[];
  has(name: string): boolean;
  /** A whole number. @throws ChatError `invalid_options` */
  count(name: string, least: number, most: number): number | undefined;
  readonly words: readonly string[];
}

/** A command that cannot be run as it was given: exit code 2. */
export function misuse(param: string, message: string): ChatError {
  return new ChatError('invalid_options', message, param === '' ? {} : { param });
}

/** @throws ChatError `invalid_options` for a flag that does not exist, or lacks its value */
export function readArguments(args: readonly string[], flags: Flags): Arguments {
  const { values, positionals } = parsed(args, flags);
  const texts = (name: string): string[] =>
    [values[name] ?? []].flat().filter((value) => typeof value === 'string');
  return {
    words: positionals,
    has: (name) => values[name] === true,
    texts,
    text: (name) => texts(name).at(-1),
    count(name, least, most) {
      const text = texts(name).at(-1);
      if (text === undefined) return undefined;
      const value = /^\d+$/.test(text) ? Number(text) : NaN;
      if (value >= least && value <= most) return value;
      throw misuse(name, `--${name} must be a whole number from ${least} to ${most}.`);
    },
  };
}

type Values = Record<string, string | boolean | (string | boolean)[] | undefined>;

function parsed(args: readonly string[], flags: Flags): { values: Values; positionals: string[] } {
  try {
    return parseArgs({
      args: [...args],
      options: { ...flags, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    // Node's own words, up to the first full stop: what follows is about dashes.
    const [sentence = ''] = (error as Error).message.split(/[.\n]/);
    throw misuse('', `${sentence}.`);
  }
}
