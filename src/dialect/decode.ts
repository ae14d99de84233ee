import { ChatError } from '../outcome/chat-error.ts';
import type { NoteIssue } from '../schema/issue.ts';
import {
  annotationsShape,
  audioShape,
  logprobsShape,
  metaShape,
  usageShape,
} from '../schema/answer-shapes.ts';
import type { ChunkChoice, DecodedChunk, StreamMemory, SeenMessage } from '../schema/chunk.ts';
import { answerEnd } from '../schema/finish-reason.ts';
import type { Choice, DecodedCompletion, FinishReason } from '../schema/response.ts';
import type { Shape, Shaped } from '../schema/shape.ts';
import { misfits } from '../schema/shape.ts';
import { settleToolCalls } from '../schema/whole-tool-call.ts';
import type { AnswerFacts } from './profile.ts';
import { decodeCalls, wireCalls, withoutRepeats } from './decode-calls.ts';
import { decodeTexts, textOf } from './decode-content.ts';
import { isPlainChunk, isPlainCompletion, spoke } from './plain-answer.ts';
import { reasoningPlaces } from './reasoning-places.ts';
import type { WireChoice, WireMessage } from './wire.ts';
import { readAnswer, readEvent } from './wire.ts';

type Fields = Record<string, unknown>;

/** What decoding reads of a profile. */
type Words = Pick<AnswerFacts, 'finishReasons'>;

/** Wire → ours, whole. @throws ChatError `invalid_response` */
export function decode(body: unknown, note: NoteIssue, words?: Words): DecodedCompletion {
  return isPlainCompletion(body) ? body : decodeBySchema(body, note, words);
}

/** Reference path of {@link decode}: the same result for every input; used when the fast path declines. */
export function decodeBySchema(body: unknown, note: NoteIssue, words?: Words): DecodedCompletion {
  const wire = readAnswer(body);
  const choices = wire.choices.map((each, position): Choice => {
    const { message: whole, delta, ...choice } = each;
    const message = whole ?? delta;
    if (message == null) {
      const path = `choices.${position}.message`;
      throw new ChatError('invalid_response', `The vendor's answer has no message (${path})`);
    }
    const finish_reason = decodeFinishReason(choice.finish_reason, note);
    const isGoodEnd = answerEnd(finish_reason, words?.finishReasons) === 'good';
    const entries = withoutRepeats(decodeCalls(wireCalls(message, note))).map(
      ({ index: _index, ...draft }, at) => {
        return { draft, path: `choices.${position}.message.tool_calls.${at}` };
      },
    );
    const { content = null, ...decoded } = decodeMessage(message, choice, note, {});
    return {
      ...choice,
      ...(choice.logprobs !== undefined && checked(logprobsShape, choice, 'logprobs', note)),
      index: decodeIndex(choice, position, note),
      message: {
        ...decoded,
        role: 'assistant',
        content,
        ...settleToolCalls(entries, isGoodEnd, note),
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

/** Reference path of {@link decodeChunk}: the same result for every input; used when the fast path declines. */
export function decodeChunkBySchema(
  data: unknown,
  note: NoteIssue,
  memory: StreamMemory,
): DecodedChunk {
  const wire = readEvent(data);
  const choices = (wire.choices ?? []).map((each, position) => {
    const { message: _message, delta: _delta, ...choice } = each;
    const index = decodeIndex(choice, position, note);
    const delta = deltaOf(each, index, note, memory);
    const calls = decodeCalls(wireCalls(delta, note));
    return {
      ...choice,
      ...(choice.logprobs !== undefined && checked(logprobsShape, choice, 'logprobs', note)),
      index,
      delta: {
        ...decodeMessage(delta, choice, note, memory),
        ...(delta.role === 'assistant' && { role: 'assistant' as const }),
        ...(calls.length > 0 && { tool_calls: calls }),
      },
      finish_reason: decodeFinishReason(choice.finish_reason, note),
    };
  });
  return { ...decodeTop(wire, note), object: 'chat.completion.chunk', choices };
}

/**
 * What a choice adds: its delta, or a message in its place. A message beside deltas that have said the answer is that
 * answer once more; behind reasoning alone it is the answer.
 */
function deltaOf(
  { delta, message }: WireChoice,
  index: number,
  note: NoteIssue,
  memory: StreamMemory,
): WireMessage {
  const deltaFields = Object.entries(delta ?? {})
    .filter(([name, value]) => name !== 'role' && value != null && value !== '')
    .map(([name]) => name);
  const seenMessage = memory.messages?.get(index);
  if (
    deltaFields.length > 0 ||
    message == null ||
    (seenMessage === undefined && memory.answered?.has(index))
  ) {
    if (deltaFields.length > 0)
      spoke(
        memory,
        index,
        deltaFields.some((name) => !reasoningFields.has(name)),
      );
    return delta ?? {};
  }
  note({
    code: 'not_streamed',
    message: 'the vendor sent a complete response, although a stream was requested',
  });
  const isReasoned = seenMessage === undefined && memory.spoken?.has(index) === true;
  spoke(memory, index, true);
  return isReasoned ? withoutReasoning(message) : newIn(message, index, memory);
}

const reasoningFields = new Set<string>(reasoningPlaces.message);

/** The reasoning has come as deltas. */
function withoutReasoning(message: WireMessage): WireMessage {
  const rest = Object.entries(message).filter(([name]) => !reasoningFields.has(name));
  return Object.fromEntries(rest);
}

/** What a message adds to those before it: some hosts repeat in each all that they have said, others go on. */
function newIn(message: WireMessage, index: number, memory: StreamMemory): WireMessage {
  const seenMessage: SeenMessage = memory.messages?.get(index) ?? {
    content: '',
    reasoning_content: '',
  };
  (memory.messages ??= new Map()).set(index, seenMessage);
  const added: WireMessage = { ...message };
  for (const field of ['content', 'reasoning_content'] as const) {
    const text = message[field];
    if (typeof text !== 'string' || text === '') continue;
    const before = seenMessage[field];
    if (before !== '')
      seenMessage.isGrowing ??= text.length > before.length && text.startsWith(before);
    const isGrown = seenMessage.isGrowing === true && text.startsWith(before);
    added[field] = isGrown ? text.slice(before.length) : text;
    seenMessage[field] = isGrown ? text : before + text;
  }
  return added;
}

/** Fields of the top level. What does not have its documented form is left out, and said. */
function decodeTop(wire: Fields, note: NoteIssue) {
  const { created } = wire;
  const top = {
    ...wire,
    id: textOf(wire.id, 'id', note) ?? '',
    created: Number.isFinite(created) ? (created as number) : 0,
    model: textOf(wire.model, 'model', note) ?? '',
    ...(wire.meta != null && checked(metaShape, wire, 'meta', note)),
    ...checked(usageShape, wire, 'usage', note),
  };
  for (const field of ['system_fingerprint', 'service_tier'] as const) {
    const value = wire[field];
    if (value != null) (top as Fields)[field] = textOf(value, field, note);
  }
  // A missing count is not zero, and a missing usage stays absent.
  if (top.usage == null) delete top.usage;
  return top;
}

/** A field that has its form; of one that does not fit, only the readable part, and a note. */
function checked<Field extends string, const S extends Shape>(
  shape: S,
  source: Fields,
  field: Field,
  note: NoteIssue,
): { [K in Field]?: Shaped<S> } {
  const value = source[field];
  if (value == null) return {};
  const issues = misfits(shape, value);
  if (issues.length === 0) return { [field]: value } as { [K in Field]?: Shaped<S> };
  for (const { path, message } of issues) {
    const where = path === '' ? field : `${field}.${path}`;
    note({ code: 'unreadable_field', path: where, message: `left out: ${message}` });
  }
  const unreadable = new Set(issues.map(({ path }) => path.split('.')[0]));
  const isRecord = typeof value === 'object' && !Array.isArray(value) && !unreadable.has('');
  const readable = Object.entries(isRecord ? (value as object) : {}).filter(
    ([key]) => !unreadable.has(key),
  );
  const rest = Object.fromEntries(readable);
  const isKept = readable.length > 0 && misfits(shape, rest).length === 0;
  return { [field]: isKept ? rest : undefined } as { [K in Field]?: Shaped<S> };
}

function decodeFinishReason(reason: unknown, note: NoteIssue): FinishReason {
  return textOf(reason, 'finish_reason', note) || null;
}

function decodeIndex({ index }: Fields, position: number, note: NoteIssue): number {
  if (index == null) return position;
  const read = typeof index === 'string' && index.trim() !== '' ? Number(index) : index;
  if (typeof read === 'number' && Number.isFinite(read)) return read;
  note({ code: 'unreadable_field', path: 'choices.index', message: 'left out: not a number' });
  return position;
}

/** What a message and a delta have in common, in our fields; the vendor's own ones stay beside them. */
function decodeMessage(
  message: WireMessage,
  choice: Fields,
  note: NoteIssue,
  memory: StreamMemory,
): Omit<ChunkChoice['delta'], 'role' | 'tool_calls'> {
  const {
    role: _role,
    content: _content,
    refusal: _refusal,
    reasoning_content: _reasoning,
    tool_calls: _calls,
    function_call: _call,
    ...rest
  } = message;
  const texts = Object.entries(decodeTexts(message, choice, note, memory));
  return {
    ...rest,
    ...Object.fromEntries(texts.filter(([, text]) => text !== undefined)),
    ...(rest.annotations !== undefined && checked(annotationsShape, rest, 'annotations', note)),
    ...(rest.audio !== undefined && checked(audioShape, rest, 'audio', note)),
    ...(rest.title !== undefined && { title: textOf(rest.title, 'title', note) }),
  };
}
