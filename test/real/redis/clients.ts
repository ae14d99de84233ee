import { Redis } from 'ioredis';
import { createClient } from 'redis';
import type { RedisClientLike } from 'deepseek-v4-flash/redis';

/** A client that the tests can close. */
export interface OpenClient {
  client: RedisClientLike;
  /** A command of its own, for looking into the store. */
  command(...words: string[]): Promise<unknown>;
  close(): void;
}

/** Both kinds of client, as their users make them. */
export const clients: Record<'ioredis' | 'node-redis', (port: number) => Promise<OpenClient>> = {
  ioredis: async (port) => {
    const client = new Redis({ port, retryStrategy: () => 200 });
    client.on('error', () => {});
    return {
      client,
      command: (name = '', ...words) => client.call(name, ...words),
      close: () => client.disconnect(),
    };
  },
  'node-redis': async (port) => {
    const client = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: 200 } });
    client.on('error', () => {});
    await client.connect();
    return {
      client,
      command: (...words) => client.sendCommand(words),
      close: () => client.destroy(),
    };
  },
};
