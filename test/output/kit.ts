import type {
  ChatCompletionMessageParam,
  ChatError,
  ClientOptions,
  ProviderId,
} from 'deepseek-v4-flash';
import { createClient, isChatError, providers } from 'deepseek-v4-flash';
import type { EmulatorOptions, EmulatorRequest, PlayedResponse } from 'deepseek-v4-flash/testing';
import { createEmulator } from 'deepseek-v4-flash/testing';

export const vendors = Object.keys(providers) as ProviderId[];

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

/** What a call fails with. */
export async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** The error of this package that a call fails with. */
export async function chatErrorOf(call: Promise<unknown>): Promise<ChatError> {
  const error = await failureOf(call);
  if (!isChatError(error)) throw new Error(`No ChatError, but ${String(error)}`);
  return error;
}

/** A promise, and how to settle it. */
export function deferred<T = void>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((resolved, rejected) => {
    resolve = resolved;
    reject = rejected;
  });
  return { promise, resolve, reject };
}

type Fields = Record<string, unknown>;

/** Puts a vendor's own fields into the message of an answer and into its calls, whole or streamed. */
export function withExtras(mark: string): (response: PlayedResponse) => PlayedResponse {
  const addTo = (message: Fields): void => {
    Object.assign(message, { vendor_trace: mark, vendor_scores: { [mark]: 1 } });
    for (const call of (message.tool_calls ?? []) as Fields[]) {
      if (call.id !== undefined) call.vendor_signature = mark;
    }
  };
  const rewrite = (json: string): string => {
    const body = JSON.parse(json) as { choices?: Fields[] };
    for (const choice of body.choices ?? []) {
      choice.vendor_rank = mark;
      for (const place of ['message', 'delta']) {
        if (choice[place] !== undefined) addTo(choice[place] as Fields);
      }
    }
    return JSON.stringify(body);
  };
  return (response) => ({
    ...response,
    writes: response.writes.map((write) => {
      if (typeof write !== 'string') return write;
      const start = write.indexOf('{');
      if (start === -1) return write;
      const end = write.lastIndexOf('}') + 1;
      return write.slice(0, start) + rewrite(write.slice(start, end)) + write.slice(end);
    }),
  });
}
