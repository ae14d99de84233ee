// A client that reads one chunk and then stops, in a process of its own: prints how many bytes it holds meanwhile.
import { setTimeout as wait } from 'node:timers/promises';
import { createClient, fetchTransport, undiciTransport } from '../../src/index.ts';

const [, , baseURL, name] = process.argv;
const transport = name === 'fetch' ? fetchTransport() : undiciTransport();
const client = createClient({ baseURL, apiKey: 'test-key', transport });

function heldBytes() {
  globalThis.gc();
  const { external, heapUsed } = process.memoryUsage();
  return external + heapUsed;
}

const stream = await client.chat.completions.create({
  messages: [{ role: 'user', content: 'x' }],
  stream: true,
});
const iterator = stream[Symbol.asyncIterator]();
await iterator.next();
const before = heldBytes();
await wait(700);
console.log(heldBytes() - before);
stream.abort();
