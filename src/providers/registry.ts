import { openrouter } from './openrouter.ts';
import { deepinfra } from './deepinfra.ts';
import { alibaba } from './alibaba.ts';
import { fireworks } from './fireworks.ts';
import { volcengine } from './volcengine.ts';
import { aimlapi } from './aimlapi.ts';
import { anyfast } from './anyfast.ts';
import { bytespike } from './bytespike.ts';
import { deepseek } from './deepseek.ts';
import { invalidOptions } from '../outcome/invalid-options.ts';
import { unknownProvider } from '../dialect/decoder.ts';
import type { ProviderSpec } from '../dialect/define-provider.ts';
import { extendProvider } from '../dialect/define-provider.ts';
import type { Provider } from '../dialect/provider.ts';
import { shortapi } from './shortapi.ts';
import { vtrix } from './vtrix.ts';

/** The vendors this package knows. */
export const providers = {
  deepseek,
  aimlapi,
  shortapi,
  anyfast,
  bytespike,
  vtrix,
  openrouter,
  deepinfra,
  alibaba,
  fireworks,
  volcengine,
} as const;

/** Short name of a vendor. */
export type ProviderId = keyof typeof providers;

type OptionsOf<P> = P extends Provider<string, infer Options> ? Options : never;

/** Every known vendor's own fields; only the called vendor's are sent. */
export type ProviderOptions = {
  [Id in ProviderId as [OptionsOf<(typeof providers)[Id]>] extends [never] ? never : Id]?:
    | OptionsOf<(typeof providers)[Id]>
    | undefined;
};

/** {@link ProviderOptions}, and those of a vendor made with `defineProvider`. */
export type ProviderOptionsFor<P> = ProviderOptions &
  (P extends Provider<infer Id, infer Options>
    ? string extends Id
      ? unknown
      : { [Own in Exclude<Id, ProviderId>]?: Options | undefined }
    : unknown);

/** The vendor of that name, or the vendor itself. @throws ChatError `invalid_options` that lists the known names */
export function findProvider(provider: string | Provider): Provider {
  if (typeof provider === 'object' && provider !== null) {
    if (typeof provider.encode === 'function' && provider.profile !== undefined) return provider;
  } else if (Object.hasOwn(providers, provider)) return providers[provider as ProviderId];
  throw unknownProvider(provider, Object.keys(providers));
}

/** `providerOptions.<vendor>.<key>` for a key that one vendor documents. */
export function findOption(key: string): string | undefined {
  const owner = Object.values<Provider>(providers).find((each) => each.hasOption?.(key));
  return owner && `providerOptions.${owner.id}.${key}`;
}

/**
 * Describes another vendor, or another fact about one that is known.
 *
 * @example
 * const local = defineProvider({ id: 'local', baseURL: 'http://127.0.0.1:8000/v1', caps: { max_tokens: 4096 } });
 * const client = createClient({ provider: local, apiKey: 'none' });
 *
 * @example
 * defineProvider({ id: 'bytespike', extends: 'bytespike', caps: { max_tokens: 16384 } });
 *
 * @throws ChatError `invalid_options` if there is no base URL
 */
export function defineProvider<
  const Id extends string,
  const Base extends ProviderId | Provider = never,
  Options = OptionsOf<Resolved<Base>>,
>(spec: ProviderSpec<Id, Options> & { extends?: Base | undefined }): Provider<Id, Options> {
  if (typeof spec !== 'object' || spec === null) {
    throw invalidOptions('', 'defineProvider takes an object of facts');
  }
  const { extends: base, ...own } = spec;
  return extendProvider<Id, Options>(
    own as ProviderSpec<Id, Options>,
    base == null ? undefined : findProvider(base),
  );
}

type Resolved<P> = P extends ProviderId ? (typeof providers)[P] : P;
