import { ChatError } from '../errors.ts';
import type { StandardSchemaV1 } from '../schema/standard.ts';
import { decode, decodeChunk } from './dialect/decode.ts';
import { isPlainChunk } from './dialect/plain.ts';
import { decodeError, findError } from './dialect/decode-error.ts';
import { encode } from './dialect/encode.ts';
import type { Profile, Provider } from './provider.ts';

/** The functions of a {@link Provider}; a vendor has its own where the common dialect does not fit. */
type ProviderFunctions = Pick<
  Provider,
  'encode' | 'decode' | 'decodeChunk' | 'findError' | 'decodeError' | 'decodeBalance'
>;

/** A vendor's facts, and what of the common dialect does not fit it. */
export interface ProviderDefinition<Id extends string, Options> extends Partial<ProviderFunctions> {
  profile: Profile & { id: Id };
  options?: StandardSchemaV1<Options> | undefined;
  hasOption?: ((key: string) => boolean) | undefined;
}

/** The common dialect, with a vendor's own functions in place of the common ones. */
export function createProvider<const Id extends string, Options = never>(
  definition: ProviderDefinition<Id, Options>,
): Provider<Id, Options> {
  const common = { encode, decode, decodeChunk, findError, decodeError };
  const id = definition.profile.id;
  const { decodeChunk: own = decodeChunk } = definition;
  return { ...common, ...definition, id, ...(own === decodeChunk && { isPlainChunk }) };
}

/** `Partial`, for those who compile with exact optional types too. */
type Optional<T> = { [Key in keyof T]?: T[Key] | undefined };

/** Facts about a vendor, every one of which has a default. */
export interface ProviderFacts extends Optional<Omit<Profile, 'id' | 'thinking'>> {
  thinking?: Optional<Profile['thinking']> | undefined;
}

/** What `defineProvider` takes: some facts; the rest is as at the vendor it extends, or as OpenAI has it. */
export interface ProviderSpec<Id extends string = string, Options = never>
  extends ProviderFacts, Optional<ProviderFunctions> {
  /** Name of the vendor in reports, errors and `providerOptions`. */
  id: Id;
  /** Standard Schema of the vendor's own fields, for `providerOptions.<id>`. */
  options?: StandardSchemaV1<Options> | undefined;
}

/** A vendor about which nothing is known: OpenAI's form, no caps, no switch for thinking. */
const plain: Omit<Profile, 'id' | 'name' | 'baseURL'> = {
  apiKeyVariables: [],
  paths: {},
  caps: {},
  thinking: { on: 'default' },
  parameters: {},
  user: { field: 'user' },
  jsonSchema: 'sent',
  forcedToolChoice: 'sent',
  strictTools: 'sent',
  nullContent: 'empty',
  refusal: 'text',
  names: 'sent',
  textParts: 'sent',
  parts: ['image_url', 'input_audio', 'file', 'video_url'],
  requestIdHeader: 'x-request-id',
};

const functionNames = [
  'encode',
  'decode',
  'decodeChunk',
  'findError',
  'decodeError',
  'decodeBalance',
] as const;

function isElsewhere(baseURL: string | undefined, base: Provider | undefined): boolean {
  if (baseURL === undefined || base === undefined) return false;
  return !URL.canParse(baseURL) || new URL(baseURL).origin !== new URL(base.profile.baseURL).origin;
}

/** The facts and functions of `spec` over those of `base`. @throws ChatError `invalid_options` without a base URL */
export function extendProvider<const Id extends string, Options = never>(
  spec: ProviderSpec<Id, Options>,
  base: Provider | undefined,
): Provider<Id, Options> {
  const { id, options = base?.options, ...given } = spec;
  // A fact that is given as `undefined` is not given.
  const facts = Object.fromEntries(
    Object.entries(given).filter(
      ([name, value]) =>
        value !== undefined && !(functionNames as readonly string[]).includes(name),
    ),
  ) as ProviderFacts;
  const from: Partial<Profile> = base?.profile ?? plain;
  const profile = {
    ...from,
    ...facts,
    id,
    name: facts.name ?? id,
    paths: { ...from.paths, ...facts.paths },
    caps: { ...from.caps, ...facts.caps },
    thinking: { ...from.thinking, ...facts.thinking },
    parameters: { ...from.parameters, ...facts.parameters },
  };
  // A variable holds the key for its vendor's own host, and must not travel to another one by inheritance.
  if (facts.apiKeyVariables === undefined && isElsewhere(facts.baseURL, base)) {
    profile.apiKeyVariables = [];
  }
  if (profile.baseURL === undefined) {
    const message = `Provider "${id}" needs a \`baseURL\`, or a provider to extend`;
    throw new ChatError('invalid_options', message, { param: 'baseURL' });
  }
  const functions = Object.fromEntries(
    functionNames.flatMap((name) => {
      const own = spec[name] ?? base?.[name];
      return own === undefined ? [] : [[name, own]];
    }),
  );
  return createProvider({
    // Every required fact has a value by now: `plain` names them all.
    profile: profile as Profile & { id: Id },
    ...functions,
    ...(options && { options: options as StandardSchemaV1<Options> }),
    ...(spec.options === undefined && base?.hasOption && { hasOption: base.hasOption }),
  });
}
