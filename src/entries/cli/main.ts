import { isChatError, providers } from '../../index.ts';
import { chat } from './chat.ts';
import type { Command } from './command.ts';
import { doctor } from './doctor/index.ts';
import { emulator } from './emulator.ts';
import { gateway } from './gateway.ts';
import { readArguments } from './read-arguments.ts';
import type { Terminal } from './terminal.ts';

const commands: Readonly<Record<string, Command>> = { chat, doctor, emulator, gateway };

const help = `deepseek-v4-flash: DeepSeek V4 Flash from the terminal.

Usage: deepseek-v4-flash <command> [options]

Commands:
${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`)
  .join('\n')}

Each command has its own --help. Results go to standard output, everything else to standard error.
Exit codes: 0 done, 1 failed, 2 the command was not understood, 130 stopped with Ctrl-C.

Keys are read from the environment:
${Object.values(providers)
  .map(({ id, profile }) => `  ${id.padEnd(12)}${profile.apiKeyVariables.join(' or ')}`)
  .join('\n')}
`;

/** Runs a command. Never rejects. @returns the exit code */
export async function main(given: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...args] = given;
  if (name === '--help' || name === '-h' || name === 'help') {
    terminal.print(help);
    return 0;
  }
  if (name === undefined) {
    terminal.tell(help);
    return 2;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    const known = Object.keys(commands).join(', ');
    terminal.tell(`There is no command "${name}". The commands are ${known}.\n`);
    return 2;
  }
  try {
    const read = readArguments(args, command.flags);
    if (read.has('help')) {
      terminal.print(command.help);
      return 0;
    }
    return await command.run(read, terminal);
  } catch (error) {
    if (isChatError(error, 'invalid_options')) {
      terminal.tell(`${error.message}\nSee: deepseek-v4-flash ${name} --help\n`);
      return 2;
    }
    terminal.tell(`\n${isChatError(error) ? `${error.code}: ${error.message}` : String(error)}\n`);
    return 1;
  }
}
