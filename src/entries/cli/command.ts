import type { Arguments, Flags } from './read-arguments.ts';
import type { Terminal } from './terminal.ts';

/** One of the commands. */
export interface Command {
  /** For the list of commands: one line. */
  readonly summary: string;
  readonly help: string;
  readonly flags: Flags;
  /** Resolves with the exit code. @throws ChatError `invalid_options` for what it was given wrong */
  run(given: Arguments, terminal: Terminal): Promise<number>;
}
