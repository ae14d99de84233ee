import type { BulkOptions, BulkResult, Client } from 'deepseek-v4-flash';
import { createClient } from 'deepseek-v4-flash';
import type { EmulatorReply } from 'deepseek-v4-flash/testing';
import { createEmulator } from 'deepseek-v4-flash/testing';

// Runs over many items, asked of a vendor that repeats what it is told.

export const params = (content: string) => ({
  messages: [{ role: 'user' as const, content }],
  max_tokens: 100,
});

interface Echo {
  client: Client;
  /** How often the vendor was asked. */
  asked(): number;
}

/** @param answer another answer to some content */
export function echo(answer?: (content: string) => EmulatorReply | undefined): Echo {
  const emulator = createEmulator({
    answer: ({ body }) => {
      const content = String(body?.messages?.[0]?.content);
      return answer?.(content) ?? { content: `re: ${content}`, reasoning_content: '' };
    },
  });
  const client = createClient({ apiKey: 'k', transport: emulator.transport, maxRetries: 0 });
  return { client, asked: () => emulator.requests.length };
}

/** All results of a run, and what it failed with. */
export async function gather(
  { client }: Pick<Echo, 'client'>,
  items: Iterable<string> | AsyncIterable<string>,
  options: Partial<BulkOptions<string, never>> = {},
) {
  const results: BulkResult<string>[] = [];
  let error: unknown;
  try {
    for await (const result of client.bulk(items, { params, ...options })) results.push(result);
  } catch (reason) {
    error = reason;
  }
  return { results, error };
}

export const texts = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => `item ${at}`);
