import type { Clock } from '../../index.ts';
import type { Connection } from './connection.ts';

export const times = {
  /** So long a process may be silent before what it holds is given to others. */
  leaseMs: 8_000,
  /** So often it says that it is alive. */
  renewMs: 2_000,
  /** So long an answer is waited for. */
  answerMs: 1_000,
  /** So long nothing is asked after a failure. */
  retryMs: 1_000,
} as const;

/** The way to Redis, which may be cut. */
export interface Reach {
  readonly isAway: boolean;
  /** Processes that were seen last, this one included. */
  processes: number;
  /** Runs a script. @throws where Redis does not answer in time, or did not shortly before */
  ask(script: string, keys: string[], args: string[]): Promise<unknown[]>;
  /** Waits until what was asked is answered. */
  settled(): Promise<void>;
  /** Tells when Redis has gone or is back. */
  onChange(listener: () => void): void;
}

/** Nothing else is thrown: whoever asked goes on without Redis. */
const away = new Error('Redis is away');

export function createReach(connection: Connection, clock: Clock): Reach {
  const listeners: (() => void)[] = [];
  const pending = new Set<Promise<unknown>>();
  let isAway = false;
  let retryAtMs = 0;
  let backAtMs = -Infinity;
  const set = (value: boolean): void => {
    if (isAway === value) return;
    isAway = value;
    if (!isAway) backAtMs = clock.now();
    for (const listener of listeners) listener();
  };
  const gone = (why: string, sinceMs: number): never => {
    // What was asked before it came back says nothing about how it is now.
    if (sinceMs < backAtMs) throw away;
    retryAtMs = clock.now() + times.retryMs;
    if (!isAway) {
      warn(
        `redisState: Redis cannot be used (${why}). Calls go on with this process's share of the limits, and Redis is tried again`,
      );
    }
    set(true);
    throw away;
  };
  return {
    processes: 1,
    get isAway() {
      return isAway;
    },
    async ask(script, keys, args) {
      const sinceMs = clock.now();
      if (isAway && sinceMs < retryAtMs) throw away;
      // While one is trying, the others need not.
      if (isAway) retryAtMs = sinceMs + times.retryMs;
      const answer = inTime(connection.run(script, keys, args), clock);
      pending.add(answer);
      const reply = await answer
        .catch((error: unknown) => gone(reasonOf(error), sinceMs))
        .finally(() => pending.delete(answer));
      if (!Array.isArray(reply)) return gone('its answer is none of our scripts', sinceMs);
      set(false);
      return reply;
    },
    async settled() {
      await Promise.allSettled(pending);
    },
    onChange: (listener) => void listeners.push(listener),
  };
}

const late = new Error('late');

function inTime<T>(promise: Promise<T>, clock: Clock): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    // An answer that lies here unread, since this process was busy, is read before the second timer.
    let timer = clock.setTimeout(() => {
      timer = clock.setTimeout(() => reject(late), times.answerMs / 10);
    }, times.answerMs);
    promise.then(resolve, reject).finally(() => clock.clearTimeout(timer));
  });
}

/** A code, and no more: what else an error says may name a host or a user. */
function reasonOf(error: unknown): string {
  if (error === late) return `no answer within ${times.answerMs} ms`;
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && /^[A-Z_]+$/.test(code)) return code;
  return /^[A-Z]{4,}(?= )/.exec(String(message))?.[0] ?? 'the client is not connected';
}

function warn(message: string): void {
  const { process } = globalThis as {
    process?: { emitWarning?: (message: string, options: { type: string }) => void };
  };
  if (process?.emitWarning === undefined) console.warn(message);
  else process.emitWarning(message, { type: 'DeepSeekV4FlashWarning' });
}
