import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ProviderId } from '../providers/registry.ts';
import { providers } from '../providers/registry.ts';
import type { Emulator, EmulatorCore, EmulatorOptions } from './emulator.ts';
import type { EmulatorWrite } from './script.ts';
import { createEmulatorCore } from './emulator.ts';

/** The six vendors on a socket. */
export interface EmulatorServer extends Emulator, AsyncDisposable {
  /** `http://127.0.0.1:…` */
  readonly url: string;
  /** Ends every connection and the server. */
  close(): Promise<void>;
}

/**
 * Starts the six vendors on one HTTP server of this machine.
 *
 * @example
 * const emulator = await startEmulator();
 * const client = createClient({ provider: 'vtrix', baseURL: emulator.baseURL('vtrix'), apiKey: 'any' });
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<EmulatorServer> {
  // At the first use: the entry is of use where Node's modules are not, too.
  const { createServer } = await import('node:http');
  const core = createEmulatorCore(options);
  const server = createServer((request, response) => {
    void answer(core, request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = (): Promise<void> => stop(server);
  return {
    requests: core.requests,
    reply: core.reply,
    transport: core.transport,
    url,
    baseURL: (provider) => url + mountPath(provider),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** `/aimlapi/v1`: the vendor's name, then the path of its own base URL. */
function mountPath(provider: ProviderId): string {
  return `/${provider}${new URL(providers[provider].profile.baseURL).pathname.replace(/\/$/, '')}`;
}

async function answer(
  core: EmulatorCore,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request);
  const [, id = '', path = ''] = /^\/([^/]+)(\/[^?]*)/.exec(request.url ?? '') ?? [];
  if (!Object.hasOwn(providers, id)) {
    response.writeHead(404).end('The first step of the path is the name of a vendor');
    return;
  }
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  const played = core.handle(id as ProviderId, {
    method: request.method ?? 'GET',
    path,
    headers,
    body,
  });
  response.writeHead(played.status, played.headers);
  response.flushHeaders();
  await play(played.writes, response);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}

async function play(writes: readonly EmulatorWrite[], response: ServerResponse): Promise<void> {
  for (const write of writes) {
    if (response.destroyed) return;
    if (write === 'hang') return;
    if (write === 'reset') {
      response.socket?.resetAndDestroy();
      return;
    }
    if (typeof write === 'string' || write instanceof Uint8Array) {
      if (!response.write(write)) await drained(response);
    } else {
      await pause(write.delayMs);
    }
  }
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once('drain', resolve).once('close', resolve);
  });
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
