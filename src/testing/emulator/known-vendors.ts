import type { Provider } from '../../dialect/provider.ts';
import type { ProviderId } from '../../providers/registry.ts';
import { providers } from '../../providers/registry.ts';
import { refuse } from './check-reply.ts';
import type { Check } from './checks.ts';
import { first, isRecord, listOf, oneOf, shown } from './checks.ts';
import { findCall } from './routes.ts';

/** The vendors that one emulator plays: the known ones, and those it was given. */
export interface KnownVendors {
  all(): readonly Provider[];
  /** A provider that is not known yet is from then on. @throws ChatError `invalid_options` that lists the known vendors */
  find(provider: ProviderId | Provider): Provider;
  byId(id: string): Provider | undefined;
  /** Who answers at a URL. */
  at(origin: string, method: string, path: string): Provider | undefined;
}

const isProvider: Check = (value, path) => {
  const why = `must be what defineProvider() gives, and is ${shown(value)}`;
  if (!isRecord(value) || !isRecord(value.profile)) return { path, why };
  const { id, encode, profile } = value;
  if (typeof encode !== 'function' || typeof profile.baseURL !== 'string') return { path, why };
  if (!URL.canParse(profile.baseURL)) {
    return { path: `${path}.profile.baseURL`, why: 'must be an absolute URL' };
  }
  // It is a step of the path on a socket.
  return typeof id === 'string' && /^(?!\.\.?$)[\w.-]+$/.test(id)
    ? undefined
    : { path: `${path}.id`, why: `must be of a-z A-Z 0-9 _ . -, and is ${shown(id)}` };
};

/** A list of providers, no two of which have the same id. */
export const ownProviders: Check = (value, path) =>
  listOf(isProvider)(value, path) ??
  first((value as Provider[]).entries(), ([index, { id }]) =>
    (value as Provider[]).findIndex((each) => each.id === id) < index
      ? { path: `${path}.${index}.id`, why: `is ${shown(id)}, as another one's is` }
      : undefined,
  );

export function createKnownVendors(own: readonly Provider[] = []): KnownVendors {
  const known = new Map<string, Provider>(Object.entries<Provider>(providers));
  const add = (provider: Provider): void => {
    // The last one given is the last one in the list.
    known.delete(provider.id);
    known.set(provider.id, provider);
  };
  own.forEach(add);
  return {
    all: () => [...known.values()],
    find(provider) {
      const what = 'The emulator has no such vendor';
      if (typeof provider !== 'object') {
        refuse(what, oneOf([...known.keys()])(provider, 'provider'));
        return known.get(provider) as Provider;
      }
      refuse(what, isProvider(provider, 'provider'));
      if (known.get(provider.id) !== provider) add(provider);
      return provider;
    },
    byId: (id) => known.get(id),
    at(origin, method, path) {
      const there = [...known.values()]
        .filter(({ profile }) => new URL(profile.baseURL).origin === origin)
        .toReversed();
      return there.find((each) => findCall(each, method, path) !== undefined) ?? there[0];
    },
  };
}
