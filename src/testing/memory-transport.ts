import { ChatError } from '../errors.ts';
import type { ProviderId } from '../providers/registry.ts';
import { providers } from '../providers/registry.ts';
import { interruptedError, raceSignal } from '../transport/transport.ts';
import type { Transport } from '../transport/transport.ts';
import type { ByteReader } from '../web.ts';
import type { EmulatorWrite, HandleRequest } from './script.ts';

/** The emulator as a transport: the vendor is known by the host of the URL. */
export function memoryTransport(handle: HandleRequest): Transport {
  return {
    async send({ method, url, headers, body, signal }) {
      if (signal.aborted) throw signal.reason;
      const { origin, pathname } = new URL(url);
      const provider = findByOrigin(origin);
      if (provider === undefined) {
        throw new ChatError('connection', `The emulator has no vendor at ${origin}`);
      }
      const response = handle(provider, {
        method,
        path: pathname,
        headers: { ...headers },
        body: body ?? '',
      });
      return {
        status: response.status,
        headers: { ...response.headers },
        body: play(response.writes, signal),
      };
    },
  };
}

function findByOrigin(origin: string): ProviderId | undefined {
  const ids = Object.keys(providers) as ProviderId[];
  return ids.find((id) => new URL(providers[id].profile.baseURL).origin === origin);
}

/** Plays a script as a body that is read. */
function play(writes: readonly EmulatorWrite[], signal: AbortSignal): ByteReader {
  const encoder = new TextEncoder();
  let next = 0;
  let isCancelled = false;
  return {
    async read() {
      for (;;) {
        if (signal.aborted) throw signal.reason;
        if (isCancelled) throw interruptedError(new Error('cancelled'));
        const write = writes[next++];
        if (write === undefined) return undefined;
        if (write === 'reset')
          throw interruptedError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
        if (write === 'hang') await raceSignal(new Promise<never>(() => {}), signal);
        else if (typeof write === 'string') return encoder.encode(write);
        else if (write instanceof Uint8Array) return write;
        else if ('delayMs' in write) await raceSignal(pause(write.delayMs), signal);
      }
    },
    cancel() {
      isCancelled = true;
    },
  };
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}
