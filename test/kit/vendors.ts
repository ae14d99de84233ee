import type { ProviderId } from 'deepseek-v4-flash';
import { providers } from 'deepseek-v4-flash';

/** The vendors that there are. Which ones those have to be is said in one test of the contract. */
export const vendors = Object.keys(providers) as ProviderId[];
