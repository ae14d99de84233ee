// The web's own types, where the user's program has them, so that neither DOM nor Node types are needed to read ours.

type Instance<Name extends string, Otherwise> = typeof globalThis extends {
  [K in Name]: { prototype: infer Type };
}
  ? Type
  : Otherwise;

/** The part of an `AbortSignal` that is used. Any real one fits. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** A web `AbortSignal`. */
export type WebAbortSignal = Instance<'AbortSignal', AbortSignalLike>;

/** A web `Response`. */
export type WebResponse = Instance<'Response', unknown>;

/** Bytes that can be read once: a web stream, a Node stream, an async generator. */
export type ByteSource =
  | AsyncIterable<Uint8Array>
  | {
      getReader(): {
        read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
        cancel(reason?: unknown): Promise<void>;
      };
    };

/** A web `ReadableStream` of bytes. */
export type WebByteStream = typeof globalThis extends {
  Response: { prototype: { body: infer Body } };
}
  ? NonNullable<Body>
  : unknown;

/** A body, pulled. */
export interface ByteReader {
  /** The next bytes, or `undefined` at the end. @throws ChatError `stream_interrupted`, or the signal's reason */
  read(): Promise<Uint8Array | undefined>;
  /** Releases the connection. Never waits, never throws; may be called again. */
  cancel(): void;
}

/** What can be gone through once, and left: `AsyncIterableIterator`, which took other parameters before TypeScript 5.6. */
export interface AsyncItems<Item> extends AsyncIterator<Item, undefined> {
  [Symbol.asyncIterator](): AsyncItems<Item>;
}
