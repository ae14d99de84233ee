import { invalidRequest } from '../outcome/invalid-request.ts';
import type { ChatCompletionMessageParam } from '../schema/message.ts';
import type { ChatCompletionMessageFunctionToolCall } from '../schema/tool.ts';
import type { CallSetup } from './admit.ts';
import { admit } from './admit.ts';
import { runCalls } from './run-calls.ts';
import type { RunToolsParams, ToolResult, ToolRunEvent } from './tool-run.ts';

// A run that was stopped for an approval, taken up again from its messages.

/** The number of the step that calls belong to which were made in an earlier run. */
const takenUp = 0;

/**
 * Runs the calls at the end of a conversation that have no result yet, as it was decided about them.
 *
 * @throws ChatError `invalid_request` for a call that needs an approval and has no decision; nothing was run then
 */
export async function* takeUp(
  messages: ChatCompletionMessageParam[],
  approvals: NonNullable<RunToolsParams['approvals']>,
  shared: CallSetup,
): AsyncGenerator<ToolRunEvent, void> {
  const calls = unanswered(messages);
  const setup = { ...shared, approvals };
  await checkDecisions(calls, setup);
  const results: ToolResult[] = [];
  try {
    yield* runCalls(calls, takenUp, results, setup);
  } finally {
    messages.push(...toMessages(results));
  }
}

/** The tool messages for results; a call that waits for approval has none yet. */
export function toMessages(results: readonly ToolResult[]): ChatCompletionMessageParam[] {
  return results
    .filter(({ failure }) => failure !== 'needs_approval')
    .map(({ tool_call, content }) => ({ role: 'tool', tool_call_id: tool_call.id, content }));
}

/** The calls of the last answer that nothing but results comes after. */
function unanswered(
  messages: readonly ChatCompletionMessageParam[],
): ChatCompletionMessageFunctionToolCall[] {
  const at = messages.findLastIndex(({ role }) => role !== 'tool');
  const last = messages[at];
  if (last?.role !== 'assistant') return [];
  const answered = new Set(
    messages.slice(at + 1).map((message) => message.role === 'tool' && message.tool_call_id),
  );
  return (last.tool_calls ?? []).filter(
    (call) => call.type === 'function' && !answered.has(call.id),
  ) as ChatCompletionMessageFunctionToolCall[];
}

async function checkDecisions(
  calls: readonly ChatCompletionMessageFunctionToolCall[],
  setup: CallSetup & { approvals: NonNullable<RunToolsParams['approvals']> },
): Promise<void> {
  if (setup.approve != null) return;
  const issues = [];
  for (const call of calls) {
    if (Object.hasOwn(setup.approvals, call.id)) continue;
    const admission = await admit(call, takenUp, setup, setup.signal);
    if (!('refusal' in admission) || admission.refusal.failure !== 'needs_approval') continue;
    const message = `must say whether the call of ${call.function.name} is approved`;
    issues.push({ path: `approvals.${call.id}`, message });
  }
  if (issues.length > 0) throw invalidRequest(issues);
}
