import * as z from 'zod/mini';
import { annotationsShape, audioShape, logprobsShape, metaShape } from './answer-shapes.ts';
import { schemaOfInput } from './input-schema.ts';
import { schemaOf } from './shape-schema.ts';
import { asStandardSchema, once } from './standard.ts';
import type { ChatCompletionMessageToolCall } from './tool.ts';
import { toolCallInput } from './tool.ts';
import type { ChunkUsage, CompletionUsage } from './usage.ts';
import { usageSchema } from './usage-schema.ts';

/**
 * Why the model stopped. The list is open: vendors add their own words. `null` only in a `partial`, where nothing
 * is known about the end.
 */
export type FinishReason =
  | 'stop'
  | 'length'
  | 'tool_calls'
  | 'content_filter'
  | 'insufficient_system_resource'
  | 'aborted'
  | (string & {})
  | null;

/** A source that the answer cites. */
export interface Annotation {
  type?: string | null | undefined;
  /** The page that is cited, and the place in the text that cites it. */
  url_citation?:
    | {
        url?: string | null | undefined;
        title?: string | null | undefined;
        start_index?: number | null | undefined;
        end_index?: number | null | undefined;
      }
    | null
    | undefined;
}

/** Spoken form of the answer. */
export interface ChatCompletionAudio {
  /** Id of the recording at the vendor. */
  id?: string | null | undefined;
  /** Base64. */
  data?: string | null | undefined;
  /** What is said in it. */
  transcript?: string | null | undefined;
  /** Unix seconds. */
  expires_at?: number | null | undefined;
}

/** How likely a token was. */
export interface TokenLogprob {
  /** The token, as text. */
  token: string;
  /** Natural logarithm of the probability; -9999 means "not among the most likely". */
  logprob: number;
  /** Its UTF-8 bytes. */
  bytes?: number[] | null | undefined;
  /** The most probable tokens at this place. */
  top_logprobs?:
    | { token: string; logprob: number; bytes?: number[] | null | undefined }[]
    | null
    | undefined;
}

/** Log probabilities of the tokens of an answer. */
export interface ChoiceLogprobs {
  /** Of the tokens of the content. */
  content?: TokenLogprob[] | null | undefined;
  /** Of the tokens of a refusal. */
  refusal?: TokenLogprob[] | null | undefined;
  /** Of the tokens of the reasoning. */
  reasoning_content?: TokenLogprob[] | null | undefined;
}

/** What arrived of a tool call that cannot be used: cut off, broken, or without a name. */
export interface InvalidToolCall {
  /** The vendor's id of the call, if it arrived. */
  id?: string | undefined;
  type: 'function';
  /** What had arrived of the function's name and arguments. */
  function: {
    name?: string | undefined;
    /** The text as far as it arrived; rarely valid JSON. */
    arguments: string;
  };
  /** Why it cannot be used, in one sentence. */
  reason: string;
}

/** The message of the model. Can be pushed into the `messages` of the next request unchanged. */
export interface ChatCompletionMessage {
  role: 'assistant';
  /** The answer; `null` if there is none, e.g. with tool calls. */
  content: string | null;
  /** The reasoning, whichever field the vendor uses; absent if there is none. */
  reasoning_content?: string | null | undefined;
  /** A refusal instead of content. */
  refusal?: string | null | undefined;
  /** Sources that the answer cites. */
  annotations?: Annotation[] | null | undefined;
  /** A spoken answer. */
  audio?: ChatCompletionAudio | null | undefined;
  /** A title for the conversation, if one was asked for (DeepSeek). Never sent back. */
  title?: string | null | undefined;
  /** Complete calls only. */
  tool_calls?: ChatCompletionMessageToolCall[] | undefined;
  /** Calls that cannot be used, so that nothing paid for is lost; absent if there are none. Never sent back. */
  invalid_tool_calls?: InvalidToolCall[] | undefined;
}

/** One answer. */
export interface Choice {
  index: number;
  /** The answer itself. */
  message: ChatCompletionMessage;
  /** Why the answer ended, in the vendor's word. `report.completion` says what it means. */
  finish_reason: FinishReason;
  /** Log probabilities of the tokens, if they were asked for. */
  logprobs?: ChoiceLogprobs | null | undefined;
}

/** Billing data of a gateway (AIML API). */
export interface CompletionMeta {
  /** What the call cost at the gateway. */
  usage?:
    | {
        credits_used?: number | null | undefined;
        usd_spent?: number | null | undefined;
      }
    | null
    | undefined;
}

/** A complete answer, in one form for all vendors. Unlisted fields are kept where the vendor put them. */
export interface ChatCompletion {
  /** The vendor's id; empty if it sent none. */
  id: string;
  object: 'chat.completion';
  /** Unix seconds; 0 if the vendor sent none. */
  created: number;
  /** The model that answered, which may differ from the requested one; empty if the vendor named none. */
  model: string;
  /** The answers: one, unless more were requested. Never empty. */
  choices: [Choice, ...Choice[]];
  /** Token counts; absent if the vendor sent none. */
  usage?: CompletionUsage | undefined;
  /** The vendor's mark of its configuration. */
  system_fingerprint?: string | null | undefined;
  /** The tier that served the request, as the vendor names it. */
  service_tier?: string | null | undefined;
  /** What a gateway says of its own billing. */
  meta?: CompletionMeta | null | undefined;
  /** Whatever else the vendor adds. */
  metadata?: unknown;
}

/** A whole answer whose counts are as the vendor gave them. */
export type DecodedCompletion = Omit<ChatCompletion, 'usage'> & { usage?: ChunkUsage | undefined };

/** The message of the model, with the value parsed from its content. */
export interface ParsedMessage<T> extends ChatCompletionMessage {
  /** The value, as the schema returned it. */
  parsed: T;
}

/** One answer, with its value. */
export interface ParsedChoice<T> extends Choice {
  /** The answer, with its value in `parsed`. */
  message: ParsedMessage<T>;
}

/** A complete answer that matches a schema. */
export interface ParsedChatCompletion<T> extends ChatCompletion {
  /** Only the first answer has a value; vendors return no others. */
  choices: [ParsedChoice<T>, ...Choice[]];
}

const text = () => z.nullish(z.string());

export const annotationsSchema = /* @__PURE__ */ once(() => schemaOf(annotationsShape));
export const audioSchema = /* @__PURE__ */ once(() => schemaOf(audioShape));
export const logprobsSchema = /* @__PURE__ */ once(() => schemaOf(logprobsShape));
export const metaSchema = /* @__PURE__ */ once(() => schemaOf(metaShape));

const invalidToolCall = () =>
  z.looseObject({
    id: z.optional(z.string()),
    type: z.literal('function'),
    function: z.looseObject({ name: z.optional(z.string()), arguments: z.string() }),
    reason: z.string(),
  });

const choice = /* @__PURE__ */ once(() =>
  z.looseObject({
    index: z.number(),
    message: z.looseObject({
      role: z.literal('assistant'),
      content: z.nullable(z.string()),
      reasoning_content: text(),
      refusal: text(),
      annotations: z.nullish(annotationsSchema()),
      audio: z.nullish(audioSchema()),
      title: text(),
      tool_calls: z.optional(z.array(schemaOfInput(toolCallInput))),
      invalid_tool_calls: z.optional(z.array(invalidToolCall())),
    }),
    finish_reason: z.nullable(z.string()),
    logprobs: z.nullish(logprobsSchema()),
  }),
);

/** The normalised completion, loose: for what was stored and is read again. */
export const completionZod = /* @__PURE__ */ once(() =>
  z.looseObject({
    id: z.string(),
    object: z.literal('chat.completion'),
    created: z.number(),
    model: z.string(),
    choices: z.tuple([choice()], choice()),
    usage: z.optional(usageSchema()),
    system_fingerprint: text(),
    service_tier: text(),
    meta: z.nullish(metaSchema()),
    metadata: z.optional(z.unknown()),
  }),
);

/** Standard Schema of {@link ChatCompletion}. */
export const completionSchema = /* @__PURE__ */ asStandardSchema<ChatCompletion>(completionZod);
