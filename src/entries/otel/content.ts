import { quietly } from './kit.ts';
import type { ContentPlace, Redactor } from './types.ts';

// What was said, in the form of the conventions, where the user chose to record it. Every text passes the redactor, and
// one that fails takes all of them with it.

interface RecordedMessage {
  role?: unknown;
  content?: unknown;
  reasoning_content?: unknown;
  tool_calls?: unknown;
  tool_call_id?: unknown;
}

type Part = Record<string, unknown>;
type Say = (text: unknown) => string;

/** The messages of a request, as the text of an attribute. */
export function describeInput(params: object, redact: Redactor): string | undefined {
  const { messages, prompt, suffix } = params as Record<string, unknown>;
  const conversation: RecordedMessage[] = Array.isArray(messages)
    ? (messages as RecordedMessage[])
    : [prompt, suffix].filter((text) => text != null).map((content) => ({ role: 'user', content }));
  return quietly(() => JSON.stringify(conversation.map((each) => describe(each, 'input', redact))));
}

/** The messages of an answer, as the text of an attribute. */
export function describeOutput(choices: readonly object[], redact: Redactor): string | undefined {
  return quietly(() =>
    JSON.stringify(
      choices.map((choice) => {
        const { message, text, finish_reason } = choice as Record<string, unknown>;
        const answer = (message ?? { role: 'assistant', content: text }) as RecordedMessage;
        return { ...describe(answer, 'output', redact), finish_reason: finish_reason ?? 'error' };
      }),
    ),
  );
}

function describe(
  { role, content, reasoning_content, tool_calls, tool_call_id }: RecordedMessage,
  direction: ContentPlace['direction'],
  redact: Redactor,
): { role: string; parts: Part[] } {
  const place: ContentPlace = { direction, role: String(role) };
  const say: Say = (text) => {
    const redacted: unknown = redact(String(text), place);
    // Also the promise of one: it would come too late.
    if (typeof redacted !== 'string') throw new TypeError('The redactor did not return text');
    return redacted;
  };
  const parts: Part[] = [];
  if (reasoning_content) parts.push({ type: 'reasoning', content: say(reasoning_content) });
  if (role === 'tool') {
    parts.push({ type: 'tool_call_response', id: tool_call_id, response: say(plainText(content)) });
  } else parts.push(...contentParts(content, say));
  for (const call of (tool_calls ?? []) as Record<string, Record<string, unknown> | undefined>[]) {
    const { name, arguments: text, input } = call.function ?? call.custom ?? {};
    parts.push({ type: 'tool_call', id: call.id, name, arguments: say(text ?? input ?? '') });
  }
  return { role: place.role, parts };
}

function contentParts(content: unknown, say: Say): Part[] {
  if (content == null || content === '') return [];
  if (!Array.isArray(content)) return [{ type: 'text', content: say(content) }];
  // Of images and files, that they were there.
  return (content as { type?: unknown; text?: unknown; refusal?: unknown }[]).map((part) => {
    const text = part.text ?? part.refusal;
    return text == null ? { type: String(part.type) } : { type: 'text', content: say(text) };
  });
}

function plainText(content: unknown): string {
  if (!Array.isArray(content)) return String(content ?? '');
  return (content as { text?: unknown }[]).map(({ text }) => String(text ?? '')).join('');
}
