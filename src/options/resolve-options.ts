import { checkKey } from './api-key.ts';
import { environmentLogger } from './environment-logger.ts';
import type { ChatError } from '../outcome/chat-error.ts';
import { isChatError } from '../outcome/chat-error.ts';
import {
  checkBoolean,
  checkOneOf,
  checkRecovery,
  resolveBaseURL,
  resolveDeadline,
  resolveFunctions,
  resolveHeaders,
  resolveLimits,
  resolvePricing,
  resolveRetries,
  resolveSignal,
  mergeTimeouts,
  resolveTimeout,
} from './option-values.ts';
import type {
  ClientOptions,
  RequestOptions,
  ResolvedOptions,
  TimeoutOptions,
  Vendors,
} from './options.ts';
import { clientOptionNames, defaults, callOptionNames } from './options.ts';
import type { OptionHints } from '../outcome/invalid-options.ts';
import { invalidOptions, noOptions, ownOptions } from '../outcome/invalid-options.ts';
import type { Transport } from '../transport/transport.ts';
import { inRegion, resolveURLs } from './vendor-urls.ts';
import { checkVersion, ownHeaders } from './runtime.ts';

const clientHints: OptionHints = {
  fetch: 'transport: fetchTransport({ fetch })',
  dispatcher: 'transport: undiciTransport({ dispatcher })',
  httpAgent: 'transport: undiciTransport({ dispatcher })',
  defaultHeaders: 'headers',
  retries: 'maxRetries',
  abortSignal: 'signal, an option of each call',
  signal: 'signal, an option of each call',
  model: 'model, a parameter of each call',
  logLevel: 'logger or hooks',
};

const callHints: OptionHints = {
  abortSignal: 'signal',
  retries: 'maxRetries',
  extra_headers: 'headers',
  body: 'extraBody',
  model: 'model, a parameter of the call',
};

/** What an entry of the package brings along: so that a bundle holds no more than its entry needs. */
export interface Preset {
  vendors: Vendors;
  /** Where no transport is given. */
  transport(): Transport;
}

/** Decides every option of a client, given its {@link clientOptions}. @throws ChatError `invalid_options` */
export function resolveOptions(
  options: Partial<ClientOptions>,
  { vendors, transport }: Preset,
): ResolvedOptions {
  const provider = inRegion(vendors.find(options.provider ?? defaults.provider), options.baseURL);
  checkOneOf('onUnsupported', options.onUnsupported, ['warn', 'adjust', 'error']);
  if (typeof options.apiKey === 'string') checkKey(options.apiKey);
  else if (options.apiKey !== undefined && typeof options.apiKey !== 'function') {
    throw invalidOptions(
      'apiKey',
      'Option apiKey must be a string, or a function that returns one',
    );
  }
  checkVersion();
  checkBoolean('allowHttp', options.allowHttp);
  checkBoolean('splitThinkTags', options.splitThinkTags);
  if (options.logger != null && typeof options.logger !== 'object') {
    throw invalidOptions('logger', 'Option logger must be an object with a debug() method');
  }
  if (options.transport != null && typeof options.transport.send !== 'function') {
    throw invalidOptions(
      'transport',
      'Option transport must have a send() method, as undiciTransport() has',
    );
  }
  const { profile } = provider;
  const baseURL = resolveBaseURL(options.baseURL ?? profile.baseURL, options.allowHttp ?? false);
  return {
    provider,
    name: provider.id,
    vendors,
    apiKey: options.apiKey,
    baseURL,
    origin: new URL(baseURL).origin,
    urls: resolveURLs(profile, baseURL),
    headers: { ...ownHeaders, ...resolveHeaders(options.headers) },
    timeout: resolveTimeout(options.timeout),
    maxRetries: resolveRetries(options.maxRetries) ?? defaults.maxRetries,
    onUnsupported: options.onUnsupported ?? defaults.onUnsupported,
    transport: options.transport ?? transport(),
    limits: resolveLimits(options.limits),
    pricing: resolvePricing(options.pricing),
    splitThinkTags: options.splitThinkTags ?? false,
    logger: options.logger ?? environmentLogger(),
    hooks: resolveFunctions('hooks', options.hooks, hookNames),
  };
}

const hookNames = ['onRequest', 'onResponse', 'onRetry', 'onEnd'];

/** The options of a client that it was given itself. @throws ChatError `invalid_options` */
export function clientOptions(given: ClientOptions): Partial<ClientOptions> {
  if (given === null)
    throw invalidOptions('', 'createClient expects an object of options, or nothing');
  return ownOptions(given, clientOptionNames, 'The options of createClient', clientHints);
}

/**
 * The options of a call that it was given itself.
 *
 * @param more names that a call of this kind takes besides
 * @throws ChatError `invalid_options`
 */
export function callOptions<Options extends RequestOptions<unknown>>(
  given: Options | null | undefined,
  more: readonly string[] = [],
): Partial<Options> {
  return ownOptions(given, [...callOptionNames, ...more], 'The options of a call', callHints);
}

/** The options of one call. A refusal is kept: the call fails with it and has a report. */
export function resolveCall(
  options: Pick<ResolvedOptions, 'timeout' | 'maxRetries'>,
  given: RequestOptions<unknown> | null | undefined,
  kind: 'streamed' | 'whole',
): {
  own: RequestOptions<unknown>;
  refusal: ChatError | undefined;
  timeout: TimeoutOptions;
  maxRetries: number;
  deadlineMs: number | undefined;
  signal: RequestOptions['signal'];
} {
  const { timeout, maxRetries } = options;
  const usual = (refusal?: ChatError) => ({
    own: noOptions,
    refusal,
    timeout,
    maxRetries,
    deadlineMs: undefined,
    signal: undefined,
  });
  if (given == null) return usual();
  try {
    const asked = callOptions(given);
    checkRecovery(asked.onReasoningExhausted, kind);
    return {
      own: asked,
      refusal: undefined,
      timeout: mergeTimeouts(timeout, resolveTimeout(asked.timeout)),
      maxRetries: resolveRetries(asked.maxRetries) ?? maxRetries,
      deadlineMs: resolveDeadline(asked.deadline),
      signal: resolveSignal(asked.signal),
    };
  } catch (refusal) {
    if (!isChatError(refusal)) throw refusal;
    return usual(refusal);
  }
}
