import { readText } from '../dialect/decode-error.ts';
import { raceSignal } from '../internal/abort.ts';
import type { AbortSignalLike, ByteReader } from '../internal/web.ts';
import { resolveKey } from '../options/api-key.ts';
import { ChatError, isChatError } from '../outcome/chat-error.ts';
import type { HttpRequest } from '../transport/http-request.ts';
import { authorOf, noteOf, proxyRefusal } from '../transport/proxy-answer.ts';
import type { OwnRequest, Transport, TransportResponse } from '../transport/transport.ts';
import { connectionError, inJest, ownSendOf, withSignal } from '../transport/transport.ts';
import type { AttemptScope } from './attempts.ts';
import type { CallParts } from './call-parts.ts';
import { recordHead } from './head.ts';
import { tellRequest } from './hooks.ts';
import { isRedirect, parseErrorBody, readErrorBody, redirectError } from './read-error.ts';
import { serverDelayMs } from '../traffic/retry-delay.ts';
import { vendorError } from './vendor-error.ts';
import { WatchedBody } from './watched-body.ts';

/** A response with a status of success, its body under the clocks. */
export interface CallResponse {
  headers: Record<string, string>;
  body: WatchedBody;
}

/** Sends once, and waits for the response head. @throws ChatError for every status but 2xx */
export async function sendOnce(
  request: HttpRequest,
  scope: AttemptScope,
  parts: CallParts,
): Promise<CallResponse> {
  const { options, clocks, secrets } = parts;
  const { stop } = scope;
  const found = resolveKey(options);
  const key = typeof found === 'string' ? found : await raceSignal(found, stop);
  secrets.addKey(key);
  tellRequest(options, request, scope.record.number);
  const { method, url } = request;
  const headers = { ...request.headers, authorization: `Bearer ${key}` };
  const outgoing = {
    method,
    url,
    headers,
    body: request.body,
    connectTimeoutMs: clocks.connectMs,
    headersTimeoutMs: clocks.headersMs,
  };
  const response = await sendOver(options.transport, outgoing, stop);
  recordHead(response, scope, parts);
  if (response.status < 200 || response.status >= 300) {
    throw await responseError(response, url, parts);
  }
  const body = new WatchedBody(response.body, clocks, (error) => stop.abort(error));
  return { headers: response.headers, body };
}

/** What a response with any other status means. */
async function responseError(
  response: TransportResponse,
  url: string,
  { options, secrets, report }: CallParts,
): Promise<ChatError> {
  const { provider, limits } = options;
  const { status, headers, proxy } = response;
  if (isRedirect(status)) {
    response.body.cancel();
    return redirectError(provider.profile.name, response, url);
  }
  const text = await readErrorBody(response.body, limits.errorBodyBytes);
  const body = parseErrorBody(text);
  const author = authorOf(response, url, typeof body !== 'string' || /^\s*[[{]/.test(text));
  if (author === 'proxy') {
    const pageText = readText(secrets.redact(text));
    const retryAfterMs = serverDelayMs(headers, Date.now());
    return proxyRefusal({ status, url, proxy, pageText, retryAfterMs });
  }
  const note = noteOf(author, proxy);
  const failure = { status, headers, model: report.model, body };
  return vendorError(failure, provider, secrets, report.requestId, note);
}

async function sendOver(
  transport: Transport,
  request: OwnRequest,
  stop: AbortSignalLike,
): Promise<TransportResponse> {
  if (typeof TextDecoder === 'undefined') {
    throw new ChatError('invalid_options', `There is no global TextDecoder. ${inJest}`);
  }
  try {
    const sendOwn = ownSendOf(transport);
    if (sendOwn !== undefined) return await sendOwn(request, stop);
    const sent = transport.send(withSignal(request, stop));
    const response = await raceSignal(Promise.resolve(sent), stop);
    return { ...response, body: endedBy(stop, response.body) };
  } catch (error) {
    if (stop.aborted) throw stop.reason;
    // A transport of the caller's own may throw anything, headers included.
    throw isChatError(error) ? error : connectionError(error, request.url);
  }
}

/** The body of a transport of the caller's own, which may not end by itself when the attempt does. */
function endedBy(stop: AbortSignalLike, body: ByteReader): ByteReader {
  return {
    read: () => raceSignal(Promise.resolve(body.read()), stop),
    cancel: () => body.cancel(),
  };
}
