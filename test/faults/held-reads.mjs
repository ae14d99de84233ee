// Readers whose first read was a large one, and that wait for more: prints how many bytes each of them holds.
import { decodeStream } from '../../src/index.ts';

const head = { id: 'a1', object: 'chat.completion.chunk', created: 1, model: 'm' };
const eventOf = (content) =>
  `data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`;
const encoder = new TextEncoder();
const large = () =>
  encoder.encode(Array.from({ length: 600 }, (_, at) => eventOf(` ${at}`)).join(''));

async function* body() {
  yield large();
  yield encoder.encode(eventOf(' one') + eventOf(' two'));
  await new Promise(() => {});
}

const waiting = [];
const before = heldBytes();
for (let count = 0; count < 200; count += 1) {
  const chunks = decodeStream(body());
  for (let read = 0; read < 602; read += 1) await chunks.next();
  waiting.push(chunks, chunks.next());
}
console.log((heldBytes() - before) / (waiting.length / 2));
process.exit();

function heldBytes() {
  globalThis.gc();
  const { external, heapUsed } = process.memoryUsage();
  return external + heapUsed;
}
