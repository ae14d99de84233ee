import { ChatOpenAI } from '@langchain/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, jsonSchema, streamText, tool as aiTool } from 'ai';
import OpenAI from 'openai';
import { generateText as xsaiText, streamText as xsaiStream, tool as xsaiTool } from 'xsai';
import * as z from 'zod';

// What programs do with the clients that people have, each with nothing but a base URL and perhaps a `fetch`.

export interface Way {
  baseURL: string;
  apiKey: string;
  fetch?: typeof fetch | undefined;
  signal?: AbortSignal | undefined;
}

export interface ForeignClient {
  /** The text of a whole answer. */
  whole(way: Way): Promise<string>;
  /** The text of a streamed one; rejects if that failed. */
  streamed(way: Way): Promise<string>;
  /** The name of the tool that was called, and its arguments. */
  calls(way: Way): Promise<[name: string, args: unknown]>;
}

const model = 'deepseek-v4-flash';
const prompt = 'Hello?';
const messages = [{ role: 'user' as const, content: prompt }];
const parameters = {
  type: 'object' as const,
  properties: { city: { type: 'string' as const } },
  required: ['city'],
};
const weather = { name: 'weather', description: 'The weather', parameters };

const openai: ForeignClient = {
  async whole({ signal, ...way }) {
    const { choices } = await new OpenAI(way as object).chat.completions.create(
      { model, messages },
      { signal },
    );
    return choices[0]?.message.content ?? '';
  },
  async streamed({ signal, ...way }) {
    const stream = await new OpenAI(way as object).chat.completions.create(
      { model, messages, stream: true },
      { signal },
    );
    let text = '';
    for await (const { choices } of stream) text += choices[0]?.delta.content ?? '';
    return text;
  },
  async calls({ signal, ...way }) {
    const { choices } = await new OpenAI(way as object).chat.completions.create(
      { model, messages, tools: [{ type: 'function', function: weather }] },
      { signal },
    );
    const call = choices[0]?.message.tool_calls?.[0];
    if (call?.type !== 'function') throw new Error('no call');
    return [call.function.name, JSON.parse(call.function.arguments)];
  },
};

const langchainOf = ({ baseURL, apiKey, fetch: own }: Way): ChatOpenAI =>
  new ChatOpenAI({
    model,
    apiKey,
    // It goes by the status alone.
    maxRetries: 0,
    configuration: { baseURL, fetch: own },
  });

const signalOf = ({ signal }: Way) => (signal === undefined ? {} : { signal });

const langchain: ForeignClient = {
  whole: async (way) => String((await langchainOf(way).invoke(prompt, signalOf(way))).content),
  async streamed(way) {
    let text = '';
    for await (const chunk of await langchainOf(way).stream(prompt, signalOf(way))) {
      text += String(chunk.content);
    }
    return text;
  },
  async calls(way) {
    const bound = langchainOf(way).bindTools([{ type: 'function', function: weather }]);
    const [call] = (await bound.invoke(prompt, signalOf(way))).tool_calls ?? [];
    return [call?.name ?? '', call?.args];
  },
};

const aiOf = ({ baseURL, apiKey, fetch: own, signal }: Way) => ({
  model: createOpenAICompatible({ name: 'flash', baseURL, apiKey, ...(own && { fetch: own }) })(
    model,
  ),
  prompt,
  maxRetries: 0,
  ...(signal && { abortSignal: signal }),
});

const ai: ForeignClient = {
  whole: async (way) => (await generateText(aiOf(way))).text,
  async streamed(way) {
    const failures: unknown[] = [];
    const { fullStream } = streamText({ ...aiOf(way), onError: () => {} });
    let text = '';
    for await (const part of fullStream) {
      if (part.type === 'text-delta') text += part.text;
      if (part.type === 'error') failures.push(part.error);
      if (part.type === 'abort') failures.push(new Error('aborted'));
    }
    if (failures.length > 0) throw failures[0];
    return text;
  },
  async calls(way) {
    const inputSchema = jsonSchema<{ city: string }>(parameters);
    const tools = { weather: aiTool({ description: 'The weather', inputSchema }) };
    const { toolCalls } = await generateText({ ...aiOf(way), tools: tools as never });
    const [call] = toolCalls as { toolName: string; input: unknown }[];
    return [call?.toolName ?? '', call?.input];
  },
};

const xsaiOf = ({ baseURL, apiKey, fetch: own, signal }: Way) => ({
  model,
  messages: [...messages],
  baseURL: `${baseURL}/`,
  apiKey,
  ...(own && { fetch: own }),
  ...(signal && { abortSignal: signal }),
});

const xsai: ForeignClient = {
  whole: async (way) => (await xsaiText(xsaiOf(way))).text ?? '',
  async streamed(way) {
    const told = xsaiStream(xsaiOf(way));
    const rest = [told.messages, told.steps, told.usage, told.totalUsage];
    for (const each of rest) each.catch(() => {});
    let text = '';
    for await (const piece of told.textStream) text += piece;
    await told.steps;
    return text;
  },
  async calls(way) {
    let called: unknown;
    const weatherTool = await xsaiTool({
      name: 'weather',
      description: 'The weather',
      parameters: z.object({ city: z.string() }),
      execute: (args) => {
        called = args;
        return 'Sunny';
      },
    });
    const { steps } = await xsaiText({ ...xsaiOf(way), tools: [weatherTool], maxSteps: 1 });
    return [steps[0]?.toolCalls[0]?.toolName ?? '', called];
  },
};

export const foreignClients: Record<string, ForeignClient> = {
  openai,
  '@langchain/openai': langchain,
  '@ai-sdk/openai-compatible': ai,
  xsai,
};
