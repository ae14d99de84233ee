import type { Lease, LeaseWish, ReportIssue } from '../../index.ts';
import type { Reach } from './reach.ts';

/** One place that is held or waited for. */
export interface Place {
  readonly id: string;
  readonly wish: LeaseWish;
  readonly lease: Lease;
  readonly isWaiting: boolean;
  /** It is this process's now, perhaps of its own share. Has an effect only while it is waited for. */
  give(issue?: ReportIssue): void;
  /** Nobody waits for it any more. */
  leave(): void;
  /** Called once it is given. */
  onGiven: () => void;
}

/** What this process holds and waits for at one vendor, in the order of asking. */
export interface Room {
  readonly key: string;
  readonly places: Map<string, Place>;
  add(id: string, wish: LeaseWish): Place;
  /** Without Redis: as many as this process's share. */
  serveAlone(): void;
  /** Lets go of what is past its end. */
  sweep(nowMs: number): void;
  ids(): { held: string[]; waiting: string[] };
  /** The limit of whoever asked last; empty for none. */
  latestLimit(): string;
}

/** What a call is told whose place no other process knows of. */
export const ownShare: ReportIssue = {
  code: 'state_unavailable',
  message:
    "the shared state could not be reached: the call had a place of this process's own share of the limits",
};

export function createRoom(
  key: string,
  reach: Reach,
  onLeft: (room: Room, place: Place) => void,
): Room {
  const places = new Map<string, Place>();
  let held = 0;
  let latest: LeaseWish | undefined;
  const end = (place: Place): void => {
    if (!places.delete(place.id)) return;
    if (!place.isWaiting) held--;
    onLeft(room, place);
  };
  const room: Room = {
    key,
    places,
    add(id, wish) {
      latest = wish;
      const place = createPlace(id, wish, end, () => {
        // Let go of by now, or given up.
        if (!places.has(id)) return false;
        held++;
        return true;
      });
      places.set(id, place);
      return place;
    },
    serveAlone() {
      if (!reach.isAway) return;
      for (const place of places.values()) {
        if (!place.isWaiting) continue;
        if (held >= Math.ceil(place.wish.limit() / reach.processes)) return;
        place.give(ownShare);
      }
    },
    sweep(nowMs) {
      for (const place of places.values()) {
        if (place.isWaiting || place.wish.endsAtMs > nowMs) continue;
        places.delete(place.id);
        held--;
      }
    },
    ids() {
      const all = [...places.values()];
      const idsOf = (isWaiting: boolean): string[] =>
        all.filter((place) => place.isWaiting === isWaiting).map(({ id }) => id);
      return { held: idsOf(false), waiting: idsOf(true) };
    },
    latestLimit() {
      const limit = latest?.limit() ?? Infinity;
      return limit === Infinity ? '' : `${limit}`;
    },
  };
  return room;
}

function createPlace(
  id: string,
  wish: LeaseWish,
  end: (place: Place) => void,
  hold: () => boolean,
): Place {
  let isWaiting = true;
  let issue: ReportIssue | undefined;
  const place: Place = {
    id,
    wish,
    lease: {
      get issue() {
        return issue;
      },
      release: () => end(place),
    },
    get isWaiting() {
      return isWaiting;
    },
    give(given) {
      if (!isWaiting || !hold()) return;
      isWaiting = false;
      issue = given;
      place.onGiven();
    },
    leave() {
      if (isWaiting) end(place);
    },
    onGiven() {},
  };
  return place;
}
