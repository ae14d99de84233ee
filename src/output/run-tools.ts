import type { Lifetime } from '../attempt.ts';
import { createLifetime } from '../attempt.ts';
import type { CallContext } from '../call.ts';
import type { ChatRequest } from '../chat.ts';
import { stream } from '../chat.ts';
import { attachToError, ChatError, isChatError } from '../errors.ts';
import type { RequestOptions } from '../options.ts';
import { resolveCall } from '../resolve-options.ts';
import { forcesCall, invalidRequest } from '../schema/canonical.ts';
import type { ChatCompletionMessageParam } from '../schema/message.ts';
import type { ChatCompletionWithReport } from '../schema/response.ts';
import { addCost, addUsage, continueReport } from './combine-reports.ts';
import { recoveryParams, streamOptions } from './recover.ts';
import type { CallSetup } from './run-calls.ts';
import { runCalls } from './run-calls.ts';
import type {
  RunToolsParams,
  ToolResult,
  ToolRun,
  ToolRunEnd,
  ToolRunEvent,
  ToolRunResult,
  ToolRunStep,
} from './tool-run.ts';

/** Makes a run; nothing happens before somebody reads its events or asks for its end. */
export function runTools(
  context: CallContext,
  params: RunToolsParams,
  options: RequestOptions<unknown> | null | undefined,
): ToolRun {
  const messages: ChatCompletionMessageParam[] = [
    ...(Array.isArray(params?.messages) ? params.messages : []),
  ];
  const steps: ToolRunStep[] = [];
  let lifetime: Lifetime | undefined;
  let aborted: ChatError | undefined;
  let isTaken = false;
  let settle!: { resolve(result: ToolRunResult): void; reject(error: unknown): void };
  const ended = new Promise<ToolRunResult>((resolve, reject) => (settle = { resolve, reject }));
  // Whoever reads the events gets the error from there.
  ended.catch(() => {});

  const begin = (): Lifetime => {
    const { refusal, signal, deadlineMs } = resolveCall(context.options, options, 'whole');
    if (refusal !== undefined) throw refusal;
    if (aborted !== undefined) throw aborted;
    const { closing } = context;
    lifetime = createLifetime({ signal, closing, totalMs: Infinity, totalHint: '', deadlineMs });
    return lifetime;
  };

  async function* run(): AsyncGenerator<ToolRunEvent, undefined> {
    try {
      yield* converse(
        context,
        params,
        options,
        { lifetime: begin(), messages, steps },
        settle.resolve,
      );
    } catch (error) {
      settle.reject(error);
      // Tools that are still running are told to stop.
      lifetime?.abort(new ChatError('aborted', 'The run has failed', { cause: error }));
      throw error;
    } finally {
      lifetime?.end();
    }
  }

  const take = (): AsyncGenerator<ToolRunEvent, undefined> => {
    if (isTaken) {
      throw new ChatError(
        'stream_consumed',
        'The events of the run are being read or were read already',
      );
    }
    isTaken = true;
    return run();
  };

  const stop = (message: string): void => {
    aborted ??= new ChatError('aborted', message);
    lifetime?.abort(aborted);
    settle.reject(aborted);
  };

  return {
    messages,
    steps,
    events() {
      const generator = take();
      return {
        next: () => generator.next(),
        // A generator keeps a `return` waiting until its `next` is done; leaving has to end the run now.
        return: async () => {
          stop('The loop over the run was left');
          void generator.return(undefined).catch(() => {});
          return { done: true, value: undefined };
        },
        [Symbol.asyncIterator]() {
          return this;
        },
      };
    },
    final() {
      if (!isTaken) void drain(take());
      return ended;
    },
    abort: () => stop('The run was aborted'),
  };
}

async function drain(events: AsyncGenerator<ToolRunEvent, undefined>): Promise<void> {
  try {
    for await (const _event of events);
  } catch {
    // The run's end has it.
  }
}

/** What grows as a run goes on. */
interface Progress {
  lifetime: Lifetime;
  messages: ChatCompletionMessageParam[];
  steps: ToolRunStep[];
}

/** Asks the model, runs what it calls, tells it the results, and so on. */
async function* converse(
  context: CallContext,
  params: RunToolsParams,
  options: RequestOptions<unknown> | null | undefined,
  { lifetime, messages, steps }: Progress,
  resolve: (result: ToolRunResult) => void,
): AsyncGenerator<ToolRunEvent, undefined> {
  const { wire, setup, maxSteps, stopWhen } = readParams(params, lifetime.signal);
  for (let number = 1; ; number++) {
    yield { type: 'step.start', step: number };
    const choice =
      number > 1 && forcesCall(wire.tool_choice ?? undefined) ? 'auto' : wire.tool_choice;
    const asked: ChatRequest = {
      // A forced call is forced once: the model has to be able to answer.
      params: { ...wire, tool_choice: choice, messages: [...messages], stream: true },
      options,
    };
    const completion = yield* ask(context, asked, lifetime);
    const { message } = completion.choices[0];
    const calls = message.tool_calls ?? [];
    const step: ToolRunStep = { number, completion, results: [] };
    messages.push(message);
    steps.push(step);
    if (calls.length > 0) {
      try {
        yield* runCalls(calls, number, step.results, setup);
      } finally {
        // Also after a failure: a conversation with unanswered calls could not be taken up again.
        messages.push(...calls.map(({ id }, position) => toMessage(id, step.results[position])));
      }
    }
    const end = await endOf(step, { steps, maxSteps, stopWhen });
    // Before its last event, so that whoever leaves at that one has the result all the same.
    if (end !== undefined) resolve(toResult(end, messages, steps));
    yield { type: 'step.done', step };
    if (end !== undefined) return;
  }
}

/** One answer, streamed; with its reasoning recovered, if that is wanted. */
async function* ask(
  context: CallContext,
  asked: ChatRequest,
  { signal }: Lifetime,
): AsyncGenerator<ToolRunEvent, ChatCompletionWithReport> {
  const options = { ...streamOptions(asked.options), signal };
  try {
    const first = stream(context, { params: asked.params, options });
    yield* first.events();
    const completion = await first.finalCompletion();
    const { profile } = context.options.provider;
    const params = recoveryParams(profile, asked, completion.report);
    if (params === undefined) return completion;
    yield { type: 'reset' };
    const second = stream(context, { params, options });
    yield* second.events();
    const recovered = await second.finalCompletion();
    continueReport(completion.report, recovered.report);
    return recovered;
  } catch (error) {
    if (!signal.aborted || !isChatError(error)) throw error;
    // The run knows better why it ended than the call that it took down.
    const { report, partial } = error;
    throw attachToError(signal.reason as ChatError, { report, partial });
  }
}

async function endOf(
  step: ToolRunStep,
  run: { steps: ToolRunStep[]; maxSteps: number; stopWhen: RunToolsParams['stopWhen'] },
): Promise<ToolRunEnd | undefined> {
  const { report } = step.completion;
  if (step.results.length === 0) {
    const lostCall = report.issues.some(({ code }) => code === 'incomplete_tool_call');
    return report.completion === 'complete' && !lostCall ? 'answered' : 'cut_off';
  }
  if (await run.stopWhen?.(step, run.steps)) return 'stop_when';
  return step.number === run.maxSteps ? 'max_steps' : undefined;
}

function toMessage(id: string, result: ToolResult | undefined): ChatCompletionMessageParam {
  const interrupted = JSON.stringify({ error: 'The run ended before this call did.' });
  return { role: 'tool', tool_call_id: id, content: result?.content ?? interrupted };
}

function toResult(
  end: ToolRunEnd,
  messages: readonly ChatCompletionMessageParam[],
  steps: readonly ToolRunStep[],
): ToolRunResult {
  const reports = steps.map(({ completion }) => completion.report);
  const usage = reports.map((report) => report.usage).reduce(addUsage);
  const cost = reports.map((report) => report.cost).reduce(addCost);
  return {
    completion: (steps.at(-1) as ToolRunStep).completion,
    messages: [...messages],
    steps: [...steps],
    ...(usage && { usage }),
    ...(cost && { cost }),
    end,
  };
}

/** @throws ChatError `invalid_options`, `invalid_request` */
function readParams(params: RunToolsParams, signal: AbortSignal) {
  const {
    maxSteps = 10,
    concurrency = 8,
    onToolError = 'feed',
    approve,
    stopWhen,
    context,
    ...wire
  } = params;
  for (const [param, value] of Object.entries({ maxSteps, concurrency })) {
    if (!Number.isInteger(value) || value < 1) {
      const message = `Option ${param} must be a whole number from 1 on`;
      throw new ChatError('invalid_options', message, { param });
    }
  }
  if (onToolError !== 'feed' && onToolError !== 'throw') {
    const message = 'Option onToolError must be one of feed, throw';
    throw new ChatError('invalid_options', message, { param: 'onToolError' });
  }
  const tools = wire.tools ?? [];
  const broken = tools.findIndex((tool) => typeof tool?.execute !== 'function');
  if (broken !== -1) {
    const message = 'cannot be run: make it with tool()';
    throw invalidRequest([{ path: `tools.${broken}`, message }]);
  }
  const setup: CallSetup = { tools, concurrency, onToolError, approve, context, signal };
  return { wire, setup, maxSteps, stopWhen };
}
