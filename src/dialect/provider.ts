import type { NoteIssue } from '../schema/issue.ts';
import type { CanonicalRequest } from '../schema/canonical-request.ts';
import type { DecodedChunk, StreamMemory } from '../schema/chunk.ts';
import type { DecodedCompletion } from '../schema/response.ts';
import type { StandardSchemaV1 } from '../schema/standard.ts';
import type { Balance } from '../schema/account.ts';
import type { DecodedFailure, EncodedRequest, Profile, VendorFailure } from './profile.ts';

/**
 * One vendor: its facts and its five functions. `Id` and `Options` give `providerOptions` its type.
 *
 * Make one with `defineProvider`.
 */
export interface Provider<Id extends string = string, Options = unknown> {
  /** Short name, e.g. `deepseek`. */
  readonly id: Id;
  /** The facts about the vendor. */
  readonly profile: Profile;
  /** What `providerOptions.<id>` may hold. */
  readonly options?: StandardSchemaV1<Options> | undefined;
  /** Whether {@link Provider.options} have a key, for error messages. */
  readonly hasOption?: ((key: string) => boolean) | undefined;
  /** Ours → wire. @throws ChatError `unsupported_parameter` */
  encode(request: CanonicalRequest, profile: Profile): EncodedRequest;
  /** Wire → ours, whole. @throws ChatError `invalid_response` */
  decode(body: unknown, note: NoteIssue, profile: Profile): DecodedCompletion;
  /** Wire → ours, one event. @throws ChatError `invalid_response` */
  decodeChunk(data: unknown, note: NoteIssue, memory?: StreamMemory): DecodedChunk;
  /** Whether {@link Provider.decodeChunk} returns such data unchanged, whatever its text. Absent if unknown. */
  isPlainChunk?: ((data: unknown, memory: StreamMemory) => boolean) | undefined;
  /** The error in a body of status 200, or in an event; `undefined` if there is none. */
  findError(body: unknown): unknown;
  /** Status and body → what happened. */
  decodeError(failure: VendorFailure, profile: Profile): DecodedFailure;
  /** Wire → ours; absent where the profile has no balance path. */
  decodeBalance?: ((body: unknown) => Balance) | undefined;
}
