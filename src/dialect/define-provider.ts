import { ChatError } from '../outcome/chat-error.ts';
import type { StandardSchemaV1 } from '../schema/standard.ts';
import type { Decoder } from './decoder.ts';
import { createDecoder } from './decoder.ts';
import { encode } from './encode.ts';
import type { FinishWords } from '../schema/finish-reason.ts';
import { spelled } from '../schema/finish-reason.ts';
import type { ModelsFacts } from './fold-models.ts';
import { foldModels, unknownModel } from './fold-models.ts';
import { defaultModel } from './models.ts';
import { readFacts } from './provider-facts.ts';
import type { Provider } from './provider.ts';
import type { OtherFacts, Profile } from './profile.ts';

/** The functions of a {@link Provider}; a vendor has its own where the common dialect does not fit. */
type ProviderFunctions = Pick<
  Provider,
  'encode' | 'decode' | 'decodeChunk' | 'findError' | 'decodeError' | 'decodeBalance'
>;

/** What of a vendor is not about its answers. */
type ProviderExtras<Options> = Partial<
  Pick<Provider<string, Options>, 'options' | 'hasOption' | 'encode' | 'decodeBalance'>
>;

/** A decoder, the facts that it does without, and what asks. */
export function createProvider<const Id extends string, Options = never>(
  decoder: Decoder<Id>,
  facts: OtherFacts,
  extras: ProviderExtras<Options> = {},
): Provider<Id, Options> {
  const { models: told = {} } = decoder.profile;
  const models = Object.fromEntries(
    Object.entries(facts.models).map(([id, model]) => [id, { ...told[id], ...model }]),
  );
  return { ...decoder, profile: { ...decoder.profile, ...facts, models }, encode, ...extras };
}

/** `Partial`, for those who compile with exact optional types too. */
type Optional<T> = { [Key in keyof T]?: T[Key] | undefined };

/** Facts about a vendor; every one has a default. */
export interface ProviderFacts
  extends Optional<Omit<Profile, 'id' | 'thinking' | 'models'>>, ModelsFacts {
  /** How the vendor's switch for thinking works. */
  thinking?: Optional<Profile['thinking']> | undefined;
}

/** What `defineProvider` takes: some facts. The others are those of the extended vendor, or of OpenAI's API. */
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
  models: { [defaultModel]: unknownModel },
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
  requestIdHeader: 'x-request-id',
};

const functionNames = /* @__PURE__ */ Object.keys({
  encode: true,
  decode: true,
  decodeChunk: true,
  findError: true,
  decodeError: true,
  decodeBalance: true,
} satisfies Record<keyof ProviderFunctions, true>) as (keyof ProviderFunctions)[];

function spelledWords(words: FinishWords): FinishWords {
  return Object.fromEntries(Object.entries(words).map(([word, end]) => [spelled(word), end]));
}

function isElsewhere(baseURL: string | undefined, base: Provider | undefined): boolean {
  if (baseURL === undefined || base === undefined) return false;
  return !URL.canParse(baseURL) || new URL(baseURL).origin !== new URL(base.profile.baseURL).origin;
}

/** The facts and functions of `spec` over those of `base`. @throws ChatError `invalid_options` without a base URL */
export function extendProvider<const Id extends string, Options = never>(
  spec: ProviderSpec<Id, Options>,
  base: Provider | undefined,
): Provider<Id, Options> {
  const read = readFacts(spec, ['options', ...functionNames]);
  const { id: _id, options = base?.options, ...given } = read;
  const id = read.id as Id;
  const facts = Object.fromEntries(
    Object.entries(given).filter(([name]) => !(functionNames as readonly string[]).includes(name)),
  ) as ProviderFacts;
  const [models, rest] = foldModels(facts, (base?.profile ?? plain).models);
  const from: Partial<Profile> = base?.profile ?? plain;
  // Every required fact has a value in the end: `plain` names them all.
  const profile = {
    ...from,
    ...rest,
    models,
    id,
    name: facts.name ?? id,
    paths: { ...from.paths, ...facts.paths },
    thinking: { ...from.thinking, ...facts.thinking },
    parameters: { ...from.parameters, ...facts.parameters },
    ...(facts.finishReasons && { finishReasons: spelledWords(facts.finishReasons) }),
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
  const whole = profile as Profile & { id: Id };
  return createProvider(createDecoder(whole, functions), whole, {
    ...functions,
    ...(options && { options: options as StandardSchemaV1<Options> }),
    ...(spec.options === undefined && base?.hasOption && { hasOption: base.hasOption }),
  });
}
