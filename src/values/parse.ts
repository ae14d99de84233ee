import type { Asked, Asker } from '../call/ask.ts';
import type { ErrorIssue } from '../schema/issue.ts';
import { correctionRefused } from '../outcome/budget-error.ts';
import { ChatError, isChatError } from '../outcome/chat-error.ts';
import type { RequestOptions } from '../options/options.ts';
import type { ProviderOptions } from '../providers/registry.ts';
import { addIssue } from '../outcome/report-issues.ts';
import { callOptions } from '../options/resolve-options.ts';
import type { ChatCompletionCreateParamsBase } from '../schema/request.ts';
import type { ChatCompletionMessage } from '../schema/response.ts';
import type { ChatCompletionWithReport } from '../outcome/with-report.ts';
import { formParams, refuseBesideSchema, textOf } from './answer-form.ts';
import type { OutputSchema, ReadSchema } from './output-schema.ts';
import { readSchema } from './output-schema.ts';
import { invalidOutput, readOutput, withParsed } from './read-output.ts';
import { completeRecovering, continueCall } from '../call/recover.ts';

/** A request for a value. */
export interface ChatCompletionParseParams<Schema extends OutputSchema> extends Omit<
  ChatCompletionCreateParamsBase,
  'response_format' | 'tools' | 'tool_choice' | 'parallel_tool_calls'
> {
  /** Schema of the value: a JSON object. */
  response_format: Schema;
}

/** The second argument of `parse`. */
export interface ParseOptions<Options = ProviderOptions> extends RequestOptions<Options> {
  /** How often an empty or invalid answer is sent back to the model for correction. @default 1 */
  maxRepairs?: number | undefined;
}

/** Asks for a value, checks it, and asks again for what does not fit. */
export async function parse(
  asker: Asker,
  params: Record<string, unknown>,
  given: ParseOptions<unknown> | null | undefined,
): Promise<ChatCompletionWithReport> {
  return parseAs(readSchema(params?.response_format, 'response_format'), asker, params, given);
}

/** The same with a schema that was read before. */
export async function parseAs(
  schema: ReadSchema,
  asker: Asker,
  params: Record<string, unknown>,
  given: ParseOptions<unknown> | null | undefined,
): Promise<ChatCompletionWithReport> {
  const { maxRepairs = 1, ...options } = callOptions(given, ['maxRepairs']);
  if (!Number.isInteger(maxRepairs) || maxRepairs < 0) {
    const message = 'Option maxRepairs must be a whole number, 0 or more';
    throw new ChatError('invalid_options', message, { param: 'maxRepairs' });
  }
  refuseBesideSchema(params);
  const { messages, ...base } = params;
  // No type lets a wish for a stream through.
  let nextParams: Record<string, unknown> = { ...base, ...formParams(schema), stream: undefined };
  let conversation = messages as unknown[];
  const bound = asker.bound(options);
  const run: Asked['run'] = {};
  const ask = async (): Promise<ChatCompletionWithReport> => {
    const request = {
      params: { ...nextParams, messages: conversation },
      options,
      isValidated: true,
      run,
    };
    const { completion, params: used } = await completeRecovering(asker, request);
    // What it took to get an answer at all, a correction takes as well.
    nextParams = used;
    return completion;
  };

  let completion = await ask();
  for (let repairs = 0; ; repairs++) {
    const output = await readOutput(completion, schema, bound);
    if (output.ok) return withParsed(completion, output.value);
    if (!output.isRepairable || repairs === maxRepairs) throw invalidOutput(completion, output);
    const [{ message: answer }] = completion.choices;
    conversation = [...conversation, answer, ...repairRequest(answer, output.issues)];
    const mismatch = invalidOutput(completion, output);
    const { report } = completion;
    // Paths may be of keys that the answer made up.
    const message = `it did not fit the schema (${output.why}); the model was asked to correct it`;
    const note = (): void => addIssue(report.issues, { code: 'output_repaired', message });
    completion = await continueCall(completion, () => correct(ask, mismatch, note));
  }
}

/** Asks for a correction. Where a limit on money refuses that, the error tells of the answer that was paid for, too. */
async function correct(
  ask: () => Promise<ChatCompletionWithReport>,
  mismatch: ChatError,
  note: () => void,
): Promise<ChatCompletionWithReport> {
  try {
    const completion = await ask();
    note();
    return completion;
  } catch (error) {
    const isSent = !isChatError(error, 'budget_exceeded') || !!error.report?.attempts.length;
    if (!isSent) throw correctionRefused(error, mismatch);
    note();
    throw error;
  }
}

/** The message that asks the model for a correction. */
function repairRequest(message: ChatCompletionMessage, issues: readonly ErrorIssue[]): object[] {
  const lines = issues.map(({ path, message: why }) => `- ${path === '' ? '' : `${path}: `}${why}`);
  const content = [
    textOf(message).trim() === '' ? 'There was no answer.' : 'That answer cannot be used:',
    ...lines,
    'Answer again with one JSON object that fits the schema, and nothing else.',
  ].join('\n');
  const calls = message.tool_calls ?? [];
  if (calls.length === 0) return [{ role: 'user', content }];
  return calls.map(({ id }) => ({ role: 'tool', tool_call_id: id, content }));
}
