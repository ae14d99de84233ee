import type { Prices } from '../cost/prices.ts';
import type { Adjustment } from '../outcome/report.ts';
import type { AnyContentPart } from '../schema/message.ts';
import { readName } from './model-names.ts';
import type { ThinkingStyle } from './thinking.ts';

/** The model that is asked when the caller names none. */
export const defaultModel = 'deepseek-v4-flash';

/** Which DeepSeek Flash a model is. */
export type Generation = 'v4' | 'v4.1';

/** Facts about one model at one vendor. */
export interface ModelProfile {
  /** The vendor's id of the model. @default our id, with the vendor's prefix */
  wireId?: string | undefined;
  /** Other ids that the vendor accepts for it. They are sent as the caller writes them. */
  aliases?: readonly string[] | undefined;
  /** The generation that answers under this name here; absent if it is known only from the name. */
  generation?: Generation | undefined;
  /** The vendor's own limits. */
  caps: {
    max_tokens?: number | undefined;
    /** How many stop sequences. */
    stop?: number | undefined;
    /** Smallest `top_p`. */
    top_p?: number | undefined;
    /** Smallest `seed`. */
    seed?: number | undefined;
    toolNameLength?: number | undefined;
  };
  /**
   * Smallest `top_p` that has an effect, and only while the model thinks: the vendor accepts smaller ones but uses its
   * own instead. Absent: every value has an effect.
   */
  effectiveTopP?: number | undefined;
  /** How it is asked to think, where that is not as the vendor's other models are. */
  thinking?: ThinkingStyle | undefined;
  /** Price table; absent: unknown. */
  prices?: Prices | undefined;
  /** Kinds of content parts, other than text, that it accepts here. */
  parts: readonly Exclude<AnyContentPart['type'], 'text' | 'refusal'>[];
  /** Maximum tokens of prompt and answer together, as the vendor states it; only used in error messages. */
  contextWindow?: string | undefined;
}

/** What of a vendor's facts is about its models. */
export interface Selling {
  /** Put before a model id without a slash, e.g. `deepseek/`. @default '' */
  modelPrefix?: string | undefined;
  /** The models that the vendor is known to sell, by our id. Nothing is known about any other model. */
  models: Readonly<Record<string, ModelProfile>>;
}

/** Another address of a vendor. */
export interface Region {
  /** Where it answers, as an OpenAI SDK takes it. */
  baseURL: string;
  /** What it sells there, in place of the vendor's other models; absent: the same. */
  models?: Selling['models'] | undefined;
}

/** Names by which a model is found. */
type Named = Pick<ModelProfile, 'wireId' | 'aliases'>;

/** A model of the vendor's, by our id, its own, or another name of it, with or without `deepseek/`; with our id. */
export function findEntry<Model extends Named>(
  name: string,
  { models }: { models: Readonly<Record<string, Model>> },
): readonly [id: string, model: Model] | undefined {
  const bare = bareModel(name);
  const model = Object.hasOwn(models, bare) ? models[bare] : undefined;
  if (model !== undefined) return [bare, model];
  return Object.entries(models).find(
    ([, { wireId, aliases = [] }]) => wireId === name || aliases.includes(bare),
  );
}

/** What holds of a model, by any of its names; `undefined` if the vendor is not known to sell it. */
export function findModel<Model extends Named>(
  name: string,
  selling: { models: Readonly<Record<string, Model>> },
): Model | undefined {
  return findEntry(name, selling)?.[1];
}

/**
 * A model's name on the wire. Where it has none of its own, the vendor's prefix goes before an id without a slash;
 * `deepseek/` is taken off where the vendor has no prefix.
 */
export function wireModel(model: string, selling: Selling): string {
  const { models, modelPrefix = '' } = selling;
  const bare = bareModel(model);
  if (Object.hasOwn(models, bare)) {
    const own = models[bare]?.wireId;
    if (own !== undefined) return own;
  } else if (Object.values(models).some(({ wireId }) => wireId === model)) return model;
  if (modelPrefix === '') return bare;
  return model.includes('/') ? model : modelPrefix + model;
}

/** The adjustment for a model that is sent under a name of the vendor's; a prefix alone is not reported. */
export function modelAdjustment(
  model: string,
  selling: Selling & { name: string },
): Adjustment | undefined {
  const to = ownWireId(model, selling);
  if (to === undefined || to === model) return undefined;
  const namedGeneration = readName(model)?.generation;
  const soldGeneration = findModel(model, selling)?.generation;
  const isOther =
    namedGeneration !== undefined &&
    soldGeneration !== undefined &&
    namedGeneration !== soldGeneration;
  const reason = isOther
    ? `${selling.name} serves it with ${soldGeneration.toUpperCase()}`
    : `the name that ${selling.name} uses for it`;
  return { param: 'model', action: 'mapped', lossy: isOther, from: model, to, reason };
}

/** The vendor's own name for one of our ids. */
function ownWireId(model: string, { models }: Selling): string | undefined {
  const bare = bareModel(model);
  return Object.hasOwn(models, bare) ? models[bare]?.wireId : undefined;
}

function bareModel(model: string): string {
  return model.startsWith('deepseek/') ? model.slice('deepseek/'.length) : model;
}
