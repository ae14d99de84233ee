import { onAbort } from '../abort.ts';
import { ChatError } from '../errors.ts';
import type {
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageToolCall,
} from '../schema/tool.ts';
import { raceSignal } from '../transport/transport.ts';
import type { Checked } from './output-schema.ts';
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
 * calls, so that what was done is known also when it ends with an error. After its end nothing happens any more.
 */
export async function* runCalls(
  calls: readonly ChatCompletionMessageToolCall[],
  step: number,
  results: ToolResult[],
  setup: CallSetup,
): AsyncGenerator<ToolRunEvent, void> {
  const events: ToolRunEvent[] = [];
  let wake = (): void => {};
  let next = 0;
  const stop = createStop(setup.signal);
  let lastAdmission: Promise<unknown> = Promise.resolve();
  // One after the other, so that whoever approves is asked one question at a time.
  const admitInTurn = (call: ChatCompletionMessageToolCall): Promise<Admission> => {
    const turn = lastAdmission.then(() => {
      stop.check();
      return admit(call, setup);
    });
    lastAdmission = turn;
    return turn;
  };
  const tell = (event: ToolRunEvent): void => {
    stop.check();
    events.push(event);
    wake();
  };
  const work = async (): Promise<void> => {
    for (let call = calls[next]; call !== undefined; call = calls[next]) {
      const position = next++;
      const admission = await admitInTurn(call);
      let result: ToolResult;
      if ('refusal' in admission) result = admission.refusal;
      else {
        tell({ type: 'tool.start', step, tool_call: admission.call, args: admission.args });
        result = await execute(admission, step, setup, stop.signal);
      }
      tell({ type: 'tool.result', step, result });
      results[position] = result;
    }
  };

  let isOver = false;
  const workers = Array.from({ length: Math.min(setup.concurrency, calls.length) }, work);
  const all = Promise.all(workers)
    // The others have to hear of a failure at once, and not when somebody looks at the next event.
    .catch((error: unknown) => {
      stop.now(error);
      throw error;
    })
    .finally(() => {
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
      const more = new Promise<void>((resolve) => (wake = resolve));
      await raceSignal(more, stop.signal);
    }
    await all;
  } finally {
    stop.now(new ChatError('aborted', 'The run has ended'));
  }
}

/** The end of one answer's calls: with the run, or before it by a failure. */
function createStop(run: AbortSignal): {
  signal: AbortSignal;
  now(reason: unknown): void;
  /** @throws why they have ended, if they have */
  check(): void;
} {
  const controller = new AbortController();
  const detach = follow(run, controller);
  return {
    signal: controller.signal,
    now(reason) {
      detach();
      controller.abort(reason);
    },
    check() {
      if (controller.signal.aborted) throw controller.signal.reason;
    },
  };
}

/** Has one thing end with another. One listener on the other, however many follow it. */
function follow(leader: AbortSignal, controller: AbortController): () => void {
  const abort = (): void => controller.abort(leader.reason);
  if (!leader.aborted) return onAbort(leader, abort);
  abort();
  return () => {};
}

/** Whether a call may run: a tool of that name, arguments that fit, leave to run it. */
async function admit(call: ChatCompletionMessageToolCall, setup: CallSetup): Promise<Admission> {
  const refuse = (
    failure: ToolResult['failure'],
    message: string,
    more: object = {},
  ): Admission => {
    const content = JSON.stringify({ error: message, ...more });
    return { refusal: { tool_call: call, content, failure, durationMs: 0 } };
  };
  const { tools, approve, onToolError } = setup;
  const tool =
    call.type === 'function'
      ? tools.find((each) => each.function.name === call.function.name)
      : undefined;
  if (call.type !== 'function' || tool === undefined) {
    const known = tools.map((each) => each.function.name).join(', ');
    return refuse('unknown_tool', `There is no such tool. There are: ${known}`);
  }
  let checked: Checked;
  try {
    // A call that is handed out at all holds JSON.
    checked = await tool.checkArguments(JSON.parse(call.function.arguments));
  } catch (error) {
    if (onToolError === 'throw') throw error;
    const { refusal } = refuse('tool_error', messageOf(error)) as { refusal: ToolResult };
    return { refusal: { ...refusal, error } };
  }
  if (!checked.ok) {
    const issues = checked.issues.map(({ path, message }) =>
      path ? `${path}: ${message}` : message,
    );
    const message =
      'The arguments do not fit the schema of the tool. Correct them and call it again.';
    return refuse('invalid_arguments', message, { issues });
  }
  if (approve === undefined) return { tool, call, args: checked.value };
  // Whatever is no clear yes is a no: a callback that forgot to return something has not approved.
  const approval: unknown = await approve(call, checked.value);
  const { approved, reason } =
    typeof approval === 'object' && approval !== null
      ? (approval as { approved?: unknown; reason?: string })
      : { approved: approval };
  if (approved !== true) {
    return refuse('not_approved', reason ?? 'The user did not approve this call. It was not run.');
  }
  return { tool, call, args: checked.value };
}

async function execute(
  { tool, call, args }: Exclude<Admission, { refusal: ToolResult }>,
  step: number,
  { context, onToolError }: CallSetup,
  stopped: AbortSignal,
): Promise<ToolResult> {
  const startedAt = performance.now();
  // A signal for each tool: Node warns of one that gathers listeners.
  const controller = new AbortController();
  const detach = follow(stopped, controller);
  const { signal } = controller;
  const result = (content: string, failed: Partial<ToolResult>): ToolResult => ({
    tool_call: call,
    content,
    ...failed,
    durationMs: performance.now() - startedAt,
  });
  try {
    const running = Promise.resolve(tool.execute(args, { signal, call, step, context }));
    // A tool that does not listen to its signal must not hold up the end of the run.
    return result(toContent(await raceSignal(running, signal)), {});
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (onToolError === 'throw') throw error;
    const content = JSON.stringify({ error: messageOf(error) });
    return result(content, { failure: 'tool_error', error });
  } finally {
    detach();
  }
}

function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return typeof error === 'string' ? error : 'The tool failed';
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
