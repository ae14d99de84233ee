import type { ChatCompletionMessage } from './response.ts';

/** The fields of a message in which a call came as text. */
export function callsInText(
  message: Pick<ChatCompletionMessage, 'content' | 'reasoning_content'>,
): ('content' | 'reasoning_content')[] {
  const fields = ['content', 'reasoning_content'] as const;
  return fields.filter((field) => endsInCall(message[field] ?? ''));
}

const tag = /<(\/?)\s*[｜|]\s*DSML\s*[｜|]\s*([a-z_]*)[^>]*(?:>|$)/g;

/**
 * Whether a text ends in a tool call as the model itself writes one (DSML, `<｜DSML｜invoke name="…">`), whole or cut off.
 * The host failed to parse it, so it is not an answer. A text that only mentions such tags continues after them.
 */
function endsInCall(text: string): boolean {
  let isInCall = false;
  let last: RegExpMatchArray | undefined;
  for (const match of text.matchAll(tag)) {
    const [whole, slash, name] = match;
    if (slash === '' && name === 'invoke' && whole.includes('name=')) isInCall = true;
    last = match;
  }
  if (last === undefined) return false;
  const [whole, slash] = last;
  const isOver = text.slice((last.index ?? 0) + whole.length).trim() === '';
  // What is open goes on to the end of the text.
  return isOver || (slash === '' && isInCall);
}
