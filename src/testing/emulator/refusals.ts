import type { Provider } from '../../dialect/provider.ts';
import type { Dialect } from './dialect.ts';
import type { ErrorKind } from './error-words.ts';
import { switchValue } from '../../dialect/thinking.ts';
import { capsOf, effortOf, isForced, isThinking, outputCap, soldNames, styleOf } from './facts.ts';
import { isBetaPath } from './routes.ts';
import type { EmulatorRequest, WireMessage, WireRequest } from './wire-request.ts';

/** Why a vendor says no. */
export interface Refusal {
  kind: ErrorKind;
  message?: string | undefined;
}

type Rule = (request: WireRequest, provider: Provider, path: string) => Refusal | undefined;

/** What the vendors document to refuse, or were seen to refuse; the first broken rule is reported. */
export function findRefusal(
  provider: Provider,
  { otherModels }: Dialect,
  { body = {}, path, undocumented }: EmulatorRequest,
  isStrict: boolean,
): Refusal | undefined {
  const wrongModel = findWrongModel(provider, otherModels, body);
  if (wrongModel !== undefined) return wrongModel;
  for (const rule of rules) {
    const refusal = rule(body, provider, path);
    if (refusal !== undefined) return refusal;
  }
  if (!isStrict || undocumented.length === 0) return undefined;
  return bad(`This vendor documents no ${undocumented.join(', ')}`);
}

function bad(message: string): Refusal {
  return { kind: 'bad_request', message };
}

const rules: Rule[] = [
  noMessages,
  tooManyTokens,
  outOfRange,
  unknownRole,
  nullContent,
  unansweredCall,
  answerToNothing,
  missingReasoning,
  forcedWhileThinking,
  undocumentedChoice,
  wrongEffort,
  wrongFormat,
  jsonWithoutTheWord,
  usageWithoutStream,
  incompleteTools,
  betaOnly,
];

function findWrongModel(
  provider: Provider,
  otherModels: Dialect['otherModels'],
  { model }: WireRequest,
): Refusal | undefined {
  if (otherModels === 'any' && model) return undefined;
  const known = [...soldNames(provider), ...(otherModels === 'any' ? [] : otherModels)];
  if (model !== undefined && known.includes(model)) return undefined;
  const message = `The supported API model names are ${known.join(' or ')}, but you passed ${String(model)}.`;
  return { kind: 'model_not_found', message };
}

function noMessages({ messages }: WireRequest): Refusal | undefined {
  return Array.isArray(messages) && messages.length > 0 ? undefined : bad('Empty input messages');
}

function tooManyTokens(
  { max_tokens, model = '' }: WireRequest,
  provider: Provider,
): Refusal | undefined {
  const cap = outputCap(provider, model);
  if (
    max_tokens === undefined ||
    (Number.isInteger(max_tokens) && max_tokens >= 1 && max_tokens <= cap)
  ) {
    return undefined;
  }
  return bad(`Invalid max_tokens value, the valid range of max_tokens is [1, ${cap}]`);
}

function outOfRange(request: WireRequest, provider: Provider): Refusal | undefined {
  const caps = capsOf(provider, request.model);
  const ranges: [string, number, number][] = [
    ['temperature', 0, 2],
    ['top_p', caps.top_p ?? 0, 1],
    ['frequency_penalty', -2, 2],
    ['presence_penalty', -2, 2],
    ['seed', caps.seed ?? -Infinity, Infinity],
  ];
  for (const [field, from, to] of ranges) {
    const value = request[field];
    if (value === undefined || (typeof value === 'number' && value >= from && value <= to))
      continue;
    return bad(`Invalid ${field} value, the valid range of ${field} is [${from}, ${to}]`);
  }
  return undefined;
}

function unknownRole({ messages = [] }: WireRequest): Refusal | undefined {
  const index = messages.findIndex(
    ({ role }) => !['system', 'user', 'assistant', 'tool'].includes(role ?? ''),
  );
  if (index === -1) return undefined;
  return bad(
    `Failed to deserialize the JSON body into the target type: messages[${index}]: unknown variant ` +
      `\`${String(messages[index]?.role)}\`, expected one of \`system\`, \`user\`, \`assistant\`, \`tool\``,
  );
}

/**
 * Only an assistant that calls tools, or one that refused where a refusal has a field of its own, may say nothing. Where
 * it leaves its content out then, null is refused; no other page speaks of null there, and DeepSeek takes it.
 */
function nullContent({ messages = [] }: WireRequest, { profile }: Provider): Refusal | undefined {
  const isNull =
    profile.nullContent === 'omitted' && messages.some((each) => each.content === null);
  // In the words of the only vendor that does it, https://docs.aimlapi.com/errors-and-messages/errors-with-status-code-4xx.md
  if (isNull) return bad('Body validation error! content: Expected string, received null');
  const saysNothing = ({ role, content, tool_calls, refusal }: WireMessage): boolean => {
    const hasRefused = profile.refusal === 'sent' && refusal !== undefined;
    const mayBeSilent = role === 'assistant' && (Boolean(tool_calls?.length) || hasRefused);
    return content == null && !mayBeSilent;
  };
  return messages.some(saysNothing)
    ? bad('Invalid assistant message: content or tool_calls must be set')
    : undefined;
}

function answerToNothing({ messages = [] }: WireRequest): Refusal | undefined {
  let open = new Set<string | undefined>();
  for (const { role, tool_calls, tool_call_id } of messages) {
    if (role !== 'tool') open = new Set(tool_calls?.map(({ id }) => id));
    else if (!open.has(tool_call_id)) {
      return bad(
        "Messages with role 'tool' must be a response to a preceding message with 'tool_calls'",
      );
    }
  }
  return undefined;
}

function unansweredCall({ messages = [] }: WireRequest): Refusal | undefined {
  // From the end, so that each message is looked at once, however many there are.
  let answers = new Set<string | undefined>();
  for (const { role, tool_calls = [], tool_call_id } of messages.toReversed()) {
    if (tool_calls.some(({ id }) => !answers.has(id))) {
      return bad(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. " +
          '(insufficient tool messages following tool_calls message)',
      );
    }
    if (role === 'tool') answers.add(tool_call_id);
    else if (answers.size > 0) answers = new Set();
  }
  return undefined;
}

function missingReasoning(request: WireRequest, provider: Provider): Refusal | undefined {
  if (!request.tools?.length || !isThinking(provider, request)) return undefined;
  const lacks = ({ role, prefix, reasoning_content }: WireMessage): boolean =>
    role === 'assistant' && !prefix && typeof reasoning_content !== 'string';
  if (!(request.messages ?? []).some(lacks)) return undefined;
  return bad('The `reasoning_content` in the thinking mode must be passed back to the API.');
}

function forcedWhileThinking(request: WireRequest, provider: Provider): Refusal | undefined {
  if (!isForced(request) || provider.profile.forcedToolChoice !== 'thinking off') return undefined;
  return isThinking(provider, request)
    ? bad('Thinking mode does not support this tool_choice')
    : undefined;
}

function undocumentedChoice(request: WireRequest, { profile }: Provider): Refusal | undefined {
  const { forcedToolChoice: rule } = profile;
  if (rule === 'as auto') {
    return isForced(request) ? bad('tool_choice must be none or auto') : undefined;
  }
  const isRefused = request.tool_choice === 'required' && rule === 'required as auto';
  return isRefused ? bad('tool_choice must be none, auto or a function') : undefined;
}

function wrongEffort(request: WireRequest, provider: Provider): Refusal | undefined {
  const style = styleOf(provider, request);
  const given = effortOf(provider, request);
  if (given === undefined || style.effort === undefined) return undefined;
  const { field, values } = style.effort;
  const known: unknown[] = Object.values(values);
  for (const to of ['off', 'on'] as const) {
    const said = switchValue(style, to);
    if (said?.field === field) known.push(said.value);
  }
  return known.includes(given)
    ? undefined
    : bad(`Invalid ${field}: expected ${[...new Set(known)].join(' | ')}`);
}

function wrongFormat(
  { response_format: format }: WireRequest,
  { profile }: Provider,
): Refusal | undefined {
  const isRefused = format?.type === 'json_schema' && profile.jsonSchema === 'json_object';
  return isRefused ? bad('This response_format type is unavailable now') : undefined;
}

function jsonWithoutTheWord({
  response_format: format,
  messages = [],
}: WireRequest): Refusal | undefined {
  if (format?.type !== 'json_object') return undefined;
  if (messages.some(({ content }) => /json/i.test(JSON.stringify(content ?? '')))) return undefined;
  return bad(
    "Prompt must contain the word 'json' in some form to use 'response_format' of type 'json_object'.",
  );
}

function usageWithoutStream({ stream_options, stream }: WireRequest): Refusal | undefined {
  return stream_options !== undefined && !stream
    ? bad('stream_options is only for stream: true')
    : undefined;
}

function incompleteTools(
  { tools = [], model }: WireRequest,
  provider: Provider,
): Refusal | undefined {
  const { toolNameLength = Infinity } = capsOf(provider, model);
  for (const { type, function: definition } of tools) {
    // One that the vendor runs itself.
    if (provider.profile.serverTools !== undefined && type !== 'function') continue;
    const name = definition?.name ?? '';
    if (name === '' || name.length > toolNameLength) {
      return bad('Invalid tools: the name of a function is missing or too long');
    }
    if (provider.profile.parametersRequired && definition?.parameters === undefined) {
      return bad('Invalid tools: function.parameters is required');
    }
  }
  return undefined;
}

function betaOnly(
  { tools = [], messages = [] }: WireRequest,
  provider: Provider,
  path: string,
): Refusal | undefined {
  if (isBetaPath(provider, path) !== false) return undefined;
  const needsBeta =
    tools.some(({ function: definition }) => definition?.strict) ||
    messages.some(({ prefix }) => prefix);
  return needsBeta ? bad('This is a beta feature: use the beta base URL') : undefined;
}
