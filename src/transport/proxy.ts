interface Addressed {
  uri?: unknown;
  protocol?: unknown;
}

/**
 * The host of the proxy that a dispatcher of undici goes through. It tells it to nobody, so it is looked for among what the
 * dispatcher keeps for itself: a `ProxyAgent` its own address, an `EnvHttpProxyAgent` two of those.
 */
export function proxyHost(dispatcher: object, isSecure: boolean): string | undefined {
  const kept = Object.getOwnPropertySymbols(dispatcher).map((symbol) => ({
    name: symbol.description ?? '',
    value: (dispatcher as Record<symbol, unknown>)[symbol],
  }));
  const address = kept.map(({ value }) => value as Addressed | null).find(isAddress);
  if (address != null && URL.canParse(String(address.uri)))
    return new URL(String(address.uri)).host;
  const name = isSecure ? 'https proxy agent' : 'http proxy agent';
  const inner = kept.find((each) => each.name === name)?.value;
  return typeof inner === 'object' && inner !== null ? proxyHost(inner, isSecure) : undefined;
}

function isAddress(value: Addressed | null): boolean {
  return typeof value === 'object' && value !== null && typeof value.uri === 'string';
}
