import type { Provider } from '../../dialect/provider.ts';
import { effortOf, isForced, isThinking } from './facts.ts';
import { findSchema } from './find-schema.ts';
import type { EmulatorAnswer } from './reply.ts';
import { sample } from './sample.ts';
import { textOf } from './wire-request.ts';
import type { WireMessage, WireRequest } from './wire-request.ts';

/** An answer of which every part is decided. */
export interface ComposedAnswer {
  content: string | null;
  reasoning: string;
  calls: { id: string; name: string; arguments: string }[];
  finish_reason: string;
  promptTokens: number;
  cachedTokens: number;
  reasoningTokens: number;
  completionTokens: number;
}

/** Decides what to answer: thinks if it may, calls a tool if there is one to call, speaks JSON if asked to. */
export function composeAnswer(
  provider: Provider,
  request: WireRequest,
  given: EmulatorAnswer,
): ComposedAnswer {
  const isPlain = given.content === undefined && given.tool_calls === undefined;
  const calls: NonNullable<EmulatorAnswer['tool_calls']> =
    given.tool_calls ?? (isPlain ? callsFor(request) : []);
  const reasoning =
    given.reasoning_content ?? (isThinking(provider, request) ? think(provider, request) : '');
  const content =
    given.content !== undefined ? given.content : calls.length > 0 ? '' : say(provider, request);
  const earlier = earlierCalls(request);
  const whole = {
    content: content === null ? null : untilStop(content, request.stop),
    reasoning,
    calls: calls.map((call, index) => ({
      id: call.id ?? emulatedId(earlier + index),
      name: call.name,
      arguments:
        typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments),
    })),
    finish_reason: given.finish_reason ?? (calls.length > 0 ? 'tool_calls' : 'stop'),
  };
  const cut = withinTokens(whole, request.max_tokens ?? Infinity);
  const reasoningTokens = tokens(cut.reasoning).length;
  const text = [cut.content ?? '', ...cut.calls.map((call) => call.arguments)].join(' ');
  return {
    ...cut,
    promptTokens:
      given.usage?.prompt_tokens ?? tokens(JSON.stringify(request.messages ?? [])).length,
    cachedTokens: given.usage?.cached_tokens ?? 0,
    reasoningTokens,
    completionTokens: given.usage?.completion_tokens ?? reasoningTokens + tokens(text).length,
  };
}

/** Splits a text into the pieces of a stream, which represent tokens. */
export function tokens(text: string): string[] {
  return text.match(/\s*\S{1,12}|\s+$/g) ?? [];
}

function withinTokens<
  A extends Pick<ComposedAnswer, 'content' | 'reasoning' | 'calls' | 'finish_reason'>,
>(answer: A, limit: number): A {
  const reasoning = tokens(answer.reasoning);
  const content = tokens(answer.content ?? '');
  if (reasoning.length + content.length <= limit) return answer;
  return {
    ...answer,
    reasoning: reasoning.slice(0, limit).join(''),
    content: content.slice(0, Math.max(0, limit - reasoning.length)).join(''),
    calls: [],
    finish_reason: 'length',
  };
}

function think(provider: Provider, request: WireRequest): string {
  const effort = effortOf(provider, request) ?? 'high';
  const more =
    effort === 'low' ? '' : ' Nothing has to be looked up, so the answer can be given at once.';
  return `The last message is from the ${lastMessage(request).role ?? 'user'}.${more}`;
}

function callsFor(request: WireRequest): { name: string; arguments: object }[] {
  const { tools, tool_choice } = request;
  const isAnswered = lastMessage(request).role === 'tool';
  if (!tools?.length || tool_choice === 'none' || (isAnswered && !isForced(request))) return [];
  const name =
    typeof tool_choice === 'object' ? tool_choice.function?.name : tools[0]?.function?.name;
  const tool = tools.find(({ function: definition }) => definition?.name === name);
  // Arguments are an object, also where the schema does not say so.
  const schema = { type: 'object', ...(tool?.function?.parameters as object | undefined) };
  return [{ name: name ?? '', arguments: (sample(schema) ?? {}) as object }];
}

function say(provider: Provider, request: WireRequest): string {
  const { response_format: format } = request;
  if (format?.type === 'json_object' || format?.type === 'json_schema') {
    const schema = format.json_schema?.schema ?? format.schema ?? findSchema(request);
    return JSON.stringify(sample(schema) ?? { answer: textOf(lastMessage(request)) });
  }
  const last = lastMessage(request);
  if (last.prefix) return ' and so on.';
  const said = last.role === 'tool' ? 'The tool said' : 'You said';
  const { name, apiKeyVariables } = provider.profile;
  const key = apiKeyVariables[0] === undefined ? 'a key' : `a key in ${apiKeyVariables[0]}`;
  return (
    `${said}: "${textOf(last)}". ` +
    `This is the built-in emulator of ${name}, which repeats and does not know. ` +
    `With ${key}, the model itself answers.`
  );
}

/** Unique in a conversation. */
function emulatedId(number: number): string {
  return `call_${String(number).padStart(2, '0')}_emulated`;
}

function earlierCalls({ messages = [] }: WireRequest): number {
  return messages.reduce((count, { tool_calls: calls }) => count + (calls?.length ?? 0), 0);
}

function lastMessage({ messages }: WireRequest): WireMessage {
  return messages?.at(-1) ?? {};
}

function untilStop(text: string, stop: string | string[] | undefined): string {
  const cuts = [stop ?? []].flat().map((each) => text.indexOf(each));
  const first = Math.min(...cuts.filter((at) => at >= 0));
  return first === Infinity ? text : text.slice(0, first);
}
