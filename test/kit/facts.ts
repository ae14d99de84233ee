import type { Prices, Profile, ProviderId, ThinkingStyle } from 'deepseek-v4-flash';
import { providers } from 'deepseek-v4-flash';
import { vendors } from './vendors.ts';

// What vendors differ in, as their profiles have it. That the profiles are right is for the tests of the contract.

export const profileOf = (id: ProviderId): Profile => providers[id].profile;

/** How `deepseek-v4-flash` is asked to think. */
export const styleOf = ({ thinking, models }: Profile): ThinkingStyle => ({
  ...thinking,
  ...models['deepseek-v4-flash']?.thinking,
});

const having = (isSo: (style: ThinkingStyle) => boolean): ReadonlySet<ProviderId> =>
  new Set(vendors.filter((id) => isSo(styleOf(profileOf(id)))));

/** Vendors at which it can think. */
export const thinkers = having(({ on }) => on !== undefined);
/** Those at which it does when nothing is asked. */
export const startsThinking = having(
  ({ on, byDefault }) => on !== undefined && byDefault !== 'off',
);
/** Those that can be told not to. */
export const switchable = having(({ off }) => off !== undefined);
/** Those that have less than what they do by themselves. */
export const lowerable = having(
  ({ effort }) => effort !== undefined && effort.values.low !== effort.values.high,
);

/** Kinds of parts beside text that the model takes. */
export const partsOf = ({ models }: Profile): readonly string[] =>
  models['deepseek-v4-flash']?.parts ?? [];

/** What the model may write at most. */
export const capOf = (id: ProviderId): number | undefined =>
  profileOf(id).models['deepseek-v4-flash']?.caps.max_tokens;

/** A vendor's facts with another price table for the model. */
export const withPrices = (profile: Profile, prices: Prices | undefined): Profile => {
  const { 'deepseek-v4-flash': model = { caps: {}, parts: [] }, ...others } = profile.models;
  return { ...profile, models: { ...others, 'deepseek-v4-flash': { ...model, prices } } };
};
