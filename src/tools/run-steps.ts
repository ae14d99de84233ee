import { raceSignal } from '../internal/abort.ts';
import type { Lifetime } from '../call/lifetime.ts';
import type { Asked, Asker } from '../call/ask.ts';
import { attachToError, ChatError, isChatError } from '../outcome/chat-error.ts';
import type { RequestOptions } from '../options/options.ts';
import { callsInText } from '../schema/call-in-text.ts';
import { invalidRequest } from '../outcome/invalid-request.ts';
import type { ChatCompletionMessageParam } from '../schema/message.ts';
import type { InvalidToolCall } from '../schema/response.ts';
import type { ChatCompletionWithReport } from '../outcome/with-report.ts';
import type { ChatCompletionMessageFunctionToolCall } from '../schema/tool.ts';
import { forcesCall } from '../schema/tool.ts';
import { ChatStream } from '../stream/chat-stream.ts';
import type { AbortSignalLike } from '../internal/web.ts';
import { addCost, addUsage, continueReport } from '../outcome/combine-reports.ts';
import { continueError, noteRecovery, streamOptions } from '../call/recover.ts';
import type { CallSetup } from './admit.ts';
import { unfinished, waitingCall } from './results.ts';
import { runCalls } from './run-calls.ts';
import { takeUp, toMessages } from './take-up.ts';
import type {
  RunToolsParams,
  ToolRunEnd,
  ToolRunEvent,
  ToolRunResult,
  ToolRunStep,
  WaitingToolCall,
} from './tool-run.ts';

/** What grows as a run goes on. */
interface Progress {
  lifetime: Lifetime;
  messages: ChatCompletionMessageParam[];
  steps: ToolRunStep[];
}

/** Sends the conversation, runs the calls of the answer, adds their results, and repeats. */
export async function* runSteps(
  asker: Asker,
  params: RunToolsParams,
  options: RequestOptions<unknown> | null | undefined,
  { lifetime, messages, steps }: Progress,
  resolve: (result: ToolRunResult) => void,
): AsyncGenerator<ToolRunEvent, undefined> {
  const { wire, setup, approvals, maxSteps, stopWhen } = readParams(params, lifetime.signal);
  yield* takeUp(messages, approvals, setup);
  // One vendor for the whole run, as long as it is well.
  const vendor: Asked['run'] = {};
  let hasReportedCallInText = false;
  for (let number = 1; ; number++) {
    yield { type: 'step.start', step: number };
    const choice =
      number > 1 && forcesCall(wire.tool_choice ?? undefined) ? 'auto' : wire.tool_choice;
    const asked: Asked = {
      // A forced call is forced once: the model has to be able to answer.
      params: { ...wire, tool_choice: choice, messages: [...messages], stream: true },
      options,
      run: vendor,
    };
    const completion = yield* ask(asker, asked, lifetime);
    // Invalid calls are part of the step, but are not sent on.
    const { invalid_tool_calls: _invalid, ...message } = completion.choices[0].message;
    const calls = functionCalls(completion);
    const step: ToolRunStep = { number, completion, results: [] };
    messages.push(message);
    steps.push(step);
    const isWhole = completion.report.completion === 'complete';
    const waiting = yield* work(calls, step, isWhole ? setup : undefined, messages);
    // Nothing but results may come after calls that wait.
    const flaw = isWhole && waiting.length === 0 ? flawOf(completion) : undefined;
    // Once may be a slip. A host that cannot read the model's calls will not read the next one either.
    const isEmpty = flaw === callInText && hasReportedCallInText;
    hasReportedCallInText ||= flaw === callInText;
    if (flaw !== undefined && !isEmpty) messages.push({ role: 'user', content: flaw });
    const run = { steps, maxSteps, stopWhen };
    const ending = isEmpty ? ('empty' as const) : endOf(step, flaw !== undefined, run);
    const end = await raceSignal(Promise.resolve(ending), lifetime.signal);
    // Before its last event, so that a reader who stops there has the result as well.
    if (end !== undefined) resolve(toResult(end, messages, steps, waiting));
    yield { type: 'step.done', step };
    if (end !== undefined) return;
  }
}

/** Runs the calls of an answer and yields their results; without `setup` none is run. Gives those that wait. */
async function* work(
  calls: readonly ChatCompletionMessageFunctionToolCall[],
  { number, results }: ToolRunStep,
  setup: CallSetup | undefined,
  messages: ChatCompletionMessageParam[],
): AsyncGenerator<ToolRunEvent, WaitingToolCall[]> {
  const waiting: WaitingToolCall[] = [];
  let isDone = setup === undefined;
  if (isDone) results.push(...calls.map((call) => unfinished(call, 'not_run')));
  try {
    if (setup !== undefined) {
      for await (const event of runCalls(calls, number, results, setup)) {
        if (event.type === 'tool.approval') waiting.push(waitingCall(event.tool_call, event.args));
        yield event;
      }
    }
    isDone = true;
    return waiting;
  } finally {
    // Also after a failure: a conversation with unanswered calls could not be sent on. Nobody will decide on them any more.
    for (const [at, { tool_call, failure }] of results.entries()) {
      if (!isDone && failure === 'needs_approval') results[at] = unfinished(tool_call, 'not_run');
    }
    messages.push(...toMessages(results));
  }
}

/** One answer, streamed; with its reasoning recovered, if that is wanted. */
async function* ask(
  asker: Asker,
  asked: Asked,
  { signal }: Lifetime,
): AsyncGenerator<ToolRunEvent, ChatCompletionWithReport> {
  const options = { ...streamOptions(asked.options), signal };
  try {
    const first = yield* answer(asker, { ...asked, options }, signal);
    const params = asker.withLessThinking(asked, first.report);
    if (params === undefined) return first;
    yield { type: 'reset' };
    try {
      const recovered = yield* answer(asker, { ...asked, params, options }, signal);
      continueReport(first.report, recovered.report);
      noteRecovery(recovered.report);
      return recovered;
    } catch (error) {
      continueError(first, error);
      throw error;
    }
  } catch (error) {
    if (!signal.aborted || !isChatError(error)) throw error;
    // The run knows better why it ended than the call that it took down.
    throw signal.reason;
  }
}

async function* answer(
  asker: Asker,
  asked: Asked,
  signal: AbortSignalLike,
): AsyncGenerator<ToolRunEvent, ChatCompletionWithReport> {
  const chat = new ChatStream(asker.stream(asked));
  try {
    yield* chat.events();
    return await chat.finalCompletion();
  } finally {
    if (signal.aborted) await keepPartial(chat, signal.reason as ChatError);
  }
}

/** Adds what had arrived of an answer to the error that ended its run. */
async function keepPartial(chat: ChatStream, error: ChatError): Promise<void> {
  try {
    await chat.finalCompletion();
  } catch (cause) {
    if (isChatError(cause)) attachToError(error, { report: cause.report, partial: cause.partial });
  }
}

/**
 * The calls of an answer. No vendor takes a custom call back, so a conversation that holds one is over, and better
 * without it.
 *
 * @throws ChatError `unsupported`
 */
function functionCalls(
  completion: ChatCompletionWithReport,
): ChatCompletionMessageFunctionToolCall[] {
  const calls = completion.choices[0].message.tool_calls ?? [];
  return calls.map((call) => {
    if (call.type === 'function') return call;
    const message = 'The model called a custom tool, which can be neither run nor sent back';
    const { report } = completion;
    const { provider } = report;
    throw new ChatError('unsupported', message, { report, partial: completion, provider });
  });
}

/** The correction to send for a complete answer with invalid calls that no tool message could answer. */
function flawOf({ choices: [{ message }] }: ChatCompletionWithReport): string | undefined {
  const { tool_calls = [], invalid_tool_calls = [], content } = message;
  // A host that generates a new id for each piece leaves empty calls behind, in addition to the real one.
  const isMeant = ({ function: { name, arguments: text } }: InvalidToolCall): boolean =>
    text !== '' ||
    !tool_calls.some((call) => call.type === 'function' && call.function.name === name);
  const meant = invalid_tool_calls.filter(isMeant);
  if (meant.length > 0) {
    return meant.some(({ reason }) => reason.includes('arguments are'))
      ? brokenArguments
      : unreadableCall;
  }
  const isText = callsInText(message).some((field) => field === 'content' || !content?.trim());
  return tool_calls.length === 0 && isText ? callInText : undefined;
}

const brokenArguments =
  'A tool call of yours was not run: its arguments were no JSON object. Write the call again.';

const unreadableCall =
  'A tool call of yours was not run: it came in pieces that could not be put together. Write the call again.';

const callInText =
  'A tool call of yours was not run: it came as text. Call the tool by the interface for tools, or answer.';

async function endOf(
  step: ToolRunStep,
  isFlawed: boolean,
  run: { steps: ToolRunStep[]; maxSteps: number; stopWhen: RunToolsParams['stopWhen'] },
): Promise<ToolRunEnd | undefined> {
  const { completion, results, number } = step;
  const { report, choices } = completion;
  if (report.completion !== 'complete') return 'cut_off';
  if (results.length === 0 && !isFlawed) {
    const { content, refusal } = choices[0].message;
    return content?.trim() || refusal ? 'answered' : 'empty';
  }
  if (results.some(({ failure }) => failure === 'needs_approval')) return 'needs_approval';
  if (results.length > 0 && (await run.stopWhen?.(step, run.steps))) return 'stop_when';
  return number === run.maxSteps ? 'max_steps' : undefined;
}

function toResult(
  end: ToolRunEnd,
  messages: readonly ChatCompletionMessageParam[],
  steps: readonly ToolRunStep[],
  waiting: WaitingToolCall[],
): ToolRunResult {
  const { completion } = steps.at(-1) as ToolRunStep;
  const total = totalOf(steps);
  return { completion, messages: [...messages], steps: [...steps], ...total, end, waiting };
}

/** Usage and cost of the steps; absent if unknown for one of them. */
export function totalOf(steps: readonly ToolRunStep[]): Pick<ToolRunResult, 'usage' | 'cost'> {
  if (steps.length === 0) return {};
  const reports = steps.map(({ completion }) => completion.report);
  const usage = reports.map((report) => report.usage).reduce(addUsage);
  const cost = reports.map((report) => report.cost).reduce(addCost);
  return { ...(usage && { usage }), ...(cost && { cost }) };
}

/** @throws ChatError `invalid_options`, `invalid_request` */
function readParams(params: RunToolsParams, signal: AbortSignalLike) {
  const { approve, approvals, stopWhen, context, ...rest } = params ?? {};
  const { maxSteps: steps, concurrency: atOnce, onToolError: onError, ...wire } = rest;
  // `null` is not given, as with all options.
  const maxSteps = steps ?? 10;
  const concurrency = atOnce ?? 8;
  const onToolError = onError ?? 'feed';
  const refuse = (param: string, must: string): ChatError =>
    new ChatError('invalid_options', `Option ${param} must be ${must}`, { param });
  for (const [param, value] of Object.entries({ maxSteps, concurrency })) {
    if (!Number.isInteger(value) || value < 1) throw refuse(param, 'a whole number, 1 or more');
  }
  if (onToolError !== 'feed' && onToolError !== 'throw') {
    throw refuse('onToolError', 'one of feed, throw');
  }
  for (const [param, value] of Object.entries({ approve, stopWhen })) {
    if (value != null && typeof value !== 'function') throw refuse(param, 'a function');
  }
  if (approvals != null && (typeof approvals !== 'object' || Array.isArray(approvals))) {
    throw refuse('approvals', 'an object of decisions by the ids of calls');
  }
  const given = Array.isArray(wire.messages) ? wire.messages : [];
  const last: ChatCompletionMessageParam | undefined = given.at(-1);
  if (last?.role === 'assistant' && last.prefix) {
    const message =
      'cannot be combined with tools: it is allowed only on the last message, and more will follow';
    throw invalidRequest([{ path: `messages.${given.length - 1}.prefix`, message }]);
  }
  const tools = wire.tools ?? [];
  if (!Array.isArray(tools)) {
    throw invalidRequest([{ path: 'tools', message: 'must be a list of tools made with tool()' }]);
  }
  const broken = tools.findIndex((tool) => typeof tool?.execute !== 'function');
  if (broken !== -1) {
    const message = 'cannot be run: make it with tool()';
    throw invalidRequest([{ path: `tools.${broken}`, message }]);
  }
  const setup: CallSetup = {
    tools,
    // The vendor may not take the parameter; here it is kept all the same.
    concurrency: wire.parallel_tool_calls === false ? 1 : concurrency,
    onToolError,
    approve,
    context,
    signal,
  };
  return { wire, setup, approvals, maxSteps, stopWhen };
}
