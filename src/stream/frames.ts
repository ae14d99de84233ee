// Frames of an event stream, for a reader who pulls them, with signs of life while there is nothing to send.

/** What is sent, some frames at a time. */
export interface FrameSource {
  /** The next frames' data, and whether they are the last ones. */
  next(): Promise<{ data: readonly string[]; isLast: boolean }>;
  /** The frames that report a failure; nothing follows them. */
  failed(error: unknown): readonly string[];
  /** Nobody wants more. */
  leave(): unknown;
  /** Nobody reads any more, but the answer is wanted: what is left of it is read, and sent nowhere. */
  finish(): Promise<unknown>;
}

let encoder: { encode(text: string): Uint8Array } | undefined;

/** Not made when this is loaded: a test runner's page has none, and its calls say so. */
function encoded(text: string): Uint8Array {
  return (encoder ??= new TextEncoder()).encode(text);
}

/** What happens to an answer when its reader goes away. */
export type OnDisconnect = 'abort' | 'finish';

export interface FrameOptions {
  /** Milliseconds of silence after which a sign of life is given; `Infinity` for none. */
  keepAliveMs?: number | undefined;
  onDisconnect?: OnDisconnect | undefined;
}

/**
 * Bytes of frames, without the cost of a web stream. Pulled: the source is asked when the other side wants something. For one
 * reader, who waits for one piece before he asks for another. On the way of every chunk, so a class: its methods are shared.
 */
export class FrameReader {
  readonly #source: FrameSource;
  readonly #keepAliveMs: number;
  readonly #onDisconnect: OnDisconnect;
  /** Whoever waits for a piece. */
  #deliver: ((piece: Uint8Array | undefined) => void) | undefined = undefined;
  /** What came while nobody waited, because a sign of life was given instead. */
  #ready: Uint8Array | undefined = undefined;
  #isAsked = false;
  #isOver = false;
  #waitingSince = 0;
  /** One timer, moved only when it fires, since every piece begins a new silence. */
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;

  constructor(source: FrameSource, { keepAliveMs = Infinity, onDisconnect }: FrameOptions) {
    this.#source = source;
    this.#keepAliveMs = keepAliveMs;
    this.#onDisconnect = onDisconnect ?? 'abort';
  }

  /** What is here in one piece, else what comes next; `undefined` at the end. Never rejects. */
  read(): Promise<Uint8Array | undefined> {
    const ready = this.#ready;
    this.#ready = undefined;
    if (ready !== undefined || this.#isOver) return Promise.resolve(ready);
    if (this.#keepAliveMs !== Infinity) {
      this.#waitingSince = performance.now();
      if (this.#timer === undefined) this.#arm(this.#keepAliveMs);
    }
    if (!this.#isAsked) void this.#ask();
    return new Promise((resolve) => (this.#deliver = resolve));
  }

  /** Nobody wants more. A pending read is at its end. */
  async cancel(): Promise<void> {
    if (this.#isOver) return;
    this.#end();
    this.#give(undefined);
    // Not awaited: whoever cancels does not wait for the vendor.
    if (this.#onDisconnect === 'finish') void this.#source.finish().catch(() => {});
    else await this.#source.leave();
  }

  async #ask(): Promise<void> {
    this.#isAsked = true;
    try {
      const { data, isLast } = await this.#source.next();
      if (this.#isOver) return;
      this.#isAsked = false;
      if (isLast) this.#end();
      this.#give(framed(data));
    } catch (error) {
      if (this.#isOver) return;
      this.#end();
      // The status is already sent. Without the end mark, a client does not mistake this for a complete answer.
      this.#give(framed(this.#source.failed(error)));
      await this.#leaveFailed();
    }
  }

  /** What a function of the caller's threw has not ended the request yet. */
  async #leaveFailed(): Promise<void> {
    try {
      await this.#source.leave();
    } catch {
      // The reader has his error.
    }
  }

  #give(piece: Uint8Array | undefined): void {
    const deliver = this.#deliver;
    this.#deliver = undefined;
    if (deliver === undefined) this.#ready = piece;
    else deliver(piece);
  }

  #arm(delayMs: number): void {
    this.#timer = setTimeout(() => this.#ring(), delayMs);
    // A connection keeps the process awake; a sign of life need not.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  #ring(): void {
    this.#timer = undefined;
    // A reader who has not even taken the last piece is asleep. His next read sets the clock again.
    if (this.#deliver === undefined) return;
    const leftMs = this.#waitingSince + this.#keepAliveMs - performance.now();
    // Timers may come a fraction of a millisecond early.
    if (leftMs > 1) this.#arm(leftMs);
    else this.#give(encoded(': waiting\n\n'));
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }
}

/** All of them in one piece: each piece is a write, and a write costs more than a frame. */
function framed(data: readonly string[]): Uint8Array {
  let text = '';
  for (const each of data) text += `data: ${each}\n\n`;
  return encoded(text);
}

/** The same as a web stream. */
export function toByteStream(frames: FrameReader): ReadableStream<Uint8Array> {
  let isLeft = false;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const piece = await frames.read();
        if (isLeft) return;
        if (piece === undefined) controller.close();
        else controller.enqueue(piece);
      },
      cancel() {
        isLeft = true;
        return frames.cancel();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Reads to the end what nobody reads any more. How it ended, the stream that it belongs to has. */
export async function readRest(items: Pick<AsyncIterator<unknown>, 'next'>): Promise<void> {
  while (!(await items.next()).done);
}
