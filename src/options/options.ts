import type { ChatError } from '../outcome/chat-error.ts';
import type { Provider } from '../dialect/provider.ts';
import type { Prices } from '../cost/prices.ts';
import type { ProviderId, ProviderOptions } from '../providers/registry.ts';
import type { Attempt, Report } from '../outcome/report.ts';
import type { Transport } from '../transport/transport.ts';
import type { VendorURLs } from './vendor-urls.ts';
import type { AbortSignalLike } from '../internal/web.ts';

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

/** Takes log lines. Details are JSON-safe and hold no key, no prompt and no answer. */
export interface Logger {
  debug?: ((message: string, details: Record<string, unknown>) => void) | undefined;
}

/** Called as a call goes on. What they throw is ignored. They see the values of headers that are known to be harmless. */
export interface Hooks {
  /** Before each send. */
  onRequest?:
    | ((event: {
        provider: string;
        method: string;
        url: string;
        headers: Record<string, string>;
        attempt: number;
      }) => void)
    | undefined;
  /** At each response head. */
  onResponse?:
    | ((event: {
        provider: string;
        status: number;
        headers: Record<string, string>;
        attempt: number;
      }) => void)
    | undefined;
  /** Before the wait for the next attempt. */
  onRetry?: ((event: { provider: string; attempt: Attempt; delayMs: number }) => void) | undefined;
  /** At the end of each call; with its error, if it failed. */
  onEnd?: ((report: Report, error?: ChatError) => void) | undefined;
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
