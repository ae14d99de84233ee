import { invalidRequest } from '../outcome/invalid-request.ts';
import type { ChatCompletionChunk } from '../schema/chunk.ts';
import type { ChatCompletionMessage } from '../schema/response.ts';
import type { ReadSchema } from './output-schema.ts';

/** What a value is asked for with. Where a vendor takes no form of answer, the encoder makes a tool call of it. */
export function formParams({ name, description, jsonSchema }: ReadSchema): object {
  const described = description === undefined ? {} : { description };
  const json_schema = { name, ...described, schema: jsonSchema };
  return { response_format: { type: 'json_schema', json_schema } };
}

/** The text of a value: the arguments of a call, where the vendor was asked for one, or the content. */
export function textOf({ content, tool_calls }: ChatCompletionMessage): string {
  const call = tool_calls?.find((each) => each.type === 'function');
  return call?.function.arguments ?? content ?? '';
}

/** What a chunk adds to it. */
export function deltaOf({ choices }: ChatCompletionChunk): string {
  const calls = choices[0]?.delta.tool_calls ?? [];
  const called = calls.find(({ index }) => index === 0)?.function?.arguments;
  return called ?? choices[0]?.delta.content ?? '';
}

/** @throws ChatError `invalid_request` for parameters that have no sense beside a schema */
export function refuseBesideSchema(params: object): void {
  const given = params as Record<string, unknown>;
  const tools = ['tools', 'tool_choice'].filter((field) => {
    const value = given[field];
    return value != null && !(Array.isArray(value) && value.length === 0);
  });
  const message =
    'cannot be combined with a schema: run the tools first (runTools), then ask for the value';
  const issues = tools.map((path) => ({ path, message }));
  const messages = Array.isArray(given.messages) ? given.messages : [];
  if ((messages.at(-1) as { prefix?: unknown } | undefined)?.prefix) {
    const path = `messages.${messages.length - 1}.prefix`;
    issues.push({
      path,
      message: 'cannot be combined with a schema: the answer would contain only its continuation',
    });
  }
  if (issues.length > 0) throw invalidRequest(issues);
}
