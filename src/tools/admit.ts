import { toAbortSignal } from '../internal/abort.ts';
import type { AbortSignalLike } from '../internal/web.ts';
import type { Checked } from '../schema/standard.ts';
import type { ChatCompletionMessageFunctionToolCall } from '../schema/tool.ts';
import { copyOf, failed, unfinished } from './results.ts';
import type { RunnableTool, ToolScope } from './tool.ts';
import type { RunToolsParams, ToolResult } from './tool-run.ts';

/** What the calls of every step have in common. */
export interface CallSetup extends Pick<RunToolsParams, 'approve' | 'approvals' | 'context'> {
  tools: readonly RunnableTool[];
  concurrency: number;
  onToolError: 'feed' | 'throw';
  /** Aborted when the run ends. */
  signal: AbortSignalLike;
}

/** That a call may run, or what it comes to instead. */
export type Admission =
  | { tool: RunnableTool; call: ChatCompletionMessageFunctionToolCall; args: unknown }
  | { refusal: ToolResult; args?: unknown };

/** Whether a call may run: a tool of that name, arguments that fit, leave to run it. */
export async function admit(
  call: ChatCompletionMessageFunctionToolCall,
  step: number,
  setup: CallSetup,
  stopped: AbortSignalLike,
): Promise<Admission> {
  const { tools, context } = setup;
  const refuse = (
    failure: ToolResult['failure'],
    message: string,
    more: object = {},
  ): Admission => {
    const content = JSON.stringify({ error: message, ...more });
    return { refusal: { tool_call: call, content, failure, durationMs: 0 } };
  };
  const tool = tools.find((each) => each.function.name === call.function.name);
  if (tool === undefined) {
    const known = tools.map((each) => each.function.name).join(', ');
    return refuse('unknown_tool', `There is no such tool. There are: ${known}`);
  }
  let checked: Checked;
  try {
    // A call that is handed out at all holds JSON.
    checked = await tool.checkArguments(JSON.parse(call.function.arguments));
  } catch (error) {
    return { refusal: failed(call, error, 0) };
  }
  if (!checked.ok) {
    const issues = checked.issues.map(({ path, message }) =>
      path ? `${path}: ${message}` : message,
    );
    const message =
      'The arguments do not fit the schema of the tool. Correct them and call it again.';
    return refuse('invalid_arguments', message, { issues });
  }
  const scope = { signal: toAbortSignal(stopped), call: copyOf(call), step, context };
  const decision = await decisionOn(tool, checked.value, scope, setup);
  if (decision === 'nobody') return { tool, call, args: checked.value };
  if (decision === 'later') {
    return { refusal: unfinished(call, 'needs_approval'), args: checked.value };
  }
  // Anything but a clear yes is a no: a callback that forgot to return something has not approved.
  const { approval } = decision;
  const { approved, reason } =
    typeof approval === 'object' && approval !== null
      ? (approval as { approved?: unknown; reason?: string })
      : { approved: approval };
  if (approved !== true) {
    return refuse('not_approved', reason ?? 'The user did not approve this call. It was not run.');
  }
  return { tool, call, args: checked.value };
}

/** The decision about a call; `nobody` if none is needed, `later` if it cannot be made now. */
async function decisionOn(
  tool: RunnableTool,
  args: unknown,
  scope: ToolScope,
  { approve, approvals }: CallSetup,
): Promise<{ approval: unknown } | 'nobody' | 'later'> {
  const { call } = scope;
  if (approvals !== undefined && Object.hasOwn(approvals, call.id)) {
    return { approval: approvals[call.id] };
  }
  // A tool that was made by hand may not have it.
  const needs = await tool.needsApproval?.(copyOf(args), scope);
  if (needs === false || (needs === undefined && approve == null)) return 'nobody';
  return approve == null ? 'later' : { approval: await approve(call, copyOf(args), scope) };
}
