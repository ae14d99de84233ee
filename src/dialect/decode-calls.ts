import type { DecodedToolCallDelta } from '../schema/chunk.ts';
import type { NoteIssue } from '../schema/issue.ts';
import type { WireMessage } from './wire.ts';

type Fields = Record<string, unknown>;

/** The calls of a message or of a piece of one: `function_call` is what they were called before. */
export function wireCalls({ tool_calls, function_call }: WireMessage, note: NoteIssue): Fields[] {
  const calls: unknown[] = Array.isArray(tool_calls) ? tool_calls : [tool_calls];
  const present = calls.filter(isRecord);
  if (calls.some((call) => call != null && !isRecord(call))) {
    note({ code: 'unreadable_field', path: 'tool_calls', message: 'left out: not a tool call' });
  }
  if (present.length > 0 || !isRecord(function_call)) return present;
  return [{ type: 'function', function: function_call }];
}

/** Every piece as it came. Of a field that has the wrong type nothing is known. */
export function decodeCalls(calls: readonly Fields[]): DecodedToolCallDelta[] {
  return calls.map(decodeCall);
}

function decodeCall(call: Fields): DecodedToolCallDelta {
  const { index: _index, id: _id, type, function: _called, custom, ...rest } = call;
  const index = readIndex(call.index);
  const id = readId(call.id);
  const isFlat = !isRecord(call.function) && typeof call.name === 'string';
  const called = isFlat ? call : call.function;
  const { name: _name, arguments: _text, ...others } = rest;
  return {
    ...(isFlat ? others : rest),
    ...(index !== undefined && { index }),
    ...(id !== undefined && { id }),
    ...((type === 'function' || type === 'custom') && { type }),
    ...(isRecord(called) && { function: readFunction(called) }),
    ...(isRecord(custom) && { custom: readCustom(custom) }),
  };
}

function readIndex(index: unknown): number | undefined {
  // Text that is a number is as good.
  const read = typeof index === 'string' && /^\d+$/.test(index) ? Number(index) : index;
  return typeof read === 'number' ? read : undefined;
}

function readId(id: unknown): string | undefined {
  if (typeof id === 'number') return String(id);
  return typeof id === 'string' && id !== '' ? id : undefined;
}

function readFunction({ name, arguments: text }: Fields): DecodedToolCallDelta['function'] {
  return {
    ...(typeof name === 'string' && name !== '' && { name }),
    ...(text != null && { arguments: typeof text === 'string' ? text : JSON.stringify(text) }),
  };
}

function readCustom({ name, input }: Fields): DecodedToolCallDelta['custom'] {
  return {
    ...(typeof name === 'string' && name !== '' && { name }),
    ...(typeof input === 'string' && { input }),
  };
}

/** The calls of a complete answer without exact duplicates, which have the same id and the same text. */
export function withoutRepeats(calls: readonly DecodedToolCallDelta[]): DecodedToolCallDelta[] {
  const seen = new Set<string>();
  return calls.filter(({ id, function: called }) => {
    if (id === undefined || called === undefined) return true;
    const key = JSON.stringify([id, called.name, called.arguments]);
    return !seen.has(key) && seen.add(key);
  });
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
