import type { ProviderId } from '../providers/registry.ts';

/** A request as the emulator got it. */
export interface EmulatorRequest {
  /** Which of the six was called. */
  provider: ProviderId;
  method: string;
  /** Path at the vendor, e.g. `/v1/chat/completions`. */
  path: string;
  /** Lower-case names; the key is left out. */
  headers: Record<string, string>;
  /** The body, parsed; `undefined` on GET. */
  body: WireRequest | undefined;
  /** Fields that the vendor does not document, as dotted paths. */
  undocumented: string[];
}

/** What is read of a body; everything may be missing or wrong. */
export interface WireRequest {
  model?: string | undefined;
  messages?: WireMessage[] | undefined;
  stream?: boolean | undefined;
  stream_options?: { include_usage?: boolean | undefined } | undefined;
  max_tokens?: number | undefined;
  stop?: string | string[] | undefined;
  thinking?: { type?: string | undefined; reasoning_effort?: string | undefined } | undefined;
  reasoning_effort?: string | undefined;
  tools?: WireTool[] | undefined;
  tool_choice?: string | WireTool | undefined;
  response_format?: WireFormat | undefined;
  [field: string]: unknown;
}

export interface WireMessage {
  role?: string | undefined;
  content?: unknown;
  reasoning_content?: unknown;
  tool_calls?: WireTool[] | undefined;
  tool_call_id?: string | undefined;
  prefix?: boolean | undefined;
  [field: string]: unknown;
}

/** A tool, a choice of one, or a call of one: they look alike. */
export interface WireTool {
  id?: string | undefined;
  type?: string | undefined;
  function?: WireFunction | undefined;
}

export interface WireFunction {
  name?: string | undefined;
  parameters?: unknown;
  strict?: boolean | undefined;
  [field: string]: unknown;
}

export interface WireFormat {
  type?: string | undefined;
  schema?: unknown;
  json_schema?: { schema?: unknown } | undefined;
}
