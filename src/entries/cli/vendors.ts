import type { Provider } from '../../index.ts';
import { providers } from '../../index.ts';
import { misuse } from './read-arguments.ts';
import type { Terminal } from './terminal.ts';

/** Every vendor, in the order of the registry. */
export const allVendors: readonly Provider[] = Object.values(providers);

/** @throws ChatError `invalid_options` that lists the known vendors */
export function findVendor(id: string): Provider {
  const found = allVendors.find((each) => each.id === id);
  if (found !== undefined) return found;
  const known = allVendors.map((each) => each.id).join(', ');
  throw misuse('vendor', `There is no vendor "${id}". The vendors are ${known}.`);
}

/** The vendor's key in the environment. */
export function keyOf({ profile }: Provider, { env }: Pick<Terminal, 'env'>): string | undefined {
  return profile.apiKeyVariables.map((name) => env[name]).find(Boolean);
}

/** The vendor's key in the environment. @throws ChatError `invalid_options` that names the variable */
export function requireKey(vendor: Provider, terminal: Pick<Terminal, 'env'>): string {
  const key = keyOf(vendor, terminal);
  if (key !== undefined) return key;
  const variables = vendor.profile.apiKeyVariables.join(' or ');
  throw misuse('vendor', `There is no key for ${vendor.profile.name}: set ${variables}.`);
}
