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

/** Clocks, in milliseconds; `Infinity` for none. */
export interface TimeoutOptions {
  /** Until the connection stands. @default 10 s */
  connect?: number | undefined;
  /** From then until the response head. @default 60 s streamed, 11 min whole */
  headers?: number | undefined;
  /** Without any byte. Runs only while somebody waits for data. @default 300 s */
  idle?: number | undefined;
  /**
   * With bytes, comments or blank lines, but without content. Runs only while somebody waits for data.
   * @default 11 min before the first content (DeepSeek queues a request for up to 10), then 300 s
   */
  stall?: number | undefined;
  /** The whole call, retries included. @default none streamed, 15 min whole */
  total?: number | undefined;
  /** Until a stream that nobody reads is given up. @default 300 s */
  unread?: number | undefined;
}

/** What may be how large. */
export interface Limits {
  /** One event of a stream. All sizes of text count its UTF-16 units. @default 16 MiB */
  eventBytes?: number | undefined;
  /** A whole answer, and what a stream has gathered of one: texts, arguments and side fields together. @default 64 MiB */
  responseBytes?: number | undefined;
  /** Log probabilities that a stream has gathered. @default 1 GiB */
  logprobBytes?: number | undefined;
  /** What is read of an error's body. @default 64 KiB */
  errorBodyBytes?: number | undefined;
  /** Tool calls of one answer. @default 128 */
  toolCalls?: number | undefined;
  /** Answers of one call. @default 128 */
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
  /** When they were read, `YYYY-MM-DD`. */
  date?: string | undefined;
}

/** What `createClient` takes. */
export interface ClientOptions<P extends ProviderId | Provider = ProviderId | Provider> {
  /** The vendor: a known one, or one of `defineProvider`. @default 'deepseek' */
  provider?: P | undefined;
  /**
   * The key, or a function that is asked for it before each attempt.
   * @default the vendor's environment variable, read at each call, and only for the vendor's own host
   */
  apiKey?: string | (() => string | Promise<string>) | undefined;
  /** What an OpenAI SDK takes: up to, without, `/chat/completions`. @default the vendor's */
  baseURL?: string | undefined;
  /** Allow `http:` to hosts that are not loopback. @default false */
  allowHttp?: boolean | undefined;
  /** Added to every request; `undefined` is none, `null` takes one of the library's own off. */
  headers?: Record<string, string | null | undefined> | undefined;
  /** Clocks, or the total in milliseconds. */
  timeout?: TimeoutOptions | number | undefined;
  /** Sends after the first one. @default 2 */
  maxRetries?: number | undefined;
  /**
   * What to do with a parameter that the vendor does not take as it is: `warn` adjusts, reports, and warns once about
   * what may change the answer; `adjust` does not warn; `error` refuses such a request before sending.
   * @default 'warn'
   */
  onUnsupported?: 'warn' | 'adjust' | 'error' | undefined;
  /** How bytes travel. @default `undiciTransport()` on Node, `fetchTransport()` elsewhere */
  transport?: Transport | undefined;
  limits?: Limits | undefined;
  /** Used where the vendor tells no cost. @default the dated table of the vendor, if there is one */
  pricing?: Pricing | undefined;
  /** Take `<think>…</think>` at the start of the content for reasoning. @default false */
  splitThinkTags?: boolean | undefined;
  logger?: Logger | undefined;
  hooks?: Hooks | undefined;
  /**
   * Several vendors as one, in order, instead of `provider`: ids, providers, or entries with a key, a base URL, headers and
   * prices of their own. A call moves on to the next one when a vendor fails in a way that another one may not; then
   * `maxRetries` counts the rounds over the whole list.
   */
  providers?: readonly (ProviderId | Provider | ProviderEntry)[] | undefined;
  /** In which order several vendors are asked. @default 'priority' */
  strategy?: Strategy | undefined;
  /**
   * What to do when a stream breaks off after its first delta, and another vendor may answer: `error` fails; `restart` asks
   * anew, and a `reset` event voids what was given; `continue` goes on where the answer broke off, where a vendor can do
   * that, and restarts otherwise. `text()` cannot tell of a reset, and fails instead.
   *
   * @default 'error'
   */
  onInterrupted?: 'error' | 'restart' | 'continue' | undefined;
  /** Ask a second vendor when the first one is silent; the first content wins, and the other call is ended. @default off */
  hedge?: HedgeOptions | undefined;
  /** How many calls at the same time each vendor gets; others queue. @default no limit but what a vendor names */
  concurrency?: number | undefined;
  /**
   * What the calls of this client may cost together, in US dollars. A call that could pass it is refused before it is sent,
   * and a stream that passes it is ended, with `budget_exceeded`. @default no limit
   */
  maxCostUsd?: number | string | undefined;
  /** How long a call waits for the first vendor to come back, if none can be called, in milliseconds. @default 10 s */
  maxWaitMs?: number | undefined;
  /** Counts tokens for `estimate()` and `maxCostUsd`. @default DeepSeek's rule of 0.3 and 0.6 tokens a character */
  countTokens?: CountTokens | undefined;
  /** Where breakers, places and spend are held. @default `memoryState()`, of this client alone */
  state?: SharedState | undefined;
}

/** One of several vendors, with what belongs to it alone. */
export interface ProviderEntry extends Pick<
  ClientOptions,
  'apiKey' | 'baseURL' | 'allowHttp' | 'headers' | 'pricing' | 'timeout' | 'transport'
> {
  provider: ProviderId | Provider;
  /** What it is called in reports, in `health()` and in `totals()`; unique. @default the vendor's id */
  name?: string | undefined;
  /** How many calls at the same time it gets. @default the client's */
  concurrency?: number | undefined;
}

/** What every call takes beside its parameters. */
export interface RequestOptions<Options = ProviderOptions> {
  /** Ends the call with `aborted`; its reason becomes the error's `cause`. */
  signal?: AbortSignalLike | null | undefined;
  /** Over the client's. */
  timeout?: TimeoutOptions | number | undefined;
  /** Over the client's. */
  maxRetries?: number | undefined;
  /** Over the client's, name by name; `null` takes one of those off. */
  headers?: Record<string, string | null | undefined> | undefined;
  /** When the call must be over, retries and waits included: epoch milliseconds or a Date. */
  deadline?: number | Date | undefined;
  /** Merged into the body last, untouched. Not `model`, `messages` or `stream`. */
  extraBody?: Record<string, unknown> | undefined;
  /**
   * What to do when all tokens went into thinking and there is no answer: `return` it as it is, with
   * `report.completion` `reasoning_exhausted`; ask once more with thinking off (`disable`) or with the effort `low`
   * (`lower`). For whole answers and `runTools`; a stream has handed its reasoning out already.
   *
   * @default 'return'
   */
  onReasoningExhausted?: 'return' | 'disable' | 'lower' | undefined;
  /** Fields that only one vendor documents; only the called vendor's are sent. */
  providerOptions?: Options | undefined;
  /** What this call may cost, in US dollars, beside the limit of the client. @default no limit */
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
