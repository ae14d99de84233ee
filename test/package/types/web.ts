// A user's program where the web's types are known, by the DOM library or by Node's types: theirs and ours fit.

import { createClient, decodeStream, fetchTransport, tool } from 'deepseek-v4-flash';
import type { ChatCompletionMessageParam, OutputSchema } from 'deepseek-v4-flash';
import { startEmulator } from 'deepseek-v4-flash/testing';

const client = createClient({ transport: fetchTransport({ fetch }) });

/** A handler of a serverless function. */
export async function handle(request: Request): Promise<Response> {
  const { messages } = (await request.json()) as { messages: ChatCompletionMessageParam[] };
  const stream = client.chat.completions.stream({ messages }, { signal: request.signal });
  return stream.toResponse({ headers: { 'x-powered-by': 'tests' } });
}

export async function bytes(signal: AbortSignal | undefined): Promise<ReadableStream<Uint8Array>> {
  const stream = await client.chat.completions.create(
    { messages: [{ role: 'user', content: 'Hi' }], stream: true },
    { signal, deadline: new Date() },
  );
  return stream.toSSEStream();
}

export async function decode(response: Response): Promise<string> {
  let text = '';
  if (response.body === null) return text;
  for await (const chunk of decodeStream(response.body)) {
    text += chunk.choices[0]?.delta.content ?? '';
  }
  return text;
}

export function download(parameters: OutputSchema<{ path: string }>) {
  return tool({
    name: 'download',
    parameters,
    execute: async ({ path }, { signal }) => (await fetch(path, { signal })).text(),
  });
}

export async function url(): Promise<string> {
  const emulator = await startEmulator();
  await emulator.close();
  return new URL(emulator.url).href;
}
