import type { NoteIssue } from '../report.ts';
import type { ChatCompletionDeltaToolCall } from './chunk.ts';
import type { FinishReason } from './response.ts';
import type { ChatCompletionMessageToolCall } from './tool.ts';

/**
 * A call, once nothing more of it can come; `undefined` if it is not whole. `finish_reason: 'tool_calls'` proves
 * nothing: gateways send it over arguments that were cut off. So the arguments must parse, and not to a bare number or
 * word, which may be the beginning of a longer one.
 */
export function completeToolCall(
  call: Omit<ChatCompletionDeltaToolCall, 'index'>,
  finish_reason: FinishReason,
  path: string,
  position: number,
  note: NoteIssue,
): ChatCompletionMessageToolCall | undefined {
  const { id: givenId, type, function: called, custom, ...rest } = call;
  const incomplete = (why: string): undefined =>
    note({ code: 'incomplete_tool_call', path, message: `left out: ${why}` }) as undefined;

  // Without an id nothing can answer the call; a made-up one is as good, as long as it is stable.
  const id = givenId ?? `call_${position}`;
  const noteId = (): void => {
    if (givenId === undefined) {
      note({ code: 'missing_id', path, message: `the vendor gave no id; it is called ${id}` });
    }
  };
  if (type === 'custom' || (custom !== undefined && called === undefined)) {
    if (custom?.name === undefined) return incomplete('it has no name');
    // Free text cannot prove that it is whole; a cut answer proves that its last call may not be.
    if (mayBeCut(finish_reason)) return incomplete('its input may be cut off');
    noteId();
    return {
      ...rest,
      id,
      type: 'custom',
      custom: { name: custom.name, input: custom.input ?? '' },
    };
  }
  if (called?.name === undefined) return incomplete('it has no name');
  const text = called.arguments ?? '';
  const isEmpty = text.trim() === '';
  if (isEmpty && mayBeCut(finish_reason)) return incomplete('its arguments are cut off');
  if (!isEmpty && !isObjectText(text))
    return incomplete('its arguments are no JSON object or list');
  noteId();
  return {
    ...rest,
    id,
    type: 'function',
    function: { name: called.name, arguments: isEmpty ? '{}' : text },
  };
}

/** Ends that say that more was to come. */
function mayBeCut(finish_reason: FinishReason): boolean {
  const ends = ['length', 'insufficient_system_resource', 'aborted', 'error'];
  return finish_reason === null || ends.includes(finish_reason);
}

function isObjectText(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}
