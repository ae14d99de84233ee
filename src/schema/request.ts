import type { Input } from './input.ts';
import type { ChatCompletionMessageParam } from './message.ts';
import { messageInput } from './message.ts';
import type { ReasoningEffort } from './reasoning-effort.ts';
import { reasoningEfforts } from './reasoning-effort.ts';
import type { ChatCompletionTool, ChatCompletionToolChoiceOption } from './tool.ts';
import { toolChoiceInput, toolInput } from './tool.ts';

export type { ReasoningEffort };

/** Whether to think before answering. The model does by default. */
export interface ThinkingParam {
  type: 'enabled' | 'disabled';
  /** The same as the top-level `reasoning_effort`. */
  reasoning_effort?: ReasoningEffort | null | undefined;
}

/** A JSON Schema with a name. */
export interface ResponseFormatJSONSchemaDefinition {
  /** 1 to 64 of `a-z A-Z 0-9 _ -`. */
  name: string;
  /** What the value is, for the model. */
  description?: string | null | undefined;
  /** The JSON Schema. */
  schema?: Record<string, unknown> | null | undefined;
  /** Whether the vendor must hold the answer to the schema. */
  strict?: boolean | null | undefined;
}

/** The required form of the answer. */
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
  /** Maximum number of tokens to generate, reasoning included; at least 1. @default the vendor's own */
  max_tokens?: number | null | undefined;
  /** The same as `max_tokens`. */
  max_completion_tokens?: number | null | undefined;
  /** 0 to 2. DeepSeek ignores it while the model thinks. */
  temperature?: number | null | undefined;
  /** 0 to 1. */
  top_p?: number | null | undefined;
  /** Up to 16 sequences at which the answer stops. */
  stop?: string | string[] | null | undefined;
  /** Only with `stream: true`. `{}` asks for usage. */
  stream_options?: { include_usage?: boolean | null | undefined } | null | undefined;
  /** -2 to 2. */
  frequency_penalty?: number | null | undefined;
  /** -2 to 2. */
  presence_penalty?: number | null | undefined;
  /** For reproducible answers, as far as the vendor supports them. */
  seed?: number | null | undefined;
  /** Maps a token id to a bias from -100 to 100. */
  logit_bias?: Record<string, number> | null | undefined;
  /** Return log probabilities. */
  logprobs?: boolean | null | undefined;
  /** 0 to 20; only with `logprobs: true`. */
  top_logprobs?: number | null | undefined;
  /** Up to 128 functions with different names. */
  tools?: ChatCompletionTool[] | null | undefined;
  /** Which tools to call. A forced call switches thinking off where the vendor refuses both together. */
  tool_choice?: ChatCompletionToolChoiceOption | null | undefined;
  /** Whether the model may call several tools in one answer. @default the vendor's */
  parallel_tool_calls?: boolean | null | undefined;
  /** The required form of the answer. */
  response_format?: ResponseFormat | null | undefined;
  /** Whether to think before answering. */
  thinking?: ThinkingParam | null | undefined;
  /** How hard to think. */
  reasoning_effort?: ReasoningEffort | null | undefined;
  /** Id of your user, 1 to 512 characters; DeepSeek keeps caches and limits apart by it. */
  user_id?: string | null | undefined;
  /** The same as `user_id`. */
  user?: string | null | undefined;
  /** Only 1 is accepted; not sent. */
  n?: 1 | null | undefined;
  /** An OpenAI field that no vendor accepts: it is dropped and reported. */
  store?: boolean | null | undefined;
  /** An OpenAI field that no vendor accepts: it is dropped and reported. */
  metadata?: Record<string, string> | null | undefined;
  /** An OpenAI field that no vendor accepts: it is dropped and reported. */
  service_tier?: string | null | undefined;
  /** An OpenAI field that no vendor accepts: it is dropped and reported. */
  verbosity?: string | null | undefined;
  /** An OpenAI field that no vendor accepts: it is dropped and reported. */
  prompt_cache_key?: string | null | undefined;
  /** An OpenAI field that no vendor accepts: it is dropped and reported. */
  safety_identifier?: string | null | undefined;
}

/** A request for a whole answer. */
export interface ChatCompletionCreateParamsNonStreaming extends ChatCompletionCreateParamsBase {
  /** Absent or `false`: a whole answer. */
  stream?: false | null | undefined;
}

/** A request for a streamed answer. */
export interface ChatCompletionCreateParamsStreaming extends ChatCompletionCreateParamsBase {
  /** `true`: a stream. */
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

// Bundlers leave out what is not used only if nothing in it has to be worked out, a sign before a name included.
const safe = 9_007_199_254_740_991;
const penalty = { maybe: { number: { from: -2, to: 2 } } } as const;
const effort = { maybe: { oneOf: reasoningEfforts } } as const;
const userId = { maybe: { text: { least: 1, most: 512 } } } as const;
const jsonSchema = { map: 'unknown' } as const;

/** What chats and texts with a gap have in common. */
export const modelInput = { maybe: { text: { least: 1 } } } as const;
export const countInput = { maybe: { integer: { from: 1, to: safe } } } as const;
export const temperatureInput = { maybe: { number: { from: 0, to: 2 } } } as const;
export const shareInput = { maybe: { number: { from: 0, to: 1 } } } as const;
export const stopInput = { maybe: { either: ['string', { list: 'string', most: 16 }] } } as const;
export const topLogprobsInput = { maybe: { integer: { from: 0, to: 20 } } } as const;

const formatInput = {
  by: 'type',
  of: [
    { strict: { type: { oneOf: ['text'] } } },
    { strict: { type: { oneOf: ['json_object'] } } },
    {
      strict: {
        type: { oneOf: ['json_schema'] },
        json_schema: {
          optional: {
            strict: {
              name: {
                text: {
                  pattern: /^[a-zA-Z0-9_-]{1,64}$/,
                  otherwise: 'must be 1 to 64 characters of a-z A-Z 0-9 _ -',
                },
              },
              description: 'string?',
              schema: { maybe: jsonSchema },
              strict: 'boolean?',
            },
          },
        },
        schema: { optional: jsonSchema },
      },
    },
  ],
} as const;

/** The request as a user writes it, field by field. What fields say about one another is in `canonical.ts`. */
export const requestInput = {
  strict: {
    messages: { list: messageInput, least: 1, otherwise: 'must contain at least one message' },
    model: modelInput,
    max_tokens: countInput,
    max_completion_tokens: countInput,
    temperature: temperatureInput,
    top_p: shareInput,
    stop: stopInput,
    stream: 'boolean?',
    stream_options: { maybe: { strict: { include_usage: 'boolean?' } } },
    frequency_penalty: penalty,
    presence_penalty: penalty,
    seed: { maybe: { integer: { from: -9_007_199_254_740_991, to: safe } } },
    logit_bias: { maybe: { map: { number: { from: -100, to: 100 } } } },
    logprobs: 'boolean?',
    top_logprobs: topLogprobsInput,
    tools: { maybe: { list: toolInput, most: 128 } },
    tool_choice: { maybe: toolChoiceInput },
    parallel_tool_calls: 'boolean?',
    response_format: { maybe: formatInput },
    thinking: {
      maybe: { strict: { type: { oneOf: ['enabled', 'disabled'] }, reasoning_effort: effort } },
    },
    reasoning_effort: effort,
    user_id: userId,
    user: userId,
    n: { maybe: { oneOf: [1] } },
    store: 'boolean?',
    metadata: { maybe: { map: 'string' } },
    service_tier: 'string?',
    verbosity: 'string?',
    prompt_cache_key: 'string?',
    safety_identifier: 'string?',
  },
} as const satisfies Input;
