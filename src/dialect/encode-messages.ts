import type {
  AnyContentPart,
  ChatCompletionAssistantMessageParam,
  ChatCompletionMessageParam,
} from '../schema/message.ts';
import type { ChatCompletionMessageToolCall } from '../schema/tool.ts';
import { jsonInstruction } from './encode-format.ts';
import type { Encoding } from './encoding.ts';
import { reroute, unsupported } from './encoding.ts';

interface WireMessage {
  role: string;
  content?: unknown;
  [field: string]: unknown;
}

/** The conversation as this vendor takes it. */
export function encodeMessages(encoding: Encoding): WireMessage[] {
  const messages = encoding.request.messages.map((message, index) =>
    encodeMessage(encoding, message, index),
  );
  const instruction = jsonInstruction(encoding, messages);
  if (instruction !== undefined) {
    // After the caller's own instructions, which may be a prefix that is cached.
    const position = messages.findIndex(({ role }) => role !== 'system');
    const at = position === -1 ? messages.length : position;
    messages.splice(at, 0, { role: 'system', content: instruction.text });
    encoding.adjust({
      param: 'messages',
      action: 'added',
      lossy: false,
      to: `a system message at ${at} that asks for JSON`,
      reason: instruction.reason,
    });
  }
  return messages;
}

function encodeMessage(
  encoding: Encoding,
  message: ChatCompletionMessageParam,
  index: number,
): WireMessage {
  const path = `messages.${index}`;
  const wire: WireMessage = { role: encodeRole(encoding, message.role, path) };
  if (message.role === 'assistant') encodeAssistant(encoding, message, path, wire);
  else wire.content = encodeContent(encoding, message.role, message.content, path);
  if (message.role === 'tool') wire.tool_call_id = message.tool_call_id;
  encodeName(encoding, message, path, wire);
  return wire;
}

function encodeRole({ adjust }: Encoding, role: string, path: string): string {
  if (role !== 'developer') return role;
  adjust({
    param: `${path}.role`,
    action: 'renamed',
    lossy: false,
    from: role,
    to: 'system',
    reason: "the model's own API has no role `developer`",
  });
  return 'system';
}

function encodeName(
  { profile, adjust }: Encoding,
  { role, name }: ChatCompletionMessageParam,
  path: string,
  wire: WireMessage,
): void {
  if (name == null) return;
  if (profile.names === 'sent' || (profile.names === 'not on tool' && role !== 'tool')) {
    wire.name = name;
    return;
  }
  const reason = `${profile.name} documents no name on ${role} messages`;
  adjust({ param: `${path}.name`, action: 'dropped', lossy: true, from: name, reason });
}

function encodeAssistant(
  encoding: Encoding,
  message: ChatCompletionAssistantMessageParam,
  path: string,
  wire: WireMessage,
): void {
  encodeAnswer(encoding, message, path, wire);
  encodeReasoning(encoding, message, path, wire);
  if (message.tool_calls?.length) {
    wire.tool_calls = message.tool_calls.map((call, index) =>
      encodeCall(encoding, call, `${path}.tool_calls.${index}`),
    );
  }
  if (message.prefix) encodePrefix(encoding, path, wire);
}

/** Content and refusal, which not every vendor keeps apart. */
function encodeAnswer(
  encoding: Encoding,
  { content, refusal, tool_calls }: ChatCompletionAssistantMessageParam,
  path: string,
  wire: WireMessage,
): void {
  const { profile, adjust } = encoding;
  if (refusal != null && refusal !== '' && profile.refusal === 'sent') wire.refusal = refusal;
  else if (refusal != null && refusal !== '') {
    const part = { type: 'refusal', refusal } as const;
    const parts =
      typeof content === 'string' && content !== ''
        ? [{ type: 'text', text: content } as const]
        : [];
    const all = [...(Array.isArray(content) ? content : parts), part];
    wire.content = encodeContent(encoding, 'assistant', all, path, 'refusal');
    return;
  }
  if (content != null) {
    wire.content = encodeContent(encoding, 'assistant', content, path);
    return;
  }
  const omitted =
    profile.nullContent === 'omitted' && (tool_calls?.length || wire.refusal !== undefined);
  if (!omitted) wire.content = '';
  else if (content === undefined) return;
  adjust({
    param: `${path}.content`,
    action: 'mapped',
    lossy: false,
    to: omitted ? null : '',
    reason: omitted
      ? 'left out: this vendor accepts no null here'
      : 'this vendor rejects null, so an empty string was sent',
  });
}

/**
 * Reasoning goes back verbatim. With tools, DeepSeek refuses a conversation in which an assistant's turn has none, and
 * takes an empty one for turns that were written without (https://api-docs.deepseek.com/guides/thinking_mode).
 */
function encodeReasoning(
  { request, thinks, adjust }: Encoding,
  message: ChatCompletionAssistantMessageParam,
  path: string,
  wire: WireMessage,
): void {
  if (message.reasoning_content != null) {
    wire.reasoning_content = message.reasoning_content;
  } else if ((request.tools ?? request.serverTools) !== undefined && thinks && !message.prefix) {
    wire.reasoning_content = '';
    adjust({
      param: `${path}.reasoning_content`,
      action: 'added',
      lossy: false,
      to: '',
      reason: 'with tools, every earlier turn needs its reasoning, even if it is empty',
    });
  }
}

function encodeCall(
  { profile }: Encoding,
  call: ChatCompletionMessageToolCall,
  path: string,
): unknown {
  if (call.type === 'custom') throw unsupported(profile, path, 'custom tool calls');
  const { id, type, function: called } = call;
  return { id, type, function: { name: called.name, arguments: called.arguments } };
}

function encodePrefix(encoding: Encoding, path: string, wire: WireMessage): void {
  const { profile, issues } = encoding;
  switch (profile.prefix) {
    case 'beta':
      reroute(encoding, `${path}.prefix`, '`prefix` is a beta feature');
      break;
    case 'undocumented': {
      const message = `${profile.name} advertises prefix continuation, but documents no form of it`;
      issues.push({ code: 'undocumented', path: `${path}.prefix`, message });
      break;
    }
    case undefined:
      throw unsupported(profile, `${path}.prefix`, 'a prefix to continue');
  }
  wire.prefix = true;
}

function encodeContent(
  encoding: Encoding,
  role: string,
  content: string | readonly AnyContentPart[],
  path: string,
  field = 'content',
): unknown {
  if (typeof content === 'string') return content;
  const { profile, adjust } = encoding;
  const parts = content.map((part, index) =>
    encodePart(
      encoding,
      part,
      field === 'content' ? `${path}.content.${index}` : `${path}.${field}`,
    ),
  );
  const flattens =
    profile.textParts === 'flattened' ||
    (profile.textParts === 'flattened in tool' && role === 'tool') ||
    // A lone refusal, or one behind plain text, was no array before and need not become one.
    field === 'refusal';
  if (!flattens || !parts.every(isText)) return parts;
  if (field === 'content') {
    const reason = `${profile.name} accepts only a single string here`;
    const [from, to] = ['text parts', 'one string'];
    adjust({ param: `${path}.content`, action: 'mapped', lossy: false, from, to, reason });
  }
  return parts.map(({ text }) => text).join('');
}

function isText(part: object): part is { type: 'text'; text: string } {
  return 'text' in part;
}

function encodePart(encoding: Encoding, part: AnyContentPart, path: string): object {
  const { profile, adjust } = encoding;
  switch (part.type) {
    case 'text':
      return part;
    case 'refusal': {
      if (profile.refusal === 'sent') return part;
      const reason = `${profile.name} has no field for refusals`;
      adjust({ param: path, action: 'mapped', lossy: false, from: 'refusal', to: 'text', reason });
      return { type: 'text', text: part.refusal };
    }
    default:
      if (encoding.model?.parts.includes(part.type) === false) {
        throw unsupported(profile, path, `parts of type ${part.type}`);
      }
      return part.type === 'file' && profile.fileParts === 'flat'
        ? flatFile(encoding, part, path)
        : part;
  }
}

function flatFile(
  { adjust }: Encoding,
  part: AnyContentPart & { type: 'file' },
  path: string,
): object {
  const reason = 'where this vendor expects the fields of a file';
  const param = `${path}.file`;
  adjust({ param, action: 'renamed', lossy: false, from: 'file.*', to: '*', reason });
  return { type: 'file', ...part.file };
}
