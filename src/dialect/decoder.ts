import { ChatError } from '../outcome/chat-error.ts';
import { decode, decodeChunk } from './decode.ts';
import { decodeError, findError } from './decode-error.ts';
import { isPlainChunk } from './plain-answer.ts';
import type { Provider } from './provider.ts';
import type { Profile } from './profile.ts';

/** What reads a vendor's answers: all of a {@link Provider} that a stream needs. */
export type Decoder<Id extends string = string> = Pick<
  Provider<Id>,
  'id' | 'profile' | 'decode' | 'decodeChunk' | 'isPlainChunk' | 'findError' | 'decodeError'
>;

/** A vendor's facts, and what of the common dialect does not fit its answers. */
export interface DecoderDefinition<Id extends string> extends Partial<
  Pick<Provider, 'decode' | 'decodeChunk' | 'findError' | 'decodeError'>
> {
  profile: Profile & { id: Id };
}

/** The common dialect, with a vendor's own functions in place of the common ones. */
export function createDecoder<const Id extends string>(
  definition: DecoderDefinition<Id>,
): Decoder<Id> {
  const { decodeChunk: own = decodeChunk, profile } = definition;
  return {
    decode,
    decodeChunk,
    findError,
    decodeError,
    ...definition,
    id: profile.id,
    ...(own === decodeChunk && { isPlainChunk }),
  };
}

/** An `invalid_options` for a value that is not a vendor, or not a known one. */
export function unknownProvider(given: unknown, known: readonly string[]): ChatError {
  const message =
    typeof given === 'object'
      ? 'Option provider must be the id of a vendor, or a provider from defineProvider()'
      : `Unknown provider "${String(given)}". Known: ${known.join(', ')}`;
  return new ChatError('invalid_options', message, { param: 'provider' });
}
