import type { FetchTransportOptions, ProxySight } from './fetch.ts';
import { createFetchTransport } from './fetch.ts';
import { globalDispatcher } from './global-dispatcher.ts';
import { forwarderOf, proxyOf } from './proxy.ts';
import type { Transport } from './transport.ts';

/** The proxies of Node's own `fetch`, which uses the global dispatcher. */
export const globalProxies: ProxySight = {
  proxyOf(isSecure) {
    const dispatcher = globalDispatcher(1);
    return dispatcher && proxyOf(dispatcher, isSecure);
  },
  forwarderOf(url) {
    const dispatcher = globalDispatcher(1);
    return dispatcher && forwarderOf(dispatcher, url);
  },
};

/**
 * A transport over any WHATWG `fetch`: the default outside Node. It cannot see when a connection is open, so `connect`
 * has no effect, and `headers` counts from the moment of sending.
 */
export function fetchTransport(options: FetchTransportOptions = {}): Transport {
  return createFetchTransport(options, globalProxies);
}
