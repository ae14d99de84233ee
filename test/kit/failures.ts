import { inspect } from 'node:util';
import type { ChatError, Report } from 'deepseek-v4-flash';
import { isChatError } from 'deepseek-v4-flash';
import { patienceMs, pause } from './time.ts';

// What calls fail with.

/** Whatever a call fails with; `undefined` if it does not. */
export function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** The error of this package that a call fails with. */
export async function errorOf(call: Promise<unknown>): Promise<ChatError> {
  const error = await failureOf(call);
  if (isChatError(error)) return error;
  throw error ?? new Error('It did not fail');
}

/** The same of a call that must not hang, with a report that is JSON. */
export async function reportedErrorOf(
  call: Promise<unknown>,
): Promise<ChatError & { report: Report }> {
  const never = pause(patienceMs).then(() => new Error('It was never settled'));
  const error = await errorOf(Promise.race([call, never.then((late) => Promise.reject(late))]));
  if (error.report === undefined) throw new Error(`It has no report: ${inspect(error)}`);
  JSON.parse(JSON.stringify(error.report));
  return error as ChatError & { report: Report };
}

/** Everything that a log could make of a value: an error, or anything else. */
export function everyText(value: unknown): string {
  const { stack, report, cause, partial } = value as Partial<ChatError>;
  const seen = { depth: Infinity, maxStringLength: null, maxArrayLength: null, getters: true };
  return [value, report, cause, partial]
    .flatMap((each) => [
      inspect(each, seen),
      inspect(each, { ...seen, showHidden: true }),
      JSON.stringify(each),
      String(each),
    ])
    .concat(String(stack))
    .join('\n');
}
