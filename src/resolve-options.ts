import { checkKey } from './api-key.ts';
import { ChatError, isChatError } from './errors.ts';
import type {
  ClientOptions,
  Limits,
  ResolvedLimits,
  ResolvedOptions,
  TimeoutOptions,
  RequestOptions,
} from './options.ts';
import { defaults } from './options.ts';
import { decimalString, isDecimal } from './providers/dialect/decimal.ts';
import { findProvider } from './providers/registry.ts';
import { fetchTransport } from './transport/fetch.ts';
import { undiciTransport } from './transport/undici.ts';
import { version } from './version.ts';

/** Reads the options of a client, the only place that does. @throws ChatError `invalid_options` */
export function resolveOptions(options: ClientOptions): ResolvedOptions {
  if (typeof options !== 'object' || options === null) {
    throw invalidOptions('', 'createClient takes an object, e.g. { provider: "deepseek" }');
  }
  const provider = findProvider(options.provider ?? defaults.provider);
  checkOneOf('onUnsupported', options.onUnsupported, ['warn', 'adjust', 'error']);
  if (typeof options.apiKey === 'string') checkKey(options.apiKey);
  else if (options.apiKey !== undefined && typeof options.apiKey !== 'function') {
    throw invalidOptions('apiKey', 'Option apiKey must be a string, or a function that gives one');
  }
  if (options.transport != null && typeof options.transport.send !== 'function') {
    throw invalidOptions(
      'transport',
      'Option transport must have a send(), as undiciTransport() has',
    );
  }
  const { pricing } = options;
  const { profile } = provider;
  const baseURL = resolveBaseURL(options.baseURL ?? profile.baseURL, options.allowHttp ?? false);
  return {
    provider,
    apiKey: options.apiKey,
    baseURL,
    origin: new URL(baseURL).origin,
    chatURL: new URL(profile.paths.chat ?? 'chat/completions', `${baseURL}/`).href,
    headers: { ...ownHeaders, ...resolveHeaders(options.headers) },
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

const { process: runtime } = globalThis as { process?: { versions?: { node?: string } } };
const userAgent =
  `deepseek-v4-flash/${version}` +
  (runtime?.versions?.node === undefined ? '' : ` node/${runtime.versions.node}`);

// A compressed answer would have to be unpacked under limits; text streams are small as they are.
const ownHeaders = { 'accept-encoding': 'identity', 'user-agent': userAgent };

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

/** The options of one call. A refusal is kept: the call ends with it, and its report tells so. */
export function resolveCall(
  options: ResolvedOptions,
  given: RequestOptions<unknown> | null | undefined,
  kind: 'streamed' | 'whole',
): {
  refusal: ChatError | undefined;
  timeout: TimeoutOptions;
  maxRetries: number;
  deadlineMs: number | undefined;
  signal: RequestOptions['signal'];
} {
  const { timeout, maxRetries } = options;
  try {
    const asked = given ?? {};
    checkRecovery(asked.onReasoningExhausted, kind);
    return {
      refusal: undefined,
      timeout: { ...timeout, ...resolveTimeout(asked.timeout) },
      maxRetries: resolveRetries(asked.maxRetries) ?? maxRetries,
      deadlineMs: resolveDeadline(asked.deadline),
      signal: resolveSignal(asked.signal),
    };
  } catch (refusal) {
    if (!isChatError(refusal)) throw refusal;
    return { refusal, timeout, maxRetries, deadlineMs: undefined, signal: undefined };
  }
}

function checkRecovery(
  recovery: RequestOptions['onReasoningExhausted'],
  kind: 'streamed' | 'whole',
): void {
  const param = 'onReasoningExhausted';
  checkOneOf(param, recovery, ['return', 'disable', 'lower']);
  if (kind === 'streamed' && recovery !== undefined && recovery !== 'return') {
    const message = `Option ${param} is not for streams, which have handed out the reasoning by then`;
    throw invalidOptions(param, message);
  }
}

function resolveSignal(signal: RequestOptions['signal']): RequestOptions['signal'] {
  if (signal != null && typeof signal.addEventListener !== 'function') {
    throw invalidOptions(
      'signal',
      'Option signal must be an AbortSignal (of a controller, its signal)',
    );
  }
  return signal;
}

/** An `invalid_options` about one option. */
function invalidOptions(param: string, message: string): ChatError {
  return new ChatError('invalid_options', message, param === '' ? {} : { param });
}

function checkOneOf(param: string, value: unknown, allowed: readonly string[]): void {
  if (value !== undefined && !allowed.includes(value as string)) {
    throw invalidOptions(param, `Option ${param} must be one of ${allowed.join(', ')}`);
  }
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
  if (headers == null) return {};
  const resolved: Record<string, string> = {};
  // A web `Headers` is no record, but can be read as one.
  if (typeof headers !== 'object') {
    throw invalidOptions('headers', 'Option headers must be an object');
  }
  const entries =
    Symbol.iterator in headers
      ? [...(headers as unknown as Iterable<[string, string]>)]
      : Object.entries(headers);
  for (const [name, value] of entries) {
    const lower = String(name).toLowerCase();
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
function resolveTimeout(timeout: TimeoutOptions | number | undefined): TimeoutOptions {
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
function resolveRetries(maxRetries: number | undefined): number | undefined {
  if (maxRetries !== undefined && (!Number.isInteger(maxRetries) || maxRetries < 0)) {
    throw invalidOptions('maxRetries', 'Option maxRetries must be a whole number from 0 on');
  }
  return maxRetries;
}

/** Epoch milliseconds. @throws ChatError `invalid_options` */
function resolveDeadline(deadline: number | Date | undefined): number | undefined {
  if (deadline == null) return undefined;
  const atMs = deadline instanceof Date ? deadline.getTime() : deadline;
  if (typeof atMs !== 'number' || Number.isNaN(atMs))
    throw invalidOptions('deadline', 'Option deadline is no point in time');
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
    if (!Object.hasOwn(resolved, name)) {
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
