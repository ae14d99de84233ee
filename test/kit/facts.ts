import type { Profile, ProviderId } from 'deepseek-v4-flash';
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
