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
  model?: string;
  messages?: WireMessage[];
  stream?: boolean;
  stream_options?: { include_usage?: boolean };
  max_tokens?: number;
  stop?: string | string[];
  thinking?: { type?: string; reasoning_effort?: string };
  reasoning_effort?: string;
  tools?: { type?: string; function?: WireFunction }[];
  tool_choice?: string | { function?: { name?: string } };
  response_format?: { type?: string; schema?: unknown; json_schema?: { schema?: unknown } };
  [field: string]: unknown;
}

export interface WireMessage {
  role?: string;
  content?: unknown;
  reasoning_content?: unknown;
  tool_calls?: { id?: string; function?: { name?: string } }[];
  tool_call_id?: string;
  prefix?: boolean;
  [field: string]: unknown;
}

export interface WireFunction {
  name?: string;
  parameters?: unknown;
  strict?: boolean;
  [field: string]: unknown;
}
