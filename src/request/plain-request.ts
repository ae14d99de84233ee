import type { ChatCompletionCreateParams } from '../schema/request.ts';

// Most requests are a few texts and numbers. What is certain to pass the schema is told by hand: the schema takes 15 ms
// to build, which a process that makes one call would feel, and a fiftieth of a millisecond a call. It stays the judge of
// everything else; a test holds both to the same answers.

type Fields = Record<string, unknown>;
type Check = (value: unknown) => boolean;

const isString: Check = (value) => typeof value === 'string';
const isText: Check = (value) => typeof value === 'string' && value !== '';
const isBoolean: Check = (value) => typeof value === 'boolean';
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 1;
const isBetween =
  (from: number, to: number): Check =>
  (value) =>
    typeof value === 'number' && value >= from && value <= to;

const efforts = new Set<unknown>([
  'none',
  'minimal',
  'low',
  'medium',
  'high',
  'xhigh',
  'max',
  'ultra',
]);

/** Fields of a request, all but `messages`; each may be left out or `null`. */
const requestChecks: Record<string, Check> = {
  model: isText,
  max_tokens: isCount,
  max_completion_tokens: isCount,
  temperature: isBetween(0, 2),
  top_p: isBetween(0, 1),
  frequency_penalty: isBetween(-2, 2),
  presence_penalty: isBetween(-2, 2),
  stop: isString,
  stream: isBoolean,
  stream_options: (value) => hasOnly(value, { include_usage: isBoolean }),
  thinking: (value) =>
    isRecord(value) &&
    (value.type === 'enabled' || value.type === 'disabled') &&
    hasOnly(value, { type: isText, reasoning_effort: (effort) => efforts.has(effort) }),
  reasoning_effort: (value) => efforts.has(value),
};

const said = { role: isText, content: isString, name: isString };

/** Fields of messages by their role; `content` is looked at besides. */
const messageChecks: Record<string, Record<string, Check>> = {
  system: said,
  developer: said,
  user: said,
  assistant: { ...said, reasoning_content: isString },
  tool: { ...said, tool_call_id: isString },
};

/** Whether a request is certain to pass its schema, and to come out of it as it went in. */
export function isPlainRequest(params: unknown): params is ChatCompletionCreateParams {
  if (!isRecord(params)) return false;
  const { messages, ...rest } = params;
  return (
    Array.isArray(messages) &&
    messages.length > 0 &&
    messages.every(isPlainMessage) &&
    hasOnly(rest, requestChecks)
  );
}

function isPlainMessage(message: unknown): boolean {
  if (!isRecord(message)) return false;
  const { role, content, tool_call_id } = message;
  if (typeof role !== 'string' || !Object.hasOwn(messageChecks, role)) return false;
  // Nobody but the model may have said nothing, and a result is that of a call.
  if (role !== 'assistant' && typeof content !== 'string') return false;
  if (role === 'tool' && typeof tool_call_id !== 'string') return false;
  return hasOnly(message, messageChecks[role] ?? {});
}

function hasOnly(value: unknown, checks: Record<string, Check>): boolean {
  if (!isRecord(value)) return false;
  for (const name of Object.keys(value)) {
    const field = value[name];
    // Not given, whether it is known or not.
    if (field === undefined) continue;
    if (!Object.hasOwn(checks, name)) return false;
    if (field != null && !checks[name]?.(field)) return false;
  }
  return true;
}

/** A plain object: of anything else, a proxy or an instance of a class, nothing is certain. */
function isRecord(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
