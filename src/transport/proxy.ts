interface Addressed {
  uri?: unknown;
  protocol?: unknown;
}

/**
 * The address of the proxy that a dispatcher of undici goes through. It tells it to nobody, so it is looked for among what the
 * dispatcher keeps for itself: a `ProxyAgent` its own address, an `EnvHttpProxyAgent` two of those.
 */
export function proxyOf(dispatcher: object, isSecure: boolean): URL | undefined {
  const kept = Object.getOwnPropertySymbols(dispatcher).map((symbol) => ({
    name: symbol.description ?? '',
    value: (dispatcher as Record<symbol, unknown>)[symbol],
  }));
  const address = kept.map(({ value }) => value as Addressed | null).find(isAddress);
  if (address != null && URL.canParse(String(address.uri))) return new URL(String(address.uri));
  const name = isSecure ? 'https proxy agent' : 'http proxy agent';
  const inner = kept.find((each) => each.name === name)?.value;
  return typeof inner === 'object' && inner !== null ? proxyOf(inner, isSecure) : undefined;
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

/** Where a connection failed: at its target, or on the way, at a proxy of a `fetch` that does not tell of it. */
export function placeOf(message: string, target: URL): string {
  const place = /^(?:connect E[A-Z]+|getaddrinfo ENOTFOUND) (\S+)$/.exec(message)?.[1];
  if (place === undefined || isAbout(message, target)) return target.host;
  return `${place}, on the way to ${target.host}`;
}
