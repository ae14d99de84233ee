import type { CallParts } from './call-parts.ts';
import { tellEnd } from './hooks.ts';
import { noteUnpriced } from '../cost/unpriced.ts';
import { attachToError, ChatError, isChatError } from '../outcome/chat-error.ts';
import type { ChatErrorCode } from '../outcome/error-codes.ts';
import type { Report } from '../outcome/report.ts';
import type { DecodedCompletion } from '../schema/response.ts';
import { noteEnd, settleReport } from './settle-report.ts';

/** Ends a call: releases its resources, completes its report, and calls the user's hook. */
export function endCall(
  parts: CallParts,
  completion: DecodedCompletion | undefined,
  error?: ChatError,
): void {
  const { options, lifetime, report, note, hasTools } = parts;
  report.timings.totalMs = Date.now() - report.timings.startedAt;
  // Whatever fails while the end is reported, the call has ended all the same.
  try {
    // It takes a listener off the user's signal, which may be any object.
    lifetime.end();
    if (completion !== undefined) settleReport(parts, completion);
    if (completion !== undefined && error === undefined) {
      noteEnd(completion, options.provider.profile.finishReasons, hasTools, note);
    }
  } catch {
    note({ code: 'report_incomplete', message: 'the end of the answer could not be reported' });
  }
  noteUnpriced(report);
  parts.counts?.end(report);
  tellEnd(options, report, error);
}

/** What a call fails with: always a ChatError, with the call's report and without its secrets. */
export function callError(cause: unknown, { report, secrets }: CallParts): ChatError {
  const error = isChatError(cause)
    ? (cause as ChatError)
    : new ChatError('invalid_response', 'The answer could not be read', { cause });
  annotate(error, report);
  if (!causedByUser.has(error.code)) secrets.redactError(error);
  if (error.report === undefined) attachToError(error, { report });
  return error;
}

/** Fills in what only the call knows. An error keeps what it has. */
function annotate(error: ChatError, report: Report): void {
  for (const field of ['provider', 'requestId'] as const) {
    const value = report[field];
    if (value !== undefined && !(field in error)) Object.assign(error, { [field]: value });
  }
}

/** Their cause is the reason of the user's signal, or what a function of the user's threw: the user may see all of it. */
const causedByUser = new Set<ChatErrorCode>(['aborted', 'missing_api_key', 'invalid_output']);
