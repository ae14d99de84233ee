import { createHash } from 'node:crypto';
import { createClient, fileJournal } from 'deepseek-v4-flash';
import { createEmulator } from 'deepseek-v4-flash/testing';

// A run of many items, as a program that can be killed: `tsx test/output/bulk-run.ts 100000 results.jsonl`. Prints a hash of
// all results, and how memory and time went.

const [count = '1000', path = ''] = process.argv.slice(2);
const emulator = createEmulator({
  answer: ({ body }) => ({
    content: `re: ${String(body?.messages?.[0]?.content)}`,
    reasoning_content: '',
  }),
});
/** The list of requests is for tests of a few. */
const forget = (): void => void (emulator.requests as unknown[]).splice(0);
const client = createClient({ apiKey: 'k', transport: emulator.transport });
function* items() {
  for (let at = 0; at < Number(count); at++) yield `item ${at}`;
}
const heapMB = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
};
let asked = 0;
let digest = 0n;
const heaps: number[] = [];
const startedAt = performance.now();
const run = client.bulk(items(), {
  params: (content) => ({ messages: [{ role: 'user', content }] }),
  concurrency: 32,
  ...(path !== '' && { journal: fileJournal(path) }),
  onProgress: ({ done, fromJournal }) => void (asked = done - fromJournal),
});
let seen = 0;
for await (const { index, item, completion } of run) {
  const text = `${index} ${item} ${completion?.choices[0].message.content}`;
  // A sum does not depend on the order.
  digest += createHash('sha256').update(text).digest().readBigUInt64BE();
  if (++seen % 1_000 === 0) forget();
  if (seen % Math.ceil(Number(count) / 10) === 0) heaps.push(heapMB());
}
const seconds = (performance.now() - startedAt) / 1_000;
console.log(JSON.stringify({ seen, asked, digest: `${digest}`, heaps, seconds }));
