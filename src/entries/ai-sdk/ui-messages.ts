import type { ChatCompletionMessageParam, ToolApproval } from '../../index.ts';
import { ChatError } from '../../index.ts';
import { encodePrompt } from './prompt.ts';
import type { PromptMessage, PromptPart } from './specification.ts';

// What `useChat` sends → messages, so that a server needs no `ai` to read it either.

/** A part of a message of a page, as far as it is read. */
export interface UIMessagePartLike {
  readonly type: string;
  readonly text?: string | undefined;
  readonly url?: string | undefined;
  readonly mediaType?: string | undefined;
  readonly filename?: string | undefined;
  readonly toolCallId?: string | undefined;
  readonly toolName?: string | undefined;
  readonly state?: string | undefined;
  readonly input?: unknown;
  readonly output?: unknown;
  readonly errorText?: string | undefined;
  readonly approval?:
    | { readonly approved?: boolean | undefined; readonly reason?: string | undefined }
    | undefined;
}

/** A message of a page. */
export interface UIMessageLike {
  readonly role: 'system' | 'user' | 'assistant';
  readonly parts: readonly UIMessagePartLike[];
}

/** What a page has sent: `runTools({ ...fromUIMessages(messages), tools })`. */
export interface FromUIMessages {
  /** The messages for a call. */
  messages: ChatCompletionMessageParam[];
  /** What was decided about calls that wait for an approval, by their ids; absent if nothing was. */
  approvals?: Record<string, ToolApproval> | undefined;
}

/**
 * Reads the messages that `useChat` sends. All of it is the visitor's word, the results of tools and the approvals
 * included: where a tool must not run without leave, keep `run.messages` on the server and take the decision alone.
 *
 * @throws ChatError `invalid_request` for what no page of `useChat` sends
 */
export function fromUIMessages(given: readonly UIMessageLike[]): FromUIMessages {
  checkMessages(given);
  const approvals: Record<string, ToolApproval> = {};
  const prompt = given.flatMap(({ role, parts }): PromptMessage[] => {
    if (role !== 'assistant') return [{ role, content: parts.flatMap(saidPart) }];
    for (const part of parts.filter(({ state }) => state === 'approval-responded')) {
      const { approved = false, reason } = part.approval ?? {};
      if (part.toolCallId !== undefined) approvals[part.toolCallId] = { approved, reason };
    }
    return stepsOf(parts).flatMap(answerOf);
  });
  const { messages } = encodePrompt(prompt);
  return { messages, ...(Object.keys(approvals).length > 0 && { approvals }) };
}

/** Texts of a part, where it has them. */
const textFields = [
  'type',
  'text',
  'url',
  'mediaType',
  'filename',
  'toolCallId',
  'toolName',
  'state',
  'errorText',
] as const satisfies readonly (keyof UIMessagePartLike)[];

/** A visitor can send anything. */
function checkMessages(given: unknown): void {
  if (!Array.isArray(given)) throw refused('messages', 'must be a list');
  for (const [index, message] of given.entries()) {
    const path = `messages.${index}`;
    if (!isObject(message)) throw refused(path, 'must be an object');
    const { role, parts } = message;
    if (!['system', 'user', 'assistant'].includes(role as string)) {
      throw refused(`${path}.role`, 'must be one of system, user, assistant');
    }
    if (!Array.isArray(parts)) throw refused(`${path}.parts`, 'must be a list');
    for (const [at, part] of parts.entries()) checkPart(part, `${path}.parts.${at}`);
  }
}

function checkPart(part: unknown, path: string): void {
  if (!isObject(part)) throw refused(path, 'must be an object');
  if (part['type'] == null) throw refused(`${path}.type`, 'must be a text');
  for (const field of textFields) {
    if (part[field] != null && typeof part[field] !== 'string') {
      throw refused(`${path}.${field}`, 'must be a text');
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function refused(path: string, why: string): ChatError {
  return new ChatError('invalid_request', `${path}: ${why}`, { param: path });
}

function saidPart({ type, text, url, mediaType, filename }: UIMessagePartLike): PromptPart[] {
  if (type === 'text') return [{ type, text }];
  if (type === 'file') return [{ type, mediaType, filename, data: { type: 'url', url } }];
  return [];
}

/** A message of a page holds every step of an answer. */
function stepsOf(parts: readonly UIMessagePartLike[]): UIMessagePartLike[][] {
  const steps: UIMessagePartLike[][] = [[]];
  for (const part of parts) {
    if (part.type === 'step-start') steps.push([]);
    else steps.at(-1)?.push(part);
  }
  return steps;
}

/** The states of finished calls; calls in any other state are left out. */
const results: Readonly<Record<string, (part: UIMessagePartLike) => unknown>> = {
  'output-available': ({ output }) =>
    typeof output === 'string' ? { type: 'text', value: output } : { type: 'json', value: output },
  'output-error': ({ errorText }) => ({ type: 'json', value: { error: errorText } }),
  'output-denied': ({ approval }) => ({ type: 'execution-denied', reason: approval?.reason }),
  'approval-responded': () => undefined,
};

function answerOf(parts: readonly UIMessagePartLike[]): PromptMessage[] {
  const calls = parts.flatMap((part) => {
    const { type, toolCallId, state = '', input } = part;
    const toolName = type === 'dynamic-tool' ? part.toolName : type.replace(/^tool-/, '');
    const isCall = type === 'dynamic-tool' || type.startsWith('tool-');
    if (!isCall || !Object.hasOwn(results, state)) return [];
    return [{ toolCallId, toolName, input, output: results[state]?.(part) }];
  });
  const content = parts
    .filter(({ type }) => type === 'text' || type === 'reasoning')
    .map(({ type, text }): PromptPart => ({ type, text }));
  if (content.length + calls.length === 0) return [];
  const answered = calls.filter(({ output }) => output !== undefined);
  return [
    {
      role: 'assistant',
      content: [
        ...content,
        ...calls.map(({ output: _output, ...call }) => ({ type: 'tool-call', ...call })),
      ],
    },
    {
      role: 'tool',
      content: answered.map((call) => ({ type: 'tool-result', ...call })),
    },
  ];
}
