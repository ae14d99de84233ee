import { ChatError, isChatError } from '../errors.ts';
import type { ByteReader } from '../web.ts';

// What Node has for this, found without an import that bundlers for other places would stumble over.

interface Unpacker extends AsyncIterable<Uint8Array> {
  write(bytes: Uint8Array): boolean;
  end(): void;
  destroy(error?: Error): void;
  once(event: 'drain' | 'close', listener: () => void): void;
}

type Make = (() => Unpacker) | undefined;

interface Zlib {
  createGunzip: Make;
  createInflate: Make;
  createBrotliDecompress: Make;
  createZstdDecompress?: Make;
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
  const makers: Record<string, Make> = {
    gzip: zlib?.createGunzip,
    'x-gzip': zlib?.createGunzip,
    deflate: zlib?.createInflate,
    br: zlib?.createBrotliDecompress,
    zstd: zlib?.createZstdDecompress,
  };
  const make = Object.hasOwn(makers, encoding) ? makers[encoding] : undefined;
  return make === undefined ? undefined : unpack(body, make());
}

function unpack(body: ByteReader, unpacker: Unpacker): ByteReader {
  const bytes = unpacker[Symbol.asyncIterator]();
  let isStarted = false;
  let isCancelled = false;
  let failure: unknown;
  const pump = async (): Promise<void> => {
    try {
      for (let piece = await body.read(); piece !== undefined; piece = await body.read()) {
        if (!unpacker.write(piece) && !isCancelled) {
          await new Promise<void>((resolve) => {
            unpacker.once('drain', resolve);
            unpacker.once('close', resolve);
          });
        }
      }
      unpacker.end();
    } catch (error) {
      failure = error;
      unpacker.destroy();
    }
  };
  return {
    async read() {
      if (!isStarted) void pump();
      isStarted = true;
      try {
        const { done, value } = await bytes.next();
        if (failure !== undefined) throw failure;
        return done ? undefined : value;
      } catch (error) {
        if (failure !== undefined) throw failure;
        if (isChatError(error)) throw error;
        body.cancel();
        const message = 'The compressed answer is broken, or was cut off';
        throw new ChatError('stream_interrupted', message, { cause: error, retryable: true });
      }
    },
    cancel() {
      isCancelled = true;
      body.cancel();
      unpacker.destroy();
    },
  };
}
