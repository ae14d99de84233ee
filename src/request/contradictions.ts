import type { ErrorIssue } from '../schema/issue.ts';
import type { CanonicalRequest } from '../schema/canonical-request.ts';
import type { ChatCompletionMessageParam } from '../schema/message.ts';
import type { ChatCompletionCreateParams } from '../schema/request.ts';
import { forcesCall } from '../schema/tool.ts';

/** What fields of a request say about one another. */
export function checkContradictions(
  given: ChatCompletionCreateParams,
  request: CanonicalRequest,
  issues: ErrorIssue[],
): void {
  if (given.stream_options != null && !request.stream) {
    issues.push({ path: 'stream_options', message: 'requires `stream: true`' });
  }
  if (request.top_logprobs !== undefined && !request.logprobs) {
    issues.push({ path: 'top_logprobs', message: 'requires `logprobs: true`' });
  }
  checkTools(request, issues);
  checkMessages(request.messages, issues);
}

function checkTools({ tools = [], tool_choice }: CanonicalRequest, issues: ErrorIssue[]): void {
  if (tools.length === 0) {
    if (!forcesCall(tool_choice)) return;
    issues.push({ path: 'tool_choice', message: 'forces a call, but there are no `tools`' });
    return;
  }
  const names = new Set<string>();
  tools.forEach(({ function: { name } }, index) => {
    if (names.has(name)) {
      const message = 'is already the name of an earlier tool';
      issues.push({ path: `tools.${index}.function.name`, message });
    }
    names.add(name);
  });
  if (typeof tool_choice === 'object' && !names.has(tool_choice.function.name)) {
    issues.push({
      path: 'tool_choice.function.name',
      message: 'is not the name of one of `tools`',
    });
  }
}

const noIds: ReadonlySet<string> = new Set();

/** What messages say about one another. */
export function checkMessages(
  messages: readonly ChatCompletionMessageParam[],
  issues: ErrorIssue[],
): void {
  let open = noIds;
  messages.forEach((message, index) => {
    if (message.role === 'tool') {
      if (open.has(message.tool_call_id)) return;
      const why = 'matches no tool call of the assistant message before it';
      issues.push({ path: `messages.${index}.tool_call_id`, message: why });
      return;
    }
    open = noIds;
    if (message.role !== 'assistant') return;
    if (message.prefix && index < messages.length - 1) {
      issues.push({
        path: `messages.${index}.prefix`,
        message: 'is allowed only on the last message',
      });
    }
    const { tool_calls: calls } = message;
    if (!calls?.length) return;
    open = new Set(calls.map(({ id }) => id));
    const answered = answeredIds(messages, index + 1);
    calls.forEach(({ id }, callIndex) => {
      if (answered.has(id)) return;
      issues.push({
        path: `messages.${index}.tool_calls.${callIndex}`,
        message: 'needs a `tool` message with its result before any other message',
      });
    });
  });
}

function answeredIds(messages: readonly ChatCompletionMessageParam[], start: number): Set<string> {
  const ids = new Set<string>();
  for (let index = start; index < messages.length; index++) {
    const message = messages[index];
    if (message?.role !== 'tool') break;
    ids.add(message.tool_call_id);
  }
  return ids;
}
