import { createClient, isChatError } from 'deepseek-v4-flash/core';
import { deepseek } from 'deepseek-v4-flash/providers/deepseek';
import { vtrix } from 'deepseek-v4-flash/providers/vtrix';
import { expect, test } from 'vitest';
import { chunk, question, serving, whole } from '../kit/wire.ts';

// The client alone, for the vendor that is handed in.

test('asks, streams and prepares at the vendor that it was given', async () => {
  const { transport, requests } = serving([
    { body: whole({ content: 'one' }) },
    { events: [chunk({ content: 'two' }), chunk({}, 'stop')] },
    { events: [chunk({ content: 'three' }), chunk({}, 'stop')] },
  ]);
  const client = createClient({ provider: vtrix, apiKey: 'k', transport });
  const { completions } = client.chat;
  expect((await completions.create({ messages: question })).choices[0].message.content).toBe('one');
  let text = '';
  for await (const each of completions.stream({ messages: question }).text()) text += each;
  expect(text).toBe('two');
  const stream = await completions.create({ messages: question, stream: true });
  expect((await stream.finalCompletion()).choices[0].message.content).toBe('three');
  expect(requests[0]?.url).toBe('https://cloud.vtrix.ai/llm/chat/completions');
  expect(completions.prepare({ messages: question }).provider).toBe('vtrix');
});

test('asks once more with less thinking, where that is wanted', async () => {
  const usage = { prompt_tokens: 1, completion_tokens: 9, total_tokens: 10 };
  const thought = whole({ content: '', reasoning_content: 'hm' }, 'length', { usage });
  const { transport } = serving([{ body: thought }, { body: whole({ content: 'yes' }) }]);
  const client = createClient({ provider: deepseek, apiKey: 'k', transport });
  const { choices, report } = await client.chat.completions.create(
    { messages: question },
    { onReasoningExhausted: 'disable' },
  );
  expect(choices[0].message.content).toBe('yes');
  expect(report.attempts).toHaveLength(2);
});

test.each(['deepseek', undefined, {}, null])('%j is no provider, and is told so', (provider) => {
  let thrown: unknown;
  try {
    createClient({ provider: provider as never, apiKey: 'k' });
  } catch (error) {
    thrown = error;
  }
  expect(isChatError(thrown, 'invalid_options')).toBe(true);
});

test('is closed like any client', async () => {
  const { transport } = serving([{ body: whole({ content: 'x' }) }]);
  const client = createClient({ provider: deepseek, apiKey: 'k', transport });
  await client.close();
  const call = client.chat.completions.create({ messages: question });
  await expect(call).rejects.toMatchObject({ code: 'aborted' });
});
