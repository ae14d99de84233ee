import type { ChatError } from '../outcome/chat-error.ts';
import type {
  ClientOptions,
  Limits,
  Pricing,
  RequestOptions,
  ResolvedLimits,
  TimeoutOptions,
} from './options.ts';
import { defaults } from './options.ts';
import { invalidOptions, ownOptions } from '../outcome/invalid-options.ts';
import { maxTimerMs } from '../internal/clock.ts';
import { decimalString, isDecimal } from '../cost/decimal.ts';
import type { Prices } from '../cost/prices.ts';

export function checkRecovery(
  recovery: RequestOptions['onReasoningExhausted'],
  kind: 'streamed' | 'whole',
): void {
  const param = 'onReasoningExhausted';
  checkOneOf(param, recovery, ['return', 'disable', 'lower']);
  if (kind === 'streamed' && recovery != null && recovery !== 'return') {
    const message = `Option ${param} is not available for streams, because they have already delivered the reasoning`;
    throw invalidOptions(param, message);
  }
}

/** Looks at what is the caller's: a getter or a proxy may throw anything. @throws ChatError `invalid_options` */
export function readable<T>(param: string, read: () => T): T {
  try {
    return read();
  } catch {
    throw invalidOptions(param, `Option ${param} cannot be read: a getter or a proxy in it throws`);
  }
}

export function resolveSignal(signal: RequestOptions['signal']): RequestOptions['signal'] {
  const isSignal = readable('signal', () => typeof signal?.addEventListener === 'function');
  if (signal == null || isSignal) return signal;
  const message =
    'Option signal must be an AbortSignal (pass controller.signal, not the controller)';
  throw invalidOptions('signal', message);
}

export function checkOneOf(param: string, value: unknown, allowed: readonly string[]): void {
  if (value != null && !allowed.includes(value as string)) {
    throw invalidOptions(param, `Option ${param} must be one of ${allowed.join(', ')}`);
  }
}

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** A base URL without its slash at the end. @throws ChatError `invalid_options` */
export function resolveBaseURL(given: string, allowHttp: boolean): string {
  const refuse = (why: string): ChatError => invalidOptions('baseURL', `Option baseURL ${why}`);
  let url: URL;
  try {
    url = new URL(given);
  } catch {
    throw refuse('must be an absolute URL, e.g. https://api.example.com/v1');
  }
  if (url.username !== '' || url.password !== '')
    throw refuse('must not contain a user or password');
  if (url.search !== '' || url.hash !== '') throw refuse('must not contain a query or a fragment');
  if (url.protocol === 'http:') {
    if (!loopback.test(url.hostname) && !allowHttp) {
      throw refuse(
        `must be https: over http the API key would be sent unencrypted to ${url.hostname} (set allowHttp to permit that)`,
      );
    }
  } else if (url.protocol !== 'https:') {
    throw refuse('must be https');
  }
  return url.href.replace(/\/+$/, '').replace(/\/chat\/completions$/, '');
}

// The library's own, and those that would change the framing of the request or that HTTP clients refuse.
const reservedHeaders = new Set([
  'authorization',
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'upgrade',
  'expect',
  'te',
  'trailer',
]);

/** Headers with lower-case names; `null` for one that is to be taken off. */
export type ResolvedHeaders = Record<string, string | null>;

/** @throws ChatError `invalid_options`, without any value */
export function resolveHeaders(headers: ClientOptions['headers']): ResolvedHeaders {
  if (headers == null) return {};
  const resolved: ResolvedHeaders = {};
  // A web `Headers` is not a record, but can be read as one.
  if (typeof headers !== 'object') {
    throw invalidOptions('headers', 'Option headers must be an object');
  }
  const entries = readable('headers', (): [string, unknown][] =>
    Symbol.iterator in headers
      ? [...(headers as unknown as Iterable<[string, string]>)]
      : Object.entries(headers),
  );
  for (const [name, value] of entries) {
    // An `undefined` one is ignored.
    if (value === undefined) continue;
    const lower = String(name).toLowerCase();
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(lower)) {
      throw invalidOptions('headers', 'Option headers contains an invalid header name');
    }
    if (reservedHeaders.has(lower)) {
      const instead = lower === 'authorization' ? '; pass the key as apiKey' : '';
      throw invalidOptions(`headers.${lower}`, `Header ${lower} cannot be set${instead}`);
    }
    if (value !== null && (typeof value !== 'string' || !isVisible(value))) {
      throw invalidOptions(
        `headers.${lower}`,
        `Header ${lower} must be text without control characters`,
      );
    }
    resolved[lower] = value as string | null;
  }
  return resolved;
}

/** Headers without those that were taken off. */
export function withoutNull(headers: ResolvedHeaders): Record<string, string> {
  const isNull = (name: string): boolean => headers[name] === null;
  for (const name of Object.keys(headers).filter(isNull)) delete headers[name];
  return headers as Record<string, string>;
}

function isVisible(text: string): boolean {
  // Printable ASCII, spaces and tabs: anything else is refused on the wire, or splits the head in two.
  return /^[\t\x20-\x7e]*$/.test(text);
}

export function checkBoolean(param: string, value: unknown): void {
  if (value != null && typeof value !== 'boolean') {
    throw invalidOptions(param, `Option ${param} must be true or false`);
  }
}

/** Functions by name. @throws ChatError `invalid_options` */
export function resolveFunctions<T extends object>(
  param: string,
  given: T | null | undefined,
  names: readonly string[],
): Partial<T> {
  const own = ownOptions(given, names, `Option ${param}`);
  for (const [name, value] of Object.entries(own)) {
    if (typeof value !== 'function') {
      throw invalidOptions(`${param}.${name}`, `Option ${param}.${name} must be a function`);
    }
  }
  return own;
}

const clockNames = ['connect', 'headers', 'idle', 'stall', 'total', 'unread'];

/** Clocks by name; a number is the total. @throws ChatError `invalid_options` */
export function resolveTimeout(
  timeout: TimeoutOptions | number | null | undefined,
): TimeoutOptions {
  const given =
    typeof timeout === 'number'
      ? { total: timeout }
      : ownOptions(timeout, clockNames, 'Option timeout');
  const clocks = Object.create(null) as Record<string, number>;
  for (const [name, limitMs] of Object.entries(given) as [string, unknown][]) {
    if (limitMs === null) continue;
    const param = `timeout.${name}`;
    const isTimer =
      typeof limitMs === 'number' && limitMs > 0 && (limitMs <= maxTimerMs || limitMs === Infinity);
    if (!isTimer) {
      throw invalidOptions(param, `Option ${param} must be 1 to ${maxTimerMs} ms, or Infinity`);
    }
    clocks[name] = limitMs;
  }
  return clocks;
}

/** Those of a call over those of its client; neither has a prototype that could add one. */
export function mergeTimeouts(client: TimeoutOptions, own: TimeoutOptions): TimeoutOptions {
  return Object.assign(Object.create(null) as TimeoutOptions, client, own);
}

/** @throws ChatError `invalid_options` */
export function resolveRetries(maxRetries: number | null | undefined): number | undefined {
  if (maxRetries == null) return undefined;
  if (!Number.isInteger(maxRetries) || maxRetries < 0) {
    throw invalidOptions('maxRetries', 'Option maxRetries must be a whole number, 0 or more');
  }
  return maxRetries;
}

/** Epoch milliseconds. @throws ChatError `invalid_options` */
export function resolveDeadline(deadline: number | Date | undefined): number | undefined {
  if (deadline == null) return undefined;
  const atMs = deadline instanceof Date ? deadline.getTime() : deadline;
  if (typeof atMs !== 'number' || Number.isNaN(atMs)) {
    throw invalidOptions('deadline', 'Option deadline must be a Date, or epoch milliseconds');
  }
  if (atMs < earliestMs) {
    const message =
      'Option deadline must be a point in time, not a duration: a Date, or epoch milliseconds such as Date.now() + 5000';
    throw invalidOptions('deadline', message);
  }
  return atMs;
}

/** Before this, in 1973, a number is a duration that was meant. */
const earliestMs = 1e11;

const priceNames = ['cacheHit', 'cacheMiss', 'output', 'date'];

/** @throws ChatError `invalid_options` */
export function resolvePricing(given: Pricing | undefined): Prices | undefined {
  if (given == null) return undefined;
  const { cacheHit, cacheMiss, output, date } = ownOptions(given, priceNames, 'Option pricing');
  return {
    date,
    cacheHit: resolvePrice('cacheHit', cacheHit),
    cacheMiss: resolvePrice('cacheMiss', cacheMiss),
    output: resolvePrice('output', output),
  };
}

function resolvePrice(name: string, price: unknown): string {
  if (!isDecimal(price) || Number(price) < 0) {
    throw invalidOptions(
      `pricing.${name}`,
      `Option pricing.${name} must be a decimal number, 0 or more`,
    );
  }
  return decimalString(price);
}

export function resolveLimits(limits: Limits | null | undefined): ResolvedLimits {
  const resolved: ResolvedLimits = { ...defaults.limits };
  const given = ownOptions(limits, Object.keys(resolved), 'Option limits');
  for (const [name, limit] of Object.entries(given) as [string, unknown][]) {
    if (limit === null) continue;
    if (typeof limit !== 'number' || !(limit > 0)) {
      throw invalidOptions(`limits.${name}`, `Option limits.${name} must be a number above 0`);
    }
    resolved[name as keyof Limits] = limit;
  }
  return resolved;
}
