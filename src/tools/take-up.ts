import type { ChatError } from '../outcome/chat-error.ts';
import { invalidRequest } from '../outcome/invalid-request.ts';
import { messageIssues } from '../request/canonical.ts';
import type { ErrorIssue } from '../schema/issue.ts';
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
 * @throws ChatError `invalid_request` for a call that needs an approval and has no decision, for what is no decision, and for
 * decisions about no call that waits; nothing was run then
 */
export async function* takeUp(
  messages: ChatCompletionMessageParam[],
  approvals: RunToolsParams['approvals'],
  shared: CallSetup,
): AsyncGenerator<ToolRunEvent, void> {
  const { role: lastRole } = messages.at(-1) ?? {};
  if (approvals == null && lastRole !== 'assistant' && lastRole !== 'tool') return;
  // What is malformed is refused when it is to be sent; nothing of it is run.
  if (messageIssues(messages).length > 0) return;
  const { at, calls } = unanswered(messages);
  if (approvals == null) {
    if (calls.length > 0) throw notDecided(calls, at);
    return;
  }
  checkGiven(messages, at, approvals, calls.length > 0);
  if (calls.length === 0) return;
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

/** The calls without a result of the last answer that nothing but results comes after, and where that answer is. */
function unanswered(messages: readonly ChatCompletionMessageParam[]): {
  at: number;
  calls: ChatCompletionMessageFunctionToolCall[];
} {
  const at = messages.findLastIndex(({ role }) => role !== 'tool');
  const last = messages[at];
  if (last?.role !== 'assistant') return { at, calls: [] };
  const answered = answeredIds(messages.slice(at + 1));
  const calls = (last.tool_calls ?? []).filter(
    (call) => call.type === 'function' && !answered.has(call.id),
  ) as ChatCompletionMessageFunctionToolCall[];
  return { at, calls };
}

function answeredIds(messages: readonly ChatCompletionMessageParam[]): Set<string> {
  return new Set(
    messages.flatMap((message) => (message.role === 'tool' ? [message.tool_call_id] : [])),
  );
}

const howToDecide = 'true runs it; false, or { approved: false, reason }, refuses it';

/** A run was resumed as if nothing waited. */
function notDecided(
  calls: readonly ChatCompletionMessageFunctionToolCall[],
  at: number,
): ChatError {
  const message = (name: string): string =>
    `is missing: the call of ${name} in messages.${at} has no result yet, and runTools was given no approvals. ${howToDecide}. approvals: {} runs only calls that need no approval`;
  return invalidRequest(
    calls.map(({ id, function: { name } }) => ({
      path: `approvals.${id}`,
      message: message(name),
    })),
  );
}

/**
 * Decisions that are none, or about no call that waits: sent twice, or with the messages of another run. Those about the
 * last calls are let through, since a run that failed after them is repeated with what it was given.
 */
function checkGiven(
  messages: readonly ChatCompletionMessageParam[],
  at: number,
  approvals: NonNullable<RunToolsParams['approvals']>,
  isWaiting: boolean,
): void {
  const latest = answeredIds(messages.slice(at + 1));
  const answered = answeredIds(messages);
  const called = new Set(
    messages.flatMap((message) =>
      message.role === 'assistant' ? (message.tool_calls ?? []).map(({ id }) => id) : [],
    ),
  );
  const issues = Object.entries(approvals).flatMap(([id, decision]): ErrorIssue[] => {
    const path = `approvals.${id}`;
    if (!isDecision(decision)) {
      const message = `must be a decision: ${howToDecide}`;
      return [{ path, message }];
    }
    if (latest.has(id)) return [];
    // Beside the decisions about calls that wait, those of before are no hindrance.
    if (answered.has(id)) {
      if (isWaiting) return [];
      const message =
        'comes too late: this call has its result in messages already, and was not run again. Leave the decision out to go on';
      return [{ path, message }];
    }
    // One without a result that other messages come after cannot be sent, and is refused as that.
    if (called.has(id)) return [];
    const message =
      'is about no call in messages: give the messages of the run that ended with needs_approval';
    return [{ path, message }];
  });
  if (issues.length > 0) throw invalidRequest(issues);
}

function isDecision(decision: unknown): boolean {
  const { approved = decision } = (decision ?? {}) as { approved?: unknown };
  return typeof approved === 'boolean';
}

async function checkDecisions(
  calls: readonly ChatCompletionMessageFunctionToolCall[],
  setup: CallSetup & { approvals: NonNullable<RunToolsParams['approvals']> },
): Promise<void> {
  if (setup.approve != null) return;
  const issues: ErrorIssue[] = [];
  for (const call of calls) {
    if (Object.hasOwn(setup.approvals, call.id)) continue;
    const admission = await admit(call, takenUp, setup, setup.signal);
    if (!('refusal' in admission) || admission.refusal.failure !== 'needs_approval') continue;
    const message = `is missing: it must say whether the call of ${call.function.name} may run. ${howToDecide}`;
    issues.push({ path: `approvals.${call.id}`, message });
  }
  if (issues.length > 0) throw invalidRequest(issues);
}
