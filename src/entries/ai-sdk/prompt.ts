import type { ChatCompletionContentPart, ChatCompletionMessageParam } from '../../index.ts';
import { encodeFile } from './files.ts';
import type { ModelWarning, PromptMessage, PromptPart } from './specification.ts';

// A prompt of the specification → messages. Reasoning is included: the client sends it where it must be sent back.

export interface EncodedPrompt {
  messages: ChatCompletionMessageParam[];
  warnings: ModelWarning[];
}

export function encodePrompt(prompt: readonly PromptMessage[]): EncodedPrompt {
  const warnings: ModelWarning[] = [];
  const skip: Skip = (part, role) => {
    const type = part.type === 'file' ? `file of type ${part.mediaType}` : part.type;
    const details = 'Chats have no place for it, so it was left out.';
    warnings.push({
      type: 'unsupported',
      feature: `${type} in a message of role ${role}`,
      details,
    });
  };
  const messages = prompt.flatMap((message) => encodeMessage(message, skip));
  return { messages, warnings };
}

type Skip = (part: PromptPart, role: string) => void;

function encodeMessage(message: PromptMessage, skip: Skip): ChatCompletionMessageParam[] {
  const { role, content, providerOptions } = message;
  const own = providerOptions?.flash ?? {};
  const name = typeof own.name === 'string' ? { name: own.name } : {};
  const parts: readonly PromptPart[] =
    typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  switch (role) {
    case 'system':
      return [{ role, content: textOf(parts, 'text'), ...name }];
    case 'user':
      return [{ role, content: encodeParts(parts, role, skip), ...name }];
    case 'assistant':
      return [
        encodeAssistant(parts, { ...name, ...(own.prefix === true && { prefix: true }) }, skip),
      ];
    case 'tool':
      return parts.flatMap((part) => encodeResult(part, skip));
  }
}

function textOf(parts: readonly PromptPart[], type: string): string {
  return parts.map((part) => (part.type === type ? (part.text ?? '') : '')).join('');
}

/** Text alone is a text: some vendors take nothing else. */
function encodeParts(
  parts: readonly PromptPart[],
  role: string,
  skip: Skip,
): string | ChatCompletionContentPart[] {
  const encoded = parts.flatMap((part): ChatCompletionContentPart[] => {
    if (part.type === 'text') return [{ type: 'text', text: part.text ?? '' }];
    const file =
      part.type === 'file' || part.type.includes('-') ? encodeFile(asFile(part)) : undefined;
    if (file === undefined) skip(part, role);
    return file === undefined ? [] : [file];
  });
  const isText = encoded.every((part) => part.type === 'text');
  return isText ? encoded.map(({ text }) => text).join('') : encoded;
}

/** The results of tools have names of their own for files in V3: `file-data`, `image-url`, `file-id` … */
function asFile(part: PromptPart): PromptPart {
  const { url, fileId } = part as { url?: string; fileId?: string | Record<string, string> };
  const kind = part.type.startsWith('image') ? 'image/*' : 'application/octet-stream';
  const mediaType = part.mediaType ?? kind;
  if (url !== undefined) return { ...part, mediaType, data: { type: 'url', url } };
  if (fileId === undefined) return { ...part, mediaType };
  const reference = typeof fileId === 'string' ? { flash: fileId } : fileId;
  return { ...part, mediaType, data: { type: 'reference', reference } };
}

function encodeAssistant(
  parts: readonly PromptPart[],
  own: object,
  skip: Skip,
): ChatCompletionMessageParam {
  const known = ['text', 'reasoning', 'tool-call', 'tool-approval-request'];
  for (const part of parts) if (!known.includes(part.type)) skip(part, 'assistant');
  const text = textOf(parts, 'text');
  const reasoning = textOf(parts, 'reasoning');
  const calls = parts
    .filter(({ type }) => type === 'tool-call')
    .map(({ toolCallId = '', toolName = '', input }) => ({
      id: toolCallId,
      type: 'function' as const,
      function: { name: toolName, arguments: JSON.stringify(input ?? {}) },
    }));
  return {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    ...(reasoning !== '' && { reasoning_content: reasoning }),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...own,
  };
}

function encodeResult(part: PromptPart, skip: Skip): ChatCompletionMessageParam[] {
  // Whether a call was approved shows in its result.
  if (part.type === 'tool-approval-response') return [];
  if (part.type !== 'tool-result') skip(part, 'tool');
  if (part.type !== 'tool-result') return [];
  const { type, value, reason } = part.output as { type: string; value: unknown; reason?: string };
  const message = (content: string | ChatCompletionContentPart[]): ChatCompletionMessageParam[] => [
    { role: 'tool', tool_call_id: part.toolCallId ?? '', content },
  ];
  switch (type) {
    case 'text':
    case 'error-text':
      return message(String(value));
    case 'execution-denied':
      return message(reason ?? 'The user did not approve this call. It was not run.');
    case 'content':
      return message(encodeParts(value as PromptPart[], 'tool', skip));
    default:
      return message(JSON.stringify(value) ?? 'null');
  }
}
