import type { ChatCompletionMessageParam } from './message.ts';
import type { ReasoningEffort, ResponseFormatJSONSchemaDefinition } from './request.ts';
import type { ChatCompletionTool, ChatCompletionToolChoiceOption } from './tool.ts';

/**
 * A request in its one form: aliases resolved, `null` and values that change nothing left out, contradictions refused.
 * This is what a provider encodes.
 */
export interface CanonicalRequest {
  model: string;
  messages: ChatCompletionMessageParam[];
  /** `undefined`: the caller did not mention it. */
  stream?: boolean | undefined;
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
  /** Tools that the vendor runs itself, from its own options. */
  serverTools?: readonly string[] | undefined;
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
  callerPaths: Record<string, string>;
}

export type CanonicalResponseFormat =
  | { type: 'json_object' }
  | { type: 'json_schema'; json_schema: ResponseFormatJSONSchemaDefinition };
