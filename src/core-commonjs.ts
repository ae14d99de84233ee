// `deepseek-v4-flash/core` for CommonJS, which cannot share files: the main entry's client, held to what core takes. Whoever
// writes CommonJS does not count bytes.
import type { CoreClient, CoreOptions } from './core.ts';
import type { Provider } from './dialect/provider.ts';
import type { ProviderOptionsFor } from './providers/registry.ts';
import { ChatError, createClient as createMain, fetchTransport } from './index.ts';

export { ChatError, fetchTransport, isChatError } from './index.ts';

/** See core.ts. */
export function createClient<const P extends Provider>(
  options: CoreOptions<P>,
): CoreClient<ProviderOptionsFor<P>> {
  const provider: unknown = options?.provider;
  if (typeof provider !== 'object' || provider === null) {
    const message =
      'Option provider must be a provider: import it from deepseek-v4-flash/providers, e.g. providers/deepseek';
    throw new ChatError('invalid_options', message, { param: 'provider' });
  }
  return createMain({ transport: fetchTransport(), ...options } as never) as never;
}
