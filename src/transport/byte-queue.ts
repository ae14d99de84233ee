/** Bytes between a connection, which pushes them when it likes, and a reader, who pulls them. */
export interface ByteQueue {
  /** @returns whether the queue wants more for now */
  push(bytes: Uint8Array): boolean;
  /** Nothing more will come. What is here can still be read. */
  end(failure?: unknown): void;
  /** All bytes that are here, or the next ones to come; `undefined` at the end. @throws the failure */
  read(): Promise<Uint8Array | undefined>;
  /** Drops what nobody has read. */
  clear(): void;
}

/** What a queue holds before it asks for a pause, in bytes: what Node's own streams hold. */
const highWaterBytes = 65_536;

/** @param onDrained called when everything has been read after a {@link ByteQueue.push} that wanted no more */
export function createByteQueue(onDrained: () => void): ByteQueue {
  let pieces: Uint8Array[] = [];
  let size = 0;
  let isFull = false;
  let ended: { failure: unknown } | undefined;
  let wake: (() => void) | undefined;

  const take = (): Uint8Array | undefined => {
    const [first] = pieces;
    if (first === undefined) {
      if (ended?.failure === undefined) return undefined;
      throw ended.failure;
    }
    // A read takes all there is: the servers' pieces are small, and each read costs more than a copy.
    const bytes = pieces.length === 1 ? first : joined(pieces, size);
    clear();
    return bytes;
  };
  const clear = (): void => {
    pieces = [];
    size = 0;
    if (!isFull) return;
    isFull = false;
    onDrained();
  };
  const rouse = (): void => {
    wake?.();
    wake = undefined;
  };

  return {
    push(bytes) {
      pieces.push(bytes);
      size += bytes.length;
      isFull = size >= highWaterBytes;
      rouse();
      return !isFull;
    },
    end(failure) {
      ended ??= { failure };
      rouse();
    },
    read() {
      const isHere = pieces.length > 0 || ended !== undefined;
      const ready = new Promise<void>((resolve) => {
        if (isHere) resolve();
        else wake = resolve;
      });
      // Not at once when the first piece comes: a connection pushes several in one go.
      return ready.then(take);
    },
    clear,
  };
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
