import * as z from 'zod/mini';
import type { ChatCompletionMessageParam } from './message.ts';
import { messageParam } from './message.ts';
import { asStandardSchema, once } from './standard.ts';
import type { ChatCompletionTool, ChatCompletionToolChoiceOption } from './tool.ts';
import { toolChoiceParam, toolParam } from './tool.ts';

/** How hard to think. `none` is the same as `thinking: { type: 'disabled' }`, and `ultra` the same as `max`. */
export type ReasoningEffort =
  | 'none'
  | 'minimal'
  | 'low'
  | 'medium'
  | 'high'
  | 'xhigh'
  | 'max'
  | 'ultra';

/** Whether to think before answering. The model does, unless told otherwise. */
export interface ThinkingParam {
  type: 'enabled' | 'disabled';
  /** The same as the top-level `reasoning_effort`. */
  reasoning_effort?: ReasoningEffort | null | undefined;
}

/** A JSON Schema with a name. */
export interface ResponseFormatJSONSchemaDefinition {
  /** 1 to 64 of `a-z A-Z 0-9 _ -`. */
  name: string;
  description?: string | null | undefined;
  /** The JSON Schema. */
  schema?: Record<string, unknown> | null | undefined;
  strict?: boolean | null | undefined;
}

/** What form the answer shall have. */
export type ResponseFormat =
  | { type: 'text' }
  | { type: 'json_object' }
  | {
      type: 'json_schema';
      json_schema?: ResponseFormatJSONSchemaDefinition | undefined;
      /** Short for `json_schema: { name: 'response', schema }`. */
      schema?: Record<string, unknown> | undefined;
    };

/** A request without its `stream` switch. `null` means "not given" everywhere. */
export interface ChatCompletionCreateParamsBase {
  /** The conversation so far; not empty. */
  messages: ChatCompletionMessageParam[];
  /** Model id, without a vendor's prefix. @default 'deepseek-v4-flash' */
  model?: 'deepseek-v4-flash' | (string & {}) | null | undefined;
  /** Most tokens to write, reasoning included; at least 1. Left out: the vendor's own default. */
  max_tokens?: number | null | undefined;
  /** The same as `max_tokens`. */
  max_completion_tokens?: number | null | undefined;
  /** 0 to 2. Without effect while the model thinks, at DeepSeek. */
  temperature?: number | null | undefined;
  /** 0 to 1. */
  top_p?: number | null | undefined;
  /** Up to 16 texts that end the answer. */
  stop?: string | string[] | null | undefined;
  /** Only with `stream: true`. `{}` asks for usage. */
  stream_options?: { include_usage?: boolean | null | undefined } | null | undefined;
  /** -2 to 2. */
  frequency_penalty?: number | null | undefined;
  /** -2 to 2. */
  presence_penalty?: number | null | undefined;
  /** For answers that can be repeated, as far as the vendor can. */
  seed?: number | null | undefined;
  /** Token id to a bias of -100 to 100. */
  logit_bias?: Record<string, number> | null | undefined;
  /** Return log probabilities. */
  logprobs?: boolean | null | undefined;
  /** 0 to 20; only with `logprobs: true`. */
  top_logprobs?: number | null | undefined;
  /** Up to 128 functions with different names. */
  tools?: ChatCompletionTool[] | null | undefined;
  /** Which of them to call. Forcing a call switches thinking off where the vendor refuses both together. */
  tool_choice?: ChatCompletionToolChoiceOption | null | undefined;
  parallel_tool_calls?: boolean | null | undefined;
  /** What form the answer shall have. */
  response_format?: ResponseFormat | null | undefined;
  /** Whether to think before answering. */
  thinking?: ThinkingParam | null | undefined;
  /** How hard to think. */
  reasoning_effort?: ReasoningEffort | null | undefined;
  /** Your user's id, 1 to 512 characters; separates caches and limits at DeepSeek. */
  user_id?: string | null | undefined;
  /** The same as `user_id`. */
  user?: string | null | undefined;
  /** Only 1; not sent. */
  n?: 1 | null | undefined;
  /** OpenAI's; no vendor takes it, so it is dropped and reported. */
  store?: boolean | null | undefined;
  /** OpenAI's; no vendor takes it, so it is dropped and reported. */
  metadata?: Record<string, string> | null | undefined;
  /** OpenAI's; no vendor takes it, so it is dropped and reported. */
  service_tier?: string | null | undefined;
  /** OpenAI's; no vendor takes it, so it is dropped and reported. */
  verbosity?: string | null | undefined;
  /** OpenAI's; no vendor takes it, so it is dropped and reported. */
  prompt_cache_key?: string | null | undefined;
  /** OpenAI's; no vendor takes it, so it is dropped and reported. */
  safety_identifier?: string | null | undefined;
}

/** A request for a whole answer. */
export interface ChatCompletionCreateParamsNonStreaming extends ChatCompletionCreateParamsBase {
  stream?: false | null | undefined;
}

/** A request for a streamed answer. */
export interface ChatCompletionCreateParamsStreaming extends ChatCompletionCreateParamsBase {
  stream: true;
}

/** A request. */
export type ChatCompletionCreateParams =
  | ChatCompletionCreateParamsNonStreaming
  | ChatCompletionCreateParamsStreaming;

/**
 * What becomes of each field of a request: it goes on as it is, or under another name; it says what is so in any case; or it
 * is OpenAI's, accepted so that programs can move, and dropped with a report. A field without an entry does not compile.
 */
const fates = {
  messages: 'kept',
  model: 'kept',
  max_tokens: 'kept',
  max_completion_tokens: 'alias',
  temperature: 'kept',
  top_p: 'kept',
  stop: 'kept',
  stream: 'kept',
  stream_options: 'kept',
  frequency_penalty: 'kept',
  presence_penalty: 'kept',
  seed: 'kept',
  logit_bias: 'kept',
  logprobs: 'kept',
  top_logprobs: 'kept',
  tools: 'kept',
  tool_choice: 'kept',
  parallel_tool_calls: 'kept',
  response_format: 'kept',
  thinking: 'kept',
  reasoning_effort: 'kept',
  user_id: 'kept',
  user: 'alias',
  n: 'so in any case',
  store: 'foreign',
  metadata: 'foreign',
  service_tier: 'foreign',
  verbosity: 'foreign',
  prompt_cache_key: 'foreign',
  safety_identifier: 'foreign',
} as const satisfies Record<
  keyof ChatCompletionCreateParams,
  'kept' | 'alias' | 'so in any case' | 'foreign'
>;

type Fates = typeof fates;

/** OpenAI's fields that none of the vendors takes. */
export type ForeignField = {
  [Field in keyof Fates]: Fates[Field] extends 'foreign' ? Field : never;
}[keyof Fates];

export const foreignFields = (Object.keys(fates) as (keyof Fates)[]).filter(
  (field): field is ForeignField => fates[field] === 'foreign',
);

export const number = (minimum: number, maximum: number) =>
  given(z.number().check(z.gte(minimum), z.lte(maximum)));

export const integer = (minimum: number, maximum: number) =>
  given(z.int().check(z.gte(minimum), z.lte(maximum)));

export const given = <T extends z.ZodMiniType>(schema: T) => z.optional(z.nullable(schema));

const effort = () => z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max', 'ultra']);

const jsonSchema = () => z.record(z.string(), z.unknown());

const responseFormat = () =>
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('text') }),
    z.strictObject({ type: z.literal('json_object') }),
    z.strictObject({
      type: z.literal('json_schema'),
      json_schema: z.optional(
        z.strictObject({
          name: z
            .string()
            .check(z.regex(/^[a-zA-Z0-9_-]{1,64}$/, 'must be 1 to 64 of a-z A-Z 0-9 _ -')),
          description: given(z.string()),
          schema: given(jsonSchema()),
          strict: given(z.boolean()),
        }),
      ),
      schema: z.optional(jsonSchema()),
    }),
  ]);

/** The request as a user writes it, field by field. What fields say about one another is in `canonical.ts`. */
export const requestZod = /* @__PURE__ */ once(() =>
  z.strictObject({
    messages: z.array(messageParam()).check(z.minLength(1, 'must hold at least one message')),
    model: given(z.string().check(z.minLength(1))),
    max_tokens: integer(1, Number.MAX_SAFE_INTEGER),
    max_completion_tokens: integer(1, Number.MAX_SAFE_INTEGER),
    temperature: number(0, 2),
    top_p: number(0, 1),
    stop: given(z.union([z.string(), z.array(z.string()).check(z.maxLength(16))])),
    stream: given(z.boolean()),
    stream_options: given(z.strictObject({ include_usage: given(z.boolean()) })),
    frequency_penalty: number(-2, 2),
    presence_penalty: number(-2, 2),
    seed: integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    logit_bias: given(z.record(z.string(), z.number().check(z.gte(-100), z.lte(100)))),
    logprobs: given(z.boolean()),
    top_logprobs: integer(0, 20),
    tools: given(z.array(toolParam()).check(z.maxLength(128))),
    tool_choice: given(toolChoiceParam()),
    parallel_tool_calls: given(z.boolean()),
    response_format: given(responseFormat()),
    thinking: given(
      z.strictObject({ type: z.enum(['enabled', 'disabled']), reasoning_effort: given(effort()) }),
    ),
    reasoning_effort: given(effort()),
    user_id: given(z.string().check(z.minLength(1), z.maxLength(512))),
    user: given(z.string().check(z.minLength(1), z.maxLength(512))),
    n: given(z.literal(1)),
    store: given(z.boolean()),
    metadata: given(z.record(z.string(), z.string())),
    service_tier: given(z.string()),
    verbosity: given(z.string()),
    prompt_cache_key: given(z.string()),
    safety_identifier: given(z.string()),
  }),
);

/** The names of the fields of a request. */
export function requestFields(): string[] {
  return Object.keys(requestZod()._zod.def.shape);
}

/** Standard Schema of {@link ChatCompletionCreateParams}, field by field. */
export const requestSchema =
  /* @__PURE__ */ asStandardSchema<ChatCompletionCreateParams>(requestZod);
