import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';

/** A request, taken apart as far as a test needs it. */
export interface RawRequest {
  socket: Socket;
  /** Request line and headers. */
  head: string;
  body: string;
  /** 1 for the first request of the server. */
  number: number;
  /** 1 for the first request on its connection. */
  numberOnSocket: number;
  /** The client's port: which of its sockets it was. */
  port: number;
  header(name: string): string;
}

export interface RawServer {
  url: string;
  /** Connections that are open now. */
  readonly open: number;
  /** Connections and requests that have come so far. */
  readonly connections: number;
  readonly requests: number;
  close(): Promise<void>;
}

/** A server that knows only enough HTTP to take requests apart; the answers are bytes. */
export async function startRawServer(answer: (request: RawRequest) => void): Promise<RawServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let requests = 0;
  const server = createServer((socket) => {
    connections++;
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
        const body = received.slice(end + 4, size);
        received = received.slice(size);
        const port = socket.remotePort ?? 0;
        const number = ++requests;
        answer({ socket, head, body, number, numberOnSocket: ++numberOnSocket, port, header });
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
    get connections() {
      return connections;
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

/** Status line and headers. @param status with its reason, if that matters */
export function headOf(
  status: number | string,
  headers: Record<string, string | number> = {},
): string {
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
export const chunked = (text: string): string =>
  `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

export const zeroChunk = '0\r\n\r\n';
