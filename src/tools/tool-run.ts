import type { AsyncItems } from '../internal/web.ts';
import type { Cost } from '../cost/prices.ts';
import type { ChatCompletionMessageParam } from '../schema/message.ts';
import type { ChatCompletionCreateParamsBase } from '../schema/request.ts';
import type { ChatCompletionWithReport } from '../outcome/with-report.ts';
import type { ChatCompletionMessageFunctionToolCall, ChatCompletionTool } from '../schema/tool.ts';
import type { ReportUsage } from '../schema/usage.ts';
import type { ChatStreamEvent } from '../stream/events.ts';
import type { RunnableTool, ToolScope } from './tool.ts';

/** Whether a tool may run, and if not, why; the model receives the reason. */
export type ToolApproval = boolean | { approved: boolean; reason?: string | undefined };

/** A conversation with tools, and how to run them. */
export interface RunToolsParams<
  Context = unknown,
  Tools extends AnyTools = readonly RunnableTool<unknown, unknown, Context>[],
> extends Omit<ChatCompletionCreateParamsBase, 'tools' | 'response_format'> {
  /** What the model may call: made with `tool()` or `jsonSchemaTool()`. */
  tools: Tools;
  /** Maximum number of requests to the model. @default 10 */
  maxSteps?: number | undefined;
  /** Maximum number of tools that run at the same time. @default 8 */
  concurrency?: number | undefined;
  /**
   * What to do when a tool throws: `feed` sends its message to the model, `throw` ends the run with it. Arguments that
   * do not match the schema are always reported to the model.
   *
   * @default 'feed'
   */
  onToolError?: 'feed' | 'throw' | undefined;
  /**
   * Called before each tool call, one at a time and in order; a refusal is sent to the model. Not called for
   * tools that say that they need no approval.
   */
  approve?:
    | ((
        call: ChatCompletionMessageFunctionToolCall,
        args: unknown,
        scope: ToolScope<Context>,
      ) => ToolApproval | Promise<ToolApproval>)
    | undefined;
  /**
   * Resumes a run that ended with `needs_approval`: `messages` are those of that run, and this has a decision for each
   * waiting call, by its id. `{}` also runs calls at the end of `messages` that have no result yet.
   */
  approvals?: Readonly<Record<string, ToolApproval>> | undefined;
  /** Called after each step that ran tools; the run ends if it returns `true`. */
  stopWhen?:
    | ((step: ToolRunStep, steps: readonly ToolRunStep[]) => boolean | Promise<boolean>)
    | undefined;
  /** Passed to every tool as `scope.context`. Required if a tool declares one. */
  context?: Context | undefined;
}

/** That a context is given, where the tools of a run ask for one. */
export type GivesContext<Context> = undefined extends Context ? unknown : { context: Context };

/**
 * Tools, whatever context they ask for: that is read from them. Nothing here may mention one, since the type of a tool that
 * is written in place would follow from it.
 */
export type AnyTools = readonly (ChatCompletionTool & Pick<RunnableTool, 'checkArguments'>)[];

/** The result of one tool call. */
export interface ToolResult {
  /** The call that it answers. */
  tool_call: ChatCompletionMessageFunctionToolCall;
  /** What is sent to the model. */
  content: string;
  /**
   * Why the tool did not do its work; absent if it did. `not_run`: the run ended, or the answer was cut off, before it
   * began; `interrupted`: the run ended while it ran, and whether it had an effect only the tool knows;
   * `needs_approval`: the run ended to wait for a decision, and nothing was sent to the model yet.
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
  /** What the tool threw, if it did. */
  error?: unknown;
  /** How long the tool ran, in milliseconds; 0 if it did not. */
  durationMs: number;
}

/** One answer of the model, and the results of its calls. */
export interface ToolRunStep {
  /** 1 for the first one. */
  number: number;
  /** The answer of the model, with its `report`. */
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

/** A call that waits for an approval. */
export interface WaitingToolCall {
  /** Its id: its name in `approvals`. */
  id: string;
  /** The tool that it calls. */
  name: string;
  /** What the tool would receive: the arguments, as its schema makes them. */
  args: unknown;
}

/** The outcome of a run of tools. */
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
  /** Tokens of all steps; absent if those of a step are unknown. */
  usage?: ReportUsage | undefined;
  /** Cost of all steps; absent if that of a step is unknown. */
  cost?: Cost | undefined;
  /** Why it ended. */
  end: ToolRunEnd;
  /** The calls that wait for an approval, in their order; empty unless it ended with `needs_approval`. */
  waiting: WaitingToolCall[];
}

/** One event of a run: those of its streams, and what the tools do. */
export type ToolRunEvent =
  | ChatStreamEvent
  /** A request is about to be sent to the model. */
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
  /** A call has its result, in the order in which the results arrive. */
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
  /** Tokens of the steps so far; absent if those of a step are unknown. */
  readonly usage: ReportUsage | undefined;
  /** Cost of the steps so far; absent if that of a step is unknown. */
  readonly cost: Cost | undefined;
  /** The events of all steps. Can be read once; leaving the loop ends the run. */
  events(): AsyncItems<ToolRunEvent>;
  /**
   * The outcome of the run; starts it if its events are not being read.
   *
   * @throws ChatError as `create()` does. What a tool or a callback throws, where that ends the run, is thrown unchanged
   */
  final(): Promise<ToolRunResult>;
  /** Ends the run: its events and `final()` throw `aborted`, and the tools' signals abort. */
  abort(): void;
}
