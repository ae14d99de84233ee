import type { Bound } from '../call/within-call.ts';
import type { ChatCompletionWithReport } from '../outcome/with-report.ts';
import { answerWithReport } from '../outcome/with-report.ts';
import type { ChatCompletion } from '../schema/response.ts';
import type { ReadSchema } from '../values/output-schema.ts';
import { readOutput, withParsed } from '../values/read-output.ts';
import type { JournalEntry } from './types.ts';

/** An answer as it came: a value need not be JSON, and is made of the text again. */
export function wireOf(completion: ChatCompletion): ChatCompletion {
  const [{ message, ...choice }, ...others] = completion.choices;
  const { parsed: _value, ...wire } = message as typeof message & { parsed?: unknown };
  return { ...completion, choices: [{ ...choice, message: wire }, ...others] };
}

/** An answer from the journal, with its value; `undefined` if it does not fit the schema of this run. */
export async function recall(
  { completion: noted, report }: JournalEntry,
  schema: ReadSchema,
  bound: Bound,
): Promise<ChatCompletionWithReport | undefined> {
  // What a journal holds stays as it is: it may be in memory.
  const completion = answerWithReport(wireOf(noted), report);
  const output = await readOutput(completion, schema, bound);
  return output.ok ? withParsed(completion, output.value) : undefined;
}
