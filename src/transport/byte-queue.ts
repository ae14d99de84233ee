/** What a queue holds before it asks for a pause, in bytes: what Node's own streams hold. */
const highWaterBytes = 65_536;

/** Bytes between a connection, which pushes them when it likes, and a reader, who pulls them. */
export class ByteQueue {
  readonly #onDrained: () => void;
  #pieces: Uint8Array[] = [];
  #size = 0;
  #isFull = false;
  #isEnded = false;
  #failure: unknown = undefined;
  #wake: (() => void) | undefined = undefined;

  /** @param onDrained called when everything has been read after a {@link ByteQueue.push} that wanted no more */
  constructor(onDrained: () => void) {
    this.#onDrained = onDrained;
  }

  /** @returns whether the queue wants more for now */
  push(bytes: Uint8Array): boolean {
    this.#pieces.push(bytes);
    this.#size += bytes.length;
    this.#isFull = this.#size >= highWaterBytes;
    this.#rouse();
    return !this.#isFull;
  }

  /** Nothing more will come. What is here can still be read. */
  end(failure?: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#failure = failure;
    this.#rouse();
  }

  /** All bytes that are here, or the next ones to come; `undefined` at the end. @throws the failure */
  async read(): Promise<Uint8Array | undefined> {
    // Not at once when the first piece comes: a connection pushes several in one go.
    if (this.#pieces.length === 0 && !this.#isEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const [first] = this.#pieces;
    if (first === undefined) {
      if (this.#failure === undefined) return undefined;
      throw this.#failure;
    }
    const bytes = this.#pieces.length === 1 ? first : joined(this.#pieces, this.#size);
    this.clear();
    return bytes;
  }

  /** Drops what nobody has read. */
  clear(): void {
    this.#pieces = [];
    this.#size = 0;
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#onDrained();
  }

  #rouse(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
