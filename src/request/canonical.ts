import type { ErrorIssue } from '../schema/issue.ts';
import type { CanonicalRequest, CanonicalResponseFormat } from '../schema/canonical-request.ts';
import type { ChatCompletionCreateParams, ReasoningEffort } from '../schema/request.ts';
import { closestName } from '../internal/names.ts';
import { createJudge } from '../schema/judge.ts';
import { foreignFields, requestInput } from '../schema/request.ts';
import { unknownField } from '../schema/standard.ts';
import { checkContradictions } from './contradictions.ts';
import { forcesCall } from '../schema/tool.ts';
import { invalidRequest } from '../outcome/invalid-request.ts';

/** A hint for a key that is not a parameter; `undefined` if there is none. */
export type HintFor = (key: string) => string | undefined;

/**
 * Checks a request and brings it into its one form.
 *
 * @param hintFor says of an unknown key where it belongs
 * @throws ChatError `invalid_request` with every broken rule and its path
 */
export function canonicalRequest(
  params: unknown,
  hintFor: HintFor = () => undefined,
): CanonicalRequest {
  refuseSchemaObject(params);
  const given = checkRequest(params, hintFor);
  const issues: ErrorIssue[] = [];
  const request = toCanonical(given, issues);
  checkContradictions(given, request, issues);
  if (issues.length > 0) throw invalidRequest(issues);
  return request;
}

const judgeRequest = /* @__PURE__ */ createJudge(requestInput);

function checkRequest(params: unknown, hintFor: HintFor): ChatCompletionCreateParams {
  const checked = judgeRequest(params);
  if (checked.ok) return checked.value as ChatCompletionCreateParams;
  throw invalidRequest(
    checked.issues.map((issue, at) => withHint(issue, hintFor, at < maxSuggestions)),
  );
}

/** A guess costs more than the check, and a request may come from a stranger who sends fields by the million. */
const maxSuggestions = 20;

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
  functions: 'is the old form of `tools`, which no vendor accepts; use `tools`',
  function_call: 'is the old form of `tool_choice`, which no vendor accepts; use `tool_choice`',
  n: 'must be 1: no vendor returns more than one answer',
};

function withHint(issue: ErrorIssue, hintFor: HintFor, maySuggest: boolean): ErrorIssue {
  const { path, message } = issue;
  const hint = (Object.hasOwn(hints, path) ? hints[path] : undefined) ?? hintFor(path);
  if (hint !== undefined) return { path, message: hint };
  const isUnknown = maySuggest && message === unknownField && !path.includes('.');
  const suggestion = isUnknown ? closestName(path, Object.keys(requestInput.strict)) : undefined;
  return suggestion === undefined
    ? issue
    : { path, message: `${message}; did you mean ${suggestion}?` };
}

/** All of a request, so that no field is forgotten. */
type Resolved = {
  [
    Field in keyof Required<Omit<CanonicalRequest, 'isValidated' | 'serverTools'>>
  ]: CanonicalRequest[Field];
};

/** What is found out about a request while it is brought into its form. */
interface Findings {
  /** Where the caller wrote a field that has another name here. */
  callerPaths: Record<string, string>;
  issues: ErrorIssue[];
}

/** A value that has two names. */
function oneOf<T>(
  { callerPaths, issues }: Findings,
  field: string,
  own: T | null | undefined,
  alias: string,
  other: T | null | undefined,
): T | undefined {
  if (own != null && other != null && own !== other) {
    issues.push({ path: alias, message: `contradicts \`${field}\`` });
  }
  if (own == null && other != null) callerPaths[field] = alias;
  return own ?? other ?? undefined;
}

/** How hard to think, and whether that goes together with the switch. */
function resolveEffort(
  { reasoning_effort, thinking }: ChatCompletionCreateParams,
  findings: Findings,
): ReasoningEffort | undefined {
  const { callerPaths, issues } = findings;
  const effort = oneOf<ReasoningEffort>(
    findings,
    'reasoning_effort',
    reasoning_effort,
    'thinking.reasoning_effort',
    thinking?.reasoning_effort,
  );
  const path = callerPaths.reasoning_effort ?? 'reasoning_effort';
  if (thinking?.type === 'enabled' && effort === 'none') {
    issues.push({ path, message: '`none` contradicts `thinking`, which is enabled' });
  }
  if (thinking?.type === 'disabled' && effort !== undefined && effort !== 'none') {
    issues.push({ path, message: 'contradicts `thinking`, which is disabled' });
  }
  if (thinking == null && effort === 'none') callerPaths.thinking = path;
  return effort;
}

function toCanonical(given: ChatCompletionCreateParams, issues: ErrorIssue[]): CanonicalRequest {
  const callerPaths: Record<string, string> = {};
  const findings = { callerPaths, issues };
  const tools = given.tools?.length ? given.tools : undefined;
  const effort = resolveEffort(given, findings);
  const request: Resolved = {
    model: given.model ?? 'deepseek-v4-flash',
    messages: given.messages,
    stream: given.stream ?? undefined,
    include_usage:
      given.stream_options == null ? undefined : (given.stream_options.include_usage ?? true),
    max_tokens: oneOf(
      findings,
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
    response_format: resolveFormat(given.response_format, callerPaths, issues),
    thinking: given.thinking?.type ?? (effort === 'none' ? 'disabled' : undefined),
    reasoning_effort: effort === 'none' ? undefined : effort,
    user_id: oneOf(findings, 'user_id', given.user_id, 'user', given.user),
    foreign: {},
    callerPaths,
  };
  for (const field of foreignFields) {
    // Not to be stored is what happens anyway.
    if (given[field] != null && given[field] !== false) request.foreign[field] = given[field];
  }
  return request;
}

function resolveFormat(
  format: ChatCompletionCreateParams['response_format'],
  callerPaths: Record<string, string>,
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
    callerPaths['response_format.json_schema.schema'] = 'response_format.schema';
  }
  const schema = own ?? format.schema;
  return {
    type: 'json_schema',
    json_schema: { name: 'response', ...format.json_schema, ...(schema != null && { schema }) },
  };
}

/** Issues of messages whose form is unknown, each judged by itself. */
export function messageIssues(messages: unknown): readonly ErrorIssue[] {
  const checked = judgeRequest({ messages });
  return checked.ok ? [] : checked.issues;
}
