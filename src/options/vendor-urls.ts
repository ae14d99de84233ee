import { invalidOptions } from '../outcome/invalid-options.ts';
import type { Profile } from '../dialect/profile.ts';
import type { Provider } from '../dialect/provider.ts';

/** Where a vendor's calls go. Absent: it offers no such call. */
export interface VendorURLs {
  chat: string;
  beta?: string | undefined;
  models?: string | undefined;
  balance?: string | undefined;
  fim?: string | undefined;
}

/** The vendor as it is at one of its own addresses elsewhere, if that is the base URL: its key and its models are those of there. */
export function inRegion(provider: Provider, baseURL: string | undefined): Provider {
  const { profile } = provider;
  const there = profile.regions?.find(
    (each) => each.baseURL === String(baseURL).replace(/\/+$/, ''),
  );
  if (there === undefined) return provider;
  const { models = profile.models } = there;
  return { ...provider, profile: { ...profile, baseURL: there.baseURL, models } };
}

/** @throws ChatError `invalid_options` for a path that leaves the host: the key would go along */
export function resolveURLs(profile: Profile, baseURL: string): VendorURLs {
  const { paths, fim, baseURLEndings = [] } = profile;
  const { origin } = new URL(baseURL);
  const resolve = (base: string, path: string): string => {
    const url = URL.canParse(path, `${base}/`) ? new URL(path, `${base}/`) : undefined;
    if (url?.origin === origin) return url.href;
    const message = `A path of provider "${profile.id}" leaves ${origin}, where the key belongs: ${path}`;
    throw invalidOptions('provider', message);
  };
  // A server on another host that only speaks the protocol has OpenAI's paths, and no others.
  const isPlain = origin !== new URL(profile.baseURL).origin && baseURL.endsWith('/v1');
  const ending = isPlain ? '' : (baseURLEndings.find((each) => baseURL.endsWith(each)) ?? '');
  // Paths beside that of chats start from the root that other SDKs' endings hang on.
  const root = baseURL.slice(0, baseURL.length - ending.length);
  const beside = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : resolve(root, path);
  const chat = resolve(baseURL, (isPlain ? undefined : paths.chat) ?? 'chat/completions');
  return {
    chat,
    beta: isPlain && paths.beta !== undefined ? chat : beside(paths.beta),
    models: beside(isPlain && paths.models !== undefined ? 'models' : paths.models),
    balance: beside(paths.balance),
    fim: beside(isPlain && fim !== undefined ? 'completions' : fim?.path),
  };
}
