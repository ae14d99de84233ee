import type {
  Client,
  ClientOptions,
  ProviderEntry,
  Transport,
  TransportRequest,
} from 'deepseek-v4-flash';
import { createClient } from 'deepseek-v4-flash';
import type { WireResponse } from './wire.ts';
import { serving, whole } from './wire.ts';

// Several vendors at once, each of which answers as it is told to.

/** What a vendor does with one request: answers, is not there, or is silent until it is left. */
export type Behaviour =
  | WireResponse
  | 'not there'
  | 'silent'
  | { afterMs: number; then: WireResponse };

export const down: Behaviour = 'not there';
export const silent: Behaviour = 'silent';
export const says = (content: string, more: object = {}): WireResponse => ({
  body: whole({ content }, 'stop', more),
});
export const failing = (status: number, more: Partial<WireResponse> = {}): WireResponse => ({
  status,
  body: { error: { message: `failed with ${status}` } },
  ...more,
});

interface Vendor extends Partial<ProviderEntry> {
  provider: ProviderEntry['provider'];
  /** One after the other, the last one for ever. */
  does: Behaviour | readonly Behaviour[];
}

export interface Several {
  client: Client;
  /** What each vendor was sent, by its name. */
  sent: Record<string, TransportRequest[]>;
  /** Names in the order of the sends. */
  order: string[];
}

/** A client of several vendors, without a network. */
export function severalOf(vendors: readonly Vendor[], options: ClientOptions = {}): Several {
  const sent: Record<string, TransportRequest[]> = {};
  const order: string[] = [];
  const providers = vendors.map(({ does, ...entry }): ProviderEntry => {
    const name =
      entry.name ?? (typeof entry.provider === 'string' ? entry.provider : entry.provider.id);
    const requests: TransportRequest[] = (sent[name] = []);
    const behaviours = Array.isArray(does) ? (does as Behaviour[]) : [does as Behaviour];
    const transport: Transport = {
      send(request) {
        requests.push(request);
        order.push(name);
        const behaviour = behaviours[Math.min(requests.length, behaviours.length) - 1] ?? down;
        return act(behaviour, request);
      },
    };
    return { apiKey: `key-of-${name}-0123456789`, ...entry, transport };
  });
  const client = createClient({ onUnsupported: 'adjust', maxRetries: 0, ...options, providers });
  return { client: client as Client, sent, order };
}

async function act(behaviour: Behaviour, request: TransportRequest): ReturnType<Transport['send']> {
  if (behaviour === 'not there') throw new Error('connect ECONNREFUSED');
  if (behaviour === 'silent') {
    return new Promise((_, reject) => {
      request.signal.addEventListener('abort', () => reject(request.signal.reason));
    });
  }
  if ('afterMs' in behaviour) {
    await new Promise((resolve) => void setTimeout(resolve, behaviour.afterMs));
    return act(behaviour.then, request);
  }
  return serving([behaviour]).transport.send(request);
}
