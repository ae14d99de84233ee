import { LocalAbort, onAbort, raceSignal, toAbortSignal } from '../internal/abort.ts';
import { ChatError } from '../outcome/chat-error.ts';
import type { ChatCompletionMessageFunctionToolCall } from '../schema/tool.ts';
import type { AbortSignalLike } from '../internal/web.ts';
import type { Admission, CallSetup } from './admit.ts';
import { admit } from './admit.ts';
import { copyOf, failed, toContent, unfinished } from './results.ts';
import type { ToolResult, ToolRunEvent } from './tool-run.ts';

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
    stop.throwIfStopped();
    events.push(event);
    wake();
  };
  const all = workThrough(calls, { step, results, setup, stop, tell })
    // The other calls must learn of a failure at once, not when the next event is read.
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
  // One after the other, so that `approve` is called for one call at a time.
  const admitInTurn = (call: ChatCompletionMessageFunctionToolCall): Promise<Admission> => {
    const turn = lastAdmission.then(() => {
      stop.throwIfStopped();
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
      stop.throwIfStopped();
      results[position] = result;
      if (result.failure === 'needs_approval' && 'refusal' in admission) {
        const args = copyOf(admission.args);
        tell({ type: 'tool.approval', step, tool_call: copyOf(call), args });
        continue;
      }
      tell({ type: 'tool.result', step, result });
      if (setup.onToolError === 'throw' && result.failure === 'tool_error') throw result.error;
    }
  };
  await Promise.all(Array.from({ length: Math.min(setup.concurrency, calls.length) }, work));
}

/** The end of one answer's calls: with the run, or before it by a failure. */
function stopWith(run: AbortSignalLike): {
  signal: AbortSignalLike;
  now(reason: unknown): void;
  /** All is done: there is nothing left to stop. */
  end(): void;
  /** @throws why they have ended, if they have */
  throwIfStopped(): void;
} {
  const stop = new LocalAbort();
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
    throwIfStopped() {
      if (stop.aborted) throw stop.reason;
    },
  };
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
