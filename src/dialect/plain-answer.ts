import type { DecodedChunk, StreamMemory } from '../schema/chunk.ts';
import type { ChatCompletion } from '../schema/response.ts';
import { isPlainUsage } from '../schema/usage.ts';
import { foreignPlaces, reasoningPlaces } from './reasoning-places.ts';

// The other hot path: a hand-written check recognises what is in our form already, as nearly all answers and events
// are, at a fifth of the cost of a schema. Anything that is not certain goes to the schema, which decides; a test holds
// both to the same answers.

type Fields = Record<string, unknown>;

/** Whether a whole answer is in our form already. */
export function isPlainCompletion(data: unknown): data is ChatCompletion {
  if (!isRecord(data) || data.object !== 'chat.completion' || !isPlainTop(data)) return false;
  // A usage that is null is no usage.
  if (data.usage === null) return false;
  const { choices } = data;
  return Array.isArray(choices) && choices.length > 0 && choices.every(isPlainChoice);
}

function isPlainChoice(choice: unknown): boolean {
  if (!isRecord(choice) || !Number.isFinite(choice.index) || hasTexts(choice)) return false;
  const { message, delta, logprobs, finish_reason } = choice;
  return (
    logprobs == null &&
    delta === undefined &&
    typeof finish_reason === 'string' &&
    finish_reason !== '' &&
    isRecord(message) &&
    message.role === 'assistant' &&
    (typeof message.content === 'string' || message.content === null) &&
    message.tool_calls === undefined &&
    isPlainText(message)
  );
}

/** Whether an event is in our form already, and holds text, more of a tool call, an end or token counts alone. */
export function isPlainChunk(data: unknown, memory: StreamMemory): data is DecodedChunk {
  if (!isRecord(data) || data.object !== 'chat.completion.chunk') return false;
  const { choices } = data;
  if (!Array.isArray(choices) || !isPlainTop(data)) return false;
  if (choices.length === 0) return data.usage != null;
  if (choices.length > 1) return false;
  const choice: unknown = choices[0];
  if (!isRecord(choice) || !Number.isFinite(choice.index) || hasTexts(choice)) return false;
  const { delta, message, logprobs, finish_reason } = choice;
  if (logprobs != null || message !== undefined) return false;
  if (finish_reason !== null && (typeof finish_reason !== 'string' || finish_reason === '')) {
    return false;
  }
  if (!isRecord(delta)) return false;
  if (delta.reasoning_content && (memory.reasoningPlace ??= 0) !== 0) return false;
  const { role } = delta;
  const isPlain =
    (role === undefined || role === 'assistant') &&
    isText(delta.content) &&
    isPlainText(delta) &&
    (delta.tool_calls === undefined || isMoreOfOneCall(delta.tool_calls));
  if (isPlain && (delta.content || delta.reasoning_content || delta.tool_calls)) {
    spoke(memory, choice.index as number, !!delta.content || delta.tool_calls !== undefined);
  }
  return isPlain;
}

/** Remembers that an answer has begun, and whether with more than reasoning. */
export function spoke(memory: StreamMemory, index: number, isAnswer: boolean): void {
  if (memory.lastSpoken !== index) {
    memory.lastSpoken = index;
    (memory.spoken ??= new Set()).add(index);
  }
  if (isAnswer && memory.lastAnswered !== index) {
    memory.lastAnswered = index;
    (memory.answered ??= new Set()).add(index);
  }
}

/** One call, of which nothing comes but its index and arguments: what most events of a call are. */
function isMoreOfOneCall(calls: unknown): boolean {
  if (!Array.isArray(calls) || calls.length !== 1) return false;
  const call: unknown = calls[0];
  if (!isRecord(call) || Object.keys(call).length !== 2) return false;
  const { index, function: called } = call;
  if (!Number.isSafeInteger(index) || Number(index) < 0 || !isRecord(called)) return false;
  return typeof called.arguments === 'string' && Object.keys(called).length === 1;
}

function isPlainTop(data: Fields): boolean {
  return (
    typeof data.id === 'string' &&
    Number.isFinite(data.created) &&
    typeof data.model === 'string' &&
    data.meta == null &&
    isText(data.system_fingerprint) &&
    isText(data.service_tier) &&
    isPlainUsage(data.usage)
  );
}

/** Whether there is reasoning beside the message. */
function hasTexts(choice: Fields): boolean {
  return isGiven(choice, reasoningPlaces.choice);
}

function isGiven(fields: Fields, places: readonly string[]): boolean {
  for (const place of places) if (fields[place] !== undefined) return true;
  return false;
}

/** A message or delta whose text is all in its own place. */
function isPlainText(message: Fields): boolean {
  return (
    isText(message.reasoning_content) &&
    isText(message.title) &&
    !isGiven(message, foreignPlaces) &&
    message.function_call === undefined &&
    message.refusal == null &&
    message.annotations == null &&
    message.audio == null
  );
}

function isText(value: unknown): boolean {
  return typeof value === 'string' || value == null;
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
