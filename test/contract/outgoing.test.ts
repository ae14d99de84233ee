import type { ChatCompletionMessageParam, ProviderId } from 'deepseek-v4-flash';
import { createClient, explainMessages, providers } from 'deepseek-v4-flash';
import { describe, expect, test } from 'vitest';
import { clientOf, question, whole } from '../kit/wire.ts';
import { errorOf } from '../kit/failures.ts';

// What goes out is what the wire can carry.

const vendors = Object.keys(providers) as ProviderId[];
const high = '\ud83d';
const low = '\ude00';
const emoji = high + low;

const prepareAt = (provider: ProviderId, params: object, options?: object) =>
  createClient({ provider, apiKey: 'k', onUnsupported: 'adjust' }).chat.completions.prepare(
    params as never,
    options as never,
  );

describe('half a surrogate pair', () => {
  const halves: [string, string][] = [
    ['the first half at the end', `Hi${high}`],
    ['the second half at the start', `${low}Hi`],
    ['both halves in the wrong order', `${low}${high}`],
    ['a whole pair between halves', `${high}${emoji}${low}`],
    ['a half before a character of its own', `${high}x`],
  ];

  test.each(halves)('becomes U+FFFD in a text: %s', (_what, text) => {
    for (const provider of vendors) {
      const { body, adjustments } = prepareAt(provider, {
        messages: [{ role: 'user', content: text }],
      });
      const [message] = body.messages as [{ content: string }];
      expect(message.content).toBe(Buffer.from(text).toString());
      expect(JSON.stringify(body)).not.toMatch(/\\ud[89a-f]/);
      expect(adjustments).toContainEqual(
        expect.objectContaining({ param: 'messages.0.content', action: 'mapped', lossy: false }),
      );
    }
  });

  test('is found wherever the request has a text', () => {
    const text = `cut${high}`;
    const messages: ChatCompletionMessageParam[] = [
      { role: 'system', content: text },
      { role: 'user', content: [{ type: 'text', text }] },
      {
        role: 'assistant',
        content: text,
        reasoning_content: text,
        tool_calls: [
          { id: 'a', type: 'function', function: { name: 'f', arguments: `{"x":"${text}"}` } },
        ],
      },
      { role: 'tool', tool_call_id: 'a', content: text },
    ];
    const parameters = { type: 'object', properties: { [text]: { description: text } } };
    const params = {
      messages,
      stop: [text],
      tools: [{ type: 'function', function: { name: 'f', description: text, parameters } }],
    };
    for (const provider of vendors) {
      const { body, adjustments } = prepareAt(provider, params);
      expect(JSON.stringify(body)).not.toMatch(/\\ud[89a-f]/);
      expect(JSON.stringify(body).match(/cut\uFFFD/g)?.length).toBeGreaterThanOrEqual(9);
      expect(adjustments.map(({ param }) => param)).toEqual(
        expect.arrayContaining([
          'messages.0.content',
          'messages.1.content.0.text',
          'messages.2.reasoning_content',
          'messages.2.tool_calls.0.function.arguments',
          'messages.3.content',
          'stop.0',
          'tools.0.function.description',
        ]),
      );
    }
  });

  test('is found in a vendor’s own fields and in a text to be filled, and extraBody stays as it is', async () => {
    const content = `x${high}`;
    const prediction = { type: 'content', content };
    const { body } = prepareAt(
      'aimlapi',
      { messages: question },
      { providerOptions: { aimlapi: { prediction } } },
    );
    expect(body.prediction).toEqual({ type: 'content', content: 'x\uFFFD' });
    const extra = prepareAt('deepseek', { messages: question }, { extraBody: { note: content } });
    expect(extra.body.note).toBe(content);
    expect(extra.adjustments).toEqual([]);
    const text = {
      id: 'c',
      object: 'text_completion',
      choices: [{ index: 0, text: 'y', finish_reason: 'stop' }],
    };
    const { client, requests } = clientOf({ body: text });
    const { report } = await client.completions.create({ prompt: content });
    expect(JSON.parse(requests[0]?.body ?? '')).toMatchObject({ prompt: 'x\uFFFD' });
    expect(report.adjustments).toMatchObject([{ param: 'prompt', action: 'mapped' }]);
  });

  test('is no reason to refuse a request, and is told by explainMessages', () => {
    const client = createClient({ apiKey: 'k', onUnsupported: 'error' });
    const messages = [...question, { role: 'user' as const, content: `Hi${high}` }];
    expect(client.chat.completions.prepare({ messages }).adjustments).toHaveLength(1);
    expect(explainMessages(messages, 'deepseek')).toMatchObject([
      { index: 1, path: 'messages.1.content', outcome: 'adjusted' },
    ]);
  });

  test('changes nothing where there is none: a whole emoji, and a text that looks like an escape', () => {
    for (const content of [`Hi ${emoji}`, 'Write \\ud83d in JSON', '"\\\\ud83d"']) {
      const { body, adjustments } = prepareAt('deepseek', {
        messages: [{ role: 'user', content }],
      });
      expect(body.messages).toEqual([{ role: 'user', content }]);
      expect(adjustments).toEqual([]);
    }
  });
});

test('an explicit stream: false is sent, and nothing is where none was given', async () => {
  for (const provider of vendors) {
    expect(prepareAt(provider, { messages: question, stream: false }).body.stream).toBe(false);
    for (const given of [{}, { stream: undefined }, { stream: null }]) {
      expect(prepareAt(provider, { messages: question, ...given }).body).not.toHaveProperty(
        'stream',
      );
    }
  }
  const { client, requests } = clientOf({ body: whole({ content: 'x' }) });
  await client.chat.completions.create({ messages: question, stream: false });
  await client.chat.completions.create({ messages: question });
  expect(
    requests.map(({ body }) => (JSON.parse(body ?? '') as { stream?: unknown }).stream),
  ).toEqual([false, undefined]);
});

test.each([
  ['no call before it', [...question, { role: 'tool', tool_call_id: 'a', content: 'x' }], 1],
  [
    'another message between',
    [...question, assistantCalling('a'), tool('a'), ...question, tool('a')],
    4,
  ],
  ['an id that was not called', [...question, assistantCalling('a'), tool('a'), tool('b')], 3],
  ['nothing but itself', [tool('a')], 0],
])('a tool message with %s is refused here, with its index', async (_what, messages, index) => {
  const { client, requests } = clientOf({ body: whole({ content: 'x' }) });
  const error = await errorOf(client.chat.completions.create({ messages: messages as never }));
  expect(error).toMatchObject({ code: 'invalid_request', param: `messages.${index}.tool_call_id` });
  expect(requests).toHaveLength(0);
});

function assistantCalling(id: string): object {
  const call = { id, type: 'function', function: { name: 'f', arguments: '{}' } };
  return { role: 'assistant', content: null, tool_calls: [call] };
}

function tool(tool_call_id: string): object {
  return { role: 'tool', tool_call_id, content: 'x' };
}

test('a key that is undefined is not given, known or not, wherever it stands', () => {
  const params = {
    messages: [{ role: 'user', content: 'Hi', name: undefined, colour: undefined }],
    temperature: undefined,
    banana: undefined,
    stop: ['x'],
    thinking: { type: 'enabled', reasoning_effort: undefined, depth: undefined },
    tools: [
      { type: 'function', function: { name: 'f', parameters: undefined, banana: undefined } },
    ],
  };
  const { body } = prepareAt('deepseek', params);
  expect(body).toMatchObject({ thinking: { type: 'enabled' }, stop: ['x'] });
  expect(JSON.stringify(body)).not.toMatch(/banana|colour|depth|temperature/);
  expect(() => prepareAt('deepseek', { ...params, banana: 1 })).toThrow('banana');
});

describe('headers', () => {
  const sent = async (client: object, call: object): Promise<Readonly<Record<string, string>>> => {
    const { client: chat, requests } = clientOf({ body: whole({ content: 'x' }) }, client);
    await chat.chat.completions.create({ messages: question }, call);
    return requests[0]?.headers ?? {};
  };

  test('that are undefined are none, and those that are null take the client’s off', async () => {
    const client = { headers: { 'x-a': '1', 'x-b': '2', 'x-c': undefined } };
    const headers = await sent(client, { headers: { 'x-b': null, 'X-A': undefined, 'x-d': '4' } });
    expect(headers).toMatchObject({ 'x-a': '1', 'x-d': '4' });
    expect(headers).not.toHaveProperty('x-b');
    expect(headers).not.toHaveProperty('x-c');
    expect(Object.values(headers)).not.toContain('undefined');
    expect(await sent({ headers: { 'user-agent': null } }, {})).not.toHaveProperty('user-agent');
  });

  test.each([
    'expect',
    'Expect',
    'keep-alive',
    'upgrade',
    'te',
    'trailer',
    'host',
    'content-length',
  ])('%s cannot be set', async (name) => {
    const client = createClient({ apiKey: 'k', baseURL: 'http://127.0.0.1:1' });
    const call = client.chat.completions.create(
      { messages: question },
      { headers: { [name]: '100-continue' } },
    );
    expect(await errorOf(call)).toMatchObject({
      code: 'invalid_options',
      param: `headers.${name.toLowerCase()}`,
    });
  });
});
