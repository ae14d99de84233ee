import { inspect } from 'node:util';
import type { ChatError } from 'deepseek-v4-flash';

/** What no error may hold. In a URL, in JSON and in base64 both of them look otherwise. */
export const key = 'sk-4f1b+c9/2e7d=a8b3c5d6e7f8';
export const prompt =
  'Grandmother keeps her tiramisu recipe\nbehind the "blue" door of Wilhelmina.';

/** What a proxy wants. */
export const user = 'someone';
export const password = 'Pa55word_of-the-proxy';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Parts of them that look the same in every spelling, and what base64 makes of the whole. */
export const traces = [
  key.slice(-12),
  base64(key),
  base64(`Bearer ${key}`),
  'Grandmother',
  'tiramisu',
  'Wilhelmina',
  base64(prompt).slice(0, 40),
  password,
  base64(`${user}:${password}`),
];

/** An error in every way in which somebody may print it. */
export function showings(error: ChatError): string[] {
  const causes: Error[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) causes.push(at);
  return [
    ...causes.flatMap(({ message, stack = '' }) => [message, stack]),
    inspect(error, { depth: 10, showHidden: true, maxStringLength: null }),
    JSON.stringify(error),
    JSON.stringify(error.toJSON()),
    JSON.stringify(error.report),
  ];
}

/** What of all that is secret can be seen in an error. */
export function leaksOf(error: ChatError): string[] {
  const shown = showings(error);
  return traces.filter((trace) => shown.some((text) => text.includes(trace)));
}
