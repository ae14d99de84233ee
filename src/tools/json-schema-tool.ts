import type { ErrorIssue } from '../schema/issue.ts';
import type { Checked } from '../schema/standard.ts';
import type { FunctionParameters } from '../schema/tool.ts';
import { invalidRequest } from '../outcome/invalid-request.ts';
import type { OptionHints } from '../outcome/invalid-options.ts';
import { ownOptions } from '../outcome/invalid-options.ts';
import { strictSchema } from '../values/strict-schema.ts';
import type { NeedsApproval, RunnableTool, ToolScope } from './tool.ts';
import { runnable } from './tool.ts';

/**
 * Checks arguments against the JSON Schema of a tool. What a validator library compiles will do: Ajv's functions, which
 * keep their `errors`, and results with `valid` and `errors`, as `@cfworker/json-schema` gives them.
 */
export type ArgumentValidator = ((args: unknown) => unknown) & {
  errors?: readonly object[] | null | undefined;
};

/** What {@link jsonSchemaTool} takes. */
export interface JSONSchemaToolDefinition<Args, Result, Context> {
  /** 1 to 128 of `a-z A-Z 0-9 _ -`; at most 64 at some vendors. */
  name: string;
  /** What it does and when to use it, for the model. */
  description?: string | undefined;
  /** JSON Schema of its arguments, of an object; an MCP tool's `inputSchema`. */
  jsonSchema: object;
  /** Make the vendor enforce the schema too, as in `tool()`. */
  strict?: boolean | undefined;
  /** As in `tool()`. */
  needsApproval?: NeedsApproval<Args, Context> | undefined;
  /**
   * Checks the arguments before `execute` receives them; what is wrong with them is sent to the model.
   *
   * @default only that they are an object: your `execute` has to check the rest
   */
  validate?: ArgumentValidator | undefined;
  /** Runs the tool. A string goes to the model unchanged, anything else as JSON. */
  execute: (args: Args, scope: ToolScope<Context>) => Result;
}

const names = /* @__PURE__ */ Object.keys({
  name: true,
  description: true,
  jsonSchema: true,
  strict: true,
  needsApproval: true,
  validate: true,
  execute: true,
} satisfies Record<keyof JSONSchemaToolDefinition<never, unknown, unknown>, true>);

const hints: OptionHints = {
  inputSchema: 'jsonSchema',
  input_schema: 'jsonSchema',
  parameters: 'jsonSchema',
  schema: 'jsonSchema',
  handler: 'execute',
  run: 'execute',
  callback: 'execute',
};

/**
 * Makes a tool out of a JSON Schema and a function, where there is no schema library: the tools of an MCP server, say.
 *
 * @example
 * const tools = (await mcp.listTools()).tools.map(({ name, description, inputSchema }) =>
 *   jsonSchemaTool({
 *     name,
 *     description,
 *     jsonSchema: inputSchema,
 *     validate: new Ajv2020({ strict: false, validateFormats: false }).compile(inputSchema),
 *     execute: async (args) => {
 *       const { content, isError } = await mcp.callTool({ name, arguments: args });
 *       if (isError) throw new Error(JSON.stringify(content));
 *       return content;
 *     },
 *   }),
 * );
 *
 * @throws ChatError `invalid_request` if the schema is not one of an object; `invalid_options` for an unknown name
 */
export function jsonSchemaTool<Args = Record<string, unknown>, Result = unknown, Context = unknown>(
  definition: JSONSchemaToolDefinition<Args, Result, Context>,
): RunnableTool<Args, Awaited<Result>, Context> {
  const given = ownOptions(definition, names, 'The definition of a tool', hints);
  const { name, description, strict, execute, needsApproval, validate } = given;
  const parameters = readJSONSchema(given.jsonSchema, strict === true);
  if (validate != null && typeof validate !== 'function') {
    throw invalidRequest([{ path: 'validate', message: 'must be a function' }]);
  }
  const check = (args: unknown): Promise<Checked> => checkWith(validate, args);
  return runnable<Args, Result, Context>(
    { name, description, parameters, strict },
    { execute, needsApproval, validate: check },
  );
}

function readJSONSchema(given: object | undefined, isStrict: boolean): FunctionParameters {
  const refuse = (message: string) => invalidRequest([{ path: 'jsonSchema', message }]);
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw refuse('must be a JSON Schema');
  }
  // A dialect's own mark: vendors document none, and some refuse keywords they do not know.
  const { $schema: _dialect, ...schema } = given as FunctionParameters;
  if (schema.type !== 'object') {
    throw refuse('must be of type "object": vendors accept no alternatives at the top level');
  }
  return isStrict ? strictSchema(schema, 'jsonSchema') : schema;
}

async function checkWith(validate: ArgumentValidator | undefined, args: unknown): Promise<Checked> {
  if (typeof args !== 'object' || args === null || Array.isArray(args)) {
    return { ok: false, issues: [{ path: '', message: 'must be an object' }] };
  }
  if (validate == null) return { ok: true, value: args };
  const result: unknown = await validate(args);
  const { valid, errors } =
    typeof result === 'object' && result !== null
      ? (result as { valid?: unknown; errors?: unknown })
      : { valid: result, errors: validate.errors };
  // Anything but a clear yes is a no.
  if (valid === true) return { ok: true, value: args };
  const issues = Array.isArray(errors) ? errors.map(toIssue) : [];
  if (issues.length > 0) return { ok: false, issues };
  return { ok: false, issues: [{ path: '', message: 'does not fit the schema' }] };
}

/** Paths are JSON Pointers, at some libraries behind a `#`. */
function toIssue(given: unknown): ErrorIssue {
  const { instancePath, instanceLocation, message, error } = (given ?? {}) as Record<
    string,
    unknown
  >;
  const path = String(instancePath ?? instanceLocation ?? '').replace(/^#?\/?/, '');
  return {
    path: path.replaceAll('/', '.'),
    message: String(message ?? error ?? 'does not fit the schema'),
  };
}
