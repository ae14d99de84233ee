import type { Provider } from '../../dialect/provider.ts';
import type { ProviderId } from '../../providers/registry.ts';
import { providers } from '../../providers/registry.ts';
import type { WireRequest } from './wire-request.ts';

// Which fields each vendor documents, as read on 2026-11-20 from the pages named in its file in `providers/`. Beside
// them stand the few that are sent although no page has them, each for a reason given there: the replay of
// `reasoning_content`, tool messages at Vtrix, and OpenAI's place for a schema at ShortAPI.

interface DocumentedFields {
  body: string;
  message: string;
  /** Fields of a function. */
  function: string;
  thinking: string;
  response_format: string;
  /** Types of content parts. */
  parts: string;
}

const everywhere =
  'model messages max_tokens stream temperature top_p stop tools tool_choice response_format';
const message = 'role content tool_calls tool_call_id reasoning_content';

const documented: Record<ProviderId, DocumentedFields> = {
  deepseek: {
    body: `${everywhere} stream_options thinking reasoning_effort frequency_penalty presence_penalty logprobs top_logprobs user_id`,
    message: `${message} name prefix`,
    function: 'name description parameters strict',
    thinking: 'type',
    response_format: 'type',
    parts: 'text image_url file',
  },
  aimlapi: {
    body: `${everywhere} stream_options parallel_tool_calls logit_bias logprobs top_logprobs frequency_penalty presence_penalty seed reasoning_effort`,
    message: `${message} name refusal`,
    function: 'name description parameters strict',
    thinking: '',
    response_format: 'type json_schema',
    parts: 'text refusal',
  },
  shortapi: {
    body: `${everywhere} stream_options max_completion_tokens presence_penalty frequency_penalty logit_bias user seed reasoning_effort`,
    message: `${message} name`,
    function: 'name description parameters',
    thinking: '',
    response_format: 'type schema json_schema',
    parts: 'text image_url input_audio file video_url',
  },
  anyfast: {
    body: `${everywhere} stream_options thinking user_id frequency_penalty presence_penalty`,
    message,
    function: 'name description parameters',
    thinking: 'type reasoning_effort',
    response_format: 'type',
    parts: '',
  },
  bytespike: {
    body: `${everywhere} stream_options frequency_penalty presence_penalty seed user`,
    message,
    function: 'name description parameters',
    thinking: '',
    response_format: 'type',
    parts: '',
  },
  vtrix: {
    body: `${everywhere} frequency_penalty presence_penalty`,
    message: `${message} prefix`,
    function: 'name description parameters',
    thinking: '',
    response_format: 'type',
    parts: 'text image_url input_audio file video_url',
  },
};

/** Dotted paths of the fields in a request that the vendor does not document. */
export function findUndocumented(id: ProviderId, request: WireRequest): string[] {
  const fields = documented[id];
  const provider: Provider = providers[id];
  return [
    ...unknown(request, fields.body, '').filter((field) => !provider.hasOption?.(field)),
    ...unknown(request.thinking, fields.thinking, 'thinking.'),
    ...unknown(request.response_format, fields.response_format, 'response_format.'),
    ...(request.messages ?? []).flatMap((each, index) => [
      ...unknown(each, fields.message, `messages.${index}.`),
      ...unknownParts(each.content, fields.parts, `messages.${index}.content.`),
    ]),
    ...(request.tools ?? []).flatMap((tool, index) =>
      unknown(tool.function, fields.function, `tools.${index}.function.`),
    ),
  ];
}

function unknown(record: object | undefined, known: string, path: string): string[] {
  const names = new Set(known.split(' '));
  return Object.keys(record ?? {}).flatMap((name) => (names.has(name) ? [] : [path + name]));
}

function unknownParts(content: unknown, known: string, path: string): string[] {
  if (!Array.isArray(content)) return [];
  const names = new Set(known.split(' '));
  return content.flatMap((part: { type?: string }, index) =>
    names.has(part.type ?? '') ? [] : [path + index],
  );
}
