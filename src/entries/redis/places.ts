import type { Clock, Lease, LeaseWish } from '../../index.ts';
import type { Reach } from './reach.ts';
import { times } from './reach.ts';
import type { Place, Room } from './room.ts';
import { createRoom, ownShare } from './room.ts';
import { placesScript } from './scripts.ts';
import { waitFor } from './wait-for.ts';

export interface PlacesOptions {
  reach: Reach;
  clock: Clock;
  /** The name of this process. */
  process: string;
  /** Before the name of a process: where it is woken. */
  channel: string;
  keysOf(key: string): string[];
  /** Told of a vendor's record, which comes with each answer. */
  hear(key: string, record: string): void;
  /** Somebody waits, and has to be woken. */
  listen(): void;
  /** Now and then, while places are held or waited for. */
  onTick(): void;
}

/** The places that this process holds and waits for. */
export interface Places {
  acquire(key: string, wish: LeaseWish): Lease | Promise<Lease | undefined>;
  /** A place of this name was given to this process. */
  wake(id: string): void;
  /** Tells Redis what this process holds and waits for, and hears what it was given meanwhile. */
  sync(): void;
  /** Gives all back. */
  close(): void;
}

/**
 * What a process holds is known best by itself, and who is next by Redis. So every place has a name that the process gives
 * it, and each of the two can be told anew at any time.
 */
export function createPlaces(options: PlacesOptions): Places {
  const { reach, clock, process } = options;
  const rooms = new Map<string, Room>();
  let lastId = 0;
  const ask = createAsk(options);
  /** Gives back a place, or the wait for one. */
  const leave = (room: Room, place: Place): void => {
    if (reach.isAway) room.serveAlone();
    else ask(room, 'leave', limitText(place.wish), [place.id]).catch(() => {});
  };
  const sync = (): void => {
    for (const room of rooms.values()) {
      room.sweep(clock.now());
      const { held, waiting } = room.ids();
      ask(room, 'sync', room.latestLimit(), [`${held.length}`, ...held, ...waiting]).then(
        (reply) => reply.slice(3).forEach((id) => room.places.get(String(id))?.give()),
        () => room.serveAlone(),
      );
      if (waiting.length > 0) options.listen();
    }
  };
  const ticking = createTicking(options, rooms, sync);
  const roomOf = (key: string): Room => {
    let room = rooms.get(key);
    if (room === undefined) rooms.set(key, (room = createRoom(key, reach, leave)));
    ticking.start();
    return room;
  };
  const take = (room: Room, place: Place): void => {
    // What is held has to be told first, by the next sync.
    if (reach.isAway && room.places.size > 1) return room.serveAlone();
    ask(room, 'take', limitText(place.wish), [place.id]).then(
      (reply) => {
        if (reply[0] === 1) place.give();
        else if (place.isWaiting) options.listen();
      },
      () => room.serveAlone(),
    );
  };
  return {
    acquire(key, wish) {
      if (wish.signal?.aborted === true) throw wish.signal.reason;
      const room = roomOf(key);
      const place = room.add(`${process}:${++lastId}`, wish);
      if (wish.limit() === Infinity) place.give(reach.isAway ? ownShare : undefined);
      const waiting = place.isWaiting ? waitFor(place, clock) : undefined;
      take(room, place);
      return waiting ?? place.lease;
    },
    wake: (id) => rooms.forEach((room) => room.places.get(id)?.give()),
    sync,
    close() {
      ticking.stop();
      for (const room of rooms.values()) {
        const { held, waiting } = room.ids();
        ask(room, 'leave', '', [...held, ...waiting]).catch(() => {});
      }
      rooms.clear();
    },
  };
}

type Ask = (room: Room, operation: string, limit: string, ids: string[]) => Promise<unknown[]>;

function createAsk({ reach, process, channel, keysOf, hear }: PlacesOptions): Ask {
  return async ({ key }, operation, limit, ids) => {
    const args = [operation, process, limit, `${times.leaseMs}`, channel, ...ids];
    const reply = await reach.ask(placesScript, keysOf(key), args);
    reach.processes = Math.max(1, Number(reply[1]));
    hear(key, String(reply[2]));
    return reply;
  };
}

/** Says now and then that this process lives; more often while Redis is away, to find out when it is back. */
function createTicking(
  { reach, clock, onTick }: PlacesOptions,
  rooms: Map<string, Room>,
  sync: () => void,
): { start(): void; stop(): void } {
  let timer: unknown;
  const stop = (): void => {
    clock.clearTimeout(timer);
    timer = undefined;
  };
  const start = (): void => {
    if (timer !== undefined || rooms.size === 0) return;
    timer = clock.setTimeout(
      () => {
        timer = undefined;
        for (const [key, room] of rooms) if (room.places.size === 0) rooms.delete(key);
        sync();
        onTick();
        start();
      },
      reach.isAway ? times.retryMs : times.renewMs,
    );
    // It keeps no program running that has nothing else to do.
    (timer as { unref?: () => void } | undefined)?.unref?.();
  };
  reach.onChange(() => {
    stop();
    if (reach.isAway) for (const room of rooms.values()) room.serveAlone();
    else sync();
    start();
  });
  return { start, stop };
}

function limitText({ limit }: LeaseWish): string {
  const most = limit();
  return most === Infinity ? '' : `${most}`;
}
