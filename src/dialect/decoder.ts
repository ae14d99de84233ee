import { ChatError } from '../outcome/chat-error.ts';
import type { NoteIssue } from '../schema/issue.ts';
import type { DecodedCompletion } from '../schema/response.ts';
import { decode, decodeChunk } from './decode.ts';
import { decodeError, findError } from './decode-error.ts';
import { isPlainChunk } from './plain-answer.ts';
import type { Provider } from './provider.ts';
import type { AnswerFacts, DecodedFailure, VendorFailure } from './profile.ts';

/** What reads a vendor's answers: all of a {@link Provider} that a stream needs. */
export interface Decoder<Id extends string = string> extends Pick<
  Provider<Id>,
  'id' | 'decodeChunk' | 'isPlainChunk' | 'findError'
> {
  readonly profile: AnswerFacts;
  decode(body: unknown, note: NoteIssue, profile: AnswerFacts): DecodedCompletion;
  decodeError(failure: VendorFailure, profile: AnswerFacts): DecodedFailure;
}

/** What of the common dialect a vendor has functions of its own for. */
type OwnFunctions = Partial<Pick<Decoder, 'decode' | 'decodeChunk' | 'findError' | 'decodeError'>>;

/** The common dialect, with a vendor's own functions in place of the common ones. */
export function createDecoder<const Id extends string>(
  profile: AnswerFacts & { id: Id },
  functions: OwnFunctions = {},
): Decoder<Id> {
  const { decodeChunk: own = decodeChunk } = functions;
  return {
    decode,
    decodeChunk,
    findError,
    decodeError,
    ...functions,
    id: profile.id,
    profile,
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
