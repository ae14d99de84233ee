import { invalidRequest } from '../outcome/invalid-request.ts';
import type {
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionTool,
  FunctionDefinition,
  FunctionParameters,
} from '../schema/tool.ts';
import { toolName } from '../schema/tool.ts';
import type { OptionHints } from '../outcome/invalid-options.ts';
import { ownOptions } from '../outcome/invalid-options.ts';
import type { WebAbortSignal } from '../internal/web.ts';
import type { Checked } from '../schema/standard.ts';
import type { InferOutput, OutputSchema } from '../values/output-schema.ts';
import { readSchema } from '../values/output-schema.ts';
import { strictSchema } from '../values/strict-schema.ts';

/** What a tool receives in addition to its arguments. */
export interface ToolScope<Context = unknown> {
  /** Aborts when the run ends before the tool does: by the caller, at the deadline, or by a failure. */
  signal: WebAbortSignal;
  /** The call, as the model made it. */
  call: ChatCompletionMessageFunctionToolCall;
  /** Number of the step that the call belongs to, starting at 1; 0 for a call from an earlier run. */
  step: number;
  /** What the caller of `runTools` passed as `context`. */
  context: Context;
}

declare const asksFor: unique symbol;

/** Whether calls of a tool wait for an approval: all, none, or those that a function picks. */
export type NeedsApproval<Args = unknown, Context = unknown> =
  | boolean
  | ((args: Args, scope: ToolScope<Context>) => boolean | Promise<boolean>);

/**
 * A tool that can be run. It is a wire tool too: `create({ tools: [weather] })` offers it to the model and leaves the
 * running to you.
 */
export interface RunnableTool<
  Args = unknown,
  Result = unknown,
  Context = unknown,
> extends ChatCompletionTool {
  /** Runs the tool. A method, so that tools of different arguments fit one array. */
  execute(args: Args, scope: ToolScope<Context>): Result | Promise<Result>;
  /** Whether a call waits for an approval; `undefined` if the tool leaves that to the run's `approve`. */
  needsApproval(args: Args, scope: ToolScope<Context>): boolean | undefined | Promise<boolean>;
  /** For types alone: a run has to be given the context that its tools ask for. */
  readonly [asksFor]?: ((context: Context) => void) | undefined;
  /** Checks arguments against the schema and returns what the schema makes of them. */
  checkArguments(args: unknown): Promise<Checked>;
}

/** The context that tools ask for: where they ask for different ones, one that is all of them. */
export type ContextOf<Tools extends readonly unknown[]> = [Tools[number]] extends [
  { readonly [asksFor]?: ((context: infer Context) => void) | undefined },
]
  ? Context
  : unknown;

/** What {@link tool} takes. */
export interface ToolDefinition<Schema extends OutputSchema, Result, Context> {
  /** 1 to 128 of `a-z A-Z 0-9 _ -`; at most 64 at some vendors. */
  name: string;
  /** What it does and when to use it, for the model. */
  description?: string | undefined;
  /** Schema of its arguments: a JSON object. */
  parameters: Schema;
  /**
   * Make the vendor enforce the schema too: no optional fields, all tools of a request or none, and
   * DeepSeek's beta path.
   */
  strict?: boolean | undefined;
  /**
   * Whether a call needs approval before it runs: the run's `approve` is called, and without one the run ends with
   * `needs_approval`. With `false` no approval is needed. From a function, anything but `false` counts as `true`.
   *
   * @default the run's `approve` is called, if there is one
   */
  needsApproval?: NeedsApproval<InferOutput<Schema>, Context> | undefined;
  /**
   * Runs the tool. A string goes to the model unchanged, anything else as JSON. What it throws goes to the model too, unless
   * the run's `onToolError` is `throw`.
   */
  execute: (args: InferOutput<Schema>, scope: ToolScope<Context>) => Result;
}

const definitionNames = /* @__PURE__ */ Object.keys({
  name: true,
  description: true,
  parameters: true,
  strict: true,
  needsApproval: true,
  execute: true,
} satisfies Record<keyof ToolDefinition<never, unknown, unknown>, true>);

/** What other libraries call them. */
const definitionHints: OptionHints = {
  inputSchema: 'parameters',
  schema: 'parameters',
  handler: 'execute',
  run: 'execute',
  callback: 'execute',
  function: 'execute',
};

/**
 * Creates a tool from a schema and a function; the types of the arguments follow from the schema.
 *
 * @example
 * const weather = tool({
 *   name: 'weather',
 *   description: 'The weather in a city, now',
 *   parameters: z.object({ city: z.string() }),
 *   execute: ({ city }) => `Sunny in ${city}`,
 * });
 *
 * @throws ChatError `invalid_request` if the schema does not describe a JSON object; `invalid_options` for an unknown option
 */
export function tool<Schema extends OutputSchema, Result, Context = unknown>(
  definition: ToolDefinition<Schema, Result, Context>,
): RunnableTool<InferOutput<Schema>, Awaited<Result>, Context> {
  const given = ownOptions(
    definition,
    definitionNames,
    'The definition of a tool',
    definitionHints,
  );
  const { name, description, strict, parameters, execute, needsApproval } = given;
  const schema = readSchema(parameters, 'parameters');
  if (schema.jsonSchema.type !== 'object') {
    const message =
      'must be an object with fields: vendors accept no alternatives at the top level';
    throw invalidRequest([{ path: 'parameters', message }]);
  }
  const wire = {
    name,
    description,
    parameters: strict
      ? strictSchema(schema.jsonSchema, 'parameters')
      : (schema.jsonSchema as FunctionParameters),
    strict,
  };
  return runnable<InferOutput<Schema>, Result, Context>(wire, {
    execute,
    needsApproval,
    validate: schema.validate,
  });
}

/** The behaviour of a tool, which the model does not see. */
interface Behaviour<Args, Context> {
  execute: unknown;
  needsApproval: NeedsApproval<Args, Context> | undefined;
  validate(args: unknown): Promise<Checked>;
}

/** @throws ChatError `invalid_request` */
export function runnable<Args, Result, Context>(
  { name, description, parameters, strict }: { [Field in keyof FunctionDefinition]: unknown },
  { execute, needsApproval, validate }: Behaviour<Args, Context>,
): RunnableTool<Args, Awaited<Result>, Context> {
  const refuse = (path: string, message: string) => invalidRequest([{ path, message }]);
  if (typeof name !== 'string') throw refuse('name', 'must be a string');
  const { pattern, otherwise } = toolName.text;
  if (!pattern.test(name)) throw refuse('name', otherwise);
  if (typeof execute !== 'function') throw refuse('execute', 'must be a function');
  if (needsApproval != null && !['boolean', 'function'].includes(typeof needsApproval)) {
    throw refuse('needsApproval', 'must be true, false or a function');
  }
  const wire = {
    type: 'function',
    function: {
      name,
      ...(description !== undefined && { description }),
      parameters,
      ...(strict !== undefined && { strict }),
    },
  };
  const decide = (args: Args, scope: ToolScope<Context>): unknown =>
    typeof needsApproval === 'function'
      ? Promise.resolve(needsApproval(args, scope)).then((needs) => needs !== false)
      : (needsApproval ?? undefined);
  // Not enumerable, so that the tool is a plain wire tool to everything that looks at its fields.
  return Object.defineProperties(wire, {
    execute: { value: (args: Args, scope: ToolScope<Context>) => execute(args, scope) as unknown },
    needsApproval: { value: decide },
    checkArguments: { value: validate },
  }) as unknown as RunnableTool<Args, Awaited<Result>, Context>;
}
