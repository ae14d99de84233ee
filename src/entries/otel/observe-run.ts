import type { Context, Span } from '@opentelemetry/api';
import { context, trace } from '@opentelemetry/api';
import type {
  RunnableTool,
  RunToolsParams,
  ToolRun,
  ToolRunEvent,
  ToolScope,
} from '../../index.ts';
import { errorType } from './attributes.ts';
import type { Kit } from './kit.ts';
import { quietly } from './kit.ts';
import type { ObservedCall } from './observe-call.ts';
import { failed, internal, observeCall } from './observe-call.ts';
import type { SpanLike } from './types.ts';

type Tool = RunnableTool<unknown, unknown, unknown>;
type Events = ReturnType<ToolRun['events']>;

/** A run of tools: a span of its own, whose children are the calls of the model and of the tools. */
export function observeRun(
  kit: Kit,
  params: RunToolsParams,
  start: (params: RunToolsParams) => ToolRun,
): ToolRun {
  const outer = context.active();
  // Nothing happens before the run is read, and the span begins with it.
  const place: { inner: Context; span?: SpanLike | undefined } = { inner: outer };
  const tools = Array.isArray(params?.tools)
    ? params.tools.map((tool) => quietly(() => observeTool(kit, tool as Tool, place)) ?? tool)
    : params?.tools;
  const run = start({ ...params, tools } as RunToolsParams);
  let isTaken = false;
  const begin = (): void => {
    const attributes = { [kit.names.operation]: 'invoke_agent' };
    place.span = quietly(() =>
      kit.tracer.startSpan('invoke_agent', { ...internal(), attributes }, outer as never),
    );
    const { span } = place;
    if (span) place.inner = quietly(() => trace.setSpan(outer, span as unknown as Span)) ?? outer;
  };
  const events = (): Events => {
    const own = run.events();
    isTaken = true;
    return watchEvents({ kit, params, run, place, begin }, own);
  };
  return Object.create(Object.getPrototypeOf(run) as object, {
    ...Object.getOwnPropertyDescriptors(run),
    events: { value: events, enumerable: true },
    final: {
      value: () => {
        if (!isTaken) void drain(events());
        return run.final();
      },
      enumerable: true,
    },
  }) as ToolRun;
}

interface Watched {
  kit: Kit;
  params: RunToolsParams;
  run: ToolRun;
  place: { inner: Context; span?: SpanLike | undefined };
  begin(): void;
}

function watchEvents({ kit, params, run, place, begin }: Watched, own: Events): Events {
  let call: ObservedCall | undefined;
  let isBegun = false;
  const ended = (error?: unknown): void => {
    const step = run.steps.at(-1);
    const isAnswered = step !== undefined && run.steps.length >= asked;
    // A tool or a callback that failed after an answer does not make the call fail.
    if (isAnswered) call?.settle(step.completion);
    else if (error !== undefined) call?.fail(error);
    quietly(() => endRun(kit, place.span, run, error));
  };
  let asked = 0;
  const see = (event: ToolRunEvent): void => {
    if (event.type === 'step.start') {
      asked = event.step;
      const ask = { operation: 'chat', isStream: true, parent: place.inner } as const;
      call = observeCall(kit, { ...ask, params: { ...params, messages: run.messages } });
    } else if (event.type === 'step.done') call?.settle(event.step.completion);
    else if (event.type.endsWith('.delta')) call?.chunk();
  };
  return {
    async next() {
      const isFirst = !isBegun;
      isBegun = true;
      if (isFirst) begin();
      const within = call?.within ?? (<T>(work: () => T): T => context.with(place.inner, work));
      const next = within(() => own.next());
      if (isFirst) run.final().then(() => ended(), ended);
      const step = await next;
      if (!step.done) quietly(() => see(step.value));
      return step;
    },
    async return() {
      const left = own.return?.();
      return (await left) ?? { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function endRun({ names }: Kit, span: SpanLike | undefined, run: ToolRun, error: unknown): void {
  if (span === undefined) return;
  const { steps, usage, cost } = run;
  const type = errorType(error);
  span.setAttributes({
    [names.steps]: steps.length,
    ...(usage?.prompt_tokens !== undefined && { [names.inputTokens]: usage.prompt_tokens }),
    ...(usage?.completion_tokens !== undefined && {
      [names.outputTokens]: usage.completion_tokens,
    }),
    ...(cost !== undefined && { [names.cost]: Number(cost.usd) }),
    ...(type !== undefined && { [names.errorType]: type }),
  });
  if (error !== undefined) span.setStatus(failed(error));
  span.end();
}

/** The same tool, whose work is a span; what it does inside becomes that span's children. */
function observeTool(kit: Kit, tool: Tool, place: { inner: Context }): Tool {
  const { names, tracer } = kit;
  const execute = (args: unknown, scope: ToolScope<unknown>): unknown => {
    const { name } = tool.function;
    const attributes = {
      [names.operation]: 'execute_tool',
      [names.toolName]: name,
      [names.toolCallId]: scope.call.id,
      [names.toolType]: 'function',
    };
    const start = () =>
      tracer.startSpan(`execute_tool ${name}`, { ...internal(), attributes }, place.inner as never);
    const span = quietly(start);
    const inner = span && quietly(() => trace.setSpan(place.inner, span as unknown as Span));
    const end = (error?: unknown): void => {
      quietly(() => {
        const type = errorType(error);
        if (type !== undefined) {
          span?.setAttributes({ [names.errorType]: type });
          span?.setStatus(failed(error));
        }
        span?.end();
      });
    };
    try {
      const result = context.with(inner ?? place.inner, () => tool.execute(args, scope));
      if (result instanceof Promise)
        result.then(
          () => end(),
          (error: unknown) => end(error ?? 'nothing'),
        );
      else end();
      return result;
    } catch (error) {
      end(error ?? 'nothing');
      throw error;
    }
  };
  return Object.create(Object.getPrototypeOf(tool) as object, {
    ...Object.getOwnPropertyDescriptors(tool),
    execute: { value: execute },
    checkArguments: { value: (args: unknown) => tool.checkArguments(args) },
  }) as Tool;
}

async function drain(events: Events): Promise<void> {
  try {
    for await (const _event of events);
  } catch {
    // The run's end has it.
  }
}
