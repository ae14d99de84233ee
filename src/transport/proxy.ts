import { unwrapped } from './global-dispatcher.ts';

interface Addressed {
  uri?: unknown;
  protocol?: unknown;
}

/**
 * The address of the proxy that an undici dispatcher uses. There is no public access to it, so it is read from the
 * dispatcher's private fields: a `ProxyAgent` has its address, an `EnvHttpProxyAgent` has two of those.
 */
export function proxyOf(dispatcher: object | undefined, isSecure: boolean): URL | undefined {
  if (dispatcher === undefined) return undefined;
  const kept = keptBy(unwrapped(dispatcher));
  const address = kept.map(({ value }) => value as Addressed | null).find(isAddress);
  if (address != null && URL.canParse(String(address.uri))) return new URL(String(address.uri));
  const name = isSecure ? 'https proxy agent' : 'http proxy agent';
  const inner = kept.find((each) => each.name === name)?.value;
  return typeof inner === 'object' && inner !== null ? proxyOf(inner, isSecure) : undefined;
}

/**
 * The address of the proxy that is given an origin's requests themselves, and is asked for no tunnel: only `http:` ones, by
 * option `proxyTunnel`, and in undici 8 by default. The agent behind a `ProxyAgent` then keeps a carrier of another class
 * for them. Beside it an `EnvHttpProxyAgent` has an agent for what goes through no proxy.
 */
export function forwarderOf(dispatcher: object | undefined, url: string): URL | undefined {
  const { origin, protocol } = new URL(url);
  if (protocol !== 'http:' || dispatcher === undefined) return undefined;
  const outer = unwrapped(dispatcher);
  const direct = part(outer, 'no proxy agent');
  if (carrierOf(direct, origin) !== undefined) return undefined;
  const inner = part(part(outer, 'http proxy agent') ?? outer, 'proxy agent');
  return carrierOf(inner, origin) === 'Http1ProxyWrapper' ? proxyOf(outer, false) : undefined;
}

/** The class of what an agent has for an origin. undici 7 counts its connections beside it. */
function carrierOf(agent: object | undefined, origin: string): string | undefined {
  const clients = agent && part(agent, 'clients');
  if (!(clients instanceof Map)) return undefined;
  const entry = (clients.get(origin) ?? clients.get(`${origin}#http1-only`)) as
    | { dispatcher?: object }
    | undefined;
  return (entry?.dispatcher ?? entry)?.constructor.name;
}

function part(dispatcher: object, name: string): object | undefined {
  const value = keptBy(dispatcher).find((each) => each.name === name)?.value;
  return typeof value === 'object' && value !== null ? value : undefined;
}

function keptBy(dispatcher: object): { name: string; value: unknown }[] {
  return Object.getOwnPropertySymbols(dispatcher).map((symbol) => ({
    name: symbol.description ?? '',
    value: (dispatcher as Record<symbol, unknown>)[symbol],
  }));
}

function isAddress(value: Addressed | null): boolean {
  return typeof value === 'object' && value !== null && typeof value.uri === 'string';
}

const ports: Readonly<Record<string, string>> = {
  'http:': '80',
  'https:': '443',
  'socks5:': '1080',
};

/** Whether the address in the message of a failed connection is that of a proxy. Not every request goes through it. */
export function isAbout(message: string, { hostname, port, protocol }: URL): boolean {
  const name = /ENOTFOUND (\S+)/.exec(message)?.[1];
  if (name !== undefined) return name === hostname;
  const [, address, at] = /([\w.:]+):(\d+)$/.exec(message) ?? [];
  const isAddress = /^[\d.]+$/.test(hostname);
  return at === (port || ports[protocol]) && (!isAddress || address === hostname);
}

/** Where a connection failed: at its target, or before it, at a proxy that `fetch` does not reveal. */
export function placeOf(message: string, target: URL): string {
  const place = /^(?:connect E[A-Z]+|getaddrinfo ENOTFOUND) (\S+)$/.exec(message)?.[1];
  if (place === undefined || isAbout(message, target)) return target.host;
  return `${place}, on the way to ${target.host}`;
}
