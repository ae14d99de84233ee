import type { ModelProfile } from './models.ts';
import { defaultModel } from './models.ts';

/** Facts about a model; every one has a default. */
export type ModelFacts = { [Fact in keyof ModelProfile]?: ModelProfile[Fact] | undefined };

/** What `defineProvider` takes about models: entry by entry, and in short for `deepseek-v4-flash`. */
export interface ModelsFacts {
  /** Our id → what holds of it here, over what the extended provider says of it. What is given here counts more than what is given in short. */
  models?: Readonly<Record<string, ModelFacts>> | undefined;
  /** `caps` of `deepseek-v4-flash`, each over that of the extended provider. */
  caps?: ModelFacts['caps'] | undefined;
  /** `prices` of `deepseek-v4-flash`. */
  prices?: ModelFacts['prices'] | undefined;
  /** `parts` of `deepseek-v4-flash`. */
  parts?: ModelFacts['parts'] | undefined;
  /** `contextWindow` of `deepseek-v4-flash`. */
  contextWindow?: ModelFacts['contextWindow'] | undefined;
  /** `aliases` of `deepseek-v4-flash`. */
  modelAliases?: ModelFacts['aliases'] | undefined;
}

type Models = Readonly<Record<string, ModelProfile>>;

/** A model of which nothing is known: no caps, and parts of all kinds are sent. */
export const unknownModel: ModelProfile = {
  caps: {},
  parts: ['image_url', 'input_audio', 'file', 'video_url'],
};

/** The models of a provider with what was given of them; and the other facts. */
export function foldModels<Facts extends ModelsFacts>(
  facts: Facts,
  base: Models,
): [models: Models, rest: Omit<Facts, keyof ModelsFacts>] {
  const { models = {}, caps, prices, parts, contextWindow, modelAliases, ...rest } = facts;
  const short = { caps, prices, parts, contextWindow, aliases: modelAliases };
  const folded: Record<string, ModelProfile> = { ...base };
  for (const [id, given] of [[defaultModel, short] as const, ...Object.entries(models)]) {
    folded[id] = withFacts(Object.hasOwn(folded, id) ? folded[id] : unknownModel, given);
  }
  return [folded, rest];
}

function withFacts(
  model: ModelProfile = unknownModel,
  { caps, ...given }: ModelFacts,
): ModelProfile {
  const facts = Object.entries(given).filter(([, fact]) => fact !== undefined);
  return { ...model, ...Object.fromEntries(facts), caps: { ...model.caps, ...caps } };
}
