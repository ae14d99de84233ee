import type { ErrorIssue } from '../error-codes.ts';
import { attachToError, ChatError } from '../errors.ts';
import type { Report } from '../report.ts';
import type { ChatCompletion, ChatCompletionWithReport } from '../schema/response.ts';
import type { AnswerFormat } from './answer-format.ts';
import { findObjects } from './find-objects.ts';
import type { ReadSchema } from './output-schema.ts';

/** The value of an answer, or what is wrong with it. */
export type Output =
  | { ok: true; value: unknown }
  | { ok: false; issues: ErrorIssue[]; isRepairable: boolean };

/** Looks for the value that the schema accepts. */
export async function readOutput(
  { choices: [{ finish_reason, message }] }: ChatCompletion,
  format: AnswerFormat,
  schema: ReadSchema,
): Promise<Output> {
  const text = format.textOf(message);
  let issues: ErrorIssue[] | undefined;
  for (const value of findObjects(text)) {
    const checked = await schema.check(value);
    if (checked.ok) return checked;
    // The first one is the likeliest, so its faults are the ones to tell.
    issues ??= checked.issues;
  }
  const whole = (why: string): ErrorIssue[] => [{ path: '', message: why }];
  // What the model meant to say is not in question here: asking again would end the same way.
  if (message.refusal)
    return { ok: false, issues: whole('the model refused'), isRepairable: false };
  if (finish_reason === 'length' || finish_reason === 'content_filter') {
    const why = `the answer was cut off: finish_reason ${finish_reason}`;
    return { ok: false, issues: whole(why), isRepairable: false };
  }
  issues ??= whole(
    text.trim() === '' ? 'the answer is empty' : 'the answer holds no whole JSON object',
  );
  return { ok: false, issues, isRepairable: true };
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
  completion: ChatCompletion,
  issues: readonly ErrorIssue[],
  report: Report,
): ChatError {
  const [first] = issues;
  const more = issues.length > 1 ? ` and ${issues.length - 1} more` : '';
  // The words are the schema's own, and may quote the answer: they stay in `issues`.
  const where = first?.path ? `at ${first.path}${more}` : first?.message;
  const error = new ChatError('invalid_output', `The answer does not fit its schema: ${where}`, {
    issues,
    provider: report.provider,
    requestId: report.requestId,
  });
  return attachToError(error, { report, partial: completion });
}
