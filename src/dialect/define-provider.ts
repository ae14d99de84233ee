import { ChatError } from '../outcome/chat-error.ts';
import type { StandardSchemaV1 } from '../schema/standard.ts';
import type { Decoder } from './decoder.ts';
import { createDecoder } from './decoder.ts';
import { encode } from './encode.ts';
import type { OptionHints } from '../outcome/invalid-options.ts';
import { ownOptions } from '../outcome/invalid-options.ts';
import type { Provider } from './provider.ts';
import type { Profile, RuledParameter, ThinkingStyle } from './profile.ts';

/** The functions of a {@link Provider}; a vendor has its own where the common dialect does not fit. */
type ProviderFunctions = Pick<
  Provider,
  'encode' | 'decode' | 'decodeChunk' | 'findError' | 'decodeError' | 'decodeBalance'
>;

/** What of a vendor is not about its answers. */
type ProviderExtras<Options> = Partial<
  Pick<Provider<string, Options>, 'options' | 'hasOption' | 'encode' | 'decodeBalance'>
>;

/** A decoder, and what asks. */
export function createProvider<const Id extends string, Options = never>(
  decoder: Decoder<Id>,
  extras: ProviderExtras<Options> = {},
): Provider<Id, Options> {
  return { ...decoder, encode, ...extras };
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

const functionNames = /* @__PURE__ */ namesIn<keyof ProviderFunctions>({
  encode: true,
  decode: true,
  decodeChunk: true,
  findError: true,
  decodeError: true,
  decodeBalance: true,
});

const factNames = /* @__PURE__ */ namesIn<Exclude<keyof ProviderFacts, keyof FactGroups>>({
  name: true,
  baseURL: true,
  apiKeyVariables: true,
  fim: true,
  baseURLEndings: true,
  modelPrefix: true,
  modelAliases: true,
  contextWindow: true,
  user: true,
  jsonSchema: true,
  forcedToolChoice: true,
  strictTools: true,
  parametersRequired: true,
  nullContent: true,
  refusal: true,
  names: true,
  textParts: true,
  parts: true,
  fileParts: true,
  prefix: true,
  cost: true,
  prices: true,
  insufficientBalanceStatuses: true,
  finishReasons: true,
  requestIdHeader: true,
  rateLimitResetHeader: true,
  serverErrorRetries: true,
  unbilledStatuses: true,
});

type FactGroups = Pick<Profile, 'paths' | 'caps' | 'thinking' | 'parameters'>;

/** Facts in groups, of which each may be given alone. */
const groupNames: { [Group in keyof FactGroups]: readonly string[] } = {
  paths: /* @__PURE__ */ namesIn<keyof Profile['paths']>({
    chat: true,
    beta: true,
    models: true,
    balance: true,
  }),
  caps: /* @__PURE__ */ namesIn<keyof Profile['caps']>({
    max_tokens: true,
    stop: true,
    top_p: true,
    seed: true,
    toolNameLength: true,
  }),
  thinking: /* @__PURE__ */ namesIn<keyof ThinkingStyle>({ off: true, on: true, effort: true }),
  parameters: /* @__PURE__ */ namesIn<RuledParameter>({
    temperature: true,
    top_p: true,
    frequency_penalty: true,
    presence_penalty: true,
    seed: true,
    logit_bias: true,
    logprobs: true,
    parallel_tool_calls: true,
    stream_options: true,
  }),
};

function namesIn<Name extends string>(names: Record<Name, true>): readonly Name[] {
  return Object.keys(names) as Name[];
}

const specHints: OptionHints = {
  apiKey: 'apiKey, an option of createClient',
  model: 'modelPrefix',
};

/** The facts that were given. @throws ChatError `invalid_options` for a name that is none of a fact */
function givenFacts(spec: object): Partial<ProviderSpec> {
  const known = ['id', 'options', ...functionNames, ...factNames, ...Object.keys(groupNames)];
  const given: Partial<ProviderSpec> = ownOptions(
    spec,
    known,
    'The facts of a provider',
    specHints,
  );
  for (const [group, names] of Object.entries(groupNames)) {
    const facts = given[group as keyof FactGroups];
    if (facts != null) ownOptions(facts, names, `Fact ${group}`);
  }
  return given;
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
  const { id: _id, options = base?.options, ...given } = givenFacts(spec);
  const { id } = spec;
  const facts = Object.fromEntries(
    Object.entries(given).filter(([name]) => !(functionNames as readonly string[]).includes(name)),
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
  // Every required fact has a value by now: `plain` names them all.
  const decoder = createDecoder({ profile: profile as Profile & { id: Id }, ...functions });
  return createProvider(decoder, {
    ...functions,
    ...(options && { options: options as StandardSchemaV1<Options> }),
    ...(spec.options === undefined && base?.hasOption && { hasOption: base.hasOption }),
  });
}
