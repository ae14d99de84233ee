import type { Clock } from '../../index.ts';
import { ChatError } from '../../index.ts';
import { createBreakers } from './breakers.ts';
import type { Connection } from './connection.ts';
import { connectionOf } from './connection.ts';
import { createPlaces } from './places.ts';
import { createReach } from './reach.ts';
import { createSpend } from './spend.ts';
import type { RedisClientLike, RedisState, RedisStateOptions } from './types.ts';

/**
 * Breakers, places and money in your own Redis or Valkey, shared by all processes with the same prefix. Nothing of a prompt,
 * an answer or a key is ever written there: names of vendors, counts, times and sums.
 *
 * Whoever waits for a place is woken over one further connection, which `client.duplicate()` opens. A process that dies
 * gives its places back within eight seconds. While Redis is away, calls go on with this process's share of each limit (the
 * limit divided by the processes last seen, rounded up); there is one warning, and `report.issues` of such a call says so
 * (`state_unavailable`).
 *
 * @example
 * const client = createClient({ concurrency: 25, maxCostUsd: 50, state: redisState(new Redis(), { prefix: 'shop' }) });
 *
 * @throws ChatError `invalid_options`
 */
export function redisState(client: RedisClientLike, options?: RedisStateOptions): RedisState {
  const connection = connectionOf(client);
  const { prefix, clock } = check(options);
  // One slot of a cluster holds them all, since a script may touch only one.
  const keyOf = (kind: string, name: string): string => `{${prefix}}:${kind}:${name}`;
  const process = crypto.randomUUID();
  const channel = `{${prefix}}:wake:`;
  const reach = createReach(connection, clock);
  const recordOf = (name: string): string => keyOf('breaker', name);
  const breakers = createBreakers(reach, clock, recordOf);
  const spend = createSpend(reach, (name) => [
    keyOf('spend', name),
    keyOf('spend', `${name}:${process}`),
  ]);
  const places = createPlaces({
    reach,
    clock,
    process,
    channel,
    keysOf: (name) => [
      ...['held', 'queue', 'limits', 'seen'].map((part) => keyOf(part, name)),
      recordOf(name),
    ],
    hear: breakers.hear,
    listen: () => listening.open(),
    onTick: () => spend.isOwing && spend.pay(),
  });
  const listening = createListening(connection, channel + process, places);
  reach.onChange(() => !reach.isAway && spend.pay());
  connection.onEnd(listening.close);
  return {
    readBreaker: breakers.readBreaker,
    updateBreaker: breakers.updateBreaker,
    acquire: places.acquire,
    addSpend: spend.addSpend,
    readSpend: spend.readSpend,
    async close() {
      listening.close();
      places.close();
      if (spend.isOwing) spend.pay();
      await reach.settled();
    },
  };
}

/** The connection over which this process is woken, from the first time that somebody waits. */
function createListening(
  connection: Connection,
  channel: string,
  places: { wake(id: string): void; sync(): void },
): { open(): void; close(): void } {
  let isClosed = false;
  let opened: Promise<() => void> | undefined;
  return {
    open() {
      if (isClosed || opened !== undefined) return;
      opened = connection.listen(channel, places.wake);
      opened.then(
        // What was given before it was open was not heard.
        () => places.sync(),
        // It is tried again by whoever waits then.
        () => (opened = undefined),
      );
    },
    close() {
      isClosed = true;
      opened?.then(
        (end) => end(),
        () => {},
      );
    },
  };
}

const machineClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
};

/** @throws ChatError `invalid_options` */
function check(options: RedisStateOptions | undefined): { prefix: string; clock: Clock } {
  const refuse = (param: string, message: string): never => {
    throw new ChatError('invalid_options', message, { param });
  };
  for (const name of Object.keys(options ?? {})) {
    if (name === 'prefix' || name === 'clock') continue;
    refuse(
      name,
      `Options of redisState have no option ${name.slice(0, 60)}; there are prefix, clock`,
    );
  }
  const { prefix = 'deepseek-v4-flash', clock = machineClock } = options ?? {};
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  if (typeof prefix !== 'string' || !/^[^\u0000-\u001f\u007f-\u009f{}]{1,200}$/.test(prefix)) {
    refuse(
      'prefix',
      'Option prefix must be 1 to 200 characters, without control characters and braces',
    );
  }
  return { prefix, clock };
}
