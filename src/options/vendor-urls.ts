import { invalidOptions } from '../outcome/invalid-options.ts';
import type { Profile } from '../dialect/profile.ts';
import type { Provider } from '../dialect/provider.ts';

/** Where a vendor's calls go. Absent: it offers no such call. */
export interface VendorURLs {
  chat: string;
  beta?: string | undefined;
  models?: string | undefined;
  balance?: string | undefined;
  fill?: string | undefined;
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
  const joinURL = (base: string, path: string): string => {
    const url = URL.canParse(path, `${base}/`) ? new URL(path, `${base}/`) : undefined;
    if (url?.origin === origin) return url.href;
    const message = `A path of provider "${profile.id}" points outside ${origin}, the only place the API key is sent to: ${path}`;
    throw invalidOptions('provider', message);
  };
  // A server on another host that only speaks the protocol has OpenAI's paths, and no others.
  const isPlain = origin !== new URL(profile.baseURL).origin && baseURL.endsWith('/v1');
  const ending = isPlain ? '' : (baseURLEndings.find((each) => baseURL.endsWith(each)) ?? '');
  // Paths other than that of chats start from the root, without the endings that other SDKs append.
  const root = baseURL.slice(0, baseURL.length - ending.length);
  const siblingURL = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : joinURL(root, path);
  const chat = joinURL(baseURL, (isPlain ? undefined : paths.chat) ?? 'chat/completions');
  return {
    chat,
    beta: isPlain && paths.beta !== undefined ? chat : siblingURL(paths.beta),
    models: siblingURL(isPlain && paths.models !== undefined ? 'models' : paths.models),
    balance: siblingURL(paths.balance),
    fill: siblingURL(isPlain && fim !== undefined ? 'completions' : fim?.path),
  };
}
