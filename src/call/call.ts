import { raceSignal } from '../internal/abort.ts';
import { resolveKey } from '../options/api-key.ts';
import type { AttemptScope, Attempts } from './attempts.ts';
import type { Lifetime } from './lifetime.ts';
import { annotate, createAttempts } from './attempts.ts';
import { callHook } from './hooks.ts';
import { createLifetime } from './lifetime.ts';
import type { ChatErrorCode } from '../outcome/error-codes.ts';
import { attachToError, ChatError, isChatError } from '../outcome/chat-error.ts';
import type { RequestOptions, ResolvedOptions } from '../options/options.ts';
import { defaults } from '../options/options.ts';
import { harmlessHeaders, Secrets } from '../outcome/redact.ts';
import { isRedirect, parseErrorBody, readErrorBody, redirectError } from './read-error.ts';
import { isKnownWord } from '../dialect/error-words.ts';
import type { Provider } from '../dialect/provider.ts';
import type { DecodedFailure, VendorFailure } from '../dialect/profile.ts';
import { resolveCall } from '../options/resolve-options.ts';
import type { Report } from '../outcome/report.ts';
import type { NoteIssue, ReportIssue } from '../schema/issue.ts';
import type { DecodedCompletion } from '../schema/response.ts';
import { addIssue } from '../outcome/report-issues.ts';
import { completionState, noteEnd, settleReport } from './settle-report.ts';
import type { ReadLimits } from './watched-body.ts';
import { WatchedBody } from './watched-body.ts';
import type { RetryBudget } from '../traffic/retry-budget.ts';
import { serverDelayMs } from '../traffic/retry-delay.ts';
import type { OwnTransport, TransportRequest, TransportResponse } from '../transport/transport.ts';
import {
  connectionError,
  inJest,
  isOwnTransport,
  transportRequest,
} from '../transport/transport.ts';
import type { AbortSignalLike, ByteReader } from '../internal/web.ts';
import type { HttpRequest } from '../transport/http-request.ts';

/** A response with a status of success, its body under the clocks. */
export interface CallResponse {
  headers: Record<string, string>;
  body: WatchedBody;
}

/** One call: its clocks, its attempts, its report. Everything that lives as long as the call does. */
export interface Call {
  readonly report: Report;
  readonly lifetime: Lifetime;
  readonly attempts: Attempts;
  readonly note: NoteIssue;
  readonly unreadMs: number;
  /** What the call was given itself. */
  readonly own: RequestOptions<unknown>;
  /** @throws ChatError `invalid_options` if an option of the call is refused: as part of the call, so with its report */
  check(): void;
  /** What is going to be sent: texts that no message may repeat to the user's logs, and whether there are tools. */
  prepared(request: { body: Record<string, unknown>; http: HttpRequest }): void;
  /** One send. @throws ChatError for every status but 2xx */
  send(request: HttpRequest, scope: AttemptScope): Promise<CallResponse>;
  /** The error that a body of status 200, or an event, holds. */
  toError(body: unknown): ChatError;
  /** The end, good or bad: fills in the report, and gives the error its last fields. */
  succeed(completion?: DecodedCompletion): void;
  fail(error: unknown): ChatError;
}

export interface CallContext {
  options: ResolvedOptions;
  budget: RetryBudget;
  /** Aborted when the client is closed. */
  closing: AbortSignalLike;
}

export function createCall(
  { options, budget, closing }: CallContext,
  requestOptions: RequestOptions<unknown> | null | undefined,
  kind: 'streamed' | 'whole',
): Call {
  const { provider, logger, hooks } = options;
  const { profile } = provider;
  const { own, refusal, timeout, maxRetries, deadlineMs, signal } = resolveCall(
    options,
    requestOptions,
    kind,
  );
  const { stall } = timeout;
  const readLimits: ReadLimits = {
    idleMs: timeout.idle ?? defaults.timeout.idle,
    stallFirstMs: stall ?? defaults.timeout.stall.first,
    stallMs: stall ?? defaults.timeout.stall.later,
  };
  const report: Report = {
    provider: provider.id,
    model: '',
    headers: {},
    attempts: [],
    adjustments: [],
    issues: [],
    timings: { startedAt: Date.now() },
    completion: 'running',
  };
  const lifetime = createLifetime({
    signal,
    closing,
    totalMs: timeout.total ?? defaults.timeout.total[kind],
    totalHint: kind === 'whole' ? '; long answers are better streamed' : '',
    deadlineMs,
  });
  const attempts = createAttempts({
    lifetime,
    options,
    maxRetries,
    origin: options.origin,
    budget,
    report,
  });
  const secrets = new Secrets();
  let hasTools = false;
  let keptIssues: number | undefined;
  let scope: AttemptScope | undefined;

  const note = (issue: ReportIssue): void => addIssue(report.issues, issue);

  const toError = (failure: {
    status?: number | undefined;
    headers?: Record<string, string> | undefined;
    body: unknown;
  }): ChatError => {
    // What happened is in the vendor's own words; what is told is without ours, and hidden before it is shortened or
    // reflowed, since then it could no longer be recognised.
    const { code, retryable, limit, ...meant } = decodeFailure(provider, failure);
    const body = secrets.redactValue(failure.body);
    const { message, ...init } = decodeFailure(provider, { ...failure, body });
    return new ChatError(code, message, {
      ...init,
      retryable,
      limit,
      // Words that are known, which a prompt may hold by chance, are told as they are.
      vendorCode: isKnownWord(meant.vendorCode) ? meant.vendorCode : init.vendorCode,
      vendorType: isKnownWord(meant.vendorType) ? meant.vendorType : init.vendorType,
      // The header's id, which is the one that `report` has, comes first.
      requestId: report.requestId ?? init.requestId,
      retryAfterMs:
        failure.headers && serverDelayMs(failure.headers, Date.now(), profile.rateLimitResetHeader),
    });
  };

  const receive = (status: number, headers: Record<string, string>): void => {
    const told = secrets.redactHeaders(headers);
    report.headers = told;
    report.timings.headersMs = Date.now() - report.timings.startedAt;
    const requestId = told[profile.requestIdHeader];
    if (requestId !== undefined) report.requestId = requestId;
    else delete report.requestId;
    if (scope !== undefined) {
      scope.record.status = status;
      if (requestId !== undefined) scope.record.requestId = requestId;
      const should = headers['x-should-retry'];
      if (should !== undefined) scope.shouldRetry = should === 'true';
    }
    callHook(
      hooks.onResponse &&
        (() =>
          hooks.onResponse?.({
            provider: provider.id,
            status,
            headers: harmlessHeaders(told),
            attempt: report.attempts.length,
          })),
    );
  };

  /** Nothing that is only told about the end may get in its way. */
  const end = (completion: DecodedCompletion | undefined, error?: ChatError): void => {
    report.timings.totalMs = Date.now() - report.timings.startedAt;
    try {
      // It lets go of the user's signal, which may be anything.
      lifetime.end();
      if (completion !== undefined) settleReport(report, completion, options, note);
      if (completion !== undefined && error === undefined) {
        noteEnd(completion, profile.finishReasons, hasTools, note);
      }
    } catch {
      note({ code: 'report_incomplete', message: 'the end of the answer could not be reported' });
    }
    callHook(hooks.onEnd && (() => hooks.onEnd?.(report, error)));
  };

  return {
    report,
    lifetime,
    attempts,
    own,
    prepared({ body, http }) {
      hasTools = Array.isArray(body.tools) && body.tools.length > 0;
      secrets.hideRequest(body, http.body ?? '');
    },
    note,
    unreadMs: timeout.unread ?? defaults.timeout.unread,
    check() {
      if (refusal !== undefined) throw refusal;
    },
    async send(request, current) {
      scope = current;
      // Oddities of an answer that was thrown away are of no interest.
      keptIssues ??= report.issues.length;
      report.issues.length = keptIssues;
      const found = resolveKey(options);
      const key = typeof found === 'string' ? found : await raceSignal(found, current.stop);
      secrets.addKey(key);
      const { headers } = request;
      callHook(
        hooks.onRequest &&
          (() =>
            hooks.onRequest?.({
              provider: provider.id,
              method: request.method,
              url: request.url,
              headers: harmlessHeaders(headers),
              attempt: current.record.number,
            })),
      );
      callHook(
        logger.debug &&
          (() => logger.debug?.('request', { provider: provider.id, url: request.url })),
      );
      const { stop } = current;
      const transport: OwnTransport = options.transport;
      const outgoing = transportRequest(
        {
          method: request.method,
          url: request.url,
          headers: { ...headers, authorization: `Bearer ${key}` },
          body: request.body,
        },
        {
          connectMs: timeout.connect ?? defaults.timeout.connect,
          headersMs: timeout.headers ?? defaults.timeout.headers[kind],
        },
        stop,
      );
      const response = await sendOver(transport, outgoing, stop);
      receive(response.status, response.headers);
      const { status, body } = response;
      if (status >= 200 && status < 300) {
        const watched = new WatchedBody(body, readLimits, (error) => current.stop.abort(error));
        return { headers: response.headers, body: watched };
      }
      if (isRedirect(status)) {
        body.cancel();
        throw redirectError(profile.name, status, response.headers.location, request.url);
      }
      const text = await readErrorBody(body, options.limits.errorBodyBytes);
      throw toError({ status, headers: response.headers, body: parseErrorBody(text) });
    },
    toError: (body) => toError({ body }),
    succeed(completion) {
      report.completion =
        completion === undefined ? 'complete' : completionState(completion, profile.finishReasons);
      attempts.succeed();
      end(completion);
    },
    fail(cause) {
      const error = isChatError(cause)
        ? (cause as ChatError)
        : new ChatError('invalid_response', 'The answer could not be read', { cause });
      annotate(error, { provider: provider.id, requestId: report.requestId });
      if (!causedByUser.has(error.code)) secrets.redactError(error);
      if (error.report === undefined) attachToError(error, { report });
      report.completion = 'interrupted';
      attempts.fail(error);
      end(error.partial, error);
      return error;
    },
  };
}

/** Errors whose cause is the reason of the user's signal, or what a function of the user's threw: theirs to see as it is. */
const causedByUser = new Set<ChatErrorCode>(['aborted', 'missing_api_key', 'invalid_output']);

/** A body that the vendor's dialect cannot read still came with a status. */
function decodeFailure(provider: Provider, failure: VendorFailure): DecodedFailure {
  try {
    return provider.decodeError(failure, provider.profile);
  } catch {
    return provider.decodeError({ ...failure, body: undefined }, provider.profile);
  }
}

/** A body of somebody else's, which may never come to an end by itself. */
function endedBy(stop: AbortSignalLike, body: ByteReader): ByteReader {
  return {
    read: () => raceSignal(Promise.resolve(body.read()), stop),
    cancel: () => body.cancel(),
  };
}

async function sendOver(
  transport: OwnTransport,
  request: TransportRequest,
  stop: AbortSignalLike,
): Promise<TransportResponse> {
  if (typeof TextDecoder === 'undefined') {
    throw new ChatError('invalid_options', `There is no TextDecoder here. ${inJest}`);
  }
  try {
    if (isOwnTransport(transport)) return await transport.send(request, stop);
    const response = await raceSignal(Promise.resolve(transport.send(request, stop)), stop);
    return { ...response, body: endedBy(stop, response.body) };
  } catch (error) {
    if (stop.aborted) throw stop.reason;
    // A transport of the caller's own may throw anything, headers included.
    throw isChatError(error) ? error : connectionError(error, request.url);
  }
}
