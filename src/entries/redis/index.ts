// Entry `deepseek-v4-flash/redis`: what a fleet of processes shares, in the user's own Redis or Valkey.
export { redisState } from './redis-state.ts';
export type {
  IoredisLike,
  NodeRedisLike,
  RedisClientLike,
  RedisState,
  RedisStateOptions,
} from './types.ts';
