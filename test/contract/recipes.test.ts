import { readFile } from 'node:fs/promises';
import type { ChatCompletionCreateParamsBase, Provider } from 'deepseek-v4-flash';
import { createClient, defineProvider } from 'deepseek-v4-flash';
import { expect, test } from 'vitest';

// The recipes of src/providers/README.md are run as they stand there.

const page = await readFile(new URL('../../src/providers/README.md', import.meta.url), 'utf8');
const recipes = page.slice(page.indexOf('## Servers of your own'));

function recipe(name: string): Provider {
  const block = new RegExp(`const ${name} = (defineProvider\\([\\s\\S]*?\\n\\}\\));`).exec(recipes);
  if (block?.[1] === undefined) throw new Error(`There is no recipe for ${name}`);
  return new Function('defineProvider', `return ${block[1]}`)(defineProvider) as Provider;
}

function bodyAt(provider: Provider, params: Partial<ChatCompletionCreateParamsBase>) {
  const client = createClient({ provider, apiKey: 'none' });
  const messages = [{ role: 'user' as const, content: 'Hi' }];
  const { url, body } = client.chat.completions.prepare({ messages, ...params });
  const { messages: _messages, ...rest } = body;
  return { url, body: rest };
}

const on = { thinking: { type: 'enabled' } } as const;
const off = { thinking: { type: 'disabled' } } as const;

test.each([
  [
    'vllm',
    'http://127.0.0.1:8000/v1/chat/completions',
    'deepseek-ai/DeepSeek-V4-Flash-0731',
    { reasoning_effort: 'high' },
    { reasoning_effort: 'none' },
    { reasoning_effort: 'max' },
  ],
  [
    'sglang',
    'http://127.0.0.1:30000/v1/chat/completions',
    'deepseek-ai/DeepSeek-V4-Flash-0731',
    { chat_template_kwargs: { thinking: true } },
    { chat_template_kwargs: { thinking: false } },
    { chat_template_kwargs: { thinking: true } },
  ],
  [
    'llamacpp',
    'http://127.0.0.1:8080/v1/chat/completions',
    'deepseek-v4-flash',
    { chat_template_kwargs: { enable_thinking: true } },
    { chat_template_kwargs: { enable_thinking: false } },
    { chat_template_kwargs: { enable_thinking: true } },
  ],
])('the recipe for %s says what its server reads', (name, url, model, whenOn, whenOff, atMost) => {
  const provider = recipe(name);
  expect(bodyAt(provider, {})).toEqual({ url, body: { model } });
  expect(bodyAt(provider, on).body).toEqual({ model, ...whenOn });
  expect(bodyAt(provider, off).body).toEqual({ model, ...whenOff });
  expect(bodyAt(provider, { reasoning_effort: 'max' }).body).toEqual({ model, ...atMost });
});

test('there is a test of every recipe', () => {
  expect([...recipes.matchAll(/const (\w+) = defineProvider/g)].map(([, name]) => name)).toEqual([
    'vllm',
    'sglang',
    'llamacpp',
  ]);
});
