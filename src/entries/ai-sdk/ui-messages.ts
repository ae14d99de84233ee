import type { ChatCompletionMessageParam, ToolApproval } from '../../index.ts';
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
  messages: ChatCompletionMessageParam[];
  /** What was decided about calls that wait for an approval, by their ids; absent if nothing was. */
  approvals?: Record<string, ToolApproval> | undefined;
}

/**
 * Reads the messages that `useChat` sends. All of it is the visitor's word, the results of tools and the approvals
 * included: where a tool must not run without leave, keep `run.messages` on the server and take the decision alone.
 */
export function fromUIMessages(given: readonly UIMessageLike[]): FromUIMessages {
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

/** The states of calls that were made; all others never came to an end, and are no calls. */
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
  const said = parts
    .filter(({ type }) => type === 'text' || type === 'reasoning')
    .map(({ type, text }): PromptPart => ({ type, text }));
  if (said.length + calls.length === 0) return [];
  const answered = calls.filter(({ output }) => output !== undefined);
  return [
    {
      role: 'assistant',
      content: [
        ...said,
        ...calls.map(({ output: _output, ...call }) => ({ type: 'tool-call', ...call })),
      ],
    },
    {
      role: 'tool',
      content: answered.map((call) => ({ type: 'tool-result', ...call })),
    },
  ];
}
