import type { ChatError } from 'deepseek-v4-flash';
import { isChatError, jsonSchemaTool } from 'deepseek-v4-flash';
import type {
  ModelCallOptions,
  ModelStreamPart,
  PromptMessage,
  PromptPart,
} from 'deepseek-v4-flash/ai-sdk';
import {
  createFlash,
  flash,
  fromUIMessages,
  toUIMessageStream,
  toUIMessageStreamResponse,
} from 'deepseek-v4-flash/ai-sdk';
import { faults, startEmulator } from 'deepseek-v4-flash/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { cleanups } from '../kit/cleanups.ts';
import { connect, user } from '../kit/emulated.ts';
import { failureOf } from '../kit/failures.ts';
import { chunked, startRawServer, streamHead } from '../kit/raw-server.ts';

// The provider as a plain object of the specification. test/runtimes holds it against the real AI SDK.

const asking = (text: string): PromptMessage[] => [
  { role: 'user', content: [{ type: 'text', text }] },
];
const prompt = asking('Hi');
const weather = {
  type: 'function' as const,
  name: 'weather',
  inputSchema: { type: 'object', properties: { city: { type: 'string' } } },
};
const call = { tool_calls: [{ id: 'c1', name: 'weather', arguments: { city: 'Oslo' } }] };

function model(options: Parameters<typeof connect>[0] = {}) {
  const { emulator, client } = connect(options);
  return {
    emulator,
    client,
    v3: createFlash(client)(),
    v4: createFlash(client, { specification: 'v4' })(),
  };
}

type Part = ModelStreamPart<'v4'>;

async function collect<Item>(stream: unknown): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of stream as AsyncIterable<Item>) items.push(item);
  return items;
}

const partsOf = async (
  { doStream }: { doStream(asked: ModelCallOptions): Promise<{ stream: unknown }> },
  asked: Partial<ModelCallOptions> = {},
): Promise<Part[]> => collect<Part>((await doStream({ prompt, ...asked })).stream);

const finishOf = (parts: Part[]) => {
  const last = parts.at(-1);
  if (last?.type !== 'finish') throw new Error(`The last part is ${last?.type}`);
  return last;
};

const sentMessages = async (
  messages: PromptMessage[],
  vendor: 'deepseek' | 'shortapi' = 'deepseek',
) => {
  const { emulator, v3 } = model({ provider: vendor });
  emulator.reply({ content: 'Hello' });
  const { warnings } = await v3.doGenerate({ prompt: messages });
  return { messages: emulator.requests[0]?.body?.messages, warnings };
};

describe('a provider', () => {
  test('is called with a model, of the version that is asked for', () => {
    expect(flash('deepseek-v4-flash')).toMatchObject({
      specificationVersion: 'v3',
      provider: 'flash.chat',
      modelId: 'deepseek-v4-flash',
    });
    const newer = createFlash({ provider: 'vtrix' }, { specification: 'v4' });
    expect(newer.specificationVersion).toBe('v4');
    expect([newer(), newer.languageModel(), newer.chat()].map((each) => each.modelId)).toEqual(
      Array(3).fill('deepseek-v4-flash'),
    );
  });

  test('has no other models, and takes no wrong options', () => {
    const unsupported = expect.objectContaining({ code: 'unsupported' });
    expect(() => flash.embeddingModel('x')).toThrow(unsupported);
    expect(() => flash.imageModel('x')).toThrow(unsupported);
    const invalid = expect.objectContaining({ code: 'invalid_options' });
    expect(() => createFlash({ providr: 'vtrix' } as object)).toThrow(invalid);
    expect(() => createFlash({}, { specification: 'v5' as 'v4' })).toThrow(invalid);
  });

  test('asks for the key when it is called, and not before', async () => {
    vi.stubEnv('DEEPSEEK_API_KEY', undefined);
    const error = await failureOf(flash().doGenerate({ prompt }));
    vi.unstubAllEnvs();
    expect(isChatError(error, 'missing_api_key')).toBe(true);
  });
});

describe('a prompt', () => {
  test('keeps reasoning, calls and results, whatever their form', async () => {
    const { messages, warnings } = await sentMessages([
      { role: 'system', content: 'Be brief.' },
      ...prompt,
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'I must ' },
          { type: 'reasoning', text: 'look.' },
          { type: 'tool-call', toolCallId: 'a', toolName: 'x', input: { n: 1 } },
          { type: 'tool-call', toolCallId: 'b', toolName: 'x', input: {} },
          { type: 'tool-call', toolCallId: 'c', toolName: 'x', input: {} },
          { type: 'tool-call', toolCallId: 'd', toolName: 'x', input: {} },
        ],
      },
      {
        role: 'tool',
        content: [
          { type: 'tool-result', toolCallId: 'a', output: { type: 'json', value: [1] } },
          { type: 'tool-result', toolCallId: 'b', output: { type: 'error-text', value: 'No' } },
          { type: 'tool-result', toolCallId: 'c', output: { type: 'execution-denied' } },
          { type: 'tool-approval-response' },
          {
            type: 'tool-result',
            toolCallId: 'd',
            output: { type: 'content', value: [{ type: 'text', text: 'So.' }] },
          },
        ],
      },
    ]);
    const invoked = (id: string, args: string) => {
      return { id, type: 'function', function: { name: 'x', arguments: args } };
    };
    expect(messages?.slice(2)).toEqual([
      {
        role: 'assistant',
        content: '',
        reasoning_content: 'I must look.',
        tool_calls: [invoked('a', '{"n":1}'), ...['b', 'c', 'd'].map((id) => invoked(id, '{}'))],
      },
      { role: 'tool', tool_call_id: 'a', content: '[1]' },
      { role: 'tool', tool_call_id: 'b', content: 'No' },
      {
        role: 'tool',
        tool_call_id: 'c',
        content: 'The user did not approve this call. It was not run.',
      },
      { role: 'tool', tool_call_id: 'd', content: 'So.' },
    ]);
    expect(warnings).toEqual([]);
  });

  const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AQID' } };
  test.each<[PromptPart, object]>([
    [{ type: 'file', mediaType: 'image/png', data: new Uint8Array([1, 2, 3]) }, image],
    [{ type: 'file', mediaType: 'image/png', data: 'AQID' }, image],
    [{ type: 'file', mediaType: 'image/png', data: { type: 'data', data: 'AQID' } }, image],
    [
      { type: 'file', mediaType: 'image/*', data: new Uint8Array([1]) },
      { type: 'image_url', image_url: { url: 'data:image/jpeg;base64,AQ==' } },
    ],
    [
      {
        type: 'file',
        mediaType: 'image/png',
        data: new URL('https://example.com/a.png'),
        providerOptions: { flash: { detail: 'low' } },
      },
      { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'low' } },
    ],
  ])('has its images where the vendor takes them: %j', async (part, expected) => {
    const content: PromptPart[] = [{ type: 'text', text: 'What is this?' }, part];
    const { messages } = await sentMessages([{ role: 'user', content }], 'shortapi');
    expect(messages?.[0]?.content).toEqual([{ type: 'text', text: 'What is this?' }, expected]);
  });

  test('says what of it has no place', async () => {
    const content: PromptPart[] = [
      { type: 'text', text: 'Listen.' },
      { type: 'file', mediaType: 'audio/ogg', data: 'AQID' },
    ];
    const { messages, warnings } = await sentMessages([{ role: 'user', content }]);
    expect(messages?.[0]?.content).toBe('Listen.');
    const feature = 'file of type audio/ogg in a message of role user';
    expect(warnings).toEqual([expect.objectContaining({ type: 'unsupported', feature })]);
  });
});

describe('the options of a call', () => {
  test('are those of the request, and what ours are goes by providerOptions', async () => {
    const { emulator, v4 } = model();
    emulator.reply({ content: 'Hello' });
    await v4.doGenerate({
      prompt,
      maxOutputTokens: 99,
      stopSequences: ['END'],
      reasoning: 'max',
      headers: { 'x-mine': 'yes', 'x-none': undefined },
      tools: [weather],
      toolChoice: { type: 'auto' },
      providerOptions: { flash: { user_id: 'u1', maxRetries: 1 }, other: { x: 1 } },
    });
    const [request] = emulator.requests;
    expect(request?.body).toMatchObject({
      max_tokens: 99,
      stop: ['END'],
      reasoning_effort: 'max',
      tool_choice: 'auto',
    });
    expect(request?.headers['x-mine']).toBe('yes');
    expect(JSON.stringify(request?.body)).toContain('u1');
  });

  test.each([
    ['none', { thinking: { type: 'disabled' } }],
    ['provider-default', {}],
  ])('switch thinking by the word %s', async (reasoning, expected) => {
    const { emulator, v4 } = model();
    emulator.reply({ content: 'Hello' });
    await v4.doGenerate({ prompt, reasoning });
    const { thinking, reasoning_effort } = emulator.requests[0]?.body ?? {};
    expect(JSON.parse(JSON.stringify({ thinking, reasoning_effort }))).toEqual(expected);
  });

  test('that change the answer are warnings, and what they were changed to is told', async () => {
    const { emulator, v3 } = model({ provider: 'vtrix' });
    emulator.reply({ content: 'Hello' });
    const { warnings, providerMetadata } = await v3.doGenerate({
      prompt,
      reasoning: 'none',
      tools: [weather, { type: 'provider', id: 'x.search', name: 'search' }],
    });
    const features = warnings.map((each) => ('feature' in each ? each.feature : ''));
    expect(features).toContain('provider tool x.search');
    const lossy = providerMetadata.flash.adjustments.filter((each) => each.lossy);
    expect(lossy.length).toBeGreaterThan(0);
    expect(features).toEqual(expect.arrayContaining(lossy.map(({ param }) => param)));
  });

  test('that are wrong fail with their path, and nothing is sent', async () => {
    const { emulator, v3 } = model();
    const error = await failureOf(
      v3.doStream({ prompt, providerOptions: { flash: { thinkng: true } } }),
    );
    expect(error).toMatchObject({ code: 'invalid_request', param: 'thinkng' });
    expect(emulator.requests).toEqual([]);
  });
});

describe('a whole answer', () => {
  test('has its counts as the vendor told them, cached and thought ones apart', async () => {
    const { emulator, v3 } = model();
    const usage = { prompt_tokens: 20, completion_tokens: 9, cached_tokens: 15 };
    emulator.reply({ content: 'Hello', reasoning_content: 'Hm so.', usage });
    const { content, usage: told } = await v3.doGenerate({ prompt });
    expect(content).toEqual([
      { type: 'reasoning', text: 'Hm so.' },
      { type: 'text', text: 'Hello' },
    ]);
    const { inputTokens, outputTokens } = told;
    expect(inputTokens).toEqual({ total: 20, noCache: 5, cacheRead: 15, cacheWrite: undefined });
    expect(outputTokens.total).toBe(9);
    expect((outputTokens.text ?? 0) + (outputTokens.reasoning ?? 0)).toBe(9);
  });

  test.each([
    [{ content: 'x' }, 'stop', 'stop'],
    [{ content: 'x', finish_reason: 'length' }, 'length', 'length'],
    [{ content: 'x', finish_reason: 'content_filter' }, 'content-filter', 'content-filter'],
    [{ content: 'x', finish_reason: 'abort' }, 'error', 'interrupted'],
    [{ content: 'x', finish_reason: 'never_heard_of' }, 'error', 'interrupted'],
    [call, 'tool-calls', 'tool-calls'],
  ])('ends as it ended: %j', async (reply, older, newer) => {
    const { emulator, v3, v4 } = model();
    emulator.reply(reply, reply);
    const asked = { prompt, tools: [weather] };
    expect((await v3.doGenerate(asked)).finishReason.unified).toBe(older);
    expect((await v4.doGenerate(asked)).finishReason.unified).toBe(newer);
  });

  test('that was cut off has no calls to be run, and says which it had', async () => {
    const { emulator, v3 } = model();
    emulator.reply({ ...call, finish_reason: 'length' });
    const { content, providerMetadata } = await v3.doGenerate({ prompt, tools: [weather] });
    expect(content.filter(({ type }) => type === 'tool-call')).toEqual([]);
    const reason = 'the answer did not end normally';
    expect(providerMetadata.flash.withheldToolCalls).toEqual([{ name: 'weather', reason }]);
  });

  test('tells no secret in its metadata', async () => {
    const { emulator, v3 } = model({ apiKey: 'sk-very-secret' });
    emulator.reply({ content: 'The answer itself' });
    const { providerMetadata } = await v3.doGenerate({ prompt: asking('A private question') });
    const text = JSON.stringify(providerMetadata);
    for (const secret of ['sk-very-secret', 'private question', 'The answer itself']) {
      expect(text).not.toContain(secret);
    }
  });
});

describe('a stream', () => {
  test('begins and ends each block, and gives calls whole', async () => {
    const { emulator, v3 } = model();
    emulator.reply({ reasoning_content: 'Look.', content: 'So.', ...call });
    const parts = await partsOf(v3, { tools: [weather] });
    const types = parts.map(({ type }) => type).filter((type, at, all) => type !== all[at - 1]);
    expect(types).toEqual([
      'stream-start',
      'response-metadata',
      'reasoning-start',
      'reasoning-delta',
      'reasoning-end',
      'text-start',
      'text-delta',
      'text-end',
      'tool-input-start',
      'tool-input-delta',
      'tool-input-end',
      'tool-call',
      'finish',
    ]);
    const input = '{"city":"Oslo"}';
    expect(parts).toContainEqual({
      type: 'tool-call',
      toolCallId: 'c1',
      toolName: 'weather',
      input,
    });
    const deltas = parts.flatMap((part) => (part.type === 'tool-input-delta' ? [part.delta] : []));
    expect(deltas.join('')).toBe(input);
  });

  test.each(['deepseek', 'aimlapi', 'shortapi', 'anyfast', 'bytespike', 'vtrix'] as const)(
    'comes with its calls from %s',
    async (provider) => {
      const { emulator, v3 } = model({ provider });
      emulator.reply(call);
      const parts = await partsOf(v3, { tools: [weather] });
      const [started] = parts.filter(({ type }) => type === 'tool-input-start');
      const [made] = parts.flatMap((part) => (part.type === 'tool-call' ? [part] : []));
      expect(made?.input).toBe('{"city":"Oslo"}');
      expect(started).toEqual({
        type: 'tool-input-start',
        id: made?.toolCallId,
        toolName: 'weather',
      });
      expect(finishOf(parts).finishReason.unified).toBe('tool-calls');
    },
  );

  const cuts = [
    ['after an event', faults.cutAfterEvents(6)],
    ['without an end', faults.compose(faults.cutAfterEvents(3))],
  ] as const;
  test.each(cuts)(
    'that is cut %s is an error, or interrupted where there is the word',
    async (_where, cut) => {
      const { emulator, v3, v4 } = model();
      emulator.reply(cut, cut);
      const older = await partsOf(v3);
      const [error] = older.flatMap((part) => (part.type === 'error' ? [part.error] : []));
      expect(isChatError(error, 'stream_interrupted')).toBe(true);
      expect(older.at(-2)?.type).toBe('error');
      expect(finishOf(older).finishReason).toEqual({ unified: 'error', raw: undefined });
      const newer = await partsOf(v4);
      expect(newer.some(({ type }) => type === 'error')).toBe(false);
      expect(finishOf(newer).finishReason).toEqual({ unified: 'interrupted', raw: undefined });
      const { flash: told } = finishOf(newer).providerMetadata;
      expect([told.completion, told.error?.code]).toEqual(['interrupted', 'stream_interrupted']);
      // What was begun is ended.
      const open = newer.filter(({ type }) => type.endsWith('-start')).length - 1;
      expect(newer.filter(({ type }) => type.endsWith('-end'))).toHaveLength(open);
    },
  );

  test('whose socket breaks is one too, and is asked for once', async () => {
    const data = { choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: null }] };
    const server = await startRawServer(({ socket }) => {
      socket.write(streamHead);
      socket.write(chunked(`data: ${JSON.stringify(data)}\n\n`), () => socket.resetAndDestroy());
    });
    cleanups.push(server.close);
    const provider = createFlash({ baseURL: server.url, apiKey: 'k' });
    const parts = await partsOf(provider());
    expect(finishOf(parts).finishReason.unified).toBe('error');
    expect(server.requests).toBe(1);
  });

  test('that fails before its head fails at once, with what the client sent', async () => {
    const emulator = await startEmulator();
    cleanups.push(() => emulator.close());
    emulator.reply({ error: 'overloaded' }, { error: 'overloaded' });
    const baseURL = emulator.baseURL('deepseek');
    const provider = createFlash({ baseURL, apiKey: 'k', maxRetries: 1 });
    const error = await failureOf(provider().doStream({ prompt }));
    expect(error).toMatchObject({ code: 'overloaded', status: 503 });
    // `ai` sends again what has this field, and says yes.
    expect((error as { isRetryable?: unknown }).isRetryable).toBeUndefined();
    expect(emulator.requests).toHaveLength(2);
  });

  test('that is aborted ends with the reason of the signal', async () => {
    const { emulator, v3 } = model();
    emulator.reply({ writes: ['hang'] });
    const controller = new AbortController();
    const { stream } = await v3.doStream({ prompt, abortSignal: controller.signal });
    const reason = new Error('Enough');
    setTimeout(() => controller.abort(reason), 20);
    expect(await failureOf(collect(stream))).toBe(reason);
  });

  test('that is left ends its request', async () => {
    const ended = vi.fn<(code: string | undefined) => void>();
    const { emulator, v3 } = model({ hooks: { onEnd: (_report, error) => ended(error?.code) } });
    emulator.reply({ writes: ['hang'] });
    const { stream } = await v3.doStream({ prompt });
    await (stream as ReadableStream).cancel();
    await vi.waitFor(() => expect(ended).toHaveBeenCalledWith('aborted'));
  });

  test.each(['v3', 'v4'] as const)(
    'that would be restarted ends as cut off under %s: no delta comes twice, and no second vendor is paid',
    async (version) => {
      const apiKey = 'k';
      const restarting = model({
        apiKey: undefined,
        providers: [
          { provider: 'deepseek', apiKey },
          { provider: 'shortapi', apiKey },
        ],
        onInterrupted: 'restart',
      });
      const content = 'One two three four five six.';
      restarting.emulator.reply(
        { ...faults.cutAfterEvents(5, 'end'), answer: { content, reasoning_content: '' } },
        { content, reasoning_content: '' },
      );
      const parts = await partsOf(restarting[version]);
      const deltas = parts.flatMap((part) => (part.type === 'text-delta' ? [part.delta] : []));
      expect(deltas.length).toBeGreaterThan(1);
      expect(content.startsWith(deltas.join(''))).toBe(true);
      const { finishReason } = parts.at(-1) as { finishReason?: { unified: string } };
      expect(finishReason?.unified).toBe(version === 'v4' ? 'interrupted' : 'error');
      expect(restarting.emulator.requests).toHaveLength(1);
    },
  );

  test('before its first delta another vendor may answer, unnoticed', async () => {
    const apiKey = 'k';
    const { emulator, v4 } = model({
      apiKey: undefined,
      providers: [
        { provider: 'deepseek', apiKey },
        { provider: 'shortapi', apiKey },
      ],
      onInterrupted: 'restart',
    });
    emulator.reply(faults.cutAfterEvents(1, 'end'), { content: 'Hello', reasoning_content: '' });
    const parts = await partsOf(v4);
    const deltas = parts.flatMap((part) => (part.type === 'text-delta' ? [part.delta] : []));
    expect(deltas.join('')).toBe('Hello');
    expect((parts.at(-1) as { finishReason?: object }).finishReason).toMatchObject({
      unified: 'stop',
    });
  });

  test('gives the chunks themselves to who asks for them', async () => {
    const { emulator, v3 } = model();
    emulator.reply({ content: 'Hello' }, { content: 'Hello' });
    const isRaw = ({ type }: Part): boolean => type === 'raw';
    expect((await partsOf(v3, { includeRawChunks: true })).some(isRaw)).toBe(true);
    expect((await partsOf(v3)).some(isRaw)).toBe(false);
  });
});

describe('a stream for pages', () => {
  const messages = [user('Hi')];

  test('is text, told in parts, with what it cost and nothing secret', async () => {
    const { emulator, completions } = connect({ apiKey: 'sk-very-secret' });
    emulator.reply({ content: 'Hello', reasoning_content: '' });
    const response = toUIMessageStreamResponse(completions.stream({ messages }), {
      messageId: 'm1',
      headers: { 'x-mine': 'yes' },
    });
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(response.headers.get('x-vercel-ai-ui-message-stream')).toBe('v1');
    expect(response.headers.get('x-mine')).toBe('yes');
    const text = await response.text();
    expect(text).not.toContain('sk-very-secret');
    const frames = text.trim().split('\n\n');
    expect(frames.at(-1)).toBe('data: [DONE]');
    const parts = frames.slice(0, -1).map((frame) => JSON.parse(frame.slice('data: '.length)));
    expect(parts[0]).toEqual({ type: 'start', messageId: 'm1' });
    expect(parts.at(-1)).toMatchObject({
      type: 'finish',
      finishReason: 'stop',
      messageMetadata: { flash: { provider: 'deepseek', completion: 'complete' } },
    });
    expect(Object.keys(parts.at(-1).messageMetadata.flash).toSorted()).toEqual([
      'completion',
      'cost',
      'model',
      'provider',
      'timings',
      'usage',
    ]);
  });

  test('can leave parts out, and the report', async () => {
    const { emulator, completions } = connect();
    emulator.reply({ content: 'Hello', reasoning_content: 'Hm.' });
    const stream = toUIMessageStream(completions.stream({ messages }), {
      report: false,
      transform: (part) => (part.type.startsWith('reasoning') ? undefined : part),
    });
    const parts = await collect<{ type: string }>(stream);
    expect(parts.some(({ type }) => type.startsWith('reasoning'))).toBe(false);
    expect(parts.at(-1)).toEqual({ type: 'finish', finishReason: 'stop' });
  });

  test('tells a visitor of an error in a sentence of ours, or of yours', async () => {
    const { emulator, completions } = connect();
    emulator.reply({ error: 'authentication' }, { error: 'authentication' });
    const told = async (init: object) =>
      (
        await collect<{ type: string; errorText?: string }>(
          toUIMessageStream(completions.stream({ messages }), init),
        )
      ).find(({ type }) => type === 'error')?.errorText;
    expect(await told({})).toBe('The service cannot answer at the moment.');
    expect(await told({ onError: ({ code }: ChatError) => `Oh: ${code}` })).toBe(
      'Oh: authentication',
    );
  });

  test('leaves the answer to who waits for its end meanwhile, e.g. to store it', async () => {
    const { emulator, completions } = connect();
    emulator.reply({ content: 'Hello' }, call, { content: 'Hello' });
    const tool = jsonSchemaTool({
      name: 'weather',
      jsonSchema: weather.inputSchema,
      execute: () => 'sunny',
    });
    const stream = completions.stream({ messages });
    const run = completions.runTools({ messages, tools: [tool] });
    for (const source of [stream, run]) {
      const response = toUIMessageStreamResponse(source);
      const end = 'final' in source ? source.final() : source.finalCompletion();
      const text = await response.text();
      expect(text).toContain('"delta":"Hello"');
      expect(text).not.toContain('"type":"error"');
      await end;
    }
  });

  describe('whose page goes away', () => {
    const settled = async (ended: Promise<unknown>): Promise<string> =>
      ended.then(
        () => 'whole',
        (error: ChatError) => error.code,
      );
    const leave = async (body: unknown): Promise<void> => {
      const reader = (body as ReadableStream<unknown>).getReader();
      await reader.read();
      await reader.cancel();
    };

    test.each([
      [undefined, 'aborted'],
      ['abort', 'aborted'],
      ['finish', 'whole'],
    ] as const)('with onDisconnect: %s, is %s', async (onDisconnect, outcome) => {
      const { emulator, completions } = connect();
      emulator.reply({ content: 'Hello' }, { content: 'Hello' });
      const objects = completions.stream({ messages });
      await leave(toUIMessageStream(objects, { onDisconnect }));
      expect(await settled(objects.finalCompletion())).toBe(outcome);
      const bytes = completions.stream({ messages });
      await leave(toUIMessageStreamResponse(bytes, { onDisconnect }).body);
      expect(await settled(bytes.finalCompletion())).toBe(outcome);
    });

    test('makes all the steps of a run, if they are to be finished', async () => {
      const { emulator, completions } = connect();
      emulator.reply(call, { content: 'Warm.' });
      const execute = vi.fn<() => string>(() => 'sunny');
      const tool = jsonSchemaTool({ name: 'weather', jsonSchema: weather.inputSchema, execute });
      const run = completions.runTools({ messages, tools: [tool] });
      await leave(toUIMessageStreamResponse(run, { onDisconnect: 'finish' }).body);
      const { completion } = await run.final();
      expect(completion.choices[0].message.content).toBe('Warm.');
      expect(execute).toHaveBeenCalledTimes(1);
    });

    test('is finished by another vendor, though the page could not have been told', async () => {
      const { emulator, completions } = connect({
        apiKey: undefined,
        providers: [
          { provider: 'deepseek', apiKey: 'k' },
          { provider: 'shortapi', apiKey: 'k' },
        ],
        onInterrupted: 'restart',
      });
      emulator.reply(
        { ...faults.cutAfterEvents(4, 'end'), answer: { content: 'Half of it, and more.' } },
        { content: 'All of it.' },
      );
      const stream = completions.stream({ messages });
      const init = { onReset: 'error', onDisconnect: 'finish' } as const;
      await leave(toUIMessageStreamResponse(stream, init).body);
      const { choices } = await stream.finalCompletion();
      expect(choices[0].message.content).toBe('All of it.');
    });
  });

  test('whose transform throws ends the call', async () => {
    const { emulator, completions } = connect();
    emulator.reply({ content: 'Hello' });
    const stream = completions.stream({ messages });
    const transform = (): never => {
      throw new Error('private');
    };
    const shown = toUIMessageStream(stream, { transform, onDisconnect: 'finish' });
    await expect(collect(shown)).rejects.toThrow('private');
    await expect(stream.finalCompletion()).rejects.toMatchObject({ code: 'aborted' });
  });

  test('takes no options that it does not know', () => {
    const { completions } = connect();
    const stream = completions.stream({ messages });
    const invalid = expect.objectContaining({ code: 'invalid_options' });
    expect(() => toUIMessageStream(stream, { sendReasoning: true } as object)).toThrow(invalid);
    expect(() => toUIMessageStream(stream, { onReset: 'x' as 'error' })).toThrow(invalid);
    expect(() => toUIMessageStream(stream, { onDisconnect: 'x' as 'abort' })).toThrow(invalid);
    stream.abort();
  });

  test.each<[unknown, string]>([
    [null, 'messages'],
    [[null], 'messages.0'],
    [[{ role: 'tool', parts: [] }], 'messages.0.role'],
    [[{ role: 'user' }], 'messages.0.parts'],
    [[{ role: 'user', parts: [null] }], 'messages.0.parts.0'],
    [[{ role: 'user', parts: [{}] }], 'messages.0.parts.0.type'],
    [[{ role: 'user', parts: [{ type: 'text', text: {} }] }], 'messages.0.parts.0.text'],
    [[{ role: 'assistant', parts: [{ type: 5 }] }], 'messages.0.parts.0.type'],
  ])('what no page sends is refused where it is wrong: %j', (sent, param) => {
    const read = () => fromUIMessages(sent as never);
    expect(read).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
  });

  test('reads back what a page has sent, step by step', () => {
    const { messages: read, approvals } = fromUIMessages([
      { role: 'user', parts: [{ type: 'text', text: 'Hi' }] },
      {
        role: 'assistant',
        parts: [
          { type: 'step-start' },
          { type: 'reasoning', text: 'Look.' },
          {
            type: 'tool-weather',
            toolCallId: 'a',
            state: 'output-available',
            input: {},
            output: 1,
          },
          { type: 'tool-weather', toolCallId: 'x', state: 'input-streaming' },
          { type: 'step-start' },
          { type: 'text', text: 'Paying.' },
          {
            type: 'tool-refund',
            toolCallId: 'b',
            state: 'approval-responded',
            input: { n: 1 },
            approval: { approved: false, reason: 'No' },
          },
        ],
      },
    ]);
    expect(read.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant']);
    expect(read[1]).toMatchObject({ reasoning_content: 'Look.', tool_calls: [{ id: 'a' }] });
    expect(read[3]).toMatchObject({ content: 'Paying.', tool_calls: [{ id: 'b' }] });
    expect(approvals).toEqual({ b: { approved: false, reason: 'No' } });
  });
});

afterEach(() => vi.unstubAllEnvs());
