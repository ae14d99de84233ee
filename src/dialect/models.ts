import type { Prices } from '../cost/prices.ts';
import type { Adjustment } from '../outcome/report.ts';
import type { AnyContentPart } from '../schema/message.ts';
import { readName } from './model-names.ts';
import type { ThinkingStyle } from './thinking.ts';

/** The model that is asked when the caller names none. */
export const defaultModel = 'deepseek-v4-flash';

/** Which DeepSeek Flash a model is. */
export type Generation = 'v4' | 'v4.1';

/** What holds of one model at one vendor. */
export interface ModelProfile {
  /** What the vendor calls it; absent: our id, with the vendor's prefix. */
  wireId?: string | undefined;
  /** Other names that the vendor has for it. They are sent as the caller writes them. */
  aliases?: readonly string[] | undefined;
  /** What answers under this name here; absent: not known beyond what the name says. */
  generation?: Generation | undefined;
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
   * Smallest `top_p` that has an effect, and only while the model thinks: the vendor takes every other one, and goes by its
   * own. Absent: each has its effect.
   */
  effectiveTopP?: number | undefined;
  /** How it is asked to think, where that is not as the vendor's other models are. */
  thinking?: ThinkingStyle | undefined;
  /** Price table; absent: unknown. */
  prices?: Prices | undefined;
  /** Kinds of parts beside text that it takes here. */
  parts: readonly Exclude<AnyContentPart['type'], 'text' | 'refusal'>[];
  /** Tokens of prompt and answer together, as the vendor says; only told in messages. */
  contextWindow?: string | undefined;
}

/** What of a vendor's facts is about its models. */
export interface Selling {
  /** Put before a model id without a slash, e.g. `deepseek/`. @default '' */
  modelPrefix?: string | undefined;
  /** The models that it is known to sell: our id, and what holds of it here. Of any other model nothing is known. */
  models: Readonly<Record<string, ModelProfile>>;
}

/** Another address of a vendor. */
export interface Region {
  baseURL: string;
  /** What it sells there, in place of the vendor's other models; absent: the same. */
  models?: Selling['models'] | undefined;
}

/** A model of the vendor's, by our id, its own, or another name of it, with or without `deepseek/`; with our id. */
export function findEntry(
  name: string,
  { models }: Selling,
): readonly [id: string, model: ModelProfile] | undefined {
  const bare = bareModel(name);
  const model = Object.hasOwn(models, bare) ? models[bare] : undefined;
  if (model !== undefined) return [bare, model];
  return Object.entries(models).find(
    ([, { wireId, aliases = [] }]) => wireId === name || aliases.includes(bare),
  );
}

/** What holds of a model, by any of its names; `undefined` if the vendor is not known to sell it. */
export function findModel(name: string, selling: Selling): ModelProfile | undefined {
  return findEntry(name, selling)?.[1];
}

/**
 * A model's name on the wire. Where it has none of its own, the vendor's prefix goes before an id without a slash;
 * `deepseek/` is taken off where the vendor has no prefix.
 */
export function wireModel(model: string, selling: Selling): string {
  const { models, modelPrefix = '' } = selling;
  const own = ownWireId(model, selling);
  if (own !== undefined) return own;
  if (Object.values(models).some(({ wireId }) => wireId === model)) return model;
  if (modelPrefix === '') return bareModel(model);
  return model.includes('/') ? model : modelPrefix + model;
}

/** What is to be told of a model that goes out under a name of the vendor's; a prefix is nothing to tell. */
export function modelAdjustment(
  model: string,
  selling: Selling & { name: string },
): Adjustment | undefined {
  const to = ownWireId(model, selling);
  if (to === undefined || to === model) return undefined;
  const named = readName(model)?.generation;
  const sold = findModel(model, selling)?.generation;
  const isOther = named !== undefined && sold !== undefined && named !== sold;
  const reason = isOther
    ? `${selling.name} answers it with ${sold.toUpperCase()}`
    : `the name that ${selling.name} has for it`;
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
