import type { Input } from './input.ts';

/** A JSON Schema object. */
export type FunctionParameters = Record<string, unknown>;

/** A function the model may call. */
export interface FunctionDefinition {
  /** 1 to 128 of `a-z A-Z 0-9 _ -`; at most 64 at some vendors. */
  name: string;
  /** What it does, for the model. */
  description?: string | null | undefined;
  /** JSON Schema of its arguments. */
  parameters?: FunctionParameters | null | undefined;
  /** Make the vendor enforce the schema. Set it on all functions of a request or on none; uses DeepSeek's beta path. */
  strict?: boolean | null | undefined;
}

/** A tool that the model may use. */
export interface ChatCompletionTool {
  type: 'function';
  /** The function that the model may call. */
  function: FunctionDefinition;
}

/** Forces one tool. */
export interface ChatCompletionNamedToolChoice {
  type: 'function';
  /** The function that must be called. */
  function: { name: string };
}

/** Which tools the model may, or must, call. */
export type ChatCompletionToolChoiceOption =
  | 'none'
  | 'auto'
  | 'required'
  | ChatCompletionNamedToolChoice;

/** Whether a tool choice forces a call. */
export function forcesCall(choice: ChatCompletionToolChoiceOption | undefined): boolean {
  return choice === 'required' || typeof choice === 'object';
}

/** A call of a function. */
export interface ChatCompletionMessageFunctionToolCall {
  /** The vendor's id of the call; the `tool` message with its result repeats it as `tool_call_id`. */
  id: string;
  type: 'function';
  /** Which function is called, and with what arguments. */
  function: {
    name: string;
    /** JSON text, as the model wrote it. It may not match the tool's schema: validate it before you run anything. */
    arguments: string;
  };
}

/** A call of a custom tool, whose input is free text. Some vendors send it; none accepts it in a request. */
export interface ChatCompletionMessageCustomToolCall {
  /** The vendor's id of the call. */
  id: string;
  type: 'custom';
  /** Which tool is called, and with what text. */
  custom: {
    name: string;
    /** Free text: never parsed. */
    input: string;
  };
}

/** A call that the model made. */
export type ChatCompletionMessageToolCall =
  | ChatCompletionMessageFunctionToolCall
  | ChatCompletionMessageCustomToolCall;

/** The name of a tool: held when the tool is made, and when it is sent. */
export const toolName = {
  text: {
    pattern: /^[a-zA-Z0-9_-]{1,128}$/,
    otherwise: 'must be 1 to 128 characters of a-z A-Z 0-9 _ -',
  },
} as const satisfies Input;

/** A tool, as a user writes it. */
export const toolInput = {
  strict: {
    type: { oneOf: ['function'] },
    function: {
      strict: {
        name: toolName,
        description: 'string?',
        parameters: { maybe: { map: 'unknown' } },
        strict: 'boolean?',
      },
    },
  },
} as const satisfies Input;

/** A tool choice, as a user writes it. */
export const toolChoiceInput = {
  either: [
    { oneOf: ['none', 'auto', 'required'] },
    { strict: { type: { oneOf: ['function'] }, function: { strict: { name: 'string' } } } },
  ],
} as const satisfies Input;

/** A tool call inside an assistant message. */
export const toolCallInput = {
  by: 'type',
  of: [
    {
      record: {
        id: 'string',
        type: { oneOf: ['function'] },
        function: { record: { name: 'string', arguments: 'string' } },
      },
    },
    {
      record: {
        id: 'string',
        type: { oneOf: ['custom'] },
        custom: { record: { name: 'string', input: 'string' } },
      },
    },
  ],
} as const satisfies Input;
