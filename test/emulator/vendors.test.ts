import type {
  ChatCompletion,
  ChatCompletionCreateParamsBase,
  ChatCompletionMessageParam,
  ChatErrorCode,
  Provider,
} from 'deepseek-v4-flash';
import {
  createClient,
  defineProvider,
  fetchTransport,
  isChatError,
  providers,
  undiciTransport,
} from 'deepseek-v4-flash';
import type { ErrorKind } from 'deepseek-v4-flash/testing';
import { startEmulator } from 'deepseek-v4-flash/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** Two vendors that nobody has written a file of answers for: one with facts of every kind, one with none. */
const invented: Provider[] = [
  defineProvider({
    id: 'invented',
    name: 'Invented',
    baseURL: 'https://api.invented.example/llm/v2',
    paths: { chat: 'chat', models: 'list' },
    modelPrefix: 'zen/',
    caps: { max_tokens: 100_000, stop: 3, top_p: 0.1, seed: 5, toolNameLength: 32 },
    thinking: {
      off: 'thinking.type',
      on: 'thinking.type',
      effort: {
        field: 'thinking.reasoning_effort',
        values: {
          minimal: 'some',
          low: 'some',
          medium: 'more',
          high: 'more',
          xhigh: 'more',
          max: 'more',
        },
      },
    },
    parameters: { logit_bias: 'dropped', logprobs: 'dropped', stream_options: 'dropped' },
    user: { field: 'user_id' },
    jsonSchema: 'sent with schema',
    forcedToolChoice: 'thinking off',
    strictTools: 'dropped',
    parametersRequired: true,
    nullContent: 'omitted',
    refusal: 'sent',
    names: 'not on tool',
    textParts: 'flattened',
    parts: [],
    cost: 'meta.usage.usd_spent',
    insufficientBalanceStatuses: [403],
    requestIdHeader: 'x-invented-id',
  }),
  defineProvider({ id: 'plain', baseURL: 'https://plain.example/v1' }),
];

const known = Object.values<Provider>(providers);
const vendors = [...known, ...invented];
const transports = { undici: undiciTransport, fetch: fetchTransport };

// Strict: a field that a vendor does not document is refused, so every request here holds documented fields only.
let emulator: Awaited<ReturnType<typeof startEmulator>>;
beforeAll(async () => {
  emulator = await startEmulator({ strict: true, providers: invented });
});
afterAll(() => emulator.close());

const weather = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'The weather in a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
  },
} as const;

const user = (content: string): ChatCompletionMessageParam => ({ role: 'user', content });

describe.each(vendors.map((each) => [each.id, each] as const))('%s', (id, provider) => {
  const { paths, thinking } = provider.profile;
  /** Whether the vendor thinks if told to, whether it does unless told otherwise, and whether it can be told. */
  const [canThink, canStop] = [thinking.on !== undefined, thinking.off !== undefined];
  const thinks = canThink && thinking.byDefault !== 'off';

  describe.each(Object.keys(transports) as (keyof typeof transports)[])('over %s', (transport) => {
    const connect = () =>
      createClient({
        provider,
        baseURL: emulator.baseURL(provider),
        apiKey: 'test-key',
        transport: transports[transport](),
        onUnsupported: 'adjust',
        maxRetries: 0,
      });

    /** The same request whole and streamed; both answers must be equal. */
    async function both(params: ChatCompletionCreateParamsBase): Promise<ChatCompletion> {
      const { completions } = connect().chat;
      const whole = await completions.create(params);
      const stream = await completions.create({ ...params, stream: true });
      let content = '';
      let reasoning = '';
      for await (const { choices } of stream) {
        content += choices[0]?.delta.content ?? '';
        reasoning += choices[0]?.delta.reasoning_content ?? '';
      }
      const streamed = await stream.finalCompletion();
      expect(streamed).toEqual(whole);
      expect(content).toBe(whole.choices[0].message.content ?? '');
      expect(reasoning).toBe(whole.choices[0].message.reasoning_content ?? '');
      expect(stream.report.completion).toBe(whole.report.completion);
      expect(stream.report.cost).toEqual(whole.report.cost);
      return whole;
    }

    test('gives the same answer whole and streamed', async () => {
      const completion = await both({ messages: [user('Hello?')] });
      const [{ message, finish_reason }] = completion.choices;
      expect(finish_reason).toBe('stop');
      expect(message.content).toContain('You said: "Hello?"');
      expect(Boolean(message.reasoning_content)).toBe(thinks);
    });

    test('thinks or does not, as far as the vendor can be told', async () => {
      const on = await both({ messages: [user('Hello?')], thinking: { type: 'enabled' } });
      const off = await both({ messages: [user('Hello?')], thinking: { type: 'disabled' } });
      const low = await both({ messages: [user('Hello?')], reasoning_effort: 'low' });
      const reasoned = [on, off, low].map(({ choices }) =>
        Boolean(choices[0].message.reasoning_content),
      );
      expect(reasoned).toEqual([canThink, thinks && !canStop, canThink]);
    });

    test('calls a tool, takes its result with the reasoning, and answers', async () => {
      const messages: ChatCompletionMessageParam[] = [user('How is the weather?')];
      const first = await both({ messages, tools: [weather] });
      const [{ message, finish_reason }] = first.choices;
      expect(finish_reason).toBe('tool_calls');
      expect(message.tool_calls).toHaveLength(1);
      const [call] = message.tool_calls ?? [];
      expect(call).toMatchObject({
        type: 'function',
        function: { name: 'weather', arguments: '{"city":"text"}' },
      });
      messages.push(message, { role: 'tool', tool_call_id: call?.id ?? '', content: 'Rain.' });
      const second = await both({ messages, tools: [weather] });
      expect(second.choices[0].message.content).toContain('The tool said: "Rain."');
    });

    test('is made to call a tool', async () => {
      const choice = { type: 'function', function: { name: 'weather' } } as const;
      const completion = await both({
        messages: [user('Hi')],
        tools: [weather],
        tool_choice: choice,
      });
      expect(completion.choices[0].message.tool_calls).toHaveLength(1);
      const required = await both({
        messages: [user('Hi')],
        tools: [weather],
        tool_choice: 'required',
      });
      expect(required.choices[0].message.tool_calls).toHaveLength(1);
    });

    test('answers JSON, with and without a schema', async () => {
      const plain = await both({
        messages: [user('Hi')],
        response_format: { type: 'json_object' },
      });
      expect(JSON.parse(plain.choices[0].message.content ?? '')).toEqual({ answer: 'Hi' });
      const schema = { type: 'object', properties: { n: { type: 'integer' } } };
      const fitting = await both({
        messages: [user('Hi')],
        response_format: { type: 'json_schema', json_schema: { name: 'number', schema } },
      });
      expect(JSON.parse(fitting.choices[0].message.content ?? '')).toEqual({ n: 1 });
    });

    test('shows an answer that ran out of tokens while it thought', async () => {
      const { completions } = connect().chat;
      const completion = await completions.create({ messages: [user('Hi')], max_tokens: 3 });
      expect(completion.choices[0].finish_reason).toBe('length');
      expect(completion.report.completion).toBe(thinks ? 'reasoning_exhausted' : 'length');
    });

    test('takes every parameter there is, in the form that the vendor documents', async () => {
      await both({
        messages: [
          { role: 'developer', content: [{ type: 'text', text: 'Be brief.' }] },
          { role: 'user', content: 'Hi', name: 'Ada' },
          { role: 'assistant', content: null, refusal: 'No.' },
          user('Please.'),
        ],
        max_completion_tokens: 1_000_000,
        temperature: 0,
        top_p: 0,
        stop: ['1', '2', '3', '4', '5'].map((digit) => `#${digit}`),
        frequency_penalty: 1,
        presence_penalty: -1,
        seed: 0,
        logit_bias: { '5': 1 },
        logprobs: true,
        top_logprobs: 2,
        tools: [weather],
        tool_choice: 'none',
        parallel_tool_calls: false,
        reasoning_effort: 'xhigh',
        user: 'ada',
        store: true,
      });
      expect(emulator.requests.at(-1)?.undocumented).toEqual([]);
    });

    const errors: [ErrorKind, ChatErrorCode][] = [
      ['authentication', 'authentication'],
      ['insufficient_balance', 'insufficient_balance'],
      ['permission_denied', 'permission_denied'],
      ['not_found', 'not_found'],
      ['bad_request', 'bad_request'],
      ['unprocessable', 'bad_request'],
      ['context_length', 'context_length'],
      ['content_filter', 'content_filter'],
      ['rate_limit', 'rate_limit'],
      ['concurrency', 'rate_limit'],
      ['quota', 'insufficient_balance'],
      ['server_error', 'server_error'],
      ['bad_gateway', 'server_error'],
      ['overloaded', 'overloaded'],
      ['gateway_timeout', 'server_error'],
    ];

    test.each(errors)('tells of the error %s as %s, whole and streamed', async (kind, code) => {
      const { completions } = connect().chat;
      for (const stream of [false, true]) {
        emulator.reply({ error: kind });
        const error = await completions.create({ messages: [user('Hi')], stream }).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(isChatError(error) ? error.code : error).toBe(code);
        expect(error).toMatchObject({ provider: id, status: expect.any(Number) as number });
        expect(error).toHaveProperty('report.attempts.0.error', code);
      }
    });

    test('refuses a wrong key and a missing model as the vendor does', async () => {
      const options = {
        provider,
        baseURL: emulator.baseURL(provider),
        transport: transports[transport](),
      };
      const stranger = createClient({ ...options, apiKey: 'wrong' });
      await expect(
        stranger.chat.completions.create({ messages: [user('Hi')] }),
      ).rejects.toMatchObject({
        code: 'authentication',
        status: 401,
      });
      const client = createClient({ ...options, apiKey: 'test-key' });
      const asked = client.chat.completions.create({ model: 'gpt-5', messages: [user('Hi')] });
      // Which models a vendor of a user's own sells is for nobody else to say.
      if (invented.includes(provider)) await expect(asked).resolves.toHaveProperty('choices');
      else await expect(asked).rejects.toMatchObject({ retryable: false });
    });
  });

  test('lists models and tells the balance where the vendor documents it', async () => {
    const client = createClient({
      provider,
      baseURL: emulator.baseURL(provider),
      apiKey: 'test-key',
    });
    if (paths.models === undefined) {
      await expect(client.models.list()).rejects.toMatchObject({
        code: 'unsupported',
        provider: id,
      });
    } else {
      const ids: string[] = [];
      for await (const { id } of client.models.list()) ids.push(id);
      expect(ids).toEqual([expect.stringContaining('deepseek-v4-flash')]);
      expect((await client.models.list()).data).toHaveLength(1);
    }
    if (paths.balance === undefined) {
      await expect(client.balance()).rejects.toMatchObject({ code: 'unsupported', provider: id });
    } else {
      const { available, currency, total } = await client.balance();
      expect([available, currency, Number(total)]).toEqual([true, 'USD', 12.5]);
    }
  });
});
