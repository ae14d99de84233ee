import type { Profile } from '../dialect/profile.ts';
import { invalidRequest } from '../outcome/invalid-request.ts';
import type { ChatCompletionChunk } from '../schema/chunk.ts';
import type { ChatCompletionMessage } from '../schema/response.ts';
import type { ReadSchema } from './output-schema.ts';

/** How a value is asked for at one vendor, and where its text comes. */
export interface AnswerFormat {
  /** What goes into the request. */
  params: Record<string, unknown>;
  textOf(message: ChatCompletionMessage): string;
  deltaOf(chunk: ChatCompletionChunk): string;
}

/**
 * The vendor's own place for a schema, or JSON mode with the schema in words, which the encoder makes of it; a tool
 * call where a vendor takes no form of answer.
 */
export function answerFormat({ jsonSchema: place }: Profile, schema: ReadSchema): AnswerFormat {
  const { name, description, jsonSchema } = schema;
  const described = description === undefined ? {} : { description };
  if (place !== 'dropped') {
    const json_schema = { name, ...described, schema: jsonSchema };
    return {
      params: { response_format: { type: 'json_schema', json_schema } },
      textOf: ({ content }) => content ?? '',
      deltaOf: ({ choices }) => choices[0]?.delta.content ?? '',
    };
  }
  return {
    params: {
      response_format: null,
      tools: [{ type: 'function', function: { name, ...described, parameters: jsonSchema } }],
      tool_choice: { type: 'function', function: { name } },
    },
    textOf({ content, tool_calls }) {
      const call = tool_calls?.find((each) => each.type === 'function');
      return call?.function.arguments ?? content ?? '';
    },
    deltaOf({ choices }) {
      const calls = choices[0]?.delta.tool_calls ?? [];
      return calls.find(({ index }) => index === 0)?.function?.arguments ?? '';
    },
  };
}

/** @throws ChatError `invalid_request` for parameters that have no sense beside a schema */
export function refuseBesideSchema(params: object): void {
  const given = params as Record<string, unknown>;
  const tools = ['tools', 'tool_choice'].filter((field) => {
    const value = given[field];
    return value != null && !(Array.isArray(value) && value.length === 0);
  });
  const message =
    'has no place beside a schema: run the tools first (runTools), then ask for the value';
  const issues = tools.map((path) => ({ path, message }));
  const messages = Array.isArray(given.messages) ? given.messages : [];
  if ((messages.at(-1) as { prefix?: unknown } | undefined)?.prefix) {
    const path = `messages.${messages.length - 1}.prefix`;
    issues.push({
      path,
      message: 'has no place beside a schema: the answer is only the rest of it',
    });
  }
  if (issues.length > 0) throw invalidRequest(issues);
}
