import type { ProviderId } from '../../providers/registry.ts';

/** A request as the emulator got it. */
export interface EmulatorRequest {
  /** Which vendor was called: a known one, or one of your own. */
  provider: ProviderId | (string & {});
  /** `POST` or `GET`. */
  method: string;
  /** Path at the vendor, e.g. `/v1/chat/completions`. */
  path: string;
  /** Lower-case names; the key is left out. */
  headers: Record<string, string>;
  /** The body, parsed; `undefined` if it is no JSON object, as on GET. */
  body: WireRequest | undefined;
  /** Fields that the vendor does not document, as dotted paths, e.g. `messages.0.name`. */
  undocumented: string[];
}

/**
 * What is read of a body, under the wire's own names; every other field is there too. It is what a client sent: a field
 * may be missing, `null` or of another kind, until the emulator has answered it.
 */
export interface WireRequest {
  model?: string | undefined;
  messages?: WireMessage[] | undefined;
  stream?: boolean | undefined;
  stream_options?: { include_usage?: boolean | undefined } | undefined;
  max_tokens?: number | undefined;
  stop?: string | string[] | undefined;
  thinking?: { type?: string | undefined; reasoning_effort?: string | undefined } | undefined;
  reasoning_effort?: string | undefined;
  reasoning?: { effort?: string | undefined; enabled?: boolean | undefined } | undefined;
  enable_thinking?: boolean | undefined;
  chat_template_kwargs?: Record<string, unknown> | undefined;
  tools?: WireTool[] | undefined;
  tool_choice?: string | WireTool | undefined;
  response_format?: WireFormat | undefined;
  [field: string]: unknown;
}

/** A message of a request. */
export interface WireMessage {
  role?: string | undefined;
  /** A text, a list of parts, or `null`. */
  content?: unknown;
  reasoning_content?: unknown;
  /** The calls that an assistant made. */
  tool_calls?: WireTool[] | undefined;
  /** The call that a tool message answers. */
  tool_call_id?: string | undefined;
  /** Whether the answer goes on with this message. */
  prefix?: boolean | undefined;
  [field: string]: unknown;
}

/** A tool, a choice of one, or a call of one: they look alike. */
export interface WireTool {
  id?: string | undefined;
  type?: string | undefined;
  function?: WireFunction | undefined;
}

/** A function, as it is offered, chosen or called. */
export interface WireFunction {
  name?: string | undefined;
  /** JSON Schema of its arguments. */
  parameters?: unknown;
  strict?: boolean | undefined;
  [field: string]: unknown;
}

/** The form of answer that is asked for. */
export interface WireFormat {
  /** `text`, `json_object` or `json_schema`. */
  type?: string | undefined;
  /** JSON Schema, where ShortAPI has it. */
  schema?: unknown;
  /** JSON Schema, where OpenAI has it. */
  json_schema?: { schema?: unknown } | undefined;
}

/** The text of a message, whatever else is in it. */
export function textOf({ content }: WireMessage): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part: { text?: unknown }) => (typeof part.text === 'string' ? part.text : ''))
    .join('');
}
