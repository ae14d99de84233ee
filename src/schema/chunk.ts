import * as z from 'zod/mini';
import type {
  Annotation,
  ChatCompletionAudio,
  ChoiceLogprobs,
  CompletionMeta,
  FinishReason,
} from './response.ts';
import { annotationsSchema, audioSchema, logprobsSchema, metaSchema } from './response.ts';
import { asStandardSchema, once } from './standard.ts';
import type { ChunkUsage } from './usage.ts';
import { chunkUsageSchema } from './usage-schema.ts';

/** A piece of a tool call. Pieces of one call share their `index`. */
export interface ChatCompletionDeltaToolCall {
  /** Index of the call in the message; filled in by this library where the vendor omits it. */
  index: number;
  /** Id of the call, on its first piece. */
  id?: string | undefined;
  type?: 'function' | 'custom' | undefined;
  /** More of a function's name or arguments. */
  function?: { name?: string | undefined; arguments?: string | undefined } | undefined;
  /** More of a custom tool's name or input. */
  custom?: { name?: string | undefined; input?: string | undefined } | undefined;
}

/** What a chunk adds to the message. */
export interface ChatCompletionDelta {
  role?: 'assistant' | undefined;
  /** A piece of the answer. */
  content?: string | null | undefined;
  /** A piece of the reasoning, whichever field the vendor uses. */
  reasoning_content?: string | null | undefined;
  /** More of a refusal. */
  refusal?: string | null | undefined;
  /** Sources that the answer cites. */
  annotations?: Annotation[] | null | undefined;
  /** More of a spoken answer. */
  audio?: ChatCompletionAudio | null | undefined;
  /** A title for the conversation, on the last chunk, if one was asked for (DeepSeek). */
  title?: string | null | undefined;
  /** More of the tool calls. */
  tool_calls?: ChatCompletionDeltaToolCall[] | undefined;
}

/** What a chunk adds to one answer. */
export interface ChunkChoice {
  index: number;
  /** What is new. */
  delta: ChatCompletionDelta;
  /** Why the answer ended, in the vendor's word; `null` until then. */
  finish_reason: FinishReason;
  /** Log probabilities of the new tokens, if they were asked for. */
  logprobs?: ChoiceLogprobs | null | undefined;
}

/** One event of a stream, in one form for all vendors. Fields that are not listed are kept where the vendor put them. */
export interface ChatCompletionChunk {
  /** The vendor's id; empty if it sent none. */
  id: string;
  object: 'chat.completion.chunk';
  /** Unix seconds; 0 if the vendor sent none. */
  created: number;
  /** The model that answers; empty if the vendor named none. */
  model: string;
  /** Empty on a chunk that carries only usage. */
  choices: ChunkChoice[];
  /** Token counts; at most vendors on the last chunk only. */
  usage?: ChunkUsage | null | undefined;
  /** The vendor's mark of its configuration. */
  system_fingerprint?: string | null | undefined;
  /** The tier that served the request, as the vendor names it. */
  service_tier?: string | null | undefined;
  /** What a gateway says of its own billing. */
  meta?: CompletionMeta | null | undefined;
  /** Whatever else the vendor adds. */
  metadata?: unknown;
  /** Set by this library, never by a vendor: `reset` means that all earlier chunks of the answer must be discarded. */
  flash?: { reset?: true | undefined } | undefined;
}

/** A piece of a tool call as the vendor sent it: which call it belongs to may have to be found out. */
export type DecodedToolCallDelta = Omit<ChatCompletionDeltaToolCall, 'index'> & {
  index?: number | undefined;
};

/** A chunk whose tool call pieces are not attributed yet. */
export interface DecodedChunk extends Omit<ChatCompletionChunk, 'choices'> {
  choices: (Omit<ChunkChoice, 'delta'> & {
    delta: Omit<ChatCompletionDelta, 'tool_calls'> & {
      tool_calls?: DecodedToolCallDelta[] | undefined;
    };
  })[];
}

/** The texts of an answer that comes in messages. */
export interface SeenMessage {
  content: string;
  reasoning_content: string;
  /** Whether each message repeats what the one before it said; `undefined` until that shows. */
  isGrowing?: boolean | undefined;
}

/** What a decoder must remember from one chunk of a stream to the next. */
export interface StreamMemory {
  /** Which of its known places the reasoning was first found in. */
  reasoningPlace?: number | undefined;
  /** Which answers have begun to come as deltas, and the last one that did. */
  spoken?: Set<number> | undefined;
  lastSpoken?: number | undefined;
  /** Which of them have said more than reasoning, and the last one. */
  answered?: Set<number> | undefined;
  lastAnswered?: number | undefined;
  /** What came as messages in the place of deltas, answer by answer. */
  messages?: Map<number, SeenMessage> | undefined;
}

const text = () => z.nullish(z.string());

const word = () => z.optional(z.string());

/** The normalised chunk, loose. */
export const chunkZod = /* @__PURE__ */ once(() =>
  z.looseObject({
    id: z.string(),
    object: z.literal('chat.completion.chunk'),
    created: z.number(),
    model: z.string(),
    choices: z.array(
      z.looseObject({
        index: z.number(),
        delta: z.looseObject({
          role: z.optional(z.literal('assistant')),
          content: text(),
          reasoning_content: text(),
          refusal: text(),
          annotations: z.nullish(annotationsSchema()),
          audio: z.nullish(audioSchema()),
          title: text(),
          tool_calls: z.optional(
            z.array(
              z.looseObject({
                index: z.number(),
                id: word(),
                type: z.optional(z.enum(['function', 'custom'])),
                function: z.optional(z.looseObject({ name: word(), arguments: word() })),
                custom: z.optional(z.looseObject({ name: word(), input: word() })),
              }),
            ),
          ),
        }),
        finish_reason: z.nullable(z.string()),
        logprobs: z.nullish(logprobsSchema()),
      }),
    ),
    usage: z.nullish(chunkUsageSchema()),
    system_fingerprint: text(),
    service_tier: text(),
    meta: z.nullish(metaSchema()),
    metadata: z.optional(z.unknown()),
    flash: z.optional(z.looseObject({ reset: z.optional(z.literal(true)) })),
  }),
);

/** Standard Schema of {@link ChatCompletionChunk}. */
export const chunkSchema = /* @__PURE__ */ asStandardSchema<ChatCompletionChunk>(chunkZod);
