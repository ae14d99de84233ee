/** What no error may hold. In a URL, in JSON and in base64 both of them look otherwise. */
export const key = 'sk-4f1b+c9/2e7d=a8b3c5d6e7f8';
export const prompt =
  'Grandmother keeps her tiramisu recipe\nbehind the "blue" door of Wilhelmina.';

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
];
