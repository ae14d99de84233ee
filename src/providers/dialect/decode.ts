import type * as z from 'zod/mini';
import { ChatError } from '../../errors.ts';
import type { NoteIssue } from '../../report.ts';
import type { DecodedChunk, DecodedToolCallDelta, StreamMemory } from '../../schema/chunk.ts';
import type {
  ChatCompletionMessage,
  ChatCompletion,
  Choice,
  FinishReason,
} from '../../schema/response.ts';
import {
  annotationsSchema,
  audioSchema,
  logprobsSchema,
  metaSchema,
} from '../../schema/response.ts';
import { check } from '../../schema/standard.ts';
import type { ChatCompletionMessageToolCall } from '../../schema/tool.ts';
import { completeToolCall } from '../../schema/tool-call.ts';
import { usageSchema } from '../../schema/usage.ts';

import { isPlainChunk, isPlainCompletion } from './plain.ts';
import type { WireMessage, WireToolCall } from './wire.ts';
import { wireChunk, wireCompletion } from './wire.ts';

type Fields = Record<string, unknown>;

/** Wire → ours, whole. @throws ChatError `invalid_response` */
export function decode(body: unknown, note: NoteIssue): ChatCompletion {
  return isPlainCompletion(body) ? body : decodeBySchema(body, note);
}

/** The judge: what {@link decode} says in any case, more slowly. */
export function decodeBySchema(body: unknown, note: NoteIssue): ChatCompletion {
  const wire = fit(wireCompletion(), body, 'chat completion');
  const choices = wire.choices.map(({ message, ...choice }, position): Choice => {
    const finish_reason = finishReason(choice.finish_reason);
    const calls = decodeCalls(message.tool_calls, finish_reason, `choices.${position}`, note);
    return {
      ...choice,
      ...(choice.logprobs !== undefined && checked(logprobsSchema(), choice, 'logprobs', note)),
      index: choice.index ?? position,
      message: {
        ...decodeMessage(message, choice, note),
        role: 'assistant',
        content: decodeContent(message.content) ?? null,
        ...(calls && { tool_calls: calls }),
      },
      finish_reason,
    };
  });
  return {
    ...decodeTop(wire, note),
    object: 'chat.completion',
    choices: choices as [Choice, ...Choice[]],
  };
}

/** Wire → ours, one event. @throws ChatError `invalid_response` */
export function decodeChunk(
  data: unknown,
  note: NoteIssue,
  memory: StreamMemory = {},
): DecodedChunk {
  return isPlainChunk(data, memory) ? data : decodeChunkBySchema(data, note, memory);
}

/** The judge: what {@link decodeChunk} says in any case, more slowly. */
export function decodeChunkBySchema(
  data: unknown,
  note: NoteIssue,
  memory: StreamMemory,
): DecodedChunk {
  const wire = fit(wireChunk(), data, 'chunk');
  const choices = (wire.choices ?? []).map(({ delta, ...choice }, position) => {
    const { role: _role, tool_calls: calls, ...message } = delta ?? {};
    const content = decodeContent(message.content);
    return {
      ...choice,
      ...(choice.logprobs !== undefined && checked(logprobsSchema(), choice, 'logprobs', note)),
      index: choice.index ?? position,
      delta: {
        ...decodeMessage(message, choice, note, memory),
        ...(delta?.role === 'assistant' && { role: 'assistant' as const }),
        ...(content !== undefined && { content }),
        ...(calls?.length && { tool_calls: calls.map(decodeCallDelta) }),
      },
      finish_reason: finishReason(choice.finish_reason),
    };
  });
  return { ...decodeTop(wire, note), object: 'chat.completion.chunk', choices };
}

function fit<T>(schema: z.ZodMiniType<T>, value: unknown, what: string): T {
  const result = check(schema, value);
  if (result.ok) return result.value;
  const [first] = result.issues;
  throw new ChatError(
    'invalid_response',
    `The vendor's answer is no ${what}: ${first?.path || 'body'}: ${first?.message}`,
    { issues: result.issues },
  );
}

/** Fields of the top level. What does not have its documented form is left out, and said. */
function decodeTop(wire: Fields, note: NoteIssue) {
  const { id, created, model } = wire;
  const top = {
    ...wire,
    id: typeof id === 'string' ? id : '',
    created: Number.isFinite(created) ? (created as number) : 0,
    model: typeof model === 'string' ? model : '',
    ...(wire.meta != null && checked(metaSchema(), wire, 'meta', note)),
    ...checked(usageSchema(), wire, 'usage', note),
  };
  for (const field of ['system_fingerprint', 'service_tier'] as const) {
    const value = wire[field];
    if (value != null && typeof value !== 'string') (top as Fields)[field] = undefined;
  }
  // A missing count is not zero, and a missing usage is no usage.
  if (top.usage == null) delete top.usage;
  return top;
}

/** A field as its schema has it; of one that does not fit, only the readable part, and a note. */
function checked<Field extends string, T>(
  schema: z.ZodMiniType<T>,
  source: Fields,
  field: Field,
  note: NoteIssue,
): { [K in Field]?: T } {
  const value = source[field];
  if (value == null) return {};
  const result = check(schema, value);
  if (result.ok) return { [field]: result.value } as { [K in Field]?: T };
  for (const { path, message } of result.issues) {
    const where = path === '' ? field : `${field}.${path}`;
    note({ code: 'unreadable_field', path: where, message: `left out: ${message}` });
  }
  const unreadable = new Set(result.issues.map(({ path }) => path.split('.')[0]));
  const isRecord = typeof value === 'object' && !Array.isArray(value) && !unreadable.has('');
  const readable = Object.entries(isRecord ? (value as object) : {}).filter(
    ([key]) => !unreadable.has(key),
  );
  const rest = check(schema, Object.fromEntries(readable));
  const kept = readable.length > 0 && rest.ok ? rest.value : undefined;
  return { [field]: kept } as { [K in Field]?: T };
}

function finishReason(reason: string | null | undefined): FinishReason {
  return reason || null;
}

/** What a message and a delta have in common, in our fields; the vendor's own ones stay beside them. */
function decodeMessage(
  message: WireMessage,
  choice: { reasoning_content?: string | null | undefined; reasoning?: string | null | undefined },
  note: NoteIssue,
  memory: StreamMemory = {},
): Omit<ChatCompletionMessage, 'role' | 'content' | 'tool_calls'> {
  const { role: _role, content, tool_calls: _calls, ...rest } = message;
  const known = decodeReasoning(message, choice, memory);
  const reasoning = known === undefined ? thinkingParts(content) : known;
  return {
    ...rest,
    ...(reasoning !== undefined && { reasoning_content: reasoning }),
    ...(rest.annotations !== undefined && checked(annotationsSchema(), rest, 'annotations', note)),
    ...(rest.audio !== undefined && checked(audioSchema(), rest, 'audio', note)),
  };
}

/**
 * The reasoning, from the first of its known places that holds some. Never from two: gateways put the same text into
 * several fields, and some repeat all of it at the end in another one. So a stream stays with the place it began with.
 */
function decodeReasoning(
  message: WireMessage,
  choice: { reasoning_content?: string | null | undefined; reasoning?: string | null | undefined },
  memory: StreamMemory,
): string | null | undefined {
  const details = message.reasoning_details?.map((detail) => detail?.text ?? detail?.summary ?? '');
  const places = [
    message.reasoning_content,
    message.reasoning,
    details?.join(''),
    choice.reasoning_content,
    choice.reasoning,
  ];
  const first = places.findIndex((place) => place);
  if (first !== -1) memory.reasoningPlace ??= first;
  const { reasoningPlace } = memory;
  const text = reasoningPlace === undefined ? undefined : places[reasoningPlace];
  if (text) return text;
  // A repetition in another place says nothing new.
  return first !== -1 ? null : (message.reasoning_content ?? message.reasoning ?? undefined);
}

function decodeContent(content: WireMessage['content']): string | null | undefined {
  if (!Array.isArray(content)) return content;
  return content.map((part) => partText(part, 'text')).join('');
}

/** Some gateways send content as parts, with the reasoning in parts of type `thinking`. */
function thinkingParts(content: WireMessage['content']): string | undefined {
  if (!Array.isArray(content)) return undefined;
  const texts = content.flatMap((part) => {
    const { thinking } = typeof part === 'string' ? {} : (part as { thinking?: unknown });
    if (Array.isArray(thinking)) return thinking.map((inner: unknown) => partText(inner, 'text'));
    return typeof thinking === 'string' ? [thinking] : [];
  });
  return texts.length > 0 ? texts.join('') : undefined;
}

function partText(part: unknown, field: string): string {
  if (typeof part === 'string') return part;
  const text = typeof part === 'object' && part !== null ? (part as Fields)[field] : undefined;
  return typeof text === 'string' ? text : '';
}

function decodeCalls(
  calls: readonly WireToolCall[] | null | undefined,
  finish_reason: FinishReason,
  path: string,
  note: NoteIssue,
): ChatCompletionMessageToolCall[] | undefined {
  const whole = (calls ?? []).flatMap((call, position) => {
    const { index: _index, ...delta } = decodeCallDelta(call);
    const at = `${path}.message.tool_calls.${position}`;
    return completeToolCall(delta, finish_reason, at, position, note) ?? [];
  });
  return whole.length > 0 ? whole : undefined;
}

function decodeCallDelta(call: WireToolCall): DecodedToolCallDelta {
  const { index, id, type, function: called, custom, ...rest } = call;
  const text = called?.arguments;
  return {
    ...rest,
    ...(index != null && { index }),
    ...(id && { id }),
    ...((type === 'function' || type === 'custom') && { type }),
    ...(called != null && {
      function: {
        ...(called.name && { name: called.name }),
        ...(text != null && { arguments: typeof text === 'string' ? text : JSON.stringify(text) }),
      },
    }),
    ...(custom != null && {
      custom: {
        ...(custom.name && { name: custom.name }),
        ...(custom.input != null && { input: custom.input }),
      },
    }),
  };
}
