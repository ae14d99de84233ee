import { ChatError } from '../../index.ts';
import type { IoredisLike, NodeRedisLike, RedisClientLike } from './types.ts';

/** A client, whichever of the two it is. */
export interface Connection {
  /** Runs a script, by its hash where the server knows it. */
  run(script: string, keys: string[], args: string[]): Promise<unknown>;
  /** Opens a further connection and hears what is published to a channel; gives how to close it. */
  listen(channel: string, onMessage: (message: string) => void): Promise<() => void>;
  /** Tells when the user has closed the client. */
  onEnd(callback: () => void): void;
}

interface Listener {
  on?(event: string, callback: (...args: unknown[]) => void): unknown;
  connect?(): Promise<unknown>;
  subscribe(channel: string, onMessage?: (message: string) => void): Promise<unknown>;
  disconnect?(): unknown;
  destroy?(): unknown;
}

/** @throws ChatError `invalid_options` for what is neither of the two */
export function connectionOf(client: RedisClientLike): Connection {
  const { isNodeRedis, evaluate } = evaluatorOf(client);
  const run = async (script: string, keys: string[], args: string[]): Promise<unknown> => {
    const sha = await shaOf(script);
    try {
      return await evaluate(sha, true, keys, args);
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      return evaluate(script, false, keys, args);
    }
  };
  return {
    run,
    async listen(channel, onMessage) {
      const listener = client.duplicate() as Listener;
      // Both reconnect by themselves; an error that nobody listens to would end the process.
      listener.on?.('error', () => {});
      const close = (): void => void (listener.destroy ?? listener.disconnect)?.call(listener);
      try {
        if (isNodeRedis) {
          await listener.connect?.();
          await listener.subscribe(channel, onMessage);
        } else {
          listener.on?.('message', (_channel, message) => onMessage(String(message)));
          await listener.subscribe(channel);
        }
      } catch (error) {
        close();
        throw error;
      }
      return close;
    },
    onEnd: (callback) => void (client as Partial<Listener>).on?.('end', callback),
  };
}

type Evaluate = (
  script: string,
  isSha: boolean,
  keys: string[],
  args: string[],
) => Promise<unknown>;

function evaluatorOf(client: RedisClientLike): { isNodeRedis: boolean; evaluate: Evaluate } {
  const has = (name: string): boolean =>
    typeof (client as unknown as Record<string, unknown> | null)?.[name] === 'function';
  if (has('eval') && has('duplicate') && has('evalSha')) {
    const { evalSha, eval: run } = client as NodeRedisLike;
    return {
      isNodeRedis: true,
      evaluate: (script, isSha, keys, args) =>
        (isSha ? evalSha : run).call(client, script, { keys, arguments: args }),
    };
  }
  if (has('eval') && has('duplicate') && has('evalsha')) {
    const { evalsha, eval: run } = client as IoredisLike;
    return {
      isNodeRedis: false,
      evaluate: (script, isSha, keys, args) =>
        (isSha ? evalsha : run).call(client, script, keys.length, ...keys, ...args),
    };
  }
  const message =
    'redisState takes a client of ioredis, e.g. new Redis(), or of node-redis, e.g. await createClient().connect()';
  throw new ChatError('invalid_options', message, { param: 'client' });
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}

const hashes = new Map<string, Promise<string>>();

/** The name of a script at the server. Of the web's own cryptography, so that no part of Node is needed. */
function shaOf(script: string): Promise<string> {
  let hash = hashes.get(script);
  if (hash === undefined) {
    hash = crypto.subtle
      .digest('SHA-1', new TextEncoder().encode(script))
      .then((bytes) =>
        Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join(''),
      );
    hashes.set(script, hash);
  }
  return hash;
}
