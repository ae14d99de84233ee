import type { AbortSignalLike } from '../internal/web.ts';
import type { ChatError } from '../outcome/chat-error.ts';
import type { Report } from '../outcome/report.ts';
import type {
  ChatCompletionWithReport,
  ParsedChatCompletionWithReport,
} from '../outcome/with-report.ts';
import type { ChatCompletionCreateParamsBase } from '../schema/request.ts';
import type { ChatCompletion } from '../schema/response.ts';
import type { InferOutput, OutputSchema } from '../values/output-schema.ts';
import type { ParseOptions } from '../values/parse.ts';

/** Items of any number: a list, or whatever gives one after the other. */
export type BulkItems<Item> = Iterable<Item> | AsyncIterable<Item>;

/**
 * What `client.bulk` takes beside the items. An answer that failed, or was broken off, is a result too. What all others would fail with as well
 * (the key, the balance, the limit, the journal, a function of yours) ends the run once the calls under way have ended.
 *
 * @example
 * const params = (content: string) => ({ messages: [{ role: 'user', content }] });
 * for await (const { index, completion, error } of client.bulk(texts, { params })) { … }
 */
export interface BulkOptions<Item, Options, Schema extends OutputSchema = never> {
  /** The request for an item. */
  params: (
    item: Item,
    index: number,
  ) => ChatCompletionCreateParamsBase | Promise<ChatCompletionCreateParamsBase>;
  /**
   * The schema of all answers: each is asked for as by `parse`, corrected once if need be (`call.maxRepairs`), and has its
   * value in `message.parsed`. One that does not fit is a failed item, with `invalid_output`, and not in the journal. What
   * the journal has is held to the schema too, and asked for again where it does not fit. @default none
   */
  schema?: Schema | undefined;
  /** How many items are worked on at the same time, and so how many are in memory. @default 16 */
  concurrency?: number | undefined;
  /**
   * What the run may cost, in US dollars, with what is in the journal (where failed items are not). It stops with
   * `budget_exceeded` before it could pass that.
   */
  maxCostUsd?: number | string | undefined;
  /** Where results are written down, so that a run that was ended goes on without paying again. @default none */
  journal?: BulkJournal | undefined;
  /** What an item is called in the journal: a text, unique in the run, which ends otherwise. To be given where items or prompts may change between runs. @default its index */
  key?: ((item: Item, index: number) => string) | undefined;
  /** Told how the run is, at most ten times a second, at its end however it ends, and when it begins to wait for cheaper hours. What it throws, or rejects with before the end, ends the run. */
  onProgress?: ((progress: BulkProgress) => void) | undefined;
  /** How many items there are, for the time that is left. @default the number of a list */
  total?: number | undefined;
  /** Ends the run, and the calls that are under way. */
  signal?: AbortSignalLike | undefined;
  /**
   * Sends only in the hours in which the first vendor is cheaper, and waits for them. Where nobody knows whether a day is a
   * holiday, it counts as none. @default false
   */
  offPeak?: boolean | undefined;
  /** Options of every call; with `maxRepairs`, where there is a `schema`. */
  call?: Omit<ParseOptions<Options>, 'signal'> | undefined;
}

/** An answer of a run; with its value, where there is a schema. */
export type BulkCompletion<Schema extends OutputSchema> = [Schema] extends [never]
  ? ChatCompletionWithReport
  : ParsedChatCompletionWithReport<InferOutput<Schema>>;

/** What came of an item. An item that failed is not in the journal: the next run tries it again. */
export type BulkResult<Item, Completion = ChatCompletionWithReport> =
  | { index: number; item: Item; completion: Completion; error?: undefined }
  | { index: number; item: Item; completion?: undefined; error: ChatError };

/** An answer as it is written down. JSON-safe. */
export interface JournalEntry {
  /** The answer, as it came: without the value of a schema, which need not be JSON. */
  completion: ChatCompletion;
  /** What happened on the way to it. */
  report: Report;
}

/** Where results are written down: `fileJournal(path)`, or anything with these two. */
export interface BulkJournal {
  /** What was written down for a key; `undefined` for nothing. Asked before each call. */
  get(key: string): JournalEntry | undefined | Promise<JournalEntry | undefined>;
  /** Writes it down. If that fails, the run asks for nothing more and ends with the error. */
  add(key: string, entry: JournalEntry): void | Promise<void>;
}

/** How a run is. */
export interface BulkProgress {
  /** Items with an answer, those from the journal included. */
  done: number;
  /** Of these, from the journal. */
  fromJournal: number;
  /** Items that failed. */
  failed: number;
  /** Items that are being worked on. */
  running: number;
  /** Of prompts and answers of this run, as far as they were told. */
  tokens: number;
  /** What is known of the cost, in US dollars, as an exact decimal string; with that of answers from the journal. */
  costUsd: string;
  /** Sends of which nobody said what they cost, and which may have been billed. They are not in `costUsd`. */
  unpriced: number;
  /** Items asked for and ended, a second, of late. */
  perSecond: number;
  /** How many items there are; absent if nobody has said. */
  total?: number | undefined;
  /** At this rate; absent as long as the number of items or the rate is not known. */
  leftMs?: number | undefined;
  /** Until when it waits for cheaper hours, epoch milliseconds; absent while it does not. */
  waitsUntilMs?: number | undefined;
}
