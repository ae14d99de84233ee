import { expect, test, vi } from 'vitest';
import { asEvent, chunk, clientOf, question } from '../kit/wire.ts';

// A read that brings much is taken slice by slice.

const words = ['The ', 'größte ', '天空', '"quoted"\n', '🙂', 'x'.repeat(300)];
const events = [
  chunk({ role: 'assistant', content: '' }),
  ...Array.from({ length: 120 }, (_, at) => chunk({ reasoning_content: words[at % 6] })),
  ...Array.from({ length: 240 }, (_, at) => chunk({ content: words[at % 6] })),
  chunk({}, 'stop'),
].map(asEvent);

async function readAll(pieces: readonly string[]) {
  const { client } = clientOf({ events: pieces });
  const stream = client.chat.completions.stream({ messages: question });
  const chunks: unknown[] = [];
  for await (const each of stream) chunks.push(each);
  const { choices, usage } = await stream.finalCompletion();
  return { chunks, choices, usage };
}

test('an answer in one read is the same, chunk by chunk, as one of which each event is a read', async () => {
  const many = await readAll(events);

  expect(many.chunks).toHaveLength(events.length);
  expect(await readAll([events.join('')])).toEqual(many);
  // Comments, and lines that end otherwise, between the slices.
  expect(await readAll([events.join(': ping\n\n')])).toEqual(many);
  expect(await readAll([events.join('').replaceAll('\n', '\r\n')])).toEqual(many);
});

test('most events of one read are not parsed but compared', async () => {
  const parse = vi.spyOn(JSON, 'parse');
  const plain = Array.from({ length: 400 }, () => asEvent(chunk({ content: 'word ' })));
  await readAll([[...plain, asEvent(chunk({}, 'stop'))].join('')]);
  const parsed = parse.mock.calls.length;
  parse.mockRestore();

  expect(parsed).toBeLessThan(100);
});

test('what follows [DONE] in the same read, and an event that is cut, are not of the answer', async () => {
  const done = 'data: [DONE]\n\n';
  const whole = await readAll([events.join('')]);
  expect(await readAll([events.join('') + done + events.join('')])).toEqual(whole);

  const cut = events.join('').slice(0, -40);
  await expect(readAll([`${cut}`])).rejects.toMatchObject({ code: 'invalid_response' });
});
