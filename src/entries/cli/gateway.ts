import type { Server } from 'node:http';
import type { Client, Provider } from '../../index.ts';
import { ChatError, createClient } from '../../index.ts';
import type { HandlerOptions } from '../gateway/index.ts';
import type { Command } from './command.ts';
import type { Arguments } from './read-arguments.ts';
import { misuse } from './read-arguments.ts';
import type { Terminal } from './terminal.ts';
import { stopped } from './terminal.ts';
import { allVendors, findVendor, keyOf, requireKey } from './vendors.ts';

const help = `Starts an OpenAI-compatible server whose chat completions the vendors answer. The vendors' keys stay with it.

Usage: GATEWAY_TOKEN=… deepseek-v4-flash gateway [options]

Options:
  --token <text>    what clients must send as their API key (default: the variable GATEWAY_TOKEN, which other
                    users of this machine cannot read; one of the two is required)
  --vendor <id>     the vendor to ask; given several times, the next one is asked when one fails (default: the
                    first one whose key is set)
  --emulator        answer from the built-in emulator, without a key
  --host <address>  the address to listen on (default: 127.0.0.1)
  --port <n>        the port (default: 8080; 0: one that is free)
  -h, --help        print this

The address goes to standard output, a line for each request to standard error. Ctrl-C ends it.
`;

export const gateway: Command = {
  summary: 'start an OpenAI-compatible server in front of the vendors',
  help,
  flags: {
    token: { type: 'string' },
    vendor: { type: 'string', multiple: true },
    emulator: { type: 'boolean' },
    host: { type: 'string' },
    port: { type: 'string' },
  },
  async run(given, terminal) {
    const token = given.text('token') ?? terminal.env.GATEWAY_TOKEN ?? '';
    if (token.trim() === '') {
      throw misuse('token', 'A token is required: set GATEWAY_TOKEN, or give --token.');
    }
    const host = given.text('host') ?? '127.0.0.1';
    const port = given.count('port', 0, 65_535) ?? 8080;
    const { client, close } = await open(given, terminal);
    try {
      const server = await listen(client, { token, host, port, terminal });
      await stopped(terminal);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      return 0;
    } finally {
      await close();
    }
  },
};

async function open(
  given: Arguments,
  terminal: Terminal,
): Promise<{ client: Client; close(): Promise<void> }> {
  const named = given.texts('vendor').map(findVendor);
  if (given.has('emulator')) return openEmulator(named);
  const chosen = named.length > 0 ? named : firstWithKey(terminal);
  const entries = chosen.map((provider) => ({ provider, apiKey: requireKey(provider, terminal) }));
  const client = createClient(entries.length === 1 ? entries[0] : { providers: entries }) as Client;
  terminal.tell(`Vendors: ${chosen.map(({ profile }) => profile.name).join(', ')}\n`);
  return { client, close: () => client.close() };
}

function firstWithKey(terminal: Terminal): Provider[] {
  const found = allVendors.find((each) => keyOf(each, terminal) !== undefined);
  if (found !== undefined) return [found];
  const message =
    'No key of a vendor is set. Set one, or give --emulator to answer without a vendor.';
  throw misuse('vendor', message);
}

async function openEmulator(
  named: readonly Provider[],
): Promise<{ client: Client; close(): Promise<void> }> {
  const { createEmulator } = await import('../../testing/index.ts');
  const { transport } = createEmulator();
  const entries = (named.length > 0 ? named : allVendors.slice(0, 1)).map((provider) => ({
    provider,
    apiKey: 'emulated',
    transport,
  }));
  const client = createClient(entries.length === 1 ? entries[0] : { providers: entries }) as Client;
  return { client, close: () => client.close() };
}

interface Listening {
  token: string;
  host: string;
  port: number;
  terminal: Terminal;
}

async function listen(client: Client, { token, host, port, terminal }: Listening): Promise<Server> {
  // At the first use: the other commands, and the help, start without them.
  const { createServer } = await import('node:http');
  const { createHandler, nodeHandler } = await import('../gateway/index.ts');
  const listener = nodeHandler(createHandler(client, { authorize: await bearerOf(token) }));
  const server = createServer((request, response) => {
    const startedAt = performance.now();
    response.once('close', () => {
      const end = response.writableFinished ? '' : ', left early';
      const took = Math.round(performance.now() - startedAt);
      terminal.tell(
        `${request.method} ${pathOf(request.url)} ${response.statusCode} ${took} ms${end}\n`,
      );
    });
    void listener(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: { code?: string }) => reject(cannotListen(error, host, port)));
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const actual = typeof address === 'object' && address !== null ? address.port : port;
  const name = host.includes(':') ? `[${host}]` : host;
  terminal.print(`http://${name}:${actual}/v1\n`);
  return server;
}

/** What stands behind a question mark may be anybody's secret. */
function pathOf(url = ''): string {
  return url.replace(/\?.*$/s, '');
}

function cannotListen(error: { code?: string }, host: string, port: number): unknown {
  if (error.code === 'EADDRINUSE') {
    return misuse('port', `Port ${port} is in use. Choose another one with --port.`);
  }
  return new ChatError('invalid_options', `Cannot listen on ${host}:${port}: ${error.code}.`);
}

/** Compared in the same time, however much of it is right. */
async function bearerOf(token: string): Promise<HandlerOptions['authorize']> {
  const { createHash, timingSafeEqual } = await import('node:crypto');
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const expected = digest(`Bearer ${token}`);
  return ({ headers }) => timingSafeEqual(digest(headers.get('authorization') ?? ''), expected);
}
