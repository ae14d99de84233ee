import type { ChatCompletionMessageParam, ClientOptions } from 'deepseek-v4-flash';
import { createClient } from 'deepseek-v4-flash';
import type { EmulatorAnswer, EmulatorOptions, EmulatorRequest } from 'deepseek-v4-flash/testing';
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

/** What the same answers cost in calls of their own, added up by hand. Absent if one of them is not known. */
export async function costApart(
  options: ClientOptions,
  answers: readonly EmulatorAnswer[],
): Promise<string | undefined> {
  let total = 0n;
  for (const answer of answers) {
    const { completions, emulator } = connect(options);
    emulator.reply(answer);
    const { report } = await completions.create({ messages: [user('Hi')] });
    if (report.cost === undefined) return undefined;
    const [units = '0', decimals = ''] = report.cost.usd.split('.');
    total += BigInt(units + decimals.padEnd(18, '0'));
  }
  const digits = total.toString().padStart(19, '0');
  return `${digits.slice(0, -18)}.${digits.slice(-18)}`.replace(/\.?0+$/, '');
}
