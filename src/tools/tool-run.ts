import type { AsyncItems } from '../internal/web.ts';
import type { Cost } from '../cost/prices.ts';
import type { ChatCompletionMessageParam } from '../schema/message.ts';
import type { ChatCompletionCreateParamsBase } from '../schema/request.ts';
import type { ChatCompletionWithReport } from '../outcome/with-report.ts';
import type { ChatCompletionMessageFunctionToolCall } from '../schema/tool.ts';
import type { ReportUsage } from '../schema/usage.ts';
import type { ChatStreamEvent } from '../stream/events.ts';
import type { RunnableTool, ToolScope } from './tool.ts';

/** Leave to run a tool, or the reason why not, which the model is told. */
export type ToolApproval = boolean | { approved: boolean; reason?: string | undefined };

/** A conversation with tools, and how to run them. */
export interface RunToolsParams<Context = unknown> extends Omit<
  ChatCompletionCreateParamsBase,
  'tools' | 'response_format'
> {
  /** Made with `tool()`. */
  tools: readonly RunnableTool<unknown, unknown, Context>[];
  /** How often the model is asked at most. @default 10 */
  maxSteps?: number | undefined;
  /** How many tools run at the same time. @default 8 */
  concurrency?: number | undefined;
  /**
   * What becomes of a failure of a tool: `feed` tells the model its message, `throw` ends the run with it. Arguments that
   * do not fit are always told to the model.
   *
   * @default 'feed'
   */
  onToolError?: 'feed' | 'throw' | undefined;
  /**
   * Asked before each call that is about to run, one at a time and in order; a refusal is told to the model. Not asked for
   * calls whose tool says that it needs no approval.
   */
  approve?:
    | ((
        call: ChatCompletionMessageFunctionToolCall,
        args: unknown,
        scope: ToolScope<Context>,
      ) => ToolApproval | Promise<ToolApproval>)
    | undefined;
  /**
   * Takes up a run that was stopped with `needs_approval`: `messages` are that run's, and this holds a decision for each
   * call that waits, by its id. Also `{}` lets calls at the end of `messages` run that have no result yet.
   */
  approvals?: Readonly<Record<string, ToolApproval>> | undefined;
  /** Asked after each step that ran tools; the run ends if it says so. */
  stopWhen?:
    | ((step: ToolRunStep, steps: readonly ToolRunStep[]) => boolean | Promise<boolean>)
    | undefined;
  /** Passed to every tool. Must be given if a tool asks for one. */
  context?: Context | undefined;
}

/** That a context is given, where the tools of a run ask for one. */
export type GivesContext<Context> = undefined extends Context ? unknown : { context: Context };

/** What one call gave. */
export interface ToolResult {
  /** The call that it answers. */
  tool_call: ChatCompletionMessageFunctionToolCall;
  /** What the model is told. */
  content: string;
  /**
   * Why the tool did not do its work; absent if it did. `not_run`: the run ended, or the answer was cut off, before it
   * began; `interrupted`: the run ended while it ran, and whether it had an effect only the tool knows;
   * `needs_approval`: the run ended so that somebody can decide, and the model is told nothing yet.
   */
  failure?:
    | 'unknown_tool'
    | 'invalid_arguments'
    | 'not_approved'
    | 'tool_error'
    | 'not_run'
    | 'interrupted'
    | 'needs_approval'
    | undefined;
  /** What the tool threw, where it did. */
  error?: unknown;
  /** How long the tool ran, in milliseconds; 0 if it did not. */
  durationMs: number;
}

/** One answer of the model, and what its calls gave. */
export interface ToolRunStep {
  /** 1 for the first one. */
  number: number;
  /** What the model said; its `report` tells what happened. */
  completion: ChatCompletionWithReport;
  /** One for each call, in their order; empty for an answer without calls. */
  results: ToolResult[];
}

/**
 * Why a run ended: the model `answered`; `max_steps` were made; `stop_when` said so; the last answer is `cut_off`, by
 * `max_tokens`, a filter or an end that is not known to be good, and none of its calls was run; it is `empty`, or holds
 * a call as text for the second time; or a call of it `needs_approval`, and there is no `approve` to ask.
 */
export type ToolRunEnd =
  | 'answered'
  | 'max_steps'
  | 'stop_when'
  | 'cut_off'
  | 'empty'
  | 'needs_approval';

/** What a run of tools comes to. */
export interface ToolRunResult {
  /** The last answer of the model. */
  completion: ChatCompletionWithReport;
  /**
   * The whole conversation, the messages that were given included; can be sent on as it is. After `needs_approval` the
   * calls that wait have no result in it: give it to `runTools` again, with `approvals`.
   */
  messages: ChatCompletionMessageParam[];
  /** Every step, each with its own report. */
  steps: ToolRunStep[];
  /** Tokens of all steps; absent if a step told none. */
  usage?: ReportUsage | undefined;
  /** Cost of all steps; absent if that of a step is not known. */
  cost?: Cost | undefined;
  /** Why it ended. */
  end: ToolRunEnd;
}

/** One thing that happened in a run: what its streams tell, and what the tools do. */
export type ToolRunEvent =
  | ChatStreamEvent
  /** The model is asked. */
  | { type: 'step.start'; step: number }
  /** A tool begins to run. */
  | {
      type: 'tool.start';
      step: number;
      tool_call: ChatCompletionMessageFunctionToolCall;
      args: unknown;
    }
  /** A call waits for an approval; the run will end with this step. */
  | {
      type: 'tool.approval';
      step: number;
      tool_call: ChatCompletionMessageFunctionToolCall;
      args: unknown;
    }
  /** A call has its result, in the order in which they come. */
  | { type: 'tool.result'; step: number; result: ToolResult }
  /** The answer and the results of its calls are all there. */
  | { type: 'step.done'; step: ToolRunStep };

/**
 * A conversation with tools that is being run. Nothing is sent before `events()` is read or `final()` is called. What
 * has been done so far stays readable, also after a failure.
 */
export interface ToolRun {
  /** The conversation so far. */
  readonly messages: readonly ChatCompletionMessageParam[];
  /** The steps so far. */
  readonly steps: readonly ToolRunStep[];
  /** Tokens of the steps so far; absent if a step told none. */
  readonly usage: ReportUsage | undefined;
  /** Cost of the steps so far; absent if that of a step is not known. */
  readonly cost: Cost | undefined;
  /** What happens, over all steps; read it once. Leaving the loop ends the run. */
  events(): AsyncItems<ToolRunEvent>;
  /**
   * The end of the run; runs it, if nobody reads its events.
   *
   * @throws ChatError what a call of the model fails with; `aborted`; `deadline_exceeded`. What a tool or a callback
   *   throws, where that ends the run, as it is
   */
  final(): Promise<ToolRunResult>;
  /** Ends the run. Whoever waits for it gets `aborted`; tools hear of it by their signal. */
  abort(): void;
}
