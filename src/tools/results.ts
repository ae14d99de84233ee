import { ChatError } from '../outcome/chat-error.ts';
import type { ChatCompletionMessageFunctionToolCall } from '../schema/tool.ts';
import type { ToolResult, WaitingToolCall } from './tool-run.ts';

// The results of calls, as the model receives them.

const unfinishedWords = {
  not_run: 'This call was not run: the run ended before it, or the answer was cut off.',
  interrupted: 'The run ended while this call ran. Whether it took effect is not known.',
  needs_approval: 'This call was not run: it waits for an approval.',
};

/** The result for a call that was not completed, and may never be. */
export function unfinished(
  tool_call: ChatCompletionMessageFunctionToolCall,
  failure: keyof typeof unfinishedWords,
): ToolResult {
  const error = unfinishedWords[failure];
  return { tool_call, content: JSON.stringify({ error }), failure, durationMs: 0 };
}

/** A call that waits, as whoever decides about it needs it. The reader of the run's events may change its own. */
export function waitingCall(
  { id, function: { name } }: ChatCompletionMessageFunctionToolCall,
  args: unknown,
): WaitingToolCall {
  return { id, name, args: copyOf(args) };
}

/** The result for a call whose tool failed. */
export function failed(
  tool_call: ChatCompletionMessageFunctionToolCall,
  error: unknown,
  durationMs: number,
): ToolResult {
  const content = JSON.stringify({ error: messageOf(error) });
  return { tool_call, content, failure: 'tool_error', error, durationMs };
}

function messageOf(error: unknown): string {
  try {
    const message: unknown = error instanceof Error ? error.message : error;
    if (typeof message === 'string' && message !== '') return message;
  } catch {
    // Whatever was thrown may throw when it is looked at.
  }
  return 'The tool failed';
}

/** A copy of plain data, so that the call of the model cannot be changed. Values made by a schema are kept. */
export function copyOf<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  try {
    if (Array.isArray(value)) return value.map(copyOf) as T;
    if (Object.getPrototypeOf(value) !== Object.prototype) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, field]) => [name, copyOf(field)]),
    ) as T;
  } catch {
    // Nested too deep.
    return value;
  }
}

/** What a tool gave, as text. @throws ChatError if the value cannot be written as JSON */
export function toContent(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    // A tool that gives nothing has still answered.
    return JSON.stringify(value) ?? 'null';
  } catch (cause) {
    const message = 'The tool returned a value that JSON cannot represent';
    throw new ChatError('invalid_request', message, { cause });
  }
}
