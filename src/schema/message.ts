import * as z from 'zod/mini';
import type { ChatCompletionMessageToolCall } from './tool.ts';
import { toolCallParam } from './tool.ts';
import { once } from './standard.ts';

/** Text. */
export interface ChatCompletionContentPartText {
  type: 'text';
  /** The text. */
  text: string;
}

/** An image, for vendors and models that see. */
export interface ChatCompletionContentPartImage {
  type: 'image_url';
  image_url: {
    /** `https:` or `data:` URL. */
    url: string;
    /** How closely to look. */
    detail?: 'auto' | 'low' | 'high' | 'original' | undefined;
  };
}

/** Sound, base64. */
export interface ChatCompletionContentPartInputAudio {
  type: 'input_audio';
  input_audio: {
    /** Base64 of the file. */
    data: string;
    format: 'wav' | 'mp3';
  };
}

/** A file, by id or by value. */
export interface ChatCompletionContentPartFile {
  type: 'file';
  file: {
    /** Id of an uploaded file. */
    file_id?: string | undefined;
    /** Name shown to the model. */
    filename?: string | undefined;
    /** The file itself, base64 or a `data:` URL. */
    file_data?: string | undefined;
  };
}

/** A video, by URL. */
export interface ChatCompletionContentPartVideo {
  type: 'video_url';
  video_url: { url: string };
}

/** A refusal of the model, in an assistant message. */
export interface ChatCompletionContentPartRefusal {
  type: 'refusal';
  refusal: string;
}

/** What a user, system or tool message may be made of. */
export type ChatCompletionContentPart =
  | ChatCompletionContentPartText
  | ChatCompletionContentPartImage
  | ChatCompletionContentPartInputAudio
  | ChatCompletionContentPartFile
  | ChatCompletionContentPartVideo;

/** Instructions. */
export interface ChatCompletionSystemMessageParam {
  role: 'system';
  content: string | ChatCompletionContentPartText[];
  /** Name of the participant. */
  name?: string | null | undefined;
}

/** Instructions, under the newer OpenAI name; sent as `system`, since the model's own endpoint knows no other. */
export interface ChatCompletionDeveloperMessageParam {
  role: 'developer';
  content: string | ChatCompletionContentPartText[];
  /** Name of the participant. */
  name?: string | null | undefined;
}

/** What the user says. */
export interface ChatCompletionUserMessageParam {
  role: 'user';
  content: string | ChatCompletionContentPart[];
  /** Name of the participant. */
  name?: string | null | undefined;
}

/** What the model said earlier. A {@link ChatCompletionMessage} fits as it is. */
export interface ChatCompletionAssistantMessageParam {
  role: 'assistant';
  /** The answer; may be `null` or left out beside `tool_calls`. */
  content?:
    | string
    | (ChatCompletionContentPartText | ChatCompletionContentPartRefusal)[]
    | null
    | undefined;
  /** Name of the participant. */
  name?: string | null | undefined;
  /** The reasoning that came with the answer. Sent back verbatim: with tools, DeepSeek refuses the next turn without it. */
  reasoning_content?: string | null | undefined;
  /** A refusal that came instead of content. */
  refusal?: string | null | undefined;
  /** The calls the model made; each must be answered by a `tool` message before the next other message. */
  tool_calls?: ChatCompletionMessageToolCall[] | null | undefined;
  /** On the last message: continue this text instead of answering it. DeepSeek's beta path. */
  prefix?: boolean | null | undefined;
}

/** The result of a tool call. */
export interface ChatCompletionToolMessageParam {
  role: 'tool';
  content: string | ChatCompletionContentPart[];
  /** Id of the call that this answers. */
  tool_call_id: string;
  /** Name of the tool. */
  name?: string | null | undefined;
}

/** One message of a conversation. */
export type ChatCompletionMessageParam =
  | ChatCompletionSystemMessageParam
  | ChatCompletionDeveloperMessageParam
  | ChatCompletionUserMessageParam
  | ChatCompletionAssistantMessageParam
  | ChatCompletionToolMessageParam;

/** Any part of any message. */
export type AnyContentPart = ChatCompletionContentPart | ChatCompletionContentPartRefusal;

const optionalName = () => z.optional(z.nullable(z.string()));

const textPart = () => z.object({ type: z.literal('text'), text: z.string() });

const contentPart = /* @__PURE__ */ once(() =>
  z.discriminatedUnion('type', [
    textPart(),
    z.object({
      type: z.literal('image_url'),
      image_url: z.object({
        url: z.string(),
        detail: z.optional(z.enum(['auto', 'low', 'high', 'original'])),
      }),
    }),
    z.object({
      type: z.literal('input_audio'),
      input_audio: z.object({ data: z.string(), format: z.enum(['wav', 'mp3']) }),
    }),
    z.object({
      type: z.literal('file'),
      file: z.object({
        file_id: z.optional(z.string()),
        filename: z.optional(z.string()),
        file_data: z.optional(z.string()),
      }),
    }),
    z.object({ type: z.literal('video_url'), video_url: z.object({ url: z.string() }) }),
  ]),
);

const assistantPart = () =>
  z.discriminatedUnion('type', [
    textPart(),
    z.object({ type: z.literal('refusal'), refusal: z.string() }),
  ]);

const nonEmpty = <T>(part: z.ZodMiniType<T>) => z.array(part).check(z.minLength(1));

const instructions = <Role extends string>(role: Role) =>
  z.object({
    role: z.literal(role),
    content: z.union([z.string(), nonEmpty(textPart())]),
    name: optionalName(),
  });

/**
 * One message. Keys that are not listed are left out without a word: a message of a response carries `annotations`,
 * `audio` and vendors' extras, and must be accepted as it is.
 */
export const messageParam = /* @__PURE__ */ once(() =>
  z.discriminatedUnion('role', [
    instructions('system'),
    instructions('developer'),
    z.object({
      role: z.literal('user'),
      content: z.union([z.string(), nonEmpty(contentPart())]),
      name: optionalName(),
    }),
    z.object({
      role: z.literal('assistant'),
      content: z.optional(z.nullable(z.union([z.string(), nonEmpty(assistantPart())]))),
      name: optionalName(),
      reasoning_content: z.optional(z.nullable(z.string())),
      refusal: z.optional(z.nullable(z.string())),
      tool_calls: z.optional(z.nullable(z.array(toolCallParam()))),
      prefix: z.optional(z.nullable(z.boolean())),
    }),
    z.object({
      role: z.literal('tool'),
      content: z.union([z.string(), nonEmpty(contentPart())]),
      tool_call_id: z.string(),
      name: optionalName(),
    }),
  ]),
);
