import { invalidRequest } from '../outcome/invalid-request.ts';
import type {
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionTool,
  FunctionParameters,
} from '../schema/tool.ts';
import type { OptionHints } from '../outcome/invalid-options.ts';
import { ownOptions } from '../outcome/invalid-options.ts';
import type { WebAbortSignal } from '../internal/web.ts';
import type { Checked } from '../schema/standard.ts';
import type { InferOutput, OutputSchema } from '../values/output-schema.ts';
import { readSchema } from '../values/output-schema.ts';
import { strictSchema } from '../values/strict-schema.ts';

/** What a tool is told beside its arguments. */
export interface ToolScope<Context = unknown> {
  /** Aborted when the run ends before the tool does: aborted by the caller, past its deadline, or failed. */
  signal: WebAbortSignal;
  /** The call, as the model made it. */
  call: ChatCompletionMessageFunctionToolCall;
  /** Number of the step that the call belongs to, from 1 on. */
  step: number;
  /** What the caller of `runTools` passed as `context`. */
  context: Context;
}

declare const asksFor: unique symbol;

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
  /** For types alone: a run has to be given the context that its tools ask for. */
  readonly [asksFor]?: ((context: Context) => void) | undefined;
  /** Checks arguments against the schema, and gives what the schema makes of them. */
  checkArguments(args: unknown): Promise<Checked>;
}

/** What {@link tool} takes. */
export interface ToolDefinition<Schema extends OutputSchema, Result, Context> {
  /** 1 to 128 of `a-z A-Z 0-9 _ -`; at most 64 at some vendors. */
  name: string;
  /** What it does and when to use it, for the model. */
  description?: string | undefined;
  /** Schema of its arguments: a JSON object. */
  parameters: Schema;
  /**
   * Have the vendor hold the arguments to the schema too: no optional fields, all tools of a request or none, and
   * DeepSeek's beta path.
   */
  strict?: boolean | undefined;
  /**
   * Does the work. A text goes to the model as it is, anything else as JSON. What it throws goes to the model too, unless
   * the run says otherwise.
   */
  execute: (args: InferOutput<Schema>, scope: ToolScope<Context>) => Result;
}

const definitionNames = /* @__PURE__ */ Object.keys({
  name: true,
  description: true,
  parameters: true,
  strict: true,
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
 * Makes a tool out of a schema and a function; the types of the arguments follow from the schema.
 *
 * @example
 * const weather = tool({
 *   name: 'weather',
 *   description: 'The weather in a city, now',
 *   parameters: z.object({ city: z.string() }),
 *   execute: ({ city }) => `Sunny in ${city}`,
 * });
 *
 * @throws ChatError `invalid_request` if the schema gives no JSON Schema of an object; `invalid_options` for an unknown name
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
  const { name, description, strict, parameters, execute } = given;
  if (typeof name !== 'string')
    throw invalidRequest([{ path: 'name', message: 'must be a string' }]);
  const schema = readSchema(parameters, 'parameters');
  if (schema.jsonSchema.type !== 'object') {
    const message = 'must be an object with fields: vendors take no alternatives at the top';
    throw invalidRequest([{ path: 'parameters', message }]);
  }
  if (typeof execute !== 'function') {
    throw invalidRequest([{ path: 'execute', message: 'must be a function' }]);
  }
  const wire: ChatCompletionTool = {
    type: 'function',
    function: {
      name,
      ...(description !== undefined && { description }),
      parameters: strict
        ? strictSchema(schema.jsonSchema, 'parameters')
        : (schema.jsonSchema as FunctionParameters),
      ...(strict !== undefined && { strict }),
    },
  };
  // Not enumerable, so that the tool is a plain wire tool to everything that looks at its fields.
  return Object.defineProperties(wire, {
    execute: {
      value: (args: InferOutput<Schema>, scope: ToolScope<Context>) => execute(args, scope),
    },
    checkArguments: { value: schema.check },
  }) as RunnableTool<InferOutput<Schema>, Awaited<Result>, Context>;
}
