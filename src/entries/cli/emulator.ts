import type { EmulatorReply, EmulatorServer } from '../../testing/index.ts';
import { ChatError } from '../../index.ts';
import type { Command } from './command.ts';
import type { Arguments } from './read-arguments.ts';
import type { Terminal } from './terminal.ts';
import { stopped } from './terminal.ts';
import { allVendors } from './vendors.ts';

const help = `Starts the built-in emulator: every vendor on one port of this machine, without a key or a network.

Usage: deepseek-v4-flash emulator [options]

Options:
  --port <n>        the port (default: 4010; 0: one that is free)
  --delay-ms <n>    milliseconds before each event of a stream (default: 0)
  --strict          refuse fields that the vendor does not document
  --reply <text>    the content of every answer (default: an answer that fits the request)
  --error <kind>    answer with one of the vendor's errors, e.g. rate_limit, overloaded, insufficient_balance
  --fault <fault>   answer with a fault, e.g. noDone, cutAfterEvents:3,reset or status:503; may be given
                    several times, and then all of them apply in that order
  --every <n>       answer only every nth request with the error or the fault (default: 1, all of them)
  --list-faults     print the names of the faults
  --json            print the addresses as JSON
  -h, --help        print this

The addresses of the vendors go to standard output, a line for each request to standard error. Any key is
accepted, except "wrong". Ctrl-C ends it.
`;

export const emulator: Command = {
  summary: 'start the built-in vendors on a port of this machine',
  help,
  flags: {
    port: { type: 'string' },
    'delay-ms': { type: 'string' },
    strict: { type: 'boolean' },
    reply: { type: 'string' },
    error: { type: 'string' },
    fault: { type: 'string', multiple: true },
    every: { type: 'string' },
    'list-faults': { type: 'boolean' },
    json: { type: 'boolean' },
  },
  async run(given, terminal) {
    const { faultNames } = await import('./faults.ts');
    if (given.has('list-faults')) {
      terminal.print(`${faultNames().join('\n')}\n`);
      return 0;
    }
    const running = await start(given, terminal);
    printAddresses(running, given.has('json'), terminal);
    await stopped(terminal);
    await running.close();
    return 0;
  },
};

async function start(given: Arguments, terminal: Terminal): Promise<EmulatorServer> {
  const port = given.count('port', 0, 65_535) ?? 4010;
  const every = given.count('every', 1, 1_000_000) ?? 1;
  const delayMs = given.count('delay-ms', 0, 600_000);
  const { bad, good } = await repliesOf(given);
  const wrong = wordsFor(given.text('error'), given.texts('fault'));
  const { startEmulator } = await import('../../testing/index.ts');
  let count = 0;
  try {
    return await startEmulator({
      port,
      delayMs,
      strict: given.has('strict'),
      answer({ provider, method, path }) {
        const isBad = bad !== undefined && ++count % every === 0;
        terminal.tell(`${provider} ${method} ${path}${isBad ? `: ${wrong}` : ''}\n`);
        return isBad ? bad : good;
      },
    });
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EADDRINUSE') throw error;
    throw new ChatError(
      'invalid_options',
      `Port ${port} is in use. Choose another one with --port.`,
    );
  }
}

/** What goes wrong with an answer, in the words of the flags. */
function wordsFor(error: string | undefined, faults: readonly string[]): string {
  const what = faults.some((fault) => fault.startsWith('cut')) ? 'cut' : 'made faulty';
  const told = error === undefined ? [] : [`error ${error}`];
  return [...told, ...(faults.length > 0 ? [`${what} by ${faults.join(' ')}`] : [])].join(', ');
}

/** What is answered when it is to go wrong, and otherwise. */
async function repliesOf(
  given: Arguments,
): Promise<{ bad: EmulatorReply | undefined; good: EmulatorReply }> {
  const { checkReply, readFaults } = await import('./faults.ts');
  const content = given.text('reply');
  const good = content === undefined ? {} : { content };
  const kind = given.text('error');
  const fault = readFaults(given.texts('fault'));
  const error = kind === undefined ? undefined : ({ error: kind } as EmulatorReply);
  if (error !== undefined) checkReply(error);
  const bad = fault === undefined ? error : ({ answer: error ?? good, ...fault } as EmulatorReply);
  return { bad, good };
}

function printAddresses(running: EmulatorServer, asJSON: boolean, terminal: Terminal): void {
  const addresses = allVendors.map((each) => [each.id, running.baseURL(each)] as const);
  if (asJSON) {
    const vendors = Object.fromEntries(addresses);
    terminal.print(`${JSON.stringify({ url: running.url, vendors }, null, 2)}\n`);
    return;
  }
  const width = Math.max(...addresses.map(([id]) => id.length)) + 2;
  for (const [id, address] of addresses) terminal.print(`${id.padEnd(width)}${address}\n`);
  terminal.tell('\nGive one of these to a client as baseURL, with any key. Ctrl-C ends it.\n');
}
