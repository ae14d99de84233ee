// A user's program, compiled against the declarations alone: it is never run. It needs neither DOM nor Node types.

import { createFlash, toUIMessageStream } from 'deepseek-v4-flash/ai-sdk';
import {
  ChatError,
  chunkSchema,
  completionSchema,
  createClient,
  decodeStream,
  defineProvider,
  fetchTransport,
  isChatError,
  providers,
  requestSchema,
  undiciTransport,
} from 'deepseek-v4-flash';
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionCreateParams,
  ChatCompletionMessageParam,
  ChatCompletionTool,
  ChatStream,
  ClientOptions,
  Report,
  StandardSchemaV1,
  Transport,
} from 'deepseek-v4-flash';
import { createEmulator, startEmulator } from 'deepseek-v4-flash/testing';
import type { Emulator } from 'deepseek-v4-flash/testing';

const messages: ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hi' }];

const tool: ChatCompletionTool = {
  type: 'function',
  function: { name: 'weather', parameters: { type: 'object' } },
};

const unset: undefined = undefined;

/** Every optional takes `undefined`, with `exactOptionalPropertyTypes` too. */
const options: ClientOptions = { apiKey: unset, baseURL: unset, timeout: { idle: unset } };

export async function whole(): Promise<string | null> {
  const client = createClient({ ...options, provider: 'deepseek' });
  const completion = await client.chat.completions.create(
    { messages, tools: [tool], temperature: unset, max_tokens: null },
    { signal: unset, timeout: 1000, maxRetries: 0, providerOptions: { aimlapi: { top_k: 1 } } },
  );
  const message = completion.choices[0].message;
  messages.push(message);
  const report: Report = completion.report;
  const stored: ChatCompletion = completion;
  const reasoning: string | null | undefined = message.reasoning_content;
  await client.close();
  return reasoning ?? stored.choices[0].message.content ?? report.model;
}

export async function streamed(transport: Transport): Promise<string> {
  const client = createClient({ provider: 'vtrix', transport });
  const params: ChatCompletionCreateParams = { messages, stream: true };
  const stream: ChatStream = await client.chat.completions.create(params);
  let text = '';
  for await (const chunk of stream) {
    const delta = chunk.choices[0]?.delta;
    text += delta?.content ?? delta?.reasoning_content ?? '';
  }
  for await (const event of client.chat.completions.stream({ messages }).events()) {
    if (event.type === 'content.delta') text += event.delta;
    else if (event.type === 'tool_call.done') text += event.tool_call.id;
  }
  const final = await stream.finalCompletion();
  return text + (final.choices[0].message.content ?? '');
}

export async function* decoded(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<ChatCompletionChunk> {
  yield* decodeStream(body, { provider: unset });
}

export function failed(error: unknown): number | undefined {
  if (isChatError(error, 'rate_limit')) {
    const code: 'rate_limit' = error.code;
    return code.length + (error.retryAfterMs ?? 0);
  }
  return error instanceof ChatError ? error.status : undefined;
}

export const local = defineProvider({ id: 'local', baseURL: 'http://127.0.0.1:8000/v1' });
export const client = createClient({ provider: local, apiKey: async () => 'key' });
export const transports: Transport[] = [undiciTransport(), fetchTransport()];
export const prices = providers.deepseek.profile.models['deepseek-v4-flash']?.prices?.output;
export const schema: StandardSchemaV1<ChatCompletion> = completionSchema;
export const schemas: StandardSchemaV1[] = [requestSchema, chunkSchema];
export const emulator: Emulator = createEmulator({ strict: true, delayMs: unset });
export const started: Promise<{ url: string }> = startEmulator();
export const flash = createFlash(client, { specification: 'v4' });
export const generated: Promise<{ warnings: object[] }> = flash().doGenerate({ prompt: [] });
export const handed: object = toUIMessageStream(client.chat.completions.stream({ messages: [] }));
