import { ChatError } from './errors.ts';
import { decimalString, isDecimal } from './providers/dialect/decimal.ts';
import type { Prices, Provider } from './providers/provider.ts';
import type { ProviderId, ProviderOptions } from './providers/registry.ts';
import { findProvider } from './providers/registry.ts';
import type { Attempt, Report } from './report.ts';
import { fetchTransport } from './transport/fetch.ts';
import type { Transport } from './transport/transport.ts';
import { undiciTransport } from './transport/undici.ts';
import type { AbortSignalLike } from './web.ts';

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
  /** A whole answer. @default 64 MiB */
  responseBytes?: number | undefined;
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

/** Called as a call goes on. What they throw is ignored; they see no key. */
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
  /** At the end of each call, good or bad. */
  onEnd?: ((report: Report) => void) | undefined;
}

/** What `createClient` takes. */
export interface ClientOptions<P extends ProviderId | Provider = ProviderId | Provider> {
  /** The vendor: one of the six, or one of `defineProvider`. @default 'deepseek' */
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
  /** Added to every request. */
  headers?: Record<string, string> | undefined;
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
  /** Over the client's, name by name. */
  headers?: Record<string, string> | undefined;
  /** When the call must be over, retries and waits included: epoch milliseconds or a Date. */
  deadline?: number | Date | undefined;
  /** Merged into the body last, untouched. Not `model`, `messages` or `stream`. */
  extraBody?: Record<string, unknown> | undefined;
  /** Fields that only one vendor documents; only the called vendor's are sent. */
  providerOptions?: Options | undefined;
}

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
    errorBodyBytes: 64 * 1024,
    toolCalls: 128,
    choices: 128,
    argumentBytes: 16 * 1024 * 1024,
  },
} as const;

/** Options with every default filled in. */
export interface ResolvedOptions {
  provider: Provider;
  apiKey: ClientOptions['apiKey'];
  /** Without a slash at the end. */
  baseURL: string;
  headers: Record<string, string>;
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

/** Reads the options of a client, the only place that does. @throws ChatError `invalid_options` */
export function resolveOptions(options: ClientOptions): ResolvedOptions {
  if (typeof options !== 'object' || options === null) {
    throw invalidOptions('', 'createClient takes an object, e.g. { provider: "deepseek" }');
  }
  const provider = findProvider(options.provider ?? defaults.provider);
  checkOneOf('onUnsupported', options.onUnsupported, ['warn', 'adjust', 'error']);
  if (typeof options.apiKey === 'string') checkKey(options.apiKey);
  const { pricing } = options;
  return {
    provider,
    apiKey: options.apiKey,
    baseURL: resolveBaseURL(
      options.baseURL ?? provider.profile.baseURL,
      options.allowHttp ?? false,
    ),
    headers: resolveHeaders(options.headers),
    timeout: resolveTimeout(options.timeout),
    maxRetries: resolveRetries(options.maxRetries) ?? defaults.maxRetries,
    onUnsupported: options.onUnsupported ?? defaults.onUnsupported,
    transport: options.transport ?? (isNode() ? undiciTransport() : fetchTransport()),
    limits: resolveLimits(options.limits),
    pricing: pricing && {
      date: pricing.date,
      cacheHit: resolvePrice('cacheHit', pricing.cacheHit),
      cacheMiss: resolvePrice('cacheMiss', pricing.cacheMiss),
      output: resolvePrice('output', pricing.output),
    },
    splitThinkTags: options.splitThinkTags ?? false,
    logger: options.logger ?? {},
    hooks: options.hooks ?? {},
  };
}

/** An `invalid_options` about one option. */
export function invalidOptions(param: string, message: string): ChatError {
  return new ChatError('invalid_options', message, param === '' ? {} : { param });
}

function checkOneOf(param: string, value: unknown, allowed: readonly string[]): void {
  if (value !== undefined && !allowed.includes(value as string)) {
    throw invalidOptions(param, `Option ${param} must be one of ${allowed.join(', ')}`);
  }
}

/** Bun, Deno and workers show themselves as Node where it helps them; their own `fetch` is the better way there. */
function isNode(): boolean {
  const { process, navigator, Deno } = globalThis as {
    process?: { release?: { name?: string }; versions?: Record<string, string | undefined> };
    navigator?: { userAgent?: string };
    Deno?: unknown;
  };
  return (
    process?.release?.name === 'node' &&
    process.versions?.bun === undefined &&
    Deno === undefined &&
    navigator?.userAgent !== 'Cloudflare-Workers'
  );
}

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** A base URL without its slash at the end. @throws ChatError `invalid_options` */
function resolveBaseURL(given: string, allowHttp: boolean): string {
  const refuse = (why: string): ChatError => invalidOptions('baseURL', `Option baseURL ${why}`);
  let url: URL;
  try {
    url = new URL(given);
  } catch {
    throw refuse('is no absolute URL');
  }
  if (url.username !== '' || url.password !== '') throw refuse('must not hold a user or password');
  if (url.search !== '' || url.hash !== '') throw refuse('must not hold a query or a fragment');
  if (url.protocol === 'http:') {
    if (!loopback.test(url.hostname) && !allowHttp) {
      throw refuse(
        `must be https: the key would travel in the clear to ${url.hostname} (or set allowHttp)`,
      );
    }
  } else if (url.protocol !== 'https:') {
    throw refuse('must be https');
  }
  return url.href.replace(/\/+$/, '').replace(/\/chat\/completions$/, '');
}

// The library's own, and those that would change the framing of the request.
const reservedHeaders = new Set([
  'authorization',
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
]);

/** Headers with lower-case names. @throws ChatError `invalid_options`, without any value */
export function resolveHeaders(
  headers: Record<string, string> | undefined,
): Record<string, string> {
  const resolved: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    const lower = name.toLowerCase();
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(lower)) {
      throw invalidOptions('headers', 'Option headers has a name that no header can have');
    }
    if (reservedHeaders.has(lower)) {
      const instead = lower === 'authorization' ? '; give the key as apiKey' : '';
      throw invalidOptions(`headers.${lower}`, `Header ${lower} cannot be set${instead}`);
    }
    if (typeof value !== 'string' || !isVisible(value)) {
      throw invalidOptions(
        `headers.${lower}`,
        `Header ${lower} must be text without control characters`,
      );
    }
    resolved[lower] = value;
  }
  return resolved;
}

function isVisible(text: string): boolean {
  // Printable ASCII, spaces and tabs: anything else is refused on the wire, or splits the head in two.
  return /^[\t\x20-\x7e]*$/.test(text);
}

// A timer holds 31 bits; a larger one, or NaN, rings at once.
const longestTimerMs = 2 ** 31 - 1;

/** Clocks by name; a number is the total. @throws ChatError `invalid_options` */
export function resolveTimeout(timeout: TimeoutOptions | number | undefined): TimeoutOptions {
  const clocks: TimeoutOptions = typeof timeout === 'number' ? { total: timeout } : { ...timeout };
  const known = ['connect', 'headers', 'idle', 'stall', 'total', 'unread'];
  for (const [name, limitMs] of Object.entries(clocks) as [string, unknown][]) {
    const param = `timeout.${name}`;
    if (!known.includes(name)) throw invalidOptions(param, `Option ${param} does not exist`);
    if (limitMs === undefined) {
      delete clocks[name as keyof TimeoutOptions];
      continue;
    }
    const isTimer =
      typeof limitMs === 'number' &&
      limitMs > 0 &&
      (limitMs <= longestTimerMs || limitMs === Infinity);
    if (!isTimer) {
      throw invalidOptions(param, `Option ${param} must be 1 to ${longestTimerMs} ms, or Infinity`);
    }
  }
  return clocks;
}

/** @throws ChatError `invalid_options` */
export function resolveRetries(maxRetries: number | undefined): number | undefined {
  if (maxRetries !== undefined && (!Number.isInteger(maxRetries) || maxRetries < 0)) {
    throw invalidOptions('maxRetries', 'Option maxRetries must be a whole number from 0 on');
  }
  return maxRetries;
}

/** Epoch milliseconds. @throws ChatError `invalid_options` */
export function resolveDeadline(deadline: number | Date | undefined): number | undefined {
  if (deadline === undefined) return undefined;
  const atMs = typeof deadline === 'number' ? deadline : deadline.getTime();
  if (Number.isNaN(atMs)) throw invalidOptions('deadline', 'Option deadline is no point in time');
  return atMs;
}

function resolvePrice(name: string, price: unknown): string {
  if (!isDecimal(price) || Number(price) < 0) {
    throw invalidOptions(
      `pricing.${name}`,
      `Option pricing.${name} must be a decimal number from 0 on`,
    );
  }
  return decimalString(price);
}

function resolveLimits(limits: Limits | undefined): ResolvedLimits {
  const resolved: ResolvedLimits = { ...defaults.limits };
  for (const [name, limit] of Object.entries(limits ?? {})) {
    if (!(name in resolved)) {
      throw invalidOptions(`limits.${name}`, `Option limits.${name} does not exist`);
    }
    if (limit === undefined) continue;
    if (typeof limit !== 'number' || !(limit > 0)) {
      throw invalidOptions(`limits.${name}`, `Option limits.${name} must be a number above 0`);
    }
    resolved[name as keyof Limits] = limit;
  }
  return resolved;
}

/** @throws ChatError `invalid_options`, without the key */
function checkKey(key: string): void {
  if (!/^[\x21-\x7e]*$/.test(key.trim())) {
    const message = 'Option apiKey holds a line break, a space or another character no key has';
    throw invalidOptions('apiKey', message);
  }
}

/**
 * The key for one attempt.
 *
 * @throws ChatError `missing_api_key` that names the variables that were looked for; `invalid_options` for a key that
 *   cannot be a header, without the key
 */
export async function resolveKey({ apiKey, provider, baseURL }: ResolvedOptions): Promise<string> {
  const { name, apiKeyVariables } = provider.profile;
  const isOwnHost = new URL(baseURL).origin === new URL(provider.profile.baseURL).origin;
  const given = typeof apiKey === 'function' ? await apiKey() : apiKey;
  const key = given ?? (isOwnHost ? readVariable(apiKeyVariables) : undefined);
  if (key === undefined || String(key).trim() === '') {
    throw new ChatError(
      'missing_api_key',
      missingKey(name, apiKeyVariables, given, isOwnHost, baseURL),
      {
        provider: provider.id,
        param: 'apiKey',
      },
    );
  }
  checkKey(key);
  return key.trim();
}

function missingKey(
  name: string,
  variables: readonly string[],
  given: string | undefined,
  isOwnHost: boolean,
  baseURL: string,
): string {
  if (given !== undefined) return `The key given for ${name} is empty`;
  if (!isOwnHost) {
    const { host } = new URL(baseURL);
    const unused =
      variables.length > 0 ? `; ${variables.join(' and ')} is for ${name}'s own host alone` : '';
    return `No key for ${host}: give it as apiKey${unused}`;
  }
  if (variables.length === 0) return `No key for ${name}: give it as apiKey`;
  return `No key for ${name}: set ${variables.join(' or ')}, or give it as apiKey`;
}

function readVariable(names: readonly string[]): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return names.map((name) => process?.env?.[name]).find((value) => value);
}
