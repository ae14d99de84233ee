import type { Profile } from '../../dialect/profile.ts';
import type { Provider } from '../../dialect/provider.ts';

/** One of a vendor's calls that the emulator knows. */
export type EmulatedCall = 'chat' | 'fill' | 'models' | 'balance';

const methods: Record<EmulatedCall, string> = {
  chat: 'POST',
  fill: 'POST',
  models: 'GET',
  balance: 'GET',
};
const calls = Object.keys(methods) as EmulatedCall[];

/** Which call of a vendor a path on its host is; `undefined` if it is not one. */
export function findCall(
  provider: Provider,
  method: string,
  path: string,
): EmulatedCall | undefined {
  return calls.find((call) => methods[call] === method && pathsOf(provider, call).includes(path));
}

/** Whether a path is the one of the vendor's beta features; `undefined` if it has none. */
export function isBetaPath({ profile }: Provider, path: string): boolean | undefined {
  const { baseURL, paths } = profile;
  if (paths.beta === undefined) return undefined;
  const isPlain = looksPlain(baseURL) && pathAt(baseURL, openai.chat) === path;
  return isPlain || pathAt(rootOf(profile), paths.beta) === path;
}

/** Where a vendor's paths begin: its base URL, without an ending that other SDKs are used to. */
function rootOf({ baseURL, baseURLEndings = [] }: Profile): string {
  const ending = baseURLEndings.find((each) => baseURL.endsWith(each)) ?? '';
  return baseURL.slice(0, baseURL.length - ending.length);
}

/** Where OpenAI has its calls. */
const openai = { chat: 'chat/completions', fill: 'completions', models: 'models' };

/**
 * Whether a client that is sent elsewhere takes a base URL for a server that only speaks the protocol: then it uses OpenAI's
 * paths in place of the vendor's own.
 */
function looksPlain(baseURL: string): boolean {
  return baseURL.endsWith('/v1');
}

/** At the vendor's base URL, and at those that other SDKs are used to. */
function pathsOf({ profile }: Provider, call: EmulatedCall): string[] {
  const { baseURL, baseURLEndings = [], fim, paths } = profile;
  const { chat = openai.chat, beta, models, balance } = paths;
  // What is a beta feature has one path alone.
  const only = { chat: beta, fill: fim?.path, models: undefined, balance: undefined }[call];
  const anywhere = { chat, fill: undefined, models, balance }[call];
  const plain = {
    chat: openai.chat,
    fill: fim && openai.fill,
    models: models && openai.models,
    balance: undefined,
  }[call];
  const root = rootOf(profile);
  const bases = [root, ...baseURLEndings.map((ending) => root + ending)];
  return [
    ...(only === undefined ? [] : [pathAt(root, only)]),
    ...(anywhere === undefined ? [] : bases.map((base) => pathAt(base, anywhere))),
    ...(plain === undefined || !looksPlain(baseURL) ? [] : [pathAt(baseURL, plain)]),
  ];
}

function pathAt(baseURL: string, path: string): string {
  return new URL(path, `${baseURL}/`).pathname;
}
