import type { ChatCompletionChunk } from '../schema/chunk.ts';
import type {
  ChatCompletionWithReport,
  ParsedChatCompletionWithReport,
} from '../outcome/with-report.ts';

/** What a stream whose answer is held to a schema knows besides. */
export interface StreamOutput {
  /** Makes a reader that is given each chunk, and gives the growing value whenever the chunk has changed it. */
  grow(): (chunk: ChatCompletionChunk) => unknown;
  /** The whole answer with its value. @throws ChatError `invalid_output` */
  finish(completion: ChatCompletionWithReport): Promise<ChatCompletionWithReport>;
}

/** What a stream's `finalCompletion` resolves with: with a schema, the answer has its value too. */
// `T` is on the left, so that a stream of something is a stream of anything.
export type FinalCompletion<T> = [T] extends [{} | null]
  ? ParsedChatCompletionWithReport<T>
  : ChatCompletionWithReport;

/** A value as far as it has arrived. Strings may still grow; numbers, keys and literals are complete. */
export type DeepPartial<T> = T extends readonly [unknown, ...unknown[]]
  ? { [Place in keyof T]?: DeepPartial<T[Place]> | undefined }
  : T extends readonly (infer Item)[]
    ? DeepPartial<Item>[]
    : // A text with a brand is an object to the compiler.
      T extends string | number | boolean | Date
      ? T
      : T extends object
        ? { [Key in keyof T]?: DeepPartial<T[Key]> | undefined }
        : T;
