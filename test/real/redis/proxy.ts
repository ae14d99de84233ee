import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A way to Redis that is as long as one likes, and counts what goes over it. */
export interface CountingProxy {
  port: number;
  /** Connections that were opened. */
  readonly connections: number;
  /** Commands that were sent, without those that only say that a process lives. */
  readonly commands: number;
  /** Those that say so. */
  readonly renewals: number;
  close(): void;
}

/** @param wayMs how long each way takes */
export async function startProxy(redisPort: number, wayMs: number): Promise<CountingProxy> {
  const counts = { connections: 0, commands: 0, renewals: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    counts.connections++;
    const far = connect(redisPort, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket.setNoDelay(true).on('error', () => {}));
      socket.on('close', () => sockets.delete(socket));
    }
    carry(far, near, wayMs);
    carry(near, far, wayMs, (text) => {
      const renewals = text.match(/\r\n\$4\r\nsync\r\n/g)?.length ?? 0;
      // A command is a list of its words.
      counts.commands += (text.match(/\*\d+\r\n\$/g)?.length ?? 0) - renewals;
      counts.renewals += renewals;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return counts.connections;
    },
    get commands() {
      return counts.commands;
    },
    get renewals() {
      return counts.renewals;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function carry(from: Socket, to: Socket, wayMs: number, look?: (text: string) => void): void {
  from.on('data', (bytes) => {
    look?.(bytes.toString('latin1'));
    setTimeout(() => to.write(bytes), wayMs);
  });
  from.on('close', () => to.destroy());
}
