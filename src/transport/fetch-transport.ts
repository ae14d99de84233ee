import type { FetchTransportOptions, ProxySight } from './fetch.ts';
import { createFetchTransport } from './fetch.ts';
import { globalDispatcher } from './global-dispatcher.ts';
import { forwarderOf, proxyOf } from './proxy.ts';
import type { Transport } from './transport.ts';

/** The proxies of Node's own `fetch`, which uses the global dispatcher. */
export const globalProxies: ProxySight = {
  proxyOf: (isSecure) => proxyOf(globalDispatcher(1), isSecure),
  forwarderOf: (url) => forwarderOf(globalDispatcher(1), url),
};

/**
 * A transport over any WHATWG `fetch`: the default outside Node. It cannot see when a connection is open, so `connect`
 * has no effect, and `headers` counts from the moment of sending.
 */
export function fetchTransport(options: FetchTransportOptions = {}): Transport {
  return createFetchTransport(options, globalProxies);
}
