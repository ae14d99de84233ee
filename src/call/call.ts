import type { RequestOptions } from '../options/options.ts';
import { resolveCall } from '../options/resolve-options.ts';
import type { ChatError } from '../outcome/chat-error.ts';
import type { Report } from '../outcome/report.ts';
import type { NoteIssue } from '../schema/issue.ts';
import type { DecodedCompletion } from '../schema/response.ts';
import type { HttpRequest } from '../transport/http-request.ts';
import type { AttemptScope } from './attempts.ts';
import { Attempts } from './attempts.ts';
import type { CallContext } from './call-parts.ts';
import { createParts } from './call-parts.ts';
import type { CallKind } from './clocks.ts';
import { callError, endCall } from './end.ts';
import type { Lifetime } from './lifetime.ts';
import type { CallResponse } from './send.ts';
import { sendOnce } from './send.ts';
import { completionState } from './settle-report.ts';
import { vendorError } from './vendor-error.ts';

export type { CallContext } from './call-parts.ts';
export type { CallResponse } from './send.ts';

/** A tool that is not a function of the caller: the vendor runs it and charges for it. */
function isServerTool(tool: unknown): boolean {
  const { type } = (tool ?? {}) as { type?: unknown };
  return typeof type === 'string' && type !== 'function';
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
  throwRefusal(): void;
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

export function createCall(
  context: CallContext,
  requestOptions: RequestOptions<unknown> | null | undefined,
  kind: CallKind,
): Call {
  const { provider } = context.options;
  const resolved = resolveCall(context.options, requestOptions, kind);
  const { own, refusal } = resolved;
  const parts = createParts(context, resolved, kind);
  const { report, lifetime, note, secrets, clocks } = parts;
  const attempts = new Attempts(parts);

  return {
    report,
    lifetime,
    attempts,
    note,
    unreadMs: clocks.unreadMs,
    own,
    throwRefusal() {
      if (refusal !== undefined) throw refusal;
    },
    prepared({ body, http }) {
      const tools: unknown[] = Array.isArray(body.tools) ? body.tools : [];
      parts.body = body;
      parts.hasTools = tools.length > 0;
      parts.hasServerTools = tools.some(isServerTool);
      secrets.hideRequest(body, http.body ?? '');
    },
    send: (request, scope) => sendOnce(request, scope, parts),
    toError: (body) =>
      vendorError({ model: report.model, body }, provider, secrets, report.requestId),
    succeed(completion) {
      report.completion =
        completion === undefined
          ? 'complete'
          : completionState(completion, provider.profile.finishReasons);
      attempts.succeed();
      endCall(parts, completion);
    },
    fail(cause) {
      const error = callError(cause, parts);
      report.completion = 'interrupted';
      attempts.fail(error);
      endCall(parts, error.partial, error);
      return error;
    },
  };
}
