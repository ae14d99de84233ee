import type { HttpRequest } from './call.ts';
import { ChatError, isChatError } from './errors.ts';
import type { RequestOptions, ResolvedOptions } from './options.ts';
import { resolveHeaders } from './resolve-options.ts';
import type { Provider } from './providers/provider.ts';
import { findOption } from './providers/registry.ts';
import type { Adjustment, ReportIssue, ReportThinking } from './report.ts';
import { canonicalRequest, invalidRequest } from './schema/canonical.ts';
import { dotted } from './schema/standard.ts';

/** Exactly what would be sent, but for the key. */
export interface PreparedRequest {
  /** Id of the vendor. */
  provider: string;
  method: 'POST';
  url: string;
  /** Lower-case names; without `authorization`. */
  headers: Record<string, string>;
  body: Record<string, unknown>;
  /** Every difference between the request and the body. */
  adjustments: Adjustment[];
}

/** A {@link PreparedRequest} and what the call's report needs besides. */
export interface ReadyRequest extends PreparedRequest {
  http: HttpRequest;
  model: string;
  issues: ReportIssue[];
  thinking: ReportThinking['asked'];
}

/**
 * validate → encode → merge what is only this vendor's.
 *
 * @param isValidated the answer is going to be held to its schema here
 * @throws ChatError `invalid_request`, `unsupported_parameter`, `invalid_options`
 */
export function prepare(
  options: ResolvedOptions,
  params: unknown,
  requestOptions: RequestOptions<unknown>,
  isValidated = false,
): ReadyRequest {
  const { provider } = options;
  const encoded = expressible(() => {
    const request = canonicalRequest(params, findOption);
    request.isValidated = isValidated;
    return provider.encode(request, provider.profile);
  });
  const extra = vendorFields(options, requestOptions);
  const { paths } = provider.profile;
  const url =
    encoded.path === 'beta' && paths.beta !== undefined
      ? besideChat(options, paths.beta)
      : options.chatURL;
  const body = { ...encoded.body, ...extra };
  const { thinking = 'default', adjustments, issues } = encoded;
  return post(options, requestOptions, url, { body, adjustments, issues, thinking });
}

/** A request of which everything is known, but for what every request has. */
export function post(
  options: ResolvedOptions,
  requestOptions: RequestOptions<unknown>,
  url: string,
  encoded: Pick<ReadyRequest, 'body' | 'adjustments' | 'issues' | 'thinking'>,
): ReadyRequest {
  const { adjustments, issues, thinking } = encoded;
  if (options.onUnsupported === 'error') refuseLossy(options, adjustments);
  const body = { ...encoded.body, ...extraBody(requestOptions.extraBody) };
  const headers = {
    'content-type': 'application/json',
    accept: body.stream ? 'text/event-stream' : 'application/json',
    ...options.headers,
    ...resolveHeaders(requestOptions.headers),
  };
  return {
    provider: options.provider.id,
    method: 'POST',
    url,
    headers,
    body,
    adjustments,
    model: String(body.model),
    issues,
    thinking,
    http: { method: 'POST', url, headers, body: expressible(() => JSON.stringify(body)) },
  };
}

/** A GET to one of the vendor's other paths. @throws ChatError `unsupported` where the vendor has none */
export function prepareGet(
  options: ResolvedOptions,
  path: string | undefined,
  what: string,
  requestOptions: RequestOptions<unknown>,
): HttpRequest {
  const { provider } = options;
  if (path === undefined) throw notOffered(provider, what);
  const headers = {
    accept: 'application/json',
    ...options.headers,
    ...resolveHeaders(requestOptions.headers),
  };
  return { method: 'GET', url: besideChat(options, path), headers };
}

/** An `unsupported`: the vendor documents no such call. */
export function notOffered({ id, profile }: Provider, what: string): ChatError {
  return new ChatError('unsupported', `${profile.name} offers no ${what}`, { provider: id });
}

function resolve(base: string, path: string): string {
  return new URL(path, `${base}/`).href;
}

/** Paths beside the chat path start from the root that other SDKs' endings hang on. */
export function besideChat({ baseURL, provider }: ResolvedOptions, path: string): string {
  const endings = provider.profile.baseURLEndings ?? [];
  const ending = endings.find((each) => baseURL.endsWith(each)) ?? '';
  return resolve(baseURL.slice(0, baseURL.length - ending.length), path);
}

function refuseLossy({ provider }: ResolvedOptions, adjustments: readonly Adjustment[]): void {
  const lossy = adjustments.find((adjustment) => adjustment.lossy);
  if (lossy === undefined) return;
  const message = `${provider.profile.name} does not take ${lossy.param} as it is: ${lossy.reason}`;
  throw new ChatError('unsupported_parameter', message, {
    provider: provider.id,
    param: lossy.param,
  });
}

/** The called vendor's section of `providerOptions`, checked by that vendor's schema. */
function vendorFields(
  { provider }: ResolvedOptions,
  { providerOptions }: RequestOptions<unknown>,
): Record<string, unknown> {
  const section = (providerOptions as Record<string, unknown> | undefined)?.[provider.id];
  if (section == null) return {};
  const path = `providerOptions.${provider.id}`;
  if (provider.options === undefined) {
    throw invalidRequest([
      { path, message: 'has no fields: this vendor documents none of its own' },
    ]);
  }
  const result = provider.options['~standard'].validate(section);
  if (result instanceof Promise) {
    throw invalidRequest([
      { path, message: 'has an asynchronous schema, which cannot be used here' },
    ]);
  }
  if (result.issues !== undefined) {
    throw invalidRequest(
      result.issues.map(({ message, path: inner = [] }) => ({
        path: dotted([path, ...inner.map((step) => (typeof step === 'object' ? step.key : step))]),
        message,
      })),
    );
  }
  return result.value as Record<string, unknown>;
}

function extraBody(extra: Record<string, unknown> | undefined): Record<string, unknown> {
  if (
    extra !== undefined &&
    (typeof extra !== 'object' || extra === null || Array.isArray(extra))
  ) {
    throw invalidRequest([{ path: 'extraBody', message: 'must be an object' }]);
  }
  const taken = ['model', 'messages', 'prompt', 'stream'].filter(
    (key) => extra && Object.hasOwn(extra, key),
  );
  if (taken.length > 0) {
    const message = 'is a parameter of the call, and cannot be replaced';
    throw invalidRequest(taken.map((key) => ({ path: `extraBody.${key}`, message })));
  }
  return extra ?? {};
}

/** A BigInt, a circle, or a depth beyond all measure: the engine's own message names values. */
function expressible<T>(write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (isChatError(error)) throw error;
    throw invalidRequest([{ path: '', message: 'holds a value that JSON cannot express' }]);
  }
}
