import type { RuledParameter } from '../../dialect/profile.ts';
import type { Provider } from '../../dialect/provider.ts';
import type { ThinkingStyle } from '../../dialect/thinking.ts';
import { splitPath, switchValue } from '../../dialect/thinking.ts';
import { partTypes, styleOf, takes } from './facts.ts';
import type { WireRequest } from './wire-request.ts';

// Which fields a vendor documents. What is not documented is not sent, so the profile knows; the few fields that it has no
// word for stand in the vendor's file in `vendors/`.

interface DocumentedFields {
  body: string[];
  message: string[];
  /** Fields of a function. */
  function: string[];
  /** Fields of the objects that say how to think. */
  thinking: Record<string, string[]>;
  response_format: string[];
  /** Types of content parts. */
  parts: string[];
}

const everywhere = ['model', 'messages', 'max_tokens', 'stream', 'stop', 'tools', 'tool_choice'];
const ofMessages = ['role', 'content', 'tool_calls', 'tool_call_id', 'reasoning_content'];
const ofFunctions = ['name', 'description', 'parameters'];

/** The fields that stand and fall with a parameter. */
const ruled: Record<RuledParameter, string[]> = {
  temperature: ['temperature'],
  top_p: ['top_p'],
  frequency_penalty: ['frequency_penalty'],
  presence_penalty: ['presence_penalty'],
  seed: ['seed'],
  logit_bias: ['logit_bias'],
  logprobs: ['logprobs', 'top_logprobs'],
  parallel_tool_calls: ['parallel_tool_calls'],
  stream_options: ['stream_options'],
};
const ruledParameters = Object.keys(ruled) as RuledParameter[];

/** Fields that mean the same wherever they are taken. */
const common = new Set([
  ...everywhere,
  ...Object.values(ruled).flat(),
  'response_format',
  'thinking',
  'reasoning_effort',
  'reasoning',
  'enable_thinking',
  'chat_template_kwargs',
  'user',
  'user_id',
]);

function documentedBy(provider: Provider, model: string | undefined): DocumentedFields {
  const { jsonSchema, names, prefix, refusal, strictTools, user } = provider.profile;
  const thinking = thinkingFields(styleOf(provider, { model }));
  return {
    body: [
      ...everywhere,
      ...ruledParameters.filter((each) => takes(provider, each)).flatMap((each) => ruled[each]),
      ...when(jsonSchema !== 'dropped', 'response_format'),
      ...Object.keys(thinking),
      ...(user === undefined ? [] : [user.field]),
    ],
    message: [
      ...ofMessages,
      ...when(names !== 'dropped', 'name'),
      ...when(refusal === 'sent', 'refusal'),
      ...when(prefix !== undefined, 'prefix'),
    ],
    function: [...ofFunctions, ...when(strictTools !== 'dropped', 'strict')],
    thinking,
    response_format: [
      'type',
      ...when(jsonSchema.startsWith('sent'), 'json_schema'),
      ...when(jsonSchema === 'sent with schema', 'schema'),
    ],
    parts: partTypes(provider, model),
  };
}

/** The fields of a body that say how to think, each with the fields in it. */
function thinkingFields(style: ThinkingStyle): Record<string, string[]> {
  const paths = [
    switchValue(style, 'off')?.field,
    switchValue(style, 'on')?.field,
    style.effort?.field,
  ];
  const fields: Record<string, string[]> = {};
  for (const path of paths) {
    if (path === undefined) continue;
    const [outer, inner] = splitPath(path);
    fields[outer] = [...(fields[outer] ?? []), ...(inner === undefined ? [] : [inner])];
  }
  return fields;
}

function when(isSo: boolean, field: string): string[] {
  return isSo ? [field] : [];
}

/** Dotted paths of the fields in a request that the vendor does not document. */
export function findUndocumented(
  provider: Provider,
  extra: readonly string[],
  request: WireRequest,
): string[] {
  const fields = documentedBy(provider, request.model);
  return [
    ...unknown(request, [...fields.body, ...extra], '').filter(
      (field) => !isOption(provider, field),
    ),
    ...Object.entries(fields.thinking).flatMap(([name, known]) =>
      known.length === 0 ? [] : unknown(request[name] as object, known, `${name}.`),
    ),
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

/** Whether a field may be the vendor's own. Of options that do not tell their names, it may be any that is not common. */
function isOption({ options, hasOption }: Provider, field: string): boolean {
  return hasOption?.(field) ?? (options !== undefined && !common.has(field));
}

function unknown(record: object | undefined, known: readonly string[], path: string): string[] {
  return Object.keys(record ?? {}).flatMap((name) => (known.includes(name) ? [] : [path + name]));
}

function unknownParts(content: unknown, known: readonly string[], path: string): string[] {
  if (!Array.isArray(content)) return [];
  return content.flatMap((part: { type?: string }, index) =>
    known.includes(part.type ?? '') ? [] : [path + index],
  );
}
