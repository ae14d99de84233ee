import type { ChatCompletionMessageParam, ClientOptions, ProviderId } from 'deepseek-v4-flash';
import { createClient, providers } from 'deepseek-v4-flash';
import { createEmulator } from 'deepseek-v4-flash/testing';
import { describe, expect, test } from 'vitest';
import { errorOf as failureOf } from '../kit/failures.ts';

const others = (Object.keys(providers) as ProviderId[]).filter((id) => id !== 'deepseek');

function setUp(options: ClientOptions = {}) {
  const emulator = createEmulator({ strict: true });
  const { transport } = emulator;
  const client = createClient({
    provider: 'deepseek',
    apiKey: 'test-key',
    transport,
    maxRetries: 0,
    onUnsupported: 'adjust',
    ...options,
  });
  return { emulator, client, fill: client.completions.create, chat: client.chat.completions };
}

const prompt = 'def fibonacci(n):\n    if n < 2:\n        return n\n';
const suffix = '\n    return fibonacci(n - 1) + fibonacci(n - 2)';

// ---------------------------------------------------------------- a gap is filled

test('a gap is filled at the beta path, with what was asked and nothing else', async () => {
  const { emulator, fill } = setUp({ onUnsupported: 'error' });
  emulator.reply({ content: '    # the rest is the sum' });
  const completion = await fill({
    prompt,
    suffix,
    max_tokens: 4096,
    temperature: 0,
    top_p: 0.5,
    stop: ['\n\n'],
  });
  expect(completion).toMatchObject({
    object: 'text_completion',
    model: 'deepseek-v4-flash',
    choices: [{ index: 0, text: '    # the rest is the sum', finish_reason: 'stop' }],
  });
  const [request] = emulator.requests;
  expect([request?.method, request?.path]).toEqual(['POST', '/beta/completions']);
  expect(request?.body).toEqual({
    model: 'deepseek-v4-flash',
    prompt,
    suffix,
    max_tokens: 4096,
    temperature: 0,
    top_p: 0.5,
    stop: ['\n\n'],
  });
  expect(Object.keys(completion)).not.toContain('report');
  expect(completion.report).toMatchObject({
    provider: 'deepseek',
    adjustments: [],
    completion: 'complete',
    thinking: { asked: 'disabled', seen: false },
  });
  expect(completion.report.issues).toEqual([]);
  expect(completion.report.usage).toEqual(completion.usage);
});

test('a prompt alone is enough', async () => {
  const { emulator, fill } = setUp();
  const { choices } = await fill({ prompt, suffix: null, stop: null, stream: false });
  expect(choices).toEqual([{ index: 0, text: ' and so on.', finish_reason: 'stop' }]);
  // An explicit `false` is sent: some gateways stream unless told.
  const sent = { model: 'deepseek-v4-flash', prompt, stream: false };
  expect(emulator.requests[0]?.body).toEqual(sent);
});

test('other base URLs lead to the same path', async () => {
  for (const ending of ['', '/', '/v1', '/v1/', '/beta']) {
    const { emulator, fill } = setUp({ baseURL: `https://api.deepseek.com${ending}` });
    await fill({ prompt });
    expect(emulator.requests[0]?.path).toBe('/beta/completions');
  }
});

test('a stream gives the same answer as a whole one', async () => {
  const content = '    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n';
  const { emulator, fill } = setUp();
  emulator.reply({ content }, { content }, { content });
  const whole = await fill({ prompt, suffix });
  const stream = await fill({ prompt, suffix, stream: true });
  let text = '';
  let ends = 0;
  for await (const piece of stream) {
    expect(piece.object).toBe('text_completion');
    text += piece.choices[0]?.text ?? '';
    if (piece.choices[0]?.finish_reason === 'stop') ends++;
  }
  expect([text, ends]).toEqual([content, 1]);
  expect(await stream.finalCompletion()).toEqual(whole);
  expect(emulator.requests[1]?.path).toBe('/beta/completions');
  expect(emulator.requests[1]?.body).toEqual({
    model: 'deepseek-v4-flash',
    prompt,
    suffix,
    stream: true,
    stream_options: { include_usage: true },
  });
  expect(stream.report.usage).toEqual(whole.report.usage);
  expect(stream.report.completion).toBe('complete');
  expect(stream.report.thinking).toEqual({ asked: 'disabled', seen: false });

  const texts: string[] = [];
  for await (const piece of (await fill({ prompt, suffix, stream: true })).text())
    texts.push(piece);
  expect(texts.join('')).toBe(content);
});

test('the cost of a filled gap is told', async () => {
  const pricing = { cacheHit: '0.003', cacheMiss: '0.15', output: '0.6' };
  const { emulator, fill } = setUp({ pricing });
  const usage = { prompt_tokens: 100, completion_tokens: 10, cached_tokens: 40 };
  emulator.reply({ usage }, { usage });
  expect((await fill({ prompt })).report.cost?.usd).toBe('0.00001512');
  const stream = await fill({ prompt, stream: true });
  await stream.finalCompletion();
  expect(stream.report.cost?.usd).toBe('0.00001512');
});

// ---------------------------------------------------------------- limits and rules

test('more than 4,096 tokens are 4,096, or refused', async () => {
  const { emulator, fill } = setUp();
  const { report } = await fill({ prompt, max_tokens: 4097 });
  expect(emulator.requests[0]?.body?.max_tokens).toBe(4096);
  expect(report.adjustments).toMatchObject([
    { param: 'max_tokens', action: 'clamped', lossy: true, from: 4097, to: 4096 },
  ]);
  const { emulator: unasked, fill: refuse } = setUp({ onUnsupported: 'error' });
  const error = await failureOf(refuse({ prompt, max_tokens: 4097 }));
  expect([error.code, error.param]).toEqual(['unsupported_parameter', 'max_tokens']);
  const streamed = await failureOf(refuse({ prompt, max_tokens: 4097, stream: true }));
  expect([streamed.code, streamed.param]).toEqual(['unsupported_parameter', 'max_tokens']);
  expect(unasked.requests).toHaveLength(0);
});

test('an answer that ran out of tokens says so', async () => {
  const { emulator, fill } = setUp();
  emulator.reply({ content: 'one two three four' }, { content: 'one two three four' });
  const completion = await fill({ prompt, max_tokens: 2 });
  expect(completion.choices[0]).toMatchObject({ text: 'one two', finish_reason: 'length' });
  expect(completion.report.completion).toBe('length');
  const stream = await fill({ prompt, max_tokens: 2, stream: true });
  expect(await stream.finalCompletion()).toEqual(completion);
  expect(stream.report.completion).toBe('length');
});

test('the prompt comes back if it is asked for', async () => {
  const { emulator, fill } = setUp();
  const { choices } = await fill({ prompt, echo: true });
  expect(choices[0]?.text).toBe(`${prompt} and so on.`);
  expect(emulator.requests[0]?.body?.echo).toBe(true);
});

const contradictions: [params: object, path: string][] = [
  [{ prompt, suffix, echo: true }, 'echo'],
  [{ prompt, logprobs: 3, echo: true }, 'echo'],
  [{ prompt, logprobs: 3, stream: true }, 'logprobs'],
  [{}, 'prompt'],
  [{ prompt: ['a'] }, 'prompt'],
  [{ prompt, max_tokens: 0 }, 'max_tokens'],
  [{ prompt, logprobs: 21 }, 'logprobs'],
  [{ prompt, temperature: 2.1 }, 'temperature'],
  [{ prompt, stop: Array.from({ length: 17 }, String) }, 'stop'],
  [{ prompt, thinking: { type: 'enabled' } }, 'thinking'],
  [{ prompt, messages: [] }, 'messages'],
];

test.each(contradictions)('%j is refused before sending', async (params, path) => {
  const { emulator, fill } = setUp();
  const error = await failureOf(fill(params as never));
  expect([error.code, error.param]).toEqual(['invalid_request', path]);
  expect(emulator.requests).toHaveLength(0);
});

test('echo: false beside a suffix is no contradiction', async () => {
  const { fill } = setUp();
  const { choices } = await fill({ prompt, suffix, echo: false });
  expect(choices[0]?.text).toBe(' and so on.');
});

test('likelihoods are kept as they came', async () => {
  const logprobs = {
    tokens: [' and', ' so'],
    token_logprobs: [-0.1, -9999],
    text_offset: [0, 4],
    top_logprobs: [{ ' and': -0.1, ' or': -2 }, { ' so': -9999 }],
  };
  const choices = [{ index: 0, text: ' and so', logprobs, finish_reason: 'stop' }];
  const body = {
    id: 'c',
    object: 'text_completion',
    created: 1,
    model: 'deepseek-v4-flash',
    choices,
  };
  const { emulator, fill } = setUp();
  emulator.reply({ writes: [JSON.stringify(body)] });
  const completion = await fill({ prompt, logprobs: 2 });
  expect(completion).toEqual(body);
  expect(emulator.requests[0]?.body?.logprobs).toBe(2);
});

test('extra fields go along, but cannot replace the prompt', async () => {
  const { emulator, fill } = setUp();
  for (const key of ['prompt', 'model', 'stream', 'messages']) {
    const error = await failureOf(fill({ prompt }, { extraBody: { [key]: 'x' } }));
    expect([error.code, error.param]).toEqual(['invalid_request', `extraBody.${key}`]);
  }
  expect(emulator.requests).toHaveLength(0);
  await failureOf(fill({ prompt }, { extraBody: { seed: 5 } }));
  expect(emulator.requests[0]?.body?.seed).toBe(5);
});

test('the vendor’s own options are sent or refused, not left out without a word', async () => {
  const { emulator, fill } = setUp();
  const providerOptions = { deepseek: { safety_check: { level: 'low' } } } as const;
  const outcome = await fill({ prompt }, { providerOptions }).then(
    ({ report }) => (report.adjustments.length > 0 ? 'told' : 'silent'),
    () => 'refused',
  );
  const isSent = emulator.requests[0]?.body?.safety_check !== undefined;
  expect(isSent || outcome !== 'silent').toBe(true);
});

// ---------------------------------------------------------------- what is not whole

const event = (fields: object): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'text_completion', created: 1, model: 'm', ...fields })}\n\n`;
const piece = (text: string, finish_reason: string | null = null): string =>
  event({ choices: [{ index: 0, text, logprobs: null, finish_reason }] });

test('an answer without a finish_reason is not whole', async () => {
  const { emulator, fill } = setUp();
  const choices = [{ index: 0, text: ' and', finish_reason: null }];
  emulator.reply({ writes: [JSON.stringify({ id: 'c', choices })] });
  const whole = await failureOf(fill({ prompt }));
  expect(whole.code).toBe('stream_interrupted');
  expect(JSON.stringify(whole.partial)).toContain(' and');
  for (const writes of [
    [piece(' and'), piece(' so')],
    [piece(' and'), piece(' so'), 'data: [DONE]\n\n'],
    [piece(' and'), piece(' so'), 'reset'],
    [piece(' and'), piece(' so'), 'fin'],
    [piece(' and'), piece(' so'), piece(' on.', 'stop').slice(0, -9)],
  ]) {
    emulator.reply({ writes });
    const stream = await fill({ prompt, stream: true });
    let text = '';
    const error = await failureOf(
      (async () => {
        for await (const each of stream) text += each.choices[0]?.text ?? '';
      })(),
    );
    expect(error.code).toBe('stream_interrupted');
    expect(text).toBe(' and so');
    expect(error.partial?.choices[0].message.content).toBe(' and so');
    expect(error.partial?.choices[0].finish_reason).toBeNull();
    expect((await failureOf(stream.finalCompletion())).code).toBe('stream_interrupted');
    expect(stream.report.completion).toBe('interrupted');
    expect(error.message).not.toContain('and so');
  }
});

test('a stream that is whole but for its end is whole', async () => {
  const { emulator, fill } = setUp();
  emulator.reply({ writes: [piece(' and'), piece('', 'stop'), 'reset'] });
  const stream = await fill({ prompt, stream: true });
  const { choices } = await stream.finalCompletion();
  expect(choices).toEqual([{ index: 0, text: ' and', finish_reason: 'stop' }]);
  expect(stream.report.issues.map(({ code }) => code)).toEqual(['no_clean_end']);
});

test('leaving a stream early ends the request', async () => {
  const { emulator, fill } = setUp();
  emulator.reply({ writes: [piece(' and'), piece(' so'), 'hang'] });
  const stream = await fill({ prompt, stream: true });
  for await (const each of stream) {
    expect(each.choices[0]?.text).toBe(' and');
    break;
  }
  expect((await failureOf(stream.finalCompletion())).code).toBe('aborted');
  expect(stream.report.completion).toBe('interrupted');
});

test('an error of the vendor’s repeats neither the prompt nor the suffix', async () => {
  const { emulator, fill } = setUp();
  for (const stream of [false, true]) {
    for (const quoted of [prompt, suffix, JSON.stringify(prompt).slice(1, -1)]) {
      emulator.reply({ error: 'bad_request', message: `Cannot go on after "${quoted}"` });
      const error = await failureOf(fill({ prompt, suffix, stream } as never));
      expect([error.code, error.status]).toEqual(['bad_request', 400]);
      expect(JSON.stringify(error)).not.toContain('fibonacci');
      expect(JSON.stringify(error.report)).not.toContain('fibonacci');
      expect(error.message).toContain('[prompt]');
    }
  }
});

test('a filling is retried, and can be cancelled, as a chat is', async () => {
  const { emulator, fill } = setUp({ maxRetries: 1 });
  emulator.reply({ error: 'overloaded', headers: { 'retry-after-ms': '1' } }, {});
  const { report } = await fill({ prompt });
  expect(report.attempts.map(({ status }) => status)).toEqual([503, 200]);
  const error = await failureOf(fill({ prompt }, { signal: AbortSignal.abort() }));
  expect(error.code).toBe('aborted');
});

// ---------------------------------------------------------------- elsewhere

describe.each(others)('%s', (provider) => {
  test('fills no gaps, and is not asked to', async () => {
    for (const stream of [false, true]) {
      const { emulator, fill } = setUp({ provider });
      const error = await failureOf(fill({ prompt, suffix, stream } as never));
      expect([error.code, error.provider]).toEqual(['unsupported', provider]);
      expect(error.message).toContain(providers[provider].profile.name);
      expect(error.message).not.toContain('fibonacci');
      expect(emulator.requests).toHaveLength(0);
    }
  });
});

// ---------------------------------------------------------------- a text to continue

const continued: ChatCompletionMessageParam[] = [
  { role: 'user', content: 'Write a sorting function.' },
  { role: 'assistant', content: '```python\n', prefix: true },
];

test('DeepSeek continues a text on its beta path, whole and streamed', async () => {
  const { emulator, chat } = setUp({ onUnsupported: 'error' });
  const whole = await chat.create({ messages: continued, stop: ['```'] });
  const stream = await chat.create({ messages: continued, stop: ['```'], stream: true });
  expect(await stream.finalCompletion()).toEqual(whole);
  expect(whole.choices[0].message.content).toBe(' and so on.');
  for (const { path, body } of emulator.requests) {
    expect(path).toBe('/beta/chat/completions');
    expect(body?.messages?.at(-1)).toEqual({
      role: 'assistant',
      content: '```python\n',
      prefix: true,
    });
  }
  expect(whole.report.adjustments).toMatchObject([
    { param: 'messages.1.prefix', action: 'rerouted', lossy: false },
  ]);
});

test('a text to continue keeps its reasoning, and goes beside tools', async () => {
  const { emulator, chat } = setUp();
  const [question, begun] = continued as [ChatCompletionMessageParam, ChatCompletionMessageParam];
  const tools = [{ type: 'function', function: { name: 'run' } }] as const;
  await chat.create({ messages: [question, begun], tools: [...tools] });
  await chat.create({ messages: [question, { ...begun, reasoning_content: 'Quick.' } as never] });
  const sent = emulator.requests.map(({ body }) => body?.messages?.at(-1)?.reasoning_content);
  expect(sent).toEqual([undefined, 'Quick.']);
});

test('prefix: false is no wish', async () => {
  const messages: ChatCompletionMessageParam[] = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello', prefix: false },
    { role: 'user', content: 'Again' },
  ];
  for (const provider of [...others, 'deepseek'] as const) {
    const { emulator, chat } = setUp({ provider, onUnsupported: 'error' });
    await chat.create({ messages });
    expect(emulator.requests[0]?.path).not.toContain('beta');
    expect(JSON.stringify(emulator.requests[0]?.body)).not.toContain('prefix');
  }
});

test('only the last message can be continued', async () => {
  for (const provider of [...others, 'deepseek'] as const) {
    const { emulator, chat } = setUp({ provider });
    const messages = [...continued, { role: 'user', content: 'Go on' } as const];
    const error = await failureOf(chat.create({ messages }));
    expect([error.code, error.param]).toEqual(['invalid_request', 'messages.1.prefix']);
    expect(emulator.requests).toHaveLength(0);
  }
});

test.each(others)('%s is not asked to continue a text without saying how', async (provider) => {
  const { emulator, chat } = setUp({ provider });
  if (provider === 'vtrix') {
    // It advertises the feature, and documents no form of it.
    const { report } = await chat.create({ messages: continued });
    expect(report.issues).toMatchObject([{ code: 'undocumented', path: 'messages.1.prefix' }]);
    expect(emulator.requests[0]?.path).toBe('/llm/chat/completions');
    return;
  }
  const error = await failureOf(chat.create({ messages: continued }));
  expect([error.code, error.param]).toEqual(['unsupported_parameter', 'messages.1.prefix']);
  expect(error.message).toContain('prefix');
  expect(error.message).toContain(providers[provider].profile.name);
  expect(emulator.requests).toHaveLength(0);
});
