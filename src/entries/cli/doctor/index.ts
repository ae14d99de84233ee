import type { Client, ClientOptions, Provider } from '../../../index.ts';
import { createClient } from '../../../index.ts';
import type { Command } from '../command.ts';
import type { Arguments } from '../read-arguments.ts';
import type { Terminal } from '../terminal.ts';
import { allVendors, findVendor, keyOf, requireKey } from '../vendors.ts';
import type { Examination } from './checks.ts';
import { judge, judgeFailure, look } from './checks.ts';
import { tableOf } from './table.ts';

const help = `Asks each vendor whose key is set, and compares what it does with what this package believes of it.

Usage: deepseek-v4-flash doctor [options] [vendor…]

Options:
  --emulator        ask the built-in emulator, whatever keys are set
  --timeout-ms <n>  how long each of the calls may take (default: 60000)
  --json            print the result as JSON
  -h, --help        print this

A vendor gets two small calls of at most 300 tokens each, which cost far less than a cent. Without any key, the
built-in emulator is asked, which proves the package and says nothing about the vendors.
The table goes to standard output, progress to standard error. The exit code is 1 if a call failed, or if
something differs from what the package believes.
`;

export const doctor: Command = {
  summary: 'compare what the vendors do with what this package believes',
  help,
  flags: {
    emulator: { type: 'boolean' },
    'timeout-ms': { type: 'string' },
    json: { type: 'boolean' },
  },
  async run(given, terminal) {
    const total = given.count('timeout-ms', 1, 3_600_000) ?? 60_000;
    const { vendors, options, source } = await patients(given, terminal);
    const stopping = new AbortController();
    const remove = terminal.onStop(() => stopping.abort());
    try {
      const examinations = await Promise.all(
        vendors.map((vendor) =>
          examine(vendor, { ...options(vendor), timeout: total }, { terminal, stopping }),
        ),
      );
      if (stopping.signal.aborted) return 130;
      terminal.print(
        given.has('json')
          ? `${JSON.stringify({ source, vendors: examinations }, null, 2)}\n`
          : tableOf(examinations),
      );
      const isWell = examinations.every(({ checks }) =>
        checks.every(({ verdict }) => verdict === 'ok'),
      );
      return isWell ? 0 : 1;
    } finally {
      remove();
    }
  },
};

/** Who is asked, how, and whether it is the vendors themselves. */
async function patients(
  given: Arguments,
  terminal: Terminal,
): Promise<{
  vendors: readonly Provider[];
  options(vendor: Provider): ClientOptions;
  source: 'vendors' | 'emulator';
}> {
  const named = given.words.map(findVendor);
  const withKey = allVendors.filter((each) => keyOf(each, terminal) !== undefined);
  if (withKey.length > 0 && !given.has('emulator')) {
    for (const vendor of named) requireKey(vendor, terminal);
    return {
      vendors: named.length > 0 ? named : withKey,
      options: (provider) => ({ provider, apiKey: requireKey(provider, terminal) }),
      source: 'vendors',
    };
  }
  const why = given.has('emulator') ? '' : ', since no key is set';
  terminal.tell(`Asking the built-in emulator${why}: this says nothing about the vendors.\n`);
  const { createEmulator } = await import('../../../testing/index.ts');
  const { transport } = createEmulator();
  return {
    vendors: named.length > 0 ? named : allVendors,
    options: (provider) => ({ provider, apiKey: 'emulated', transport }),
    source: 'emulator',
  };
}

async function examine(
  vendor: Provider,
  options: ClientOptions,
  { terminal, stopping }: { terminal: Terminal; stopping: AbortController },
): Promise<Examination> {
  const { id, profile } = vendor;
  // What a vendor cannot do is what is looked for, and nothing to warn of.
  const client = createClient({ ...options, onUnsupported: 'adjust', maxRetries: 0 }) as Client;
  const close = (): void => void client.close();
  stopping.signal.addEventListener('abort', close);
  const step = (text: string): void => terminal.tell(`${id}: ${text}\n`);
  try {
    const seen = await look(client, step);
    const { firstContentMs, totalMs } = seen.tools.report.timings;
    step('done');
    return { vendor: id, name: profile.name, checks: judge(vendor, seen), firstContentMs, totalMs };
  } catch (error) {
    const failure = judgeFailure(error);
    step(`failed: ${failure.error?.code}`);
    return { vendor: id, name: profile.name, ...failure };
  } finally {
    stopping.signal.removeEventListener('abort', close);
    await client.close();
  }
}
