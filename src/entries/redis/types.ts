import type { Clock, SharedState } from '../../index.ts';

/** What is used of a client of ioredis. */
export interface IoredisLike {
  evalsha(sha: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>;
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>;
  duplicate(): unknown;
}

/** What is used of a client of node-redis (the package `redis`), 4 and later. */
export interface NodeRedisLike {
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  duplicate(): unknown;
}

/** A client of Redis 5 or later, or of Valkey. */
export type RedisClientLike = IoredisLike | NodeRedisLike;

/** Options of `redisState`. */
export interface RedisStateOptions {
  /** With what every key begins: programs with the same prefix share their state. @default 'deepseek-v4-flash' */
  prefix?: string | undefined;
  /** What tells the time; for tests. Leases go by the time of the server. */
  clock?: Clock | undefined;
}

/** A state that lies in Redis. */
export interface RedisState extends SharedState {
  /**
   * Closes the connection that was opened for waiting, and gives the places back. It closes by itself when your client
   * does. Your client stays open.
   */
  close(): Promise<void>;
}
