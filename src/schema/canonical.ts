import type { ErrorIssue } from '../error-codes.ts';
import { ChatError } from '../errors.ts';
import type { ChatCompletionMessageParam } from './message.ts';
import { isPlainRequest } from './plain-request.ts';
import type {
  ChatCompletionCreateParams,
  ReasoningEffort,
  ResponseFormatJSONSchemaDefinition,
} from './request.ts';
import { foreignFields, requestZod } from './request.ts';
import { check } from './standard.ts';
import type { ChatCompletionTool, ChatCompletionToolChoiceOption } from './tool.ts';

/**
 * A request in its one form: aliases resolved, `null` and values that change nothing left out, contradictions refused.
 * This is what a provider encodes.
 */
export interface CanonicalRequest {
  model: string;
  messages: ChatCompletionMessageParam[];
  stream: boolean;
  /** `undefined`: the caller did not mention `stream_options`. */
  include_usage?: boolean | undefined;
  max_tokens?: number | undefined;
  temperature?: number | undefined;
  top_p?: number | undefined;
  stop?: string | string[] | undefined;
  frequency_penalty?: number | undefined;
  presence_penalty?: number | undefined;
  seed?: number | undefined;
  logit_bias?: Record<string, number> | undefined;
  logprobs?: true | undefined;
  top_logprobs?: number | undefined;
  tools?: ChatCompletionTool[] | undefined;
  tool_choice?: ChatCompletionToolChoiceOption | undefined;
  parallel_tool_calls?: boolean | undefined;
  response_format?: CanonicalResponseFormat | undefined;
  thinking?: 'enabled' | 'disabled' | undefined;
  reasoning_effort?: Exclude<ReasoningEffort, 'none'> | undefined;
  user_id?: string | undefined;
  /** The answer is going to be held to the schema here, so it does not matter who else does. */
  isValidated?: boolean | undefined;
  /** OpenAI's fields that no vendor takes. */
  foreign: Record<string, unknown>;
  /** Field of this form → path in the caller's request, where they differ. */
  written: Record<string, string>;
}

export type CanonicalResponseFormat =
  | { type: 'json_object' }
  | { type: 'json_schema'; json_schema: ResponseFormatJSONSchemaDefinition };

/** Whether a tool choice forces a call. */
export function forcesCall(choice: ChatCompletionToolChoiceOption | undefined): boolean {
  return choice === 'required' || typeof choice === 'object';
}

/**
 * Checks a request and brings it into its one form.
 *
 * @param documentedBy names the vendor option that an unknown key belongs to, for the error message
 * @throws ChatError `invalid_request` with every broken rule and its path
 */
export function canonicalRequest(
  params: unknown,
  documentedBy: (key: string) => string | undefined = () => undefined,
): CanonicalRequest {
  refuseSchemaObject(params);
  const given = isPlainRequest(params) ? params : checkRequest(params, documentedBy);
  const issues: ErrorIssue[] = [];
  const request = resolve(given, issues);
  checkContradictions(given, request, issues);
  if (issues.length > 0) throw invalidRequest(issues);
  return request;
}

function checkRequest(
  params: unknown,
  documentedBy: (key: string) => string | undefined,
): ChatCompletionCreateParams {
  const checked = check(requestZod(), params);
  if (checked.ok) return checked.value as ChatCompletionCreateParams;
  throw invalidRequest(checked.issues.map((issue) => withHint(issue, documentedBy)));
}

/** An `invalid_request` that lists what is wrong. */
export function invalidRequest(issues: readonly ErrorIssue[]): ChatError {
  const shown = issues.slice(0, 3).map(({ path, message }) => `${path || 'request'}: ${message}`);
  const more = issues.length > 3 ? ` (and ${issues.length - 3} more)` : '';
  return new ChatError('invalid_request', `${shown.join('; ')}${more}`, {
    issues,
    param: issues[0]?.path || undefined,
  });
}

function refuseSchemaObject(params: unknown): void {
  const format = (params as { response_format?: unknown } | null | undefined)?.response_format;
  const isSchema = (value: unknown): boolean =>
    (typeof value === 'function' || (typeof value === 'object' && value !== null)) &&
    '~standard' in value;
  if (isSchema(format) || isSchema((format as { schema?: unknown } | null | undefined)?.schema)) {
    const message =
      "is a schema object: use parse() or stream(), or the wire form { type: 'json_schema', json_schema: { name, schema } }";
    throw invalidRequest([{ path: 'response_format', message }]);
  }
}

const hints: Record<string, string> = {
  functions: 'is the old form of `tools`, which no vendor takes; use `tools`',
  function_call: 'is the old form of `tool_choice`, which no vendor takes; use `tool_choice`',
  n: 'must be 1: no vendor gives more than one answer',
};

function withHint(
  issue: ErrorIssue,
  documentedBy: (key: string) => string | undefined,
): ErrorIssue {
  const hint = hints[issue.path];
  if (hint !== undefined) return { path: issue.path, message: hint };
  const option = documentedBy(issue.path);
  return option === undefined
    ? issue
    : { path: issue.path, message: `is not a field of every vendor; pass it as ${option}` };
}

function resolve(given: ChatCompletionCreateParams, issues: ErrorIssue[]): CanonicalRequest {
  const written: Record<string, string> = {};
  const tools = given.tools?.length ? given.tools : undefined;

  const oneOf = <T>(
    field: string,
    own: T | null | undefined,
    alias: string,
    other: T | null | undefined,
  ) => {
    if (own != null && other != null && own !== other) {
      issues.push({ path: alias, message: `contradicts \`${field}\`` });
    }
    if (own == null && other != null) written[field] = alias;
    return own ?? other ?? undefined;
  };

  const effort = oneOf<ReasoningEffort>(
    'reasoning_effort',
    given.reasoning_effort,
    'thinking.reasoning_effort',
    given.thinking?.reasoning_effort,
  );
  if (given.thinking?.type === 'enabled' && effort === 'none') {
    issues.push({
      path: written.reasoning_effort ?? 'reasoning_effort',
      message: '`none` contradicts `thinking`, which is enabled',
    });
  }
  if (given.thinking?.type === 'disabled' && effort !== undefined && effort !== 'none') {
    issues.push({
      path: written.reasoning_effort ?? 'reasoning_effort',
      message: 'contradicts `thinking`, which is disabled',
    });
  }
  if (given.thinking == null && effort === 'none') {
    written.thinking = written.reasoning_effort ?? 'reasoning_effort';
  }

  const request: CanonicalRequest = {
    model: given.model ?? 'deepseek-v4-flash',
    messages: given.messages,
    stream: given.stream === true,
    include_usage:
      given.stream_options == null ? undefined : (given.stream_options.include_usage ?? true),
    max_tokens: oneOf(
      'max_tokens',
      given.max_tokens,
      'max_completion_tokens',
      given.max_completion_tokens,
    ),
    temperature: given.temperature ?? undefined,
    top_p: given.top_p ?? undefined,
    stop: given.stop?.length ? given.stop : undefined,
    // Zero is what happens anyway.
    frequency_penalty: given.frequency_penalty || undefined,
    presence_penalty: given.presence_penalty || undefined,
    seed: given.seed ?? undefined,
    logit_bias:
      given.logit_bias && Object.keys(given.logit_bias).length > 0 ? given.logit_bias : undefined,
    logprobs: given.logprobs || undefined,
    top_logprobs: given.top_logprobs ?? undefined,
    tools,
    // Without tools, `none` and `auto` are what happens anyway.
    tool_choice:
      tools || forcesCall(given.tool_choice ?? undefined)
        ? (given.tool_choice ?? undefined)
        : undefined,
    parallel_tool_calls: given.parallel_tool_calls ?? undefined,
    response_format: resolveFormat(given.response_format, written, issues),
    thinking: given.thinking?.type ?? (effort === 'none' ? 'disabled' : undefined),
    reasoning_effort: effort === 'none' ? undefined : effort,
    user_id: oneOf('user_id', given.user_id, 'user', given.user),
    foreign: {},
    written,
  };
  for (const field of foreignFields) {
    // Not to be stored is what happens anyway.
    if (given[field] != null && given[field] !== false) request.foreign[field] = given[field];
  }
  return request;
}

function resolveFormat(
  format: ChatCompletionCreateParams['response_format'],
  written: Record<string, string>,
  issues: ErrorIssue[],
): CanonicalResponseFormat | undefined {
  if (format == null || format.type === 'text') return undefined;
  if (format.type === 'json_object') return format;
  const own = format.json_schema?.schema;
  if (
    own != null &&
    format.schema !== undefined &&
    JSON.stringify(own) !== JSON.stringify(format.schema)
  ) {
    issues.push({
      path: 'response_format.schema',
      message: 'contradicts `response_format.json_schema.schema`',
    });
  }
  if (format.json_schema === undefined && format.schema === undefined) {
    issues.push({ path: 'response_format.json_schema', message: 'is missing' });
  }
  if (own == null && format.schema !== undefined) {
    written['response_format.json_schema.schema'] = 'response_format.schema';
  }
  const schema = own ?? format.schema;
  return {
    type: 'json_schema',
    json_schema: { name: 'response', ...format.json_schema, ...(schema != null && { schema }) },
  };
}

function checkContradictions(
  given: ChatCompletionCreateParams,
  request: CanonicalRequest,
  issues: ErrorIssue[],
): void {
  if (given.stream_options != null && !request.stream) {
    issues.push({ path: 'stream_options', message: 'is only for `stream: true`' });
  }
  if (request.top_logprobs !== undefined && !request.logprobs) {
    issues.push({ path: 'top_logprobs', message: 'is only for `logprobs: true`' });
  }
  checkTools(request, issues);
  checkMessages(request.messages, issues);
}

function checkTools({ tools = [], tool_choice }: CanonicalRequest, issues: ErrorIssue[]): void {
  const names = new Set<string>();
  for (const [index, tool] of tools.entries()) {
    if (names.has(tool.function.name)) {
      issues.push({
        path: `tools.${index}.function.name`,
        message: 'is the name of an earlier tool',
      });
    }
    names.add(tool.function.name);
  }
  if (tools.length === 0 && forcesCall(tool_choice)) {
    issues.push({ path: 'tool_choice', message: 'forces a call, but there are no `tools`' });
  } else if (typeof tool_choice === 'object' && !names.has(tool_choice.function.name)) {
    issues.push({
      path: 'tool_choice.function.name',
      message: 'is not the name of one of `tools`',
    });
  }
}

/** Messages that have no form that is known, whatever stands between them. */
export function messageIssues(messages: unknown): readonly ErrorIssue[] {
  const checked = check(requestZod(), { messages });
  return checked.ok ? [] : checked.issues;
}

/** What messages say about one another. */
export function checkMessages(
  messages: readonly ChatCompletionMessageParam[],
  issues: ErrorIssue[],
): void {
  for (const [index, message] of messages.entries()) {
    if (message.role !== 'assistant') continue;
    if (message.prefix && index < messages.length - 1) {
      issues.push({ path: `messages.${index}.prefix`, message: 'is only for the last message' });
    }
    const answered = answeredIds(messages, index + 1);
    for (const [callIndex, call] of (message.tool_calls ?? []).entries()) {
      if (!answered.has(call.id)) {
        issues.push({
          path: `messages.${index}.tool_calls.${callIndex}`,
          message: 'is not answered by a `tool` message before the next other message',
        });
      }
    }
  }
}

function answeredIds(messages: readonly ChatCompletionMessageParam[], start: number): Set<string> {
  const ids = new Set<string>();
  for (let index = start; index < messages.length; index++) {
    const message = messages[index];
    if (message?.role !== 'tool') break;
    ids.add(message.tool_call_id);
  }
  return ids;
}
