import type { SSEEvent, SSEReceiver } from './sse.ts';

/** Places for events that are kept for the next read. */
const maxKept = 64;

/** Events that are here and were not taken yet. A repetition is its text alone. */
export class EventQueue implements SSEReceiver {
  /** Those before `#next` are taken; those from `#count` on belong to an earlier read. */
  readonly #events: (SSEEvent | string | undefined)[] = [];
  #next = 0;
  #count = 0;

  get isEmpty(): boolean {
    return this.#next === this.#count;
  }

  onEvent(event: SSEEvent): void {
    this.#events[this.#count++] = event;
  }

  onRepeat(text: string): void {
    this.#events[this.#count++] = text;
  }

  /** The next event; `undefined` if there is none. */
  take(): SSEEvent | string | undefined {
    if (this.#next === this.#count) return undefined;
    const event = this.#events[this.#next];
    this.#events[this.#next++] = undefined;
    if (this.#next === this.#count) {
      // The list stays, and is written from its beginning again: one for every read would be much to clear away.
      if (this.#count > maxKept) this.#events.length = 0;
      this.#next = this.#count = 0;
    }
    return event;
  }
}
