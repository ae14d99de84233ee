import { Stop, onAbort, raceSignal, toAbortSignal } from '../internal/abort.ts';
import { ChatError } from '../outcome/chat-error.ts';
import type { ChatCompletionMessageFunctionToolCall } from '../schema/tool.ts';
import type { AbortSignalLike } from '../internal/web.ts';
import type { Checked } from '../schema/standard.ts';
import type { RunnableTool } from './tool.ts';
import type { RunToolsParams, ToolResult, ToolRunEvent } from './tool-run.ts';

/** What the calls of every step have in common. */
export interface CallSetup extends Pick<RunToolsParams, 'approve' | 'context'> {
  tools: readonly RunnableTool[];
  concurrency: number;
  onToolError: 'feed' | 'throw';
  /** Aborted when the run ends. */
  signal: AbortSignalLike;
}

type Admission =
  | { tool: RunnableTool; call: ChatCompletionMessageFunctionToolCall; args: unknown }
  | { refusal: ToolResult };

/**
 * Runs the calls of one answer, several at a time. Gives events as they happen; fills `results` in the order of the
 * calls, so that what was done is known also when it ends with an error. After its end nothing happens any more.
 */
export async function* runCalls(
  calls: readonly ChatCompletionMessageFunctionToolCall[],
  step: number,
  results: ToolResult[],
  setup: CallSetup,
): AsyncGenerator<ToolRunEvent, void> {
  const events: ToolRunEvent[] = [];
  let wake = (): void => {};
  let isOver = false;
  results.push(...calls.map((call) => unfinished(call, 'not_run')));
  const stop = stopWith(setup.signal);
  const tell = (event: ToolRunEvent): void => {
    stop.check();
    events.push(event);
    wake();
  };
  const all = workThrough(calls, { step, results, setup, stop, tell })
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
    stop.end();
  } finally {
    stop.now(new ChatError('aborted', 'The run has ended'));
  }
}

/** What the workers of a step share. */
interface Step {
  step: number;
  results: ToolResult[];
  setup: CallSetup;
  stop: ReturnType<typeof stopWith>;
  tell(event: ToolRunEvent): void;
}

/** Runs all calls, as many at the same time as the run may. */
async function workThrough(
  calls: readonly ChatCompletionMessageFunctionToolCall[],
  { step, results, setup, stop, tell }: Step,
): Promise<void> {
  let next = 0;
  let lastAdmission: Promise<unknown> = Promise.resolve();
  // One after the other, so that whoever approves is asked one question at a time.
  const admitInTurn = (call: ChatCompletionMessageFunctionToolCall): Promise<Admission> => {
    const turn = lastAdmission.then(() => {
      stop.check();
      return admit(call, step, setup, stop.signal);
    });
    lastAdmission = turn;
    return turn;
  };
  const work = async (): Promise<void> => {
    for (let call = calls[next]; call !== undefined; call = calls[next]) {
      const position = next++;
      const admission = await admitInTurn(call);
      let result: ToolResult;
      if ('refusal' in admission) result = admission.refusal;
      else {
        const args = copyOf(admission.args);
        tell({ type: 'tool.start', step, tool_call: copyOf(call), args });
        results[position] = unfinished(call, 'interrupted');
        result = await execute(admission, step, setup, stop.signal);
      }
      stop.check();
      results[position] = result;
      tell({ type: 'tool.result', step, result });
      if (setup.onToolError === 'throw' && result.failure === 'tool_error') throw result.error;
    }
  };
  await Promise.all(Array.from({ length: Math.min(setup.concurrency, calls.length) }, work));
}

/** What is to be told of a call that has no result, and may never get one. */
export function unfinished(
  tool_call: ChatCompletionMessageFunctionToolCall,
  failure: 'not_run' | 'interrupted',
): ToolResult {
  const error =
    failure === 'not_run'
      ? 'This call was not run: the run ended before it, or the answer was cut off.'
      : 'The run ended while this call ran. Whether it took effect is not known.';
  return { tool_call, content: JSON.stringify({ error }), failure, durationMs: 0 };
}

/** The end of one answer's calls: with the run, or before it by a failure. */
function stopWith(run: AbortSignalLike): {
  signal: AbortSignalLike;
  now(reason: unknown): void;
  /** All is done: there is nothing left to stop. */
  end(): void;
  /** @throws why they have ended, if they have */
  check(): void;
} {
  const stop = new Stop();
  // One listener on the run, however many tools there are.
  const follow = (): void => stop.abort(run.reason);
  if (run.aborted) follow();
  const detach = onAbort(run, follow);
  let isOver = false;
  return {
    signal: stop,
    now(reason) {
      detach();
      if (!isOver) stop.abort(reason);
    },
    end() {
      isOver = true;
    },
    check() {
      if (stop.aborted) throw stop.reason;
    },
  };
}

/** Whether a call may run: a tool of that name, arguments that fit, leave to run it. */
async function admit(
  call: ChatCompletionMessageFunctionToolCall,
  step: number,
  { tools, approve, context }: CallSetup,
  stopped: AbortSignalLike,
): Promise<Admission> {
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
  if (approve == null) return { tool, call, args: checked.value };
  const asked = copyOf(call);
  const scope = { signal: toAbortSignal(stopped), call: asked, step, context };
  // Whatever is no clear yes is a no: a callback that forgot to return something has not approved.
  const approval: unknown = await approve(asked, copyOf(checked.value), scope);
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
  { context }: CallSetup,
  stopped: AbortSignalLike,
): Promise<ToolResult> {
  const startedAt = performance.now();
  // A signal for each tool: Node warns of one that gathers listeners.
  const signal = toAbortSignal(stopped);
  try {
    const scope = { signal, call: copyOf(call), step, context };
    const running = Promise.resolve(tool.execute(args, scope));
    // A tool that does not listen to its signal must not hold up the end of the run.
    const content = toContent(await raceSignal(running, stopped));
    return { tool_call: call, content, durationMs: performance.now() - startedAt };
  } catch (error) {
    if (stopped.aborted) throw stopped.reason;
    return failed(call, error, performance.now() - startedAt);
  }
}

function failed(
  tool_call: ChatCompletionMessageFunctionToolCall,
  error: unknown,
  durationMs: number,
): ToolResult {
  const content = JSON.stringify({ error: messageOf(error) });
  return { tool_call, content, failure: 'tool_error', error, durationMs };
}

function messageOf(error: unknown): string {
  try {
    const message: unknown = error instanceof Error ? error.message : error;
    if (typeof message === 'string' && message !== '') return message;
  } catch {
    // Whatever was thrown may throw when it is looked at.
  }
  return 'The tool failed';
}

/** A copy of plain data, so that nobody can rewrite what the model asked. What a schema made of it stays what it is. */
function copyOf<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  try {
    if (Array.isArray(value)) return value.map(copyOf) as T;
    if (Object.getPrototypeOf(value) !== Object.prototype) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, field]) => [name, copyOf(field)]),
    ) as T;
  } catch {
    // Nested too deep.
    return value;
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
