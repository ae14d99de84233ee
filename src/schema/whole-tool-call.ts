import type { NoteIssue } from './issue.ts';
import type { ChatCompletionDeltaToolCall } from './chunk.ts';
import type { InvalidToolCall } from './response.ts';
import type { ChatCompletionMessageToolCall } from './tool.ts';

/** A call as far as it came, once nothing more of it can come. */
export type ToolCallDraft = Omit<ChatCompletionDeltaToolCall, 'index'>;

/** The calls of a message, and the drafts that are not calls. */
export interface SettledToolCalls {
  tool_calls?: ChatCompletionMessageToolCall[];
  invalid_tool_calls?: InvalidToolCall[];
}

/** One draft, its position, and why it is not a call if that is already known. */
export interface ToolCallEntry {
  draft: ToolCallDraft;
  path: string;
  spoiled?: string | undefined;
}

/**
 * Decides which drafts are calls. `finish_reason: 'tool_calls'` proves nothing: gateways send it over arguments that
 * were cut off. So the arguments must parse, and not to a bare number or word, which may be the beginning of a longer
 * one; and only a good end lets a call have none.
 */
export function settleToolCalls(
  entries: readonly ToolCallEntry[],
  isGoodEnd: boolean,
  note: NoteIssue,
): SettledToolCalls {
  const calls: ChatCompletionMessageToolCall[] = [];
  const invalid: InvalidToolCall[] = [];
  const hasStray = entries.some(({ draft }) => isStray(draft));
  for (const { draft, path, spoiled } of entries) {
    const reason = spoiled ?? flawOf(draft, isGoodEnd, hasStray);
    if (reason === undefined) {
      calls.push(settle(draft, path, calls, note));
    } else {
      note({ code: 'incomplete_tool_call', path, message: `left out: ${reason}` });
      invalid.push(invalidCall(draft, reason));
    }
  }
  return {
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(invalid.length > 0 && { invalid_tool_calls: invalid }),
  };
}

function settle(
  { id: vendorId, type: _type, function: called, custom, ...rest }: ToolCallDraft,
  path: string,
  others: readonly ChatCompletionMessageToolCall[],
  note: NoteIssue,
): ChatCompletionMessageToolCall {
  // Without an id of its own nothing can answer a call; a made-up one is as good.
  const isTaken = others.some(({ id }) => id === vendorId);
  if (vendorId === undefined) {
    note({ code: 'missing_id', path, message: 'the vendor sent no id; one was generated' });
  } else if (isTaken) {
    note({
      code: 'duplicate_id',
      path,
      message: 'another call has the same id; a new one was generated',
    });
  }
  const id = vendorId === undefined || isTaken ? madeUpId() : vendorId;
  if (custom?.name !== undefined) {
    const { name, input = '' } = custom;
    return { ...rest, id, type: 'custom', custom: { name, input } };
  }
  const { name = '', arguments: text = '' } = called ?? {};
  const written = isNothing(text) ? '{}' : text;
  return { ...rest, id, type: 'function', function: { name, arguments: written } };
}

/** Arguments without a name, which belong to some other call. */
function isStray({ function: called, custom }: ToolCallDraft): boolean {
  const text = called?.arguments ?? '';
  return custom?.name === undefined && called?.name === undefined && !isNothing(text);
}

/** Why a draft is not a call; `undefined` if it is one. */
function flawOf(
  { function: called, custom }: ToolCallDraft,
  isGoodEnd: boolean,
  hasStray: boolean,
): string | undefined {
  if (custom?.name !== undefined) return flawOfInput(isGoodEnd);
  if (called?.name === undefined) return 'it has no name';
  if (hasStray && isNothing(called.arguments ?? '')) {
    return 'it has no arguments, and others arrived that may belong to it';
  }
  return flawOfArguments(called.arguments ?? '', isGoodEnd);
}

/** Free text cannot prove that it is whole; a cut answer proves that its last call may not be. */
function flawOfInput(isGoodEnd: boolean): string | undefined {
  return isGoodEnd ? undefined : 'its input may be cut off';
}

function flawOfArguments(text: string, isGoodEnd: boolean): string | undefined {
  if (isNothing(text)) return isGoodEnd ? undefined : 'its arguments are cut off';
  return isObjectText(text) ? undefined : 'its arguments are not a JSON object or list';
}

/** No arguments. Some hosts write the word. */
function isNothing(text: string): boolean {
  const trimmed = text.trim();
  return trimmed === '' || trimmed === 'null';
}

function isObjectText(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}

function invalidCall(
  { id, function: called, custom }: ToolCallDraft,
  reason: string,
): InvalidToolCall {
  const name = called?.name ?? custom?.name;
  return {
    ...(id !== undefined && { id }),
    type: 'function',
    function: {
      ...(name !== undefined && { name }),
      arguments: called?.arguments ?? custom?.input ?? '',
    },
    reason,
  };
}

let run: string | undefined;
let madeUp = 0;

/** Unlike any other of this process, and of the one that the conversation may be taken up in. */
function madeUpId(): string {
  // At the first use: workers have no random numbers while a module loads.
  run ??= Math.random().toString(36).slice(2, 10);
  return `call_${run}_${++madeUp}`;
}

/** A name of which more has come: more letters, or all of it once more. */
export function joinName(known: string | undefined, more: string): string {
  if (known === undefined || more.startsWith(known)) return more;
  return known + more;
}

/** Whether arguments that came first were none: an empty object, and then the real one. */
export function isFalseStart(text: string, more: string): boolean {
  const next = more.trim();
  return text.trim() === '{}' && next.startsWith('{') && next !== '{}';
}
