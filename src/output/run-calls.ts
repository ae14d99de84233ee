import { onAbort } from '../abort.ts';
import { ChatError } from '../errors.ts';
import type {
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageToolCall,
} from '../schema/tool.ts';
import type { RunnableTool } from './tool.ts';
import type { RunToolsParams, ToolResult, ToolRunEvent } from './tool-run.ts';

/** What the calls of every step have in common. */
export interface CallSetup extends Pick<RunToolsParams, 'approve' | 'context'> {
  tools: readonly RunnableTool[];
  concurrency: number;
  onToolError: 'feed' | 'throw';
  /** Aborted when the run ends. */
  signal: AbortSignal;
}

type Admission =
  | { tool: RunnableTool; call: ChatCompletionMessageFunctionToolCall; args: unknown }
  | { refusal: ToolResult };

/**
 * Runs the calls of one answer, several at a time. Gives events as they happen; fills `results` in the order of the
 * calls, so that what was done is known also when it ends with an error.
 */
export async function* runCalls(
  calls: readonly ChatCompletionMessageToolCall[],
  step: number,
  results: ToolResult[],
  setup: CallSetup,
): AsyncGenerator<ToolRunEvent, void> {
  const { signal, concurrency } = setup;
  const stop = stopOn(signal);
  const events: ToolRunEvent[] = [];
  let wake = (): void => {};
  const tell = (event: ToolRunEvent): void => {
    events.push(event);
    wake();
  };
  let next = 0;
  let lastAdmission: Promise<unknown> = Promise.resolve();
  // One after the other, so that whoever approves is asked one question at a time.
  const admitInTurn = (call: ChatCompletionMessageToolCall): Promise<Admission> => {
    const turn = lastAdmission.then(() => admit(call, setup));
    lastAdmission = turn;
    return turn;
  };
  const work = async (): Promise<void> => {
    while (next < calls.length) {
      const position = next++;
      const call = calls[position];
      if (call === undefined) return;
      const admission = await admitInTurn(call);
      if (signal.aborted) throw signal.reason;
      let result: ToolResult;
      if ('refusal' in admission) result = admission.refusal;
      else {
        tell({ type: 'tool.start', step, tool_call: admission.call, args: admission.args });
        result = await execute(admission, step, setup, stop.promise);
      }
      results[position] = result;
      tell({ type: 'tool.result', step, result });
    }
  };

  let isOver = false;
  const workers = Array.from({ length: Math.min(concurrency, calls.length) }, work);
  const all = Promise.all(workers).finally(() => {
    isOver = true;
    wake();
  });
  // Awaited below; a failure while an event is being looked at must not count as unheard.
  all.catch(() => {});
  try {
    for (;;) {
      yield* events.splice(0);
      if (events.length > 0) continue;
      if (isOver) break;
      await Promise.race([new Promise<void>((resolve) => (wake = resolve)), stop.promise]);
    }
    await all;
  } finally {
    stop.end();
  }
}

/** A promise that fails when the signal aborts. One listener, however many tools run. */
function stopOn(signal: AbortSignal): { promise: Promise<never>; end(): void } {
  let end = (): void => {};
  const promise = new Promise<never>((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    else end = onAbort(signal, () => reject(signal.reason));
  });
  promise.catch(() => {});
  return { promise, end: () => end() };
}

/** Whether a call may run: a tool of that name, arguments that fit, leave to run it. */
async function admit(call: ChatCompletionMessageToolCall, setup: CallSetup): Promise<Admission> {
  const refuse = (
    failure: ToolResult['failure'],
    message: string,
    issues?: string[],
  ): Admission => {
    const content = JSON.stringify({ error: message, ...(issues && { issues }) });
    return { refusal: { tool_call: call, content, failure, durationMs: 0 } };
  };
  const { tools, approve } = setup;
  const tool =
    call.type === 'function'
      ? tools.find((each) => each.function.name === call.function.name)
      : undefined;
  if (call.type !== 'function' || tool === undefined) {
    const known = tools.map((each) => each.function.name).join(', ');
    return refuse('unknown_tool', `There is no such tool. There are: ${known}`);
  }
  // A call that is handed out at all holds JSON.
  const checked = await tool.checkArguments(JSON.parse(call.function.arguments));
  if (!checked.ok) {
    const issues = checked.issues.map(({ path, message }) =>
      path ? `${path}: ${message}` : message,
    );
    const message =
      'The arguments do not fit the schema of the tool. Correct them and call it again.';
    return refuse('invalid_arguments', message, issues);
  }
  const approval = (await approve?.(call, checked.value)) ?? true;
  const { approved, reason } =
    typeof approval === 'object' ? approval : { approved: approval, reason: undefined };
  if (approved !== true) {
    return refuse('not_approved', reason ?? 'The user did not approve this call. It was not run.');
  }
  return { tool, call, args: checked.value };
}

async function execute(
  { tool, call, args }: Exclude<Admission, { refusal: ToolResult }>,
  step: number,
  { signal, context, onToolError }: CallSetup,
  stopped: Promise<never>,
): Promise<ToolResult> {
  const startedAt = performance.now();
  const result = (content: string, failed: Partial<ToolResult>): ToolResult => ({
    tool_call: call,
    content,
    ...failed,
    durationMs: performance.now() - startedAt,
  });
  try {
    const running = Promise.resolve(tool.execute(args, { signal, call, step, context }));
    // A tool that does not listen to its signal must not hold up the end of the run.
    return result(toContent(await Promise.race([running, stopped])), {});
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (onToolError === 'throw') throw error;
    const message = error instanceof Error ? error.message : String(error);
    return result(JSON.stringify({ error: message }), { failure: 'tool_error', error });
  }
}

/** @throws ChatError if the value cannot be written as JSON */
function toContent(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    // A tool that gives nothing has still answered.
    return JSON.stringify(value) ?? 'null';
  } catch (cause) {
    const message = 'The tool gave a value that JSON cannot express';
    throw new ChatError('invalid_request', message, { cause });
  }
}
