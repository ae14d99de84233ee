import { ChatError } from '../outcome/chat-error.ts';
import type { ByteReader } from '../internal/web.ts';
import { ByteQueue } from './byte-queue.ts';

// What Node has for this, found without an import that bundlers for other places would stumble over.

interface Unpacker {
  write(bytes: Uint8Array): boolean;
  end(): void;
  destroy(): void;
  pause(): void;
  resume(): void;
  on(event: 'data', listener: (bytes: Uint8Array) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  on(event: 'end' | 'drain' | 'close', listener: () => void): void;
}

type Make = ((options: { finishFlush: number }) => Unpacker) | undefined;

interface Zlib {
  createGunzip: Make;
  createInflate: Make;
  createInflateRaw: Make;
  createBrotliDecompress: Make;
  createZstdDecompress?: Make;
  constants: Record<'Z_SYNC_FLUSH' | 'BROTLI_OPERATION_FLUSH' | 'ZSTD_e_flush', number>;
}

/**
 * A body without its compression; `undefined` for one that cannot be read here. A proxy may compress what was asked for as it
 * is. Unpacked as it is read, so that no small answer fills the memory.
 */
export function decompress(body: ByteReader, encoding: string): ByteReader | undefined {
  const { process } = globalThis as {
    process?: { getBuiltinModule?: (name: string) => Zlib | undefined };
  };
  const zlib = process?.getBuiltinModule?.('node:zlib');
  if (zlib === undefined) return undefined;
  const { Z_SYNC_FLUSH, BROTLI_OPERATION_FLUSH, ZSTD_e_flush } = zlib.constants;
  const makers: Record<string, [Make, number]> = {
    gzip: [zlib.createGunzip, Z_SYNC_FLUSH],
    'x-gzip': [zlib.createGunzip, Z_SYNC_FLUSH],
    deflate: [zlib.createInflate, Z_SYNC_FLUSH],
    br: [zlib.createBrotliDecompress, BROTLI_OPERATION_FLUSH],
    zstd: [zlib.createZstdDecompress, ZSTD_e_flush],
  };
  // All that came is handed out, also of what was cut off: whether the answer is whole, others know.
  const [make, finishFlush = 0] = Object.hasOwn(makers, encoding) ? (makers[encoding] ?? []) : [];
  if (make === undefined) return undefined;
  return unpack(body, (first) => {
    // Some servers leave out the head that `deflate` has.
    const isRaw = encoding === 'deflate' && first !== undefined && (first & 0x0f) !== 0x08;
    return ((isRaw ? zlib.createInflateRaw : undefined) ?? make)({ finishFlush });
  });
}

/** @param start makes what unpacks, by the first byte that comes */
function unpack(body: ByteReader, start: (first: number | undefined) => Unpacker): ByteReader {
  let isStarted = false;
  let unpacker: Unpacker | undefined;
  let isOver = false;
  let failure: unknown;
  let wake = (): void => {};
  const queue = new ByteQueue(() => unpacker?.resume());
  const end = (reason?: unknown): void => {
    if (isOver) return;
    isOver = true;
    queue.end(reason);
    // Data after it is ignored.
    body.cancel();
    unpacker?.destroy();
    wake();
  };
  const begin = (first: number | undefined): Unpacker => {
    const fresh = start(first);
    fresh.on('data', (bytes) => {
      if (!queue.push(bytes)) fresh.pause();
    });
    fresh.on('end', () => end(failure));
    fresh.on('drain', () => wake());
    fresh.on('error', (cause) => {
      const message = 'The compressed answer is corrupt';
      end(failure ?? new ChatError('stream_interrupted', message, { cause, retryable: true }));
    });
    return fresh;
  };

  const pump = async (): Promise<void> => {
    try {
      for (;;) {
        const piece = await body.read();
        if (piece === undefined || isOver) break;
        if (piece.length === 0) continue;
        unpacker ??= begin(piece[0]);
        if (!unpacker.write(piece)) await new Promise<void>((resolve) => (wake = resolve));
      }
    } catch (error) {
      failure = error;
    }
    // What has been written comes out before the end does.
    if (isOver) return;
    unpacker ??= begin(undefined);
    unpacker.end();
  };
  return {
    read() {
      if (!isStarted) void pump();
      isStarted = true;
      return queue.read();
    },
    cancel() {
      queue.clear();
      end(new ChatError('stream_interrupted', 'The connection was released'));
    },
  };
}
