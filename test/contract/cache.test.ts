import { expect, test } from 'vitest';
import { callOf, clientOf, whole } from '../kit/wire.ts';

const answering = (hit: number, miss: number) => ({
  body: whole({ content: 'Hi' }, 'stop', {
    usage: {
      prompt_tokens: hit + miss,
      completion_tokens: 1,
      total_tokens: hit + miss + 1,
      prompt_cache_hit_tokens: hit,
      prompt_cache_miss_tokens: miss,
    },
  }),
});
const system = (content: string) => ({ role: 'system' as const, content });
const user = (content: string) => ({ role: 'user' as const, content });
const tools = (name: string) => [{ type: 'function' as const, function: { name, parameters: {} } }];

test('a report says how much of the prompt came from the cache', async () => {
  const { client } = clientOf([answering(768, 256), { body: whole({ content: 'Hi' }) }]);
  const first = await client.chat.completions.create({ messages: [user('Hi')] });
  expect(first.report.cache).toEqual({ hitTokens: 768, missTokens: 256, hitRate: 0.75 });
  const untold = await client.chat.completions.create({ messages: [user('Hi')] });
  expect(untold.report).not.toHaveProperty('cache');
});

async function lostAt(before: object, after: object, hit = 0, miss = 2_000) {
  const { client } = clientOf([answering(0, miss), answering(hit, miss)]);
  await client.chat.completions.create(before as never);
  const { report } = await client.chat.completions.create(after as never);
  return report.issues.filter(({ code }) => code === 'cache_lost').map(({ path }) => path);
}

const history = [user('One'), { role: 'assistant', content: 'Two' }];

test('a changed beginning of a conversation is named, where nothing came from the cache', async () => {
  const before = { messages: [system('It is 10:00.'), ...history] };
  const after = { messages: [system('It is 10:01.'), ...history, user('Three')] };
  expect(await lostAt(before, after)).toEqual(['messages.0']);
  expect(await lostAt({ ...before, tools: tools('a') }, { ...before, tools: tools('b') })).toEqual([
    'tools',
  ]);
});

test('nothing is named where the beginning is the same, the cache was hit, the prompt is short, or it is another conversation', async () => {
  const before = { messages: [system('It is 10:00.'), ...history] };
  const changed = { messages: [system('It is 10:01.'), ...history] };
  expect(await lostAt(before, { messages: [...before.messages, user('Three')] })).toEqual([]);
  expect(await lostAt(before, changed, 64)).toEqual([]);
  expect(await lostAt(before, changed, 0, 500)).toEqual([]);
  expect(await lostAt(before, { messages: [system('Other'), user('Other')] })).toEqual([]);
});

test('the bodies of two calls with the same request are the same, letter by letter', async () => {
  const { client, requests } = clientOf(answering(0, 1));
  const messages = [
    user('Hi'),
    { role: 'assistant' as const, content: '', tool_calls: [callOf('c', 'a', '{}')] },
    { role: 'tool' as const, tool_call_id: 'c', content: 'x' },
  ];
  const params = { messages, tools: tools('a'), temperature: 1, max_tokens: 5 };
  const turned: Record<string, unknown> = Object.fromEntries(Object.entries(params).toReversed());
  turned.messages = messages.map((message) =>
    Object.fromEntries(Object.entries(message).toReversed()),
  );
  await client.chat.completions.create(params as never);
  await client.chat.completions.create(turned as never);
  expect(requests[1]?.body).toBe(requests[0]?.body);
});
