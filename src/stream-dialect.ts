import type { ChatError } from './errors.ts';
import type { Decoder } from './providers/decoder.ts';
import type { StreamDialect } from './stream/stream-dialect.ts';

/** What a vendor's stream is read with. */
export function streamDialect(
  provider: Decoder,
  toError: (error: unknown) => ChatError,
): StreamDialect {
  const decode: StreamDialect['decode'] = (body, note) =>
    provider.decode(body, note, provider.profile);
  return { ...provider, decode, toError };
}
