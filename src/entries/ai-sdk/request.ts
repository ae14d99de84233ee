import type {
  ChatCompletionCreateParamsBase,
  ChatCompletionTool,
  RequestOptions,
} from '../../index.ts';
import { encodePrompt } from './prompt.ts';
import type { ModelCallOptions, ModelTool, ModelWarning } from './specification.ts';

// The options of a call of the specification → parameters and options of ours.

export interface EncodedCall {
  params: ChatCompletionCreateParamsBase;
  options: RequestOptions<never>;
  warnings: ModelWarning[];
}

/** What `providerOptions.flash` may hold that is an option of the call; everything else is a parameter of the request. */
const callOptions = [
  'timeout',
  'maxRetries',
  'deadline',
  'extraBody',
  'onReasoningExhausted',
  'providerOptions',
];

export function encodeCall(model: string, asked: ModelCallOptions): EncodedCall {
  const { messages, warnings } = encodePrompt(asked.prompt);
  const own = Object.entries(asked.providerOptions?.flash ?? {});
  const isOption = ([name]: [string, unknown]): boolean => callOptions.includes(name);
  if (asked.topK !== undefined) {
    const details = 'The model has no such parameter, so it was left out.';
    warnings.push({ type: 'unsupported', feature: 'topK', details });
  }
  const tools = encodeTools(asked.tools ?? [], warnings);
  return {
    params: {
      model,
      messages,
      max_tokens: asked.maxOutputTokens,
      temperature: asked.temperature,
      top_p: asked.topP,
      stop: asked.stopSequences?.length ? [...asked.stopSequences] : undefined,
      presence_penalty: asked.presencePenalty,
      frequency_penalty: asked.frequencyPenalty,
      seed: asked.seed,
      ...(tools.length > 0 && { tools, tool_choice: encodeChoice(asked.toolChoice) }),
      response_format: encodeFormat(asked.responseFormat),
      reasoning_effort: encodeEffort(asked.reasoning),
      ...Object.fromEntries(own.filter((entry) => !isOption(entry))),
    },
    options: {
      ...Object.fromEntries(own.filter(isOption)),
      signal: asked.abortSignal,
      headers: asked.headers,
    },
    warnings,
  };
}

function encodeTools(tools: readonly ModelTool[], warnings: ModelWarning[]): ChatCompletionTool[] {
  return tools.flatMap((tool): ChatCompletionTool[] => {
    const { type, name, id, description, inputSchema, strict } = tool;
    if (type === 'function') {
      const { $schema: _dialect, ...parameters } = inputSchema as Record<string, unknown>;
      return [{ type, function: { name, description, parameters, strict } }];
    }
    const details = 'The vendors offer no provider tools, so it was left out.';
    warnings.push({ type: 'unsupported', feature: `provider tool ${id ?? name}`, details });
    return [];
  });
}

function encodeChoice(
  choice: ModelCallOptions['toolChoice'],
): ChatCompletionCreateParamsBase['tool_choice'] {
  if (choice?.type !== 'tool') return choice?.type;
  return { type: 'function', function: { name: choice.toolName ?? '' } };
}

function encodeFormat(
  format: ModelCallOptions['responseFormat'],
): ChatCompletionCreateParamsBase['response_format'] {
  if (format?.type !== 'json') return undefined;
  if (format.schema == null) return { type: 'json_object' };
  const { name = 'response', description } = format;
  const { $schema: _dialect, ...schema } = format.schema as Record<string, unknown>;
  return { type: 'json_schema', json_schema: { name, description, schema } };
}

function encodeEffort(
  effort: string | undefined,
): ChatCompletionCreateParamsBase['reasoning_effort'] {
  if (effort === undefined || effort === 'provider-default') return undefined;
  // A word that is not known is refused by the client, with its path.
  return effort as ChatCompletionCreateParamsBase['reasoning_effort'];
}
