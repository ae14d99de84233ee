import * as z from 'zod/mini';
import { once } from './standard.ts';

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
  /** Hold the arguments to the schema. All functions of a request or none, and DeepSeek's beta path. */
  strict?: boolean | null | undefined;
}

/** A tool that the model may use. */
export interface ChatCompletionTool {
  type: 'function';
  function: FunctionDefinition;
}

/** Forces one tool. */
export interface ChatCompletionNamedToolChoice {
  type: 'function';
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
  /** The vendor's id of the call, to be quoted by the `tool` message that answers it. */
  id: string;
  type: 'function';
  function: {
    name: string;
    /** JSON text, as the model wrote it. It need not fit the tool's schema: validate before you run anything. */
    arguments: string;
  };
}

/** A call of a custom tool, whose input is free text. Some vendors send it; none takes it back. */
export interface ChatCompletionMessageCustomToolCall {
  /** The vendor's id of the call. */
  id: string;
  type: 'custom';
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

/** A tool, as a user writes it. */
export const toolParam = /* @__PURE__ */ once(() =>
  z.strictObject({
    type: z.literal('function'),
    function: z.strictObject({
      name: z
        .string()
        .check(z.regex(/^[a-zA-Z0-9_-]{1,128}$/, 'must be 1 to 128 of a-z A-Z 0-9 _ -')),
      description: z.optional(z.nullable(z.string())),
      parameters: z.optional(z.nullable(z.record(z.string(), z.unknown()))),
      strict: z.optional(z.nullable(z.boolean())),
    }),
  }),
);

/** A tool choice, as a user writes it. */
export const toolChoiceParam = /* @__PURE__ */ once(() =>
  z.union([
    z.enum(['none', 'auto', 'required']),
    z.strictObject({
      type: z.literal('function'),
      function: z.strictObject({ name: z.string() }),
    }),
  ]),
);

/** A tool call inside an assistant message. */
export const toolCallParam = /* @__PURE__ */ once(() =>
  z.discriminatedUnion('type', [
    z.object({
      id: z.string(),
      type: z.literal('function'),
      function: z.object({ name: z.string(), arguments: z.string() }),
    }),
    z.object({
      id: z.string(),
      type: z.literal('custom'),
      custom: z.object({ name: z.string(), input: z.string() }),
    }),
  ]),
);
