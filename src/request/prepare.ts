import type { HttpRequest } from '../transport/http-request.ts';
import { ChatError, isChatError } from '../outcome/chat-error.ts';
import type { RequestOptions, ResolvedOptions, Vendors } from '../options/options.ts';
import { callOptionNames } from '../options/options.ts';
import { readable, resolveHeaders, withoutNull } from '../options/option-values.ts';
import { ownOptions } from '../outcome/invalid-options.ts';
import type { Provider } from '../dialect/provider.ts';
import type { Adjustment, ReportThinking } from '../outcome/report.ts';
import type { ReportIssue } from '../schema/issue.ts';
import type { CanonicalRequest } from '../schema/canonical-request.ts';
import { canonicalRequest } from './canonical.ts';
import { invalidRequest } from '../outcome/invalid-request.ts';
import type { Checked, StandardSchemaV1 } from '../schema/standard.ts';
import { readResult } from '../schema/standard.ts';
import { mayHoldHalves, withoutHalves } from './half-pairs.ts';

/** Exactly what would be sent, except for the key. */
export interface PreparedRequest {
  /** Id of the vendor. */
  provider: string;
  /** HTTP method. */
  method: 'POST';
  /** Where it would be sent. */
  url: string;
  /** Names in lower case; without `authorization`. */
  headers: Record<string, string>;
  /** The body, as an object. */
  body: Record<string, unknown>;
  /** Every difference between the request and the body. */
  adjustments: Adjustment[];
}

/** A {@link PreparedRequest}, the text of it, and what the call's report needs besides. */
export interface ReadyRequest {
  prepared: PreparedRequest;
  http: HttpRequest;
  model: string;
  issues: ReportIssue[];
  thinking: ReportThinking;
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
  const request = orInvalidRequest(() =>
    canonicalRequest(params, (key) => hintFor(key, options.vendors)),
  );
  request.isValidated = isValidated;
  const extra = offerServerTools(options, params, request, vendorFields(options, requestOptions));
  const ready = prepareCanonical(options, request, extra, requestOptions);
  if (!mayHoldHalves(ready.http.body)) return ready;
  const section = `providerOptions.${options.provider.id}`;
  const whole = withoutHalves(request, '', (path) => request.callerPaths[path] ?? path);
  const wholeExtra = withoutHalves(extra, section);
  const mended = [...whole.adjustments, ...wholeExtra.adjustments];
  // In `extraBody`, which is sent as it is, or a text that only looks like half a character.
  if (mended.length === 0) return ready;
  const again = prepareCanonical(options, whole.value, wholeExtra.value, requestOptions);
  const { prepared } = again;
  // No spread into a call: a stranger's request may have more of them than a call can have arguments.
  const adjustments = mended.concat(prepared.adjustments);
  return { ...again, prepared: { ...prepared, adjustments } };
}

function hintFor(key: string, vendors: Vendors): string | undefined {
  const option = vendors.findOption(key);
  if (option !== undefined) return `is not a field of every vendor; pass it as ${option}`;
  const isOfCall = callOptionNames.includes(key);
  return isOfCall ? 'is an option of the call: pass it in the second argument' : undefined;
}

function prepareCanonical(
  options: ResolvedOptions,
  request: CanonicalRequest,
  extra: Record<string, unknown> | undefined,
  requestOptions: RequestOptions<unknown>,
): ReadyRequest {
  const { provider, urls } = options;
  const encoded = orInvalidRequest(() => provider.encode(request, provider.profile));
  const url = encoded.path === 'beta' ? (urls.beta ?? urls.chat) : urls.chat;
  const body = extra === undefined ? encoded.body : { ...encoded.body, ...extra };
  const { thinking: asked, thinksByDefault: byDefault = 'unknown', adjustments, issues } = encoded;
  const thinking: ReportThinking =
    asked === undefined ? { asked: 'default', byDefault, seen: false } : { asked, seen: false };
  return post(options, requestOptions, url, { body, adjustments, issues, thinking });
}

/** A request of which everything is known, but for what every request has. */
export function post(
  options: ResolvedOptions,
  requestOptions: RequestOptions<unknown>,
  url: string,
  encoded: Pick<PreparedRequest, 'body' | 'adjustments'> &
    Pick<ReadyRequest, 'issues' | 'thinking'>,
): ReadyRequest {
  const { adjustments, issues, thinking } = encoded;
  if (options.onUnsupported === 'error') refuseLossy(options, adjustments);
  const extra = extraBody(requestOptions.extraBody);
  const body = extra === undefined ? encoded.body : { ...encoded.body, ...extra };
  const headers = withoutNull({
    'content-type': 'application/json',
    accept: body.stream ? 'text/event-stream' : 'application/json',
    ...options.headers,
    ...resolveHeaders(requestOptions.headers),
  });
  const provider = options.provider.id;
  return {
    prepared: { provider, method: 'POST', url, headers, body, adjustments },
    model: String(body.model),
    issues,
    thinking,
    http: { method: 'POST', url, headers, body: orInvalidRequest(() => JSON.stringify(body)) },
  };
}

/** A GET to one of the vendor's other paths. @throws ChatError `unsupported` where the vendor has none */
export function prepareGet(
  options: ResolvedOptions,
  url: string | undefined,
  what: string,
  requestOptions: RequestOptions<unknown>,
): HttpRequest {
  if (url === undefined) throw notOffered(options.provider, what);
  const headers = withoutNull({
    accept: 'application/json',
    ...options.headers,
    ...resolveHeaders(requestOptions.headers),
  });
  return { method: 'GET', url, headers };
}

/** An `unsupported`: the vendor documents no such call. */
export function notOffered({ id, profile }: Provider, what: string): ChatError {
  return new ChatError('unsupported', `${profile.name} offers no ${what}`, { provider: id });
}

function refuseLossy(options: ResolvedOptions, adjustments: readonly Adjustment[]): void {
  const lossy = adjustments.find((adjustment) => adjustment.lossy);
  if (lossy !== undefined) throw notAsItIs(options, lossy);
}

/** An `unsupported_parameter`: the vendor would only take something else in its place. */
export function notAsItIs({ provider }: ResolvedOptions, { param, reason }: Adjustment): ChatError {
  const message = `${provider.profile.name} does not accept ${param} unchanged: ${reason}`;
  return new ChatError('unsupported_parameter', message, { provider: provider.id, param });
}

/** The called vendor's section of `providerOptions`, checked by that vendor's schema. */
function vendorFields(
  { provider, vendors }: ResolvedOptions,
  { providerOptions }: RequestOptions<unknown>,
): Record<string, unknown> | undefined {
  if (providerOptions == null) return undefined;
  const ids = [...new Set([provider.id, ...vendors.ids])];
  const sections = ownOptions(
    providerOptions as Record<string, unknown>,
    ids,
    'Option providerOptions',
  );
  const section = sections[provider.id];
  if (section == null) return undefined;
  const path = `providerOptions.${provider.id}`;
  if (provider.options === undefined) {
    throw invalidRequest([
      { path, message: 'must be empty: this vendor documents no options of its own' },
    ]);
  }
  const checked = checkFields(provider.options, section, path);
  if (checked.ok) return checked.value as Record<string, unknown>;
  throw invalidRequest(
    checked.issues.map((issue) => ({
      path: issue.path === '' ? path : `${path}.${issue.path}`,
      message: issue.message,
    })),
  );
}

/** Makes what lists the vendor's own tools a part of the request. Gives back the other fields. */
function offerServerTools(
  { provider: { profile } }: ResolvedOptions,
  params: unknown,
  request: CanonicalRequest,
  fields: Record<string, unknown> | undefined,
): Record<string, unknown> | undefined {
  if (fields === undefined || profile.serverTools === undefined) return fields;
  const { [profile.serverTools]: tools, ...rest } = fields;
  if (Array.isArray(tools) && tools.length > 0) {
    request.serverTools = tools as string[];
    // Without functions alone this was what happens anyway.
    if ((params as { tool_choice?: unknown }).tool_choice === 'none') request.tool_choice = 'none';
  }
  return rest;
}

/** @throws ChatError `invalid_options` for a schema that fails, or that has to be waited for: it is the provider's */
function checkFields(schema: StandardSchemaV1, fields: unknown, path: string): Checked {
  let message = 'The schema of the provider failed while validating its options';
  try {
    const result = schema['~standard'].validate(fields);
    if (!(result instanceof Promise)) return readResult(result);
    result.catch(() => {});
    message = `The schema of ${path} is asynchronous, which cannot be used here`;
  } catch (cause) {
    throw new ChatError('invalid_options', message, { cause, param: 'provider' });
  }
  throw new ChatError('invalid_options', message, { param: 'provider' });
}

function extraBody(
  extra: Record<string, unknown> | undefined,
): Record<string, unknown> | undefined {
  if (extra == null) return undefined;
  if (typeof extra !== 'object' || Array.isArray(extra)) {
    throw invalidRequest([{ path: 'extraBody', message: 'must be an object' }]);
  }
  const extraFields = readable('extraBody', () => Object.entries(extra)).filter(
    ([, value]) => value !== undefined,
  );
  const names = new Set(extraFields.map(([name]) => name));
  const taken = ['model', 'messages', 'prompt', 'stream'].filter((key) => names.has(key));
  if (taken.length > 0) {
    const message = 'is a parameter of the call, and cannot be replaced';
    throw invalidRequest(taken.map((key) => ({ path: `extraBody.${key}`, message })));
  }
  return Object.fromEntries(extraFields);
}

/** A BigInt, a circle, or a depth beyond all measure: the engine's own message names values. */
function orInvalidRequest<T>(write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (isChatError(error)) throw error;
    throw invalidRequest([{ path: '', message: 'contains a value that JSON cannot represent' }]);
  }
}
