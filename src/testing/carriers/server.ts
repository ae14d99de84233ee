import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Provider } from '../../dialect/provider.ts';
import type { Emulator } from '../emulator/emulator.ts';
import { answerInWords, createEmulatorCore } from '../emulator/emulator.ts';
import type { EmulatorOptions } from '../emulator/options.ts';
import type { KnownVendors } from '../emulator/known-vendors.ts';
import { pause, unroll } from '../emulator/script.ts';
import type { EmulatorWrite, HandleRequest } from '../emulator/script.ts';

/** The known vendors on a socket, and your own. */
export interface EmulatorServer extends Emulator, AsyncDisposable {
  /** `http://127.0.0.1:…` */
  readonly url: string;
  /** The connections that a request came on: how many are in the middle of an answer, open, and there were at all. */
  readonly connections: { readonly busy: number; readonly open: number; readonly total: number };
  /** Ends every connection and the server. */
  close(): Promise<void>;
}

/**
 * Starts the known vendors on one HTTP server of this machine.
 *
 * @example
 * const emulator = await startEmulator();
 * const client = createClient({ provider: 'vtrix', baseURL: emulator.baseURL('vtrix'), apiKey: 'any' });
 * // …
 * await emulator.close();
 * @throws ChatError `invalid_options`
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<EmulatorServer> {
  // At the first use: the entry is of use where Node's modules are not, too.
  const { createServer } = await import('node:http');
  const core = createEmulatorCore(options);
  const handle = answerInWords(core.handle);
  const sockets = new Set<Socket>();
  let total = 0;
  let busy = 0;
  const server = createServer((request, response) => {
    const { socket } = request;
    if (!sockets.has(socket)) {
      sockets.add(socket);
      total++;
      socket.once('close', () => sockets.delete(socket));
    }
    busy++;
    response.once('close', () => busy--);
    // A client may leave at any time, and whoever wrote to it is the last to hear of it.
    request.on('error', () => {});
    response.on('error', () => {});
    answer(handle, core.vendors, request, response).catch((error: unknown) =>
      giveUp(response, error),
    );
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
    pendingReplies: core.pendingReplies,
    assertNoPendingReplies: core.assertNoPendingReplies,
    transport: core.transport,
    url,
    baseURL: (provider) => url + mountPath(core.vendors.find(provider)),
    get connections() {
      return { busy, open: sockets.size, total };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** `/mine/v1`: the vendor's id, then the path of its own base URL. */
function mountPath({ id, profile }: Provider): string {
  return `/${id}${new URL(profile.baseURL).pathname.replace(/\/$/, '')}`;
}

async function answer(
  handle: HandleRequest,
  vendors: KnownVendors,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request);
  const [, id = '', path = ''] = /^\/([^/]+)(\/[^?]*)/.exec(request.url ?? '') ?? [];
  const provider = vendors.byId(id);
  if (provider === undefined) {
    response.writeHead(404).end('The first step of the path is the name of a vendor');
    return;
  }
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  const played = handle(provider, {
    method: request.method ?? 'GET',
    path,
    headers,
    body,
  });
  if (played.raw) {
    await play(played.writes, request.socket, request.socket);
    return;
  }
  response.writeHead(played.status, played.headers);
  response.flushHeaders();
  await play(played.writes, response, request.socket);
}

/** Nothing of a request may end the process that the emulator runs in. */
function giveUp(response: ServerResponse, error: unknown): void {
  if (response.destroyed || response.headersSent) response.destroy();
  // A status that nobody sends again, so that the words are seen.
  else response.writeHead(400).end(`The emulator failed at a request: ${String(error)}`);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}

/** Onto the socket itself, or into the response on it. */
async function play(
  writes: readonly EmulatorWrite[],
  target: ServerResponse | Socket,
  socket: Socket,
): Promise<void> {
  for (const write of unroll(writes)) {
    if (target.destroyed) return;
    if (write === 'hang') return;
    if (write === 'reset' || write === 'fin') {
      // What is on its way would be lost with the connection, and the cut would not be where it was put.
      await pause(5);
      if (write === 'reset') socket.resetAndDestroy();
      else socket.end();
      return;
    }
    if (typeof write === 'string' || write instanceof Uint8Array) {
      if (!target.write(write)) await drained(target);
    } else {
      await pause(write.delayMs);
    }
  }
  target.end();
}

function drained(target: ServerResponse | Socket): Promise<void> {
  if (target.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const settle = (): void => {
      target.off('drain', settle).off('close', settle);
      resolve();
    };
    target.on('drain', settle).on('close', settle);
  });
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
