import type { Prices, Profile, ProviderId } from 'deepseek-v4-flash';
import { providers } from 'deepseek-v4-flash';
import { vendors } from './vendors.ts';

// What vendors differ in, as their profiles have it. That the profiles are right is for the tests of the contract.

export const profileOf = (id: ProviderId): Profile => providers[id].profile;

const having = (isSo: (profile: Profile) => boolean): ReadonlySet<ProviderId> =>
  new Set(vendors.filter((id) => isSo(profileOf(id))));

/** Vendors that think unless told otherwise. */
export const thinkers = having(({ thinking }) => thinking.on !== undefined);
/** Those that can be told not to. */
export const switchable = having(({ thinking }) => thinking.off !== undefined);
/** Those that can be told to think less. */
export const lowerable = having(({ thinking }) => thinking.effort !== undefined);

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
