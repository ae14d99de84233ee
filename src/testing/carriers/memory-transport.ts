import { raceSignal } from '../../internal/abort.ts';
import { ChatError } from '../../outcome/chat-error.ts';
import { connectionError, exchangeSignal, interruptedError } from '../../transport/transport.ts';
import type { Transport, TransportRequest } from '../../transport/transport.ts';
import type { ByteReader } from '../../internal/web.ts';
import type { KnownVendors } from '../emulator/known-vendors.ts';
import { isBytes, needsSocket, pause, unroll } from '../emulator/script.ts';
import type { EmulatorWrite, HandleRequest } from '../emulator/script.ts';

/** The emulator as a transport: the vendor is known by the host of the URL. */
export function memoryTransport(handle: HandleRequest, vendors: KnownVendors): Transport {
  return {
    async send(request) {
      const { method, url, headers, body, signal } = request;
      if (signal.aborted) throw signal.reason;
      const { origin, pathname } = new URL(url);
      const provider = vendors.at(origin, method, pathname);
      if (provider === undefined) {
        throw new ChatError(
          'connection',
          `The emulator has no vendor at ${origin}; pass a vendor of your own in its option providers`,
        );
      }
      const response = handle(provider, {
        method,
        path: pathname,
        headers: { ...headers },
        body: body ?? '',
      });
      if (response.raw) throw await failBeforeHead(response.writes, request);
      return {
        status: response.status,
        headers: { ...response.headers },
        body: play(response.writes, signal),
      };
    },
  };
}

/** A connection that ends, or is silent, before its first byte. Other failures of a connection have no equivalent in memory. */
async function failBeforeHead(
  writes: readonly EmulatorWrite[],
  { url, signal, headersTimeoutMs }: TransportRequest,
): Promise<unknown> {
  const clock = exchangeSignal(signal);
  clock.startClock('headers', headersTimeoutMs);
  try {
    for (const write of unroll(writes)) {
      if (typeof write === 'object' && 'delayMs' in write) {
        await raceSignal(pause(write.delayMs), clock.signal);
      } else if (write === 'hang') {
        await raceSignal(new Promise<never>(() => {}), clock.signal);
      } else if (write === 'reset') {
        return connectionError(lost('ECONNRESET'), url);
      } else if (isBytes(write)) {
        return new ChatError('unsupported', needsSocket);
      }
    }
    return connectionError(lost('UND_ERR_SOCKET'), url);
  } finally {
    clock.release();
  }
}

/** As Node and undici say it. */
function lost(code: 'ECONNRESET' | 'UND_ERR_SOCKET'): Error {
  return Object.assign(new Error(code === 'ECONNRESET' ? 'reset' : 'other side closed'), { code });
}

/** Plays a script as a body that is read. */
function play(writes: readonly EmulatorWrite[], signal: AbortSignal): ByteReader {
  const encoder = new TextEncoder();
  const steps = unroll(writes);
  let isCancelled = false;
  return {
    async read() {
      for (;;) {
        if (signal.aborted) throw signal.reason;
        if (isCancelled) throw interruptedError(new Error('cancelled'));
        const { value: write } = steps.next();
        if (write === undefined) return undefined;
        if (write === 'reset') throw interruptedError(lost('ECONNRESET'));
        if (write === 'fin') throw interruptedError(lost('UND_ERR_SOCKET'));
        if (write === 'hang') await raceSignal(new Promise<never>(() => {}), signal);
        else if (typeof write === 'string') return encoder.encode(write);
        else if (write instanceof Uint8Array) return write;
        else await raceSignal(pause(write.delayMs), signal);
      }
    },
    cancel() {
      isCancelled = true;
    },
  };
}
