// Frames of an event stream, for a reader who pulls them, with signs of life while there is nothing to send.

/** What is sent, frame by frame. */
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

/** What happens to an answer when its reader goes away. */
export type OnDisconnect = 'abort' | 'finish';

export interface FrameOptions {
  /** `Infinity` for no signs of life. */
  keepAliveMs: number;
  onDisconnect?: OnDisconnect | undefined;
}

/** Pulled: the source is asked when the other side wants something. */
export function encodeFrames(
  source: FrameSource,
  { keepAliveMs, onDisconnect }: FrameOptions,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let alive: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;

  const frame = (data: string): Uint8Array => encoder.encode(`data: ${data}\n\n`);
  const end = (): void => {
    isOver = true;
    clearTimeout(alive);
  };

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const keepAlive = (): void => {
          // A reader who has not even taken the last one is asleep.
          if ((controller.desiredSize ?? -1) >= 0)
            controller.enqueue(encoder.encode(': waiting\n\n'));
          alive = setTimeout(keepAlive, keepAliveMs);
        };
        if (keepAliveMs !== Infinity) alive = setTimeout(keepAlive, keepAliveMs);
        try {
          const { data, isLast } = await source.next();
          clearTimeout(alive);
          if (isOver) return;
          for (const each of data) controller.enqueue(frame(each));
          if (isLast) controller.close();
          if (isLast) end();
        } catch (error) {
          clearTimeout(alive);
          if (isOver) return;
          end();
          // The status is already sent. Without the end mark, a client does not mistake this for a complete answer.
          for (const each of source.failed(error)) controller.enqueue(frame(each));
          controller.close();
          // What a function of the caller's threw has not ended the request yet.
          await source.leave();
        }
      },
      async cancel() {
        end();
        // Not awaited: whoever cancels does not wait for the vendor.
        if (onDisconnect === 'finish') void source.finish().catch(() => {});
        else await source.leave();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Reads to the end what nobody reads any more. How it ended, the stream that it belongs to has. */
export async function readRest(items: Pick<AsyncIterator<unknown>, 'next'>): Promise<void> {
  while (!(await items.next()).done);
}
