import type { ChoiceLogprobs } from '../schema/response.ts';

/** The lists of many chunks, as one. */
export function joinLogprobs(
  before: ChoiceLogprobs | null | undefined,
  more: ChoiceLogprobs | null,
): ChoiceLogprobs | null {
  if (more === null) return before ?? null;
  const into: ChoiceLogprobs = before ?? {};
  for (const field of ['content', 'refusal', 'reasoning_content'] as const) {
    const list = more[field];
    if (list === undefined) continue;
    if (list === null) {
      into[field] ??= null;
      continue;
    }
    const all = (into[field] ??= []);
    // One by one: a spread of an answer's worth of them is more arguments than a call can have.
    for (const item of list) all.push(item);
  }
  return into;
}
