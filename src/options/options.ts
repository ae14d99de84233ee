import type { Provider } from '../dialect/provider.ts';
import type { Prices } from '../cost/prices.ts';
import type { ProviderId, ProviderOptions } from '../providers/registry.ts';
import type { Transport } from '../transport/transport.ts';
import type { VendorURLs } from './vendor-urls.ts';
import type { AbortSignalLike } from '../internal/web.ts';
import type { CountTokens } from '../cost/estimate.ts';
import type { SharedState } from '../traffic/shared-state.ts';
import type { Hooks, Logger } from './spectators.ts';
import type { HedgeOptions, Strategy } from './strategy.ts';

/** Time limits, in milliseconds; `Infinity` for none. */
export interface TimeoutOptions {
  /** To open the connection. @default 10 s */
  connect?: number | undefined;
  /** From then until the response headers. @default 60 s streamed, 11 min otherwise */
  headers?: number | undefined;
  /** Without any byte. Runs only while the caller waits for data. @default 300 s */
  idle?: number | undefined;
  /**
   * With bytes, comments or blank lines, but without content. Runs only while the caller waits for data.
   * @default 11 min before the first content (DeepSeek queues a request for up to 10), then 300 s
   */
  stall?: number | undefined;
  /** The whole call, retries included. @default none streamed, 15 min otherwise */
  total?: number | undefined;
  /** Until a stream that is not being read is cancelled. @default 300 s */
  unread?: number | undefined;
}

/** Limits on sizes and counts. Beyond one, except `errorBodyBytes`, a call fails with `limit_exceeded`. */
export interface Limits {
  /** One event of a stream. All sizes of text count its UTF-16 units. @default 16 MiB */
  eventBytes?: number | undefined;
  /** A complete answer, or what a stream has collected of one: texts, arguments and other fields together. @default 64 MiB */
  responseBytes?: number | undefined;
  /** Log probabilities that a stream has collected. @default 1 GiB */
  logprobBytes?: number | undefined;
  /** Bytes read of the body of an error. @default 64 KiB */
  errorBodyBytes?: number | undefined;
  /** Tool calls of one answer. @default 128 */
  toolCalls?: number | undefined;
  /** Choices of one answer. @default 128 */
  choices?: number | undefined;
  /** Arguments of one tool call. @default 16 MiB */
  argumentBytes?: number | undefined;
}

/** {@link Limits}, every one decided. */
export type ResolvedLimits = { [Name in keyof Limits]-?: number };

/** Your own prices, in US dollars per million tokens. */
export interface Pricing {
  /** Prompt tokens from the cache. */
  cacheHit: string | number;
  /** Other prompt tokens. */
  cacheMiss: string | number;
  /** Answer tokens, reasoning included. */
  output: string | number;
  /** The date of the prices, `YYYY-MM-DD`. */
  date?: string | undefined;
}

/** The options of `createClient`, but for `provider`: those whose types do not depend on the vendor. */
export interface CommonClientOptions {
  /**
   * The API key, or a function that returns it, called before each attempt.
   * @default the vendor's environment variable, read at each call, and only for the vendor's own host
   */
  apiKey?: string | (() => string | Promise<string>) | undefined;
  /** Base URL as for an OpenAI SDK, without `/chat/completions`. @default the vendor's */
  baseURL?: string | undefined;
  /** Allow `http:` to hosts that are not loopback. @default false */
  allowHttp?: boolean | undefined;
  /** Added to every request; `undefined` is ignored, `null` removes a header of the library's own. */
  headers?: Record<string, string | null | undefined> | undefined;
  /** Time limits, in milliseconds; one number is the limit for the whole call, retries included. @default see each of {@link TimeoutOptions} */
  timeout?: TimeoutOptions | number | undefined;
  /** How often a call that failed is sent again at most; 0 sends once. @default 2 */
  maxRetries?: number | undefined;
  /**
   * What to do with a parameter that the vendor does not accept unchanged: `warn` adjusts, reports, and warns once about
   * what may change the answer; `adjust` does not warn; `error` refuses such a request before sending.
   * @default 'warn'
   */
  onUnsupported?: 'warn' | 'adjust' | 'error' | undefined;
  /** Sends the requests. @default `undiciTransport()` on Node, `fetchTransport()` elsewhere */
  transport?: Transport | undefined;
  /** Limits on what an answer may take of the memory. @default see each of {@link Limits} */
  limits?: Limits | undefined;
  /** Prices for `report.cost`, used where the vendor reports no cost. @default the dated table of the vendor, if there is one */
  pricing?: Pricing | undefined;
  /** Treat `<think>…</think>` at the start of the content as reasoning. @default false */
  splitThinkTags?: boolean | undefined;
  /** Receives a log line for each step of a call. @default none, or standard error with `DEEPSEEK_V4_FLASH_LOG=debug` */
  logger?: Logger | undefined;
  /** Functions that are called before each send, at each response, before each retry, and at the end of a call. @default none */
  hooks?: Hooks | undefined;
  /**
   * Several vendors as one, in order, instead of `provider`: ids, providers, or entries with a key, a base URL, headers and
   * prices of their own. A call moves on to the next one when a vendor fails in a way that another one may not; then
   * `maxRetries` counts the rounds over the whole list.
   *
   * @example
   * createClient({ providers: ['deepseek', { provider: 'aimlapi', apiKey: 'your-key' }] });
   */
  providers?: readonly (ProviderId | Provider | ProviderEntry)[] | undefined;
  /** The order in which several vendors are called: as listed, cheapest first, fastest first, or as a function says. @default 'priority' */
  strategy?: Strategy | undefined;
  /**
   * What to do when a stream is interrupted after its first delta, and another vendor may answer: `error` fails; `restart`
   * requests a new answer, and a `reset` event voids the old one; `continue` resumes the answer where it stopped if a vendor can do
   * that, and restarts otherwise. `text()` cannot announce a reset, and fails instead.
   *
   * @default 'error'
   */
  onInterrupted?: 'error' | 'restart' | 'continue' | undefined;
  /** Call a second vendor when the first one is silent; the first content wins, and the other call is cancelled. @default off */
  hedge?: HedgeOptions | undefined;
  /** Maximum number of calls at the same time at each vendor; further calls queue. @default only the limit that a vendor reports */
  concurrency?: number | undefined;
  /**
   * Maximum cost of all calls of this client, in US dollars. A call that could exceed it is refused before it is sent,
   * and a stream that exceeds it is stopped, with `budget_exceeded`. @default no limit
   */
  maxCostUsd?: number | string | undefined;
  /** How long a call waits, in milliseconds, if no vendor can be called at the moment. @default 10 s */
  maxWaitMs?: number | undefined;
  /** Counts tokens for `estimate()` and `maxCostUsd`. @default DeepSeek's rule: 0.3 tokens a character, 0.6 for Chinese */
  countTokens?: CountTokens | undefined;
  /** Where several processes share breakers, places in queues and spend, such as `redisState()`. @default `memoryState()`, for this client only */
  state?: SharedState | undefined;
}

/** Options of `createClient`. */
export interface ClientOptions<
  P extends ProviderId | Provider = ProviderId | Provider,
> extends CommonClientOptions {
  /** The vendor: the id of a built-in one, or a provider from `defineProvider`. @default 'deepseek' */
  provider?: P | undefined;
}

/** One of several vendors, with its own options. */
export interface ProviderEntry extends Pick<
  CommonClientOptions,
  'apiKey' | 'baseURL' | 'allowHttp' | 'headers' | 'pricing' | 'timeout' | 'transport'
> {
  /** The vendor: its id, or a provider of `defineProvider`. */
  provider: ProviderId | Provider;
  /** Its name in reports, in `health()` and in `totals()`; unique. @default the vendor's id */
  name?: string | undefined;
  /** Maximum number of calls at the same time. @default the client's */
  concurrency?: number | undefined;
}

/** The second argument of every call. */
export interface RequestOptions<Options = ProviderOptions> {
  /** Ends the call with `aborted`; its reason becomes the error's `cause`. */
  signal?: AbortSignalLike | null | undefined;
  /** Overrides the client's. */
  timeout?: TimeoutOptions | number | undefined;
  /** Overrides the client's. */
  maxRetries?: number | undefined;
  /** Merged over the client's; `null` removes one of those. */
  headers?: Record<string, string | null | undefined> | undefined;
  /** When the call must have ended, retries and waits included: epoch milliseconds or a Date. */
  deadline?: number | Date | undefined;
  /** Merged into the body last, unchanged. Not `model`, `messages`, `prompt` or `stream`. */
  extraBody?: Record<string, unknown> | undefined;
  /**
   * What to do when all tokens were spent on thinking and there is no answer: `return` the empty answer, with
   * `report.completion` `reasoning_exhausted`; send again once, with thinking off (`disable`) or with the effort `low`
   * (`lower`). For complete answers and `runTools`; a stream has already delivered its reasoning.
   *
   * @default 'return'
   */
  onReasoningExhausted?: 'return' | 'disable' | 'lower' | undefined;
  /** Fields that only one vendor documents, by vendor; only those of the called vendor are sent. */
  providerOptions?: Options | undefined;
  /**
   * Maximum cost of this call in US dollars, with `parse` and `runTools` of all its requests together, in addition to the
   * limit of the client.
   *
   * @default no limit
   */
  maxCostUsd?: number | string | undefined;
}

/** The names of all options: others are refused. */
export const clientOptionNames = /* @__PURE__ */ Object.keys({
  provider: true,
  apiKey: true,
  baseURL: true,
  allowHttp: true,
  headers: true,
  timeout: true,
  maxRetries: true,
  onUnsupported: true,
  transport: true,
  limits: true,
  pricing: true,
  splitThinkTags: true,
  logger: true,
  hooks: true,
  providers: true,
  strategy: true,
  onInterrupted: true,
  hedge: true,
  concurrency: true,
  maxCostUsd: true,
  maxWaitMs: true,
  countTokens: true,
  state: true,
} satisfies Record<keyof ClientOptions, true>);

export const callOptionNames = /* @__PURE__ */ Object.keys({
  signal: true,
  timeout: true,
  maxRetries: true,
  headers: true,
  deadline: true,
  extraBody: true,
  onReasoningExhausted: true,
  providerOptions: true,
  maxCostUsd: true,
} satisfies Record<keyof RequestOptions, true>);

/** Every default that is not a vendor's fact. */
export const defaults = {
  provider: 'deepseek',
  maxRetries: 2,
  onUnsupported: 'warn',
  timeout: {
    connect: 10_000,
    headers: { streamed: 60_000, whole: 660_000 },
    idle: 300_000,
    stall: { first: 660_000, later: 300_000 },
    total: { streamed: Infinity, whole: 900_000 },
    unread: 300_000,
  },
  /** How long an error's body may take. */
  errorBodyMs: 5_000,
  limits: {
    eventBytes: 16 * 1024 * 1024,
    responseBytes: 64 * 1024 * 1024,
    logprobBytes: 1024 * 1024 * 1024,
    errorBodyBytes: 64 * 1024,
    toolCalls: 128,
    choices: 128,
    argumentBytes: 16 * 1024 * 1024,
  },
} as const;

/** The vendors that an entry of the package knows. */
export interface Vendors {
  readonly ids: readonly string[];
  /** @throws ChatError `invalid_options` */
  find(provider: string | Provider): Provider;
  /** `providerOptions.<vendor>.<key>` for a key that one vendor documents. */
  findOption(key: string): string | undefined;
}

/** Options with every default filled in. */
export interface ResolvedOptions {
  vendors: Vendors;
  provider: Provider;
  /** What the vendor is called in reports: its id, if several do not need another name. */
  name: string;
  apiKey: ClientOptions['apiKey'];
  /** Without a slash at the end. */
  baseURL: string;
  /** Of the base URL. */
  origin: string;
  urls: VendorURLs;
  /** `null` for one that is not sent. */
  headers: Record<string, string | null>;
  timeout: TimeoutOptions;
  maxRetries: number;
  onUnsupported: 'warn' | 'adjust' | 'error';
  transport: Transport;
  limits: ResolvedLimits;
  pricing: Prices | undefined;
  splitThinkTags: boolean;
  logger: Logger;
  hooks: Hooks;
}
