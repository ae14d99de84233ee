import type { Input } from './input.ts';
import type { ChatCompletionMessageToolCall } from './tool.ts';
import { toolCallInput } from './tool.ts';

/** Text. */
export interface ChatCompletionContentPartText {
  type: 'text';
  /** The text. */
  text: string;
}

/** An image, for vendors and models that accept images. */
export interface ChatCompletionContentPartImage {
  type: 'image_url';
  /** Where the image is, or the image itself as a data URL. */
  image_url: {
    /** `https:` or `data:` URL. */
    url: string;
    /** Resolution at which the image is read. */
    detail?: 'auto' | 'low' | 'high' | 'original' | undefined;
  };
}

/** Audio in base64. */
export interface ChatCompletionContentPartInputAudio {
  type: 'input_audio';
  /** The recording, in base64, and its format. */
  input_audio: {
    /** Base64 of the file. */
    data: string;
    format: 'wav' | 'mp3';
  };
}

/** A file, by id or by value. */
export interface ChatCompletionContentPartFile {
  type: 'file';
  /** The file: its id, or its content. */
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
  /** Where the video is. */
  video_url: { url: string };
}

/** A refusal by the model, in an assistant message. */
export interface ChatCompletionContentPartRefusal {
  type: 'refusal';
  /** The words of the refusal. */
  refusal: string;
}

/** A part of the content of a user, system or tool message. */
export type ChatCompletionContentPart =
  | ChatCompletionContentPartText
  | ChatCompletionContentPartImage
  | ChatCompletionContentPartInputAudio
  | ChatCompletionContentPartFile
  | ChatCompletionContentPartVideo;

/** Instructions. */
export interface ChatCompletionSystemMessageParam {
  role: 'system';
  /** The instructions. */
  content: string | ChatCompletionContentPartText[];
  /** Name of the participant. */
  name?: string | null | undefined;
}

/** Instructions, under OpenAI's newer name; sent as `system`, because the model's own API has no `developer` role. */
export interface ChatCompletionDeveloperMessageParam {
  role: 'developer';
  /** The instructions. */
  content: string | ChatCompletionContentPartText[];
  /** Name of the participant. */
  name?: string | null | undefined;
}

/** A message from the user. */
export interface ChatCompletionUserMessageParam {
  role: 'user';
  /** What the user says: a text, or parts. */
  content: string | ChatCompletionContentPart[];
  /** Name of the participant. */
  name?: string | null | undefined;
}

/** An earlier answer of the model. A {@link ChatCompletionMessage} can be passed unchanged. */
export interface ChatCompletionAssistantMessageParam {
  role: 'assistant';
  /** The answer; may be `null` or omitted if there are `tool_calls`. */
  content?:
    | string
    | (ChatCompletionContentPartText | ChatCompletionContentPartRefusal)[]
    | null
    | undefined;
  /** Name of the participant. */
  name?: string | null | undefined;
  /** The reasoning that came with the answer. Sent back verbatim: with tools, DeepSeek refuses the next turn without it. */
  reasoning_content?: string | null | undefined;
  /** A refusal that the model gave instead of content. */
  refusal?: string | null | undefined;
  /** The calls the model made; each must be answered by a `tool` message before the next other message. */
  tool_calls?: ChatCompletionMessageToolCall[] | null | undefined;
  /** On the last message: continue this text instead of answering it. DeepSeek's beta path. */
  prefix?: boolean | null | undefined;
}

/** The result of a tool call. */
export interface ChatCompletionToolMessageParam {
  role: 'tool';
  /** What the tool gave. */
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

const textPart = { record: { type: { oneOf: ['text'] }, text: 'string' } } as const;

const contentPart = {
  by: 'type',
  of: [
    textPart,
    {
      record: {
        type: { oneOf: ['image_url'] },
        image_url: {
          record: {
            url: 'string',
            detail: { optional: { oneOf: ['auto', 'low', 'high', 'original'] } },
          },
        },
      },
    },
    {
      record: {
        type: { oneOf: ['input_audio'] },
        input_audio: { record: { data: 'string', format: { oneOf: ['wav', 'mp3'] } } },
      },
    },
    {
      record: {
        type: { oneOf: ['file'] },
        file: {
          record: {
            file_id: { optional: 'string' },
            filename: { optional: 'string' },
            file_data: { optional: 'string' },
          },
        },
      },
    },
    { record: { type: { oneOf: ['video_url'] }, video_url: { record: { url: 'string' } } } },
  ],
} as const;

const assistantPart = {
  by: 'type',
  of: [textPart, { record: { type: { oneOf: ['refusal'] }, refusal: 'string' } }],
} as const;

const instructions = { either: ['string', { list: textPart, least: 1 }] } as const;
const content = { either: ['string', { list: contentPart, least: 1 }] } as const;

/**
 * One message. Keys that are not listed are left out without a word: a message of a response carries `annotations`,
 * `audio` and vendors' extras, and must be accepted as it is.
 */
export const messageInput = {
  by: 'role',
  of: [
    { record: { role: { oneOf: ['system'] }, content: instructions, name: 'string?' } },
    { record: { role: { oneOf: ['developer'] }, content: instructions, name: 'string?' } },
    { record: { role: { oneOf: ['user'] }, content, name: 'string?' } },
    {
      record: {
        role: { oneOf: ['assistant'] },
        content: { maybe: { either: ['string', { list: assistantPart, least: 1 }] } },
        name: 'string?',
        reasoning_content: 'string?',
        refusal: 'string?',
        tool_calls: { maybe: { list: toolCallInput } },
        prefix: 'boolean?',
      },
    },
    { record: { role: { oneOf: ['tool'] }, content, tool_call_id: 'string', name: 'string?' } },
  ],
} as const satisfies Input;
