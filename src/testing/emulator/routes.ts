import type { Provider } from '../../dialect/provider.ts';
import type { ProviderId } from '../../providers/registry.ts';
import { providers } from '../../providers/registry.ts';
import { refuse } from './check-reply.ts';
import { oneOf } from './checks.ts';

/** One of a vendor's calls that the emulator knows. */
export type EmulatedCall = 'chat' | 'fim' | 'models' | 'balance';

const checkVendor = oneOf(Object.keys(providers));

/** @throws ChatError `invalid_options` that lists the known vendors */
export function baseURLOf(provider: ProviderId): string {
  refuse('The emulator has no such vendor', checkVendor(provider, 'provider'));
  return providers[provider].profile.baseURL;
}

const methods: Record<EmulatedCall, string> = {
  chat: 'POST',
  fim: 'POST',
  models: 'GET',
  balance: 'GET',
};
const calls = Object.keys(methods) as EmulatedCall[];

/** Which call of a vendor's a path is, on its own host; `undefined` if it is none. */
export function findCall(
  provider: Provider,
  method: string,
  path: string,
): EmulatedCall | undefined {
  return calls.find((call) => methods[call] === method && pathsOf(provider, call).includes(path));
}

/** Whether a path is the one of the vendor's beta features; `undefined` if it has none. */
export function isBetaPath({ profile }: Provider, path: string): boolean | undefined {
  const { beta } = profile.paths;
  return beta === undefined ? undefined : pathAt(profile.baseURL, beta) === path;
}

/** At the vendor's base URL, and at those that other SDKs are used to. */
function pathsOf({ profile }: Provider, call: EmulatedCall): string[] {
  const { baseURL, baseURLEndings = [], fim, paths } = profile;
  const { chat = 'chat/completions', beta, models, balance } = paths;
  // What is a beta feature has one path alone.
  const only = { chat: beta, fim: fim?.path, models: undefined, balance: undefined }[call];
  const anywhere = { chat, fim: undefined, models, balance }[call];
  const bases = [baseURL, ...baseURLEndings.map((ending) => baseURL + ending)];
  return [
    ...(only === undefined ? [] : [pathAt(baseURL, only)]),
    ...(anywhere === undefined ? [] : bases.map((base) => pathAt(base, anywhere))),
  ];
}

function pathAt(baseURL: string, path: string): string {
  return new URL(path, `${baseURL}/`).pathname;
}
