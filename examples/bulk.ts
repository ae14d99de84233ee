// Many answers, with a bar and a journal: end it with Ctrl-C, start it again, and it goes on where it was.
// `npx tsx examples/bulk.ts 500 results.jsonl`. Runs against the emulator; with a key, `createClient()` alone is enough.
import type { BulkProgress } from 'deepseek-v4-flash';
import { createClient, fileJournal } from 'deepseek-v4-flash';
import { createEmulator } from 'deepseek-v4-flash/testing';

const [count = '200', path] = process.argv.slice(2);
const items = Array.from({ length: Number(count) }, (_, at) => `Say ${at} in words.`);
const client = createClient({ apiKey: 'none', transport: createEmulator().transport });

let last: BulkProgress | undefined;
const run = client.bulk(items, {
  params: (content) => ({ messages: [{ role: 'user', content }], max_tokens: 50 }),
  concurrency: 20,
  maxCostUsd: 1,
  ...(path !== undefined && { journal: fileJournal(path) }),
  onProgress: draw,
});
for await (const { index, error } of run) {
  if (error !== undefined) console.error(`\n${index}: ${error.message}`);
}
console.log(`\n${last?.done} answers, ${last?.fromJournal} of them from the journal`);

function draw(progress: BulkProgress): void {
  last = progress;
  const { done, failed, total = 0, perSecond, leftMs, costUsd, unpriced, waitsUntilMs } = progress;
  if (!process.stdout.isTTY) return;
  const filled = Math.round(((done + failed) / Math.max(1, total)) * 30);
  const bar = '█'.repeat(filled).padEnd(30, '░');
  const left = leftMs === undefined ? '' : `, ${Math.ceil(leftMs / 1_000)} s left`;
  const wait =
    waitsUntilMs === undefined ? '' : `, waits until ${new Date(waitsUntilMs).toISOString()}`;
  const more = unpriced === 0 ? '' : ` and ${unpriced} of unknown cost`;
  process.stdout.write(
    `\r${bar} ${done}/${total}, ${failed} failed, ${perSecond.toFixed(0)}/s${left}, ${costUsd} USD${more}${wait} `,
  );
}
