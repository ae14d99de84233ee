import type { ErrorIssue } from '../schema/issue.ts';
import { attachToError, ChatError, isChatError } from '../outcome/chat-error.ts';
import { knownEnd } from '../schema/finish-reason.ts';
import type { ChatCompletionWithReport } from '../outcome/with-report.ts';
import { textOf } from './answer-form.ts';
import { findObjects } from './find-objects.ts';
import type { ReadSchema } from './output-schema.ts';
import type { Bound } from '../call/within-call.ts';

/** The value of an answer, or what is wrong with it. */
export type Output =
  | { ok: true; value: unknown }
  | { ok: false; issues: ErrorIssue[]; why: string; isRepairable: boolean };

/**
 * Looks for the one value that the schema accepts: of two, the right one is unknown. Only in an answer that is
 * complete: a truncated one may contain a draft that matches.
 */
export async function readOutput(
  completion: ChatCompletionWithReport,
  schema: ReadSchema,
  bound: Bound,
): Promise<Output> {
  const { report } = completion;
  const { message, finish_reason } = completion.choices[0];
  const text = textOf(message);
  const isComplete = report.completion === 'complete';
  const fitting = new Map<unknown, unknown>();
  let issues: ErrorIssue[] | undefined;
  for (const value of isComplete ? findObjects(text) : []) {
    const checked = await bound(schema.validate(value)).catch((error: unknown) => {
      throw isChatError(error) ? attachToError(error, { report, partial: completion }) : error;
    });
    if (checked.ok) fitting.set(keyOf(value), checked.value);
    else issues = checked.issues;
  }
  const [fit] = fitting.values();
  if (fitting.size === 1) return { ok: true, value: fit };
  if (fitting.size > 1) return faulty(`it contains ${fitting.size} JSON objects that fit`, true);
  // Asking again would end the same way.
  if (message.refusal) return faulty('the model refused', false);
  if (!isComplete) {
    const end = finish_reason !== null && knownEnd(finish_reason) ? finish_reason : 'unknown';
    return faulty(`the answer was cut off, finish_reason ${end}`, false);
  }
  if (issues !== undefined) {
    return { ok: false, issues, why: `issues: ${issues.length}`, isRepairable: true };
  }
  return faulty(text.trim() === '' ? 'it is empty' : 'it contains no complete JSON object', true);
}

/** Equal values have equal texts. One that is nested too deep for a text is only equal to itself. */
function keyOf(value: unknown): unknown {
  try {
    return JSON.stringify(value);
  } catch {
    return value;
  }
}

function faulty(why: string, isRepairable: boolean): Output {
  return { ok: false, issues: [{ path: '', message: why }], why, isRepairable };
}

/** The answer with its value in the message, where programs for the `openai` package look for it. */
export function withParsed(
  completion: ChatCompletionWithReport,
  value: unknown,
): ChatCompletionWithReport {
  Object.assign(completion.choices[0].message, { parsed: value });
  return completion;
}

/** An `invalid_output` that carries the answer. */
export function invalidOutput(
  completion: ChatCompletionWithReport,
  { issues, why }: Extract<Output, { ok: false }>,
): ChatError {
  const { report } = completion;
  // The schema's words, and its paths too, may quote the answer: they stay in `issues`.
  const error = new ChatError('invalid_output', `The answer does not fit its schema: ${why}`, {
    provider: report.provider,
    requestId: report.requestId,
  });
  return attachToError(error, { report, partial: completion, issues });
}
