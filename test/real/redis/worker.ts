import { createClient } from 'deepseek-v4-flash';
import { redisState } from 'deepseek-v4-flash/redis';
import { clients } from './clients.ts';

// One process of a fleet: asks without a pause, as many calls at the same time as it is told, until it hears `stop`.

export interface Work {
  name: string;
  kind: keyof typeof clients;
  port: number;
  baseURL: string;
  limit: number;
  atOnce: number;
}

const work = JSON.parse(process.argv[2] ?? '{}') as Work;
const { client: redis, close } = await clients[work.kind](work.port);
const state = redisState(redis, { prefix: 'fleet' });
const client = createClient({
  apiKey: 'k',
  baseURL: work.baseURL,
  headers: { 'x-process': work.name },
  concurrency: work.limit,
  maxRetries: 0,
  state,
});
const end = { isHere: false };
const codes: string[] = [];
let warnings = 0;
process.on('warning', ({ name }) => (warnings += name === 'DeepSeekV4FlashWarning' ? 1 : 0));
const ask = async (): Promise<void> => {
  while (!end.isHere) {
    await client.chat.completions
      .create({ messages: [{ role: 'user', content: 'Hi' }] })
      .catch((error: { code: string }) => void codes.push(error.code));
  }
};
const heard = (): Promise<void> =>
  new Promise((resolve) => process.once('message', () => resolve()));
process.send?.('ready');
await heard();
const calls = Array.from({ length: work.atOnce }, ask);
await heard();
end.isHere = true;
await Promise.all(calls);
await state.close();
close();
process.send?.({ codes, warnings });
process.disconnect?.();
