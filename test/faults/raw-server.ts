import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';

/** A request, taken apart as far as a test needs it. */
export interface RawRequest {
  socket: Socket;
  /** Request line and headers. */
  head: string;
  /** 1 for the first request on its connection. */
  numberOnSocket: number;
  header(name: string): string;
}

export interface RawServer {
  url: string;
  /** Connections that are open now, and requests that have come so far. */
  readonly open: number;
  readonly requests: number;
  close(): Promise<void>;
}

/** A server that knows only enough HTTP to take requests apart; the answers are bytes. */
export async function startRawServer(answer: (request: RawRequest) => void): Promise<RawServer> {
  const sockets = new Set<Socket>();
  let requests = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => sockets.delete(socket));
    // What a client that goes away does to us is part of the tests.
    socket.on('error', () => {});
    let received = '';
    let numberOnSocket = 0;
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      for (;;) {
        const end = received.indexOf('\r\n\r\n');
        if (end === -1) return;
        const head = received.slice(0, end);
        const header = (name: string): string =>
          new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]?.trim() ?? '';
        const size = end + 4 + Number(header('content-length') || 0);
        if (received.length < size) return;
        received = received.slice(size);
        requests++;
        answer({ socket, head, numberOnSocket: ++numberOnSocket, header });
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    get open() {
      return sockets.size;
    },
    get requests() {
      return requests;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

export function headOf(status: number, headers: Record<string, string | number> = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} X\r\n${lines.join('')}\r\n`;
}

/** A whole response with its length. */
export function responseOf(
  status: number,
  body: string,
  headers: Record<string, string | number> = {},
): string {
  const length = Buffer.byteLength(body);
  return (
    headOf(status, { 'content-type': 'application/json', ...headers, 'content-length': length }) +
    body
  );
}

export const streamHead = headOf(200, {
  'content-type': 'text/event-stream',
  'transfer-encoding': 'chunked',
});

/** One chunk of a chunked body. */
export function chunkOf(bytes: string | Uint8Array): Buffer {
  const body = Buffer.from(bytes as string);
  return Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')]);
}

export const zeroChunk = '0\r\n\r\n';

export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}

/** Waits for something that happens elsewhere. */
export async function eventually(
  what: string,
  isSo: () => boolean,
  patienceMs = 10_000,
): Promise<void> {
  const startedAt = performance.now();
  while (!isSo()) {
    if (performance.now() - startedAt > patienceMs) throw new Error(`Never came: ${what}`);
    await pause(10);
  }
}

/** Does a number of things, a few at a time. */
export async function inLanes(
  lanes: number,
  count: number,
  work: (at: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
