import OpenAI from 'openai7';
import { createFetch } from 'deepseek-v4-flash/gateway';
import { faults, startEmulator } from 'deepseek-v4-flash/testing';

// The newest `openai`, in a process of its own: it needs a newer Node than the tests run in. Prints what it was told.

const emulator = await startEmulator();
const fetch = createFetch({
  apiKey: 'k',
  baseURL: emulator.baseURL('deepseek'),
  maxRetries: 1,
}) as typeof globalThis.fetch;
const openai = new OpenAI({ apiKey: 'none', fetch });
const params = {
  model: 'deepseek-v4-flash',
  messages: [{ role: 'user' as const, content: 'Hi' }],
};

async function streamed(): Promise<string> {
  let text = '';
  const stream = await openai.chat.completions.create({ ...params, stream: true });
  for await (const { choices } of stream) text += choices[0]?.delta.content ?? '';
  return text;
}

emulator.reply({ content: 'Whole.' });
const { choices } = await openai.chat.completions.create(params);
emulator.reply({ content: 'Streamed, piece by piece.' });
const text = await streamed();
emulator.reply(faults.cutAfterEvents(3, 'reset'));
const cut = await streamed().catch((error: unknown) => (error as { code?: string }).code);
const before = emulator.requests.length;
for (let count = 0; count < 2; count++) emulator.reply(faults.status(503));
const failure = await openai.chat.completions
  .create(params)
  .catch((error: unknown) => (error as { status?: number }).status);
const sends = emulator.requests.length - before;
console.log(JSON.stringify({ whole: choices[0]?.message.content, text, cut, failure, sends }));
await emulator.close();
process.exit();
