import type { ChatCompletionMessageParam, ClientOptions } from 'deepseek-v4-flash';
import { createClient } from 'deepseek-v4-flash';
import type { EmulatorOptions, EmulatorRequest } from 'deepseek-v4-flash/testing';
import { createEmulator } from 'deepseek-v4-flash/testing';

/** A client of one vendor of the emulator, which refuses every field that the vendor does not document. */
export function connect(options: ClientOptions = {}, emulation: EmulatorOptions = {}) {
  const emulator = createEmulator({ strict: true, ...emulation });
  const client = createClient({
    apiKey: 'test-key',
    onUnsupported: 'adjust',
    maxRetries: 0,
    ...options,
    transport: emulator.transport,
  });
  return { emulator, client, completions: client.chat.completions };
}

export const user = (content: string): ChatCompletionMessageParam => ({ role: 'user', content });

export const wireMessages = ({ body }: EmulatorRequest) => body?.messages ?? [];
