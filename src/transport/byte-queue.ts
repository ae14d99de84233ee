/** What a queue holds before it asks for a pause, in bytes: more than Node gives in one go. */
const highWaterBytes = 131_072;

/** What a piece takes besides its bytes. A server may send them one by one. */
const pieceBytes = 128;

/** Bytes between a connection, which pushes them when it likes, and a reader, who pulls them. */
export class ByteQueue {
  readonly #onDrained: () => void;
  #pieces: Uint8Array[] = [];
  #size = 0;
  #isFull = false;
  #isEnded = false;
  #failure: unknown = undefined;
  // Who waits: two fields and no object of both. V8 sees such objects outlive collections and makes them in the old
  // generation from then on, where each of them, dead as it may be, keeps what it points to alive.
  #resolve: ((bytes: Uint8Array | undefined) => void) | undefined = undefined;
  #reject: ((failure: unknown) => void) | undefined = undefined;

  /** @param onDrained called when everything has been read after a {@link ByteQueue.push} that wanted no more */
  constructor(onDrained: () => void) {
    this.#onDrained = onDrained;
  }

  /** What is here, in bytes of memory. */
  get held(): number {
    return this.#size + this.#pieces.length * pieceBytes;
  }

  /** @returns whether the queue wants more for now */
  push(bytes: Uint8Array): boolean {
    if (this.#resolve !== undefined) {
      this.#resolve(bytes);
      this.#resolve = this.#reject = undefined;
      return true;
    }
    this.#pieces.push(bytes);
    this.#size += bytes.length;
    this.#isFull = this.held >= highWaterBytes;
    return !this.#isFull;
  }

  /** Nothing more will come. What is here can still be read. */
  end(failure?: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#failure = failure;
    if (failure === undefined) this.#resolve?.(undefined);
    else this.#reject?.(failure);
    this.#resolve = this.#reject = undefined;
  }

  /** All bytes that are here, else the next ones to come; `undefined` at the end. @throws the failure */
  read(): Promise<Uint8Array | undefined> {
    const [first] = this.#pieces;
    if (first !== undefined) {
      // Only Node has a connection that pushes, so it has its own way to join.
      const bytes = this.#pieces.length === 1 ? first : Buffer.concat(this.#pieces, this.#size);
      const wasFull = this.#isFull;
      this.clear();
      if (wasFull) this.#onDrained();
      return Promise.resolve(bytes);
    }
    if (!this.#isEnded) {
      return new Promise((resolve, reject) => {
        this.#resolve = resolve;
        this.#reject = reject;
      });
    }
    return this.#failure === undefined ? Promise.resolve(undefined) : Promise.reject(this.#failure);
  }

  /** Drops unread bytes, without requesting more. */
  clear(): void {
    this.#pieces = [];
    this.#size = 0;
    this.#isFull = false;
  }
}
