import type {
  ChatCompletionCreateParamsBase,
  ClientOptions,
  Provider,
  ProviderId,
} from 'deepseek-v4-flash';
import { createClient, defineProvider, isChatError } from 'deepseek-v4-flash';
import { describe, expect, test, vi } from 'vitest';
import { errorOf } from '../kit/failures.ts';
import { chunk, clientOf, codesOf, question, whole } from '../kit/wire.ts';

// The facts of five hosts, written from their pages and from what others measured, not from the profiles.

type Params = Partial<ChatCompletionCreateParamsBase> & { stream?: boolean };

/** What is sent beside the messages, and what is said of it: `param action lossy|lossless`. */
function prepare(provider: ProviderId, params: Params = {}, options: ClientOptions = {}) {
  const client = createClient({ provider, apiKey: 'k', onUnsupported: 'adjust', ...options });
  const { url, body, adjustments } = client.chat.completions.prepare({
    messages: question,
    ...params,
  });
  const { messages: _messages, ...rest } = body;
  const said = adjustments.map(
    ({ param, action, lossy }) => `${param} ${action} ${lossy ? 'lossy' : 'lossless'}`,
  );
  return { url, body: rest, said };
}

/** What is sent of a parameter. */
const sent = (provider: ProviderId, params: Params): Record<string, unknown> => {
  const { model: _model, ...rest } = prepare(provider, params).body;
  return rest;
};

const on = { thinking: { type: 'enabled' } } as const;
const off = { thinking: { type: 'disabled' } } as const;
const tool = {
  type: 'function',
  function: { name: 'look', parameters: { type: 'object' } },
} as const;
const named = { type: 'function', function: { name: 'look' } } as const;
const schema = { type: 'object', properties: { n: { type: 'integer' } } };
const form: Params = {
  response_format: { type: 'json_schema', json_schema: { name: 'n', schema } },
};
const image = {
  messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:,' } }] }],
} as const;

/** The efforts as they go out, from the least to the most. */
const efforts = (
  provider: ProviderId,
  field: (body: Record<string, unknown>) => unknown,
  model?: string,
) =>
  (['minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const).map((reasoning_effort) =>
    field(sent(provider, { reasoning_effort, ...(model !== undefined && { model }) })),
  );

const ofReasoning = ({ reasoning }: Record<string, unknown>) =>
  (reasoning as { effort?: string } | undefined)?.effort;
const plain = ({ reasoning_effort }: Record<string, unknown>) => reasoning_effort;

/** What of a request with everything in it does not go out. */
function dropped(provider: ProviderId): string[] {
  const { said } = prepare(provider, {
    frequency_penalty: 1,
    presence_penalty: 1,
    seed: 7,
    logit_bias: { '5': 1 },
    logprobs: true,
    top_logprobs: 2,
    tools: [tool],
    parallel_tool_calls: false,
    user_id: 'ada',
    stream: true,
    stream_options: { include_usage: true },
  });
  return said.flatMap((each) =>
    each.endsWith(' dropped lossy') ? [each.split(' ')[0] ?? ''] : [],
  );
}

const refusalOf = (provider: ProviderId, params: Params): string | undefined => {
  try {
    prepare(provider, params);
    return undefined;
  } catch (error) {
    return isChatError(error, 'unsupported_parameter') ? error.param : String(error);
  }
};

/** What a client of the host reads, whole. */
const read = (
  provider: ProviderId | Provider,
  body: object,
  headers: Record<string, string> = {},
) =>
  clientOf({ body, headers }, { provider }).client.chat.completions.create({ messages: question });

test.each<[ProviderId, string, string, string]>([
  [
    'openrouter',
    'https://openrouter.ai/api/v1',
    'OPENROUTER_API_KEY',
    'deepseek/deepseek-v4-flash',
  ],
  [
    'deepinfra',
    'https://api.deepinfra.com/v1/openai',
    'DEEPINFRA_API_KEY',
    'deepseek-ai/DeepSeek-V4-Flash',
  ],
  [
    'alibaba',
    'https://dashscope-intl.aliyuncs.com/compatible-mode/v1',
    'DASHSCOPE_API_KEY',
    'deepseek-v4-flash-0731',
  ],
  [
    'fireworks',
    'https://api.fireworks.ai/inference/v1',
    'FIREWORKS_API_KEY',
    'accounts/fireworks/models/deepseek-v4-flash-0731',
  ],
  [
    'volcengine',
    'https://ark.cn-beijing.volces.com/api/v3',
    'ARK_API_KEY',
    'deepseek-v4-flash-ga-260731',
  ],
])(
  '%s is asked at its address, with its key, for its name of the model',
  async (provider, base, variable, model) => {
    vi.stubEnv(variable, 'sk-of-the-host');
    const { client, requests } = clientOf(
      { body: whole({ content: 'Hi' }) },
      { provider, apiKey: undefined },
    );
    const { report } = await client.chat.completions.create({ messages: question });
    vi.unstubAllEnvs();
    expect(requests[0]?.url).toBe(`${base}/chat/completions`);
    expect(requests[0]?.headers.authorization).toBe('Bearer sk-of-the-host');
    expect(JSON.parse(requests[0]?.body ?? '')).toMatchObject({ model });
    // A prefix is nothing to tell; a name of the host's own is, and loses nothing within a generation.
    const told = report.adjustments.map(({ param, action, lossy }) => [param, action, lossy]);
    expect(told).toEqual(provider === 'openrouter' ? [] : [['model', 'mapped', false]]);
  },
);

test.each<[ProviderId, string, string]>([
  ['openrouter', 'deepseek-v4-flash-0731', 'deepseek/deepseek-v4-flash-0731'],
  ['openrouter', 'deepseek-v4.1-flash', 'deepseek/deepseek-v4.1-flash'],
  ['openrouter', 'deepseek-v4.1-flash-1017', 'deepseek/deepseek-v4.1-flash-1017'],
  ['deepinfra', 'deepseek-v4-flash-0731', 'deepseek-ai/DeepSeek-V4-Flash-0731'],
  ['deepinfra', 'deepseek-v4.1-flash', 'deepseek-ai/DeepSeek-V4.1-Flash'],
  ['alibaba', 'deepseek-v4-flash-0731', 'deepseek-v4-flash-0731'],
  ['fireworks', 'deepseek-v4-flash-0731', 'accounts/fireworks/models/deepseek-v4-flash-0731'],
  ['fireworks', 'deepseek-v4.1-flash', 'accounts/fireworks/models/deepseek-v4p1-flash'],
  ['fireworks', 'deepseek-v4.1-flash-1017', 'accounts/fireworks/models/deepseek-v4p1-flash-1017'],
  ['volcengine', 'deepseek-v4-flash-0731', 'deepseek-v4-flash-ga-260731'],
])('at %s %s is %s', (provider, model, wire) => {
  expect(prepare(provider, { model }).body.model).toBe(wire);
  expect(prepare(provider, { model: wire }).body.model).toBe(wire);
});

test.each<[ProviderId, number | undefined]>([
  ['openrouter', undefined],
  ['deepinfra', 16_384],
  ['alibaba', 384_000],
  ['fireworks', 384_000],
  ['volcengine', 393_216],
])('%s writes at most %s tokens', (provider, cap) => {
  expect(sent(provider, { max_tokens: 900_000 })).toEqual({ max_tokens: cap ?? 900_000 });
});

describe('openrouter', () => {
  test('thinking is an effort in `reasoning`, and off is the effort `none`', () => {
    expect(sent('openrouter', {})).toEqual({});
    expect(sent('openrouter', on)).toEqual({ reasoning: { effort: 'high' } });
    expect(sent('openrouter', off)).toEqual({ reasoning: { effort: 'none' } });
    expect(prepare('openrouter', off).said).toEqual(['thinking mapped lossless']);
    expect(prepare('openrouter', on).said).toEqual(['thinking mapped lossless']);
    expect(prepare('openrouter', { ...on, reasoning_effort: 'high' }).said).toEqual([
      'reasoning_effort renamed lossless',
    ]);
  });

  test('each model has efforts of its own', () => {
    const [high, xhigh] = ['high', 'xhigh'];
    expect(efforts('openrouter', ofReasoning)).toEqual([high, high, high, high, xhigh, xhigh]);
    expect(efforts('openrouter', ofReasoning, 'deepseek-v4-flash-0731')).toEqual([
      'low',
      'low',
      high,
      high,
      high,
      'max',
    ]);
    expect(prepare('openrouter', { reasoning_effort: 'low' }).said).toEqual([
      'reasoning_effort renamed lossless',
      'reasoning_effort mapped lossy',
    ]);
  });

  test('takes what its SDK lists: four stop sequences, names of 64 characters, every parameter', () => {
    expect(dropped('openrouter')).toEqual([]);
    expect(sent('openrouter', { stop: ['1', '2', '3', '4', '5'] })).toEqual({
      stop: ['1', '2', '3', '4'],
    });
    const tools = [{ type: 'function', function: { name: 'x'.repeat(65) } }] as const;
    expect(refusalOf('openrouter', { tools: [...tools] })).toBe('tools.0.function.name');
    expect(sent('openrouter', { user: 'ada' })).toEqual({ user: 'ada' });
    expect(sent('openrouter', form)).toEqual({
      response_format: { type: 'json_schema', json_schema: { name: 'n', schema } },
    });
  });

  test('images go to V4.1 alone', () => {
    expect(refusalOf('openrouter', image as never)).toBe('messages.0.content.0');
    expect(
      refusalOf('openrouter', { ...image, model: 'deepseek-v4.1-flash' } as never),
    ).toBeUndefined();
  });

  test('a forced call switches thinking off: DeepSeek is among the hosts behind it', () => {
    expect(sent('openrouter', { tools: [tool], tool_choice: named })).toMatchObject({
      tool_choice: named,
      reasoning: { effort: 'none' },
    });
  });

  const told = { reasoning: 'Hm.', reasoning_details: [{ type: 'reasoning.text', text: 'Hm.' }] };
  const usage = {
    prompt_tokens: 10,
    completion_tokens: 20,
    total_tokens: 30,
    cost: 0.00014,
    cost_details: {},
  };

  test('reasoning, cost in dollars and the generation’s id are read of a whole answer', async () => {
    const body = whole({ content: 'Hi', ...told }, 'stop', { usage, provider: 'DeepInfra' });
    const completion = await read('openrouter', body, { 'x-generation-id': 'gen-1' });
    expect(completion.choices[0].message.reasoning_content).toBe('Hm.');
    expect(completion.report).toMatchObject({ requestId: 'gen-1', cost: { usd: '0.00014' } });
  });

  test('and of a stream, where `reasoning` stands whole in the end too', async () => {
    const events = [
      ': OPENROUTER PROCESSING\n\n',
      chunk({ reasoning: 'Hm', reasoning_details: [{ type: 'reasoning.text', text: 'Hm' }] }),
      chunk({ reasoning: ', yes.' }),
      chunk({ content: 'Hi' }),
      chunk({}, 'stop', { usage }),
    ];
    const { client } = clientOf({ events }, { provider: 'openrouter' });
    const completion = await client.chat.completions
      .stream({ messages: question })
      .finalCompletion();
    expect(completion.choices[0].message).toMatchObject({
      content: 'Hi',
      reasoning_content: 'Hm, yes.',
      reasoning: 'Hm, yes.',
    });
    expect(completion.report.cost?.usd).toBe('0.00014');
  });

  test('the reasoning of earlier turns goes back as reasoning_content', () => {
    const client = createClient({ provider: 'openrouter', apiKey: 'k' });
    const { body } = client.chat.completions.prepare({
      messages: [
        ...question,
        { role: 'assistant', content: 'Hi', ...told, reasoning_content: 'Hm.' } as never,
        ...question,
      ],
    });
    expect(body.messages).toMatchObject([{}, { content: 'Hi', reasoning_content: 'Hm.' }, {}]);
  });

  const failures: [number, object, string][] = [
    [
      402,
      { code: 402, message: 'You requested up to 65536 tokens, but can only afford 1200.' },
      'insufficient_balance',
    ],
    [
      429,
      { code: 429, message: 'Provider returned error', metadata: { raw: 'slow down' } },
      'rate_limit',
    ],
    [401, { code: 401, message: 'No auth credentials found' }, 'authentication'],
    [503, { code: 503, message: 'No instances available' }, 'overloaded'],
  ];

  test.each(failures)(
    'an error %i is understood, also in a stream',
    async (status, error, code) => {
      const { client } = clientOf({ status, body: { error } }, { provider: 'openrouter' });
      const failed = await errorOf(client.chat.completions.create({ messages: question }));
      expect([failed.code, failed.status, failed.provider]).toEqual([code, status, 'openrouter']);
      const events = [chunk({ content: 'Hi' }), { ...chunk({}, 'error'), error }];
      const streamed = clientOf({ events }, { provider: 'openrouter' }).client;
      const broken = await errorOf(
        streamed.chat.completions.stream({ messages: question }).finalCompletion(),
      );
      expect([broken.code, broken.vendorCode]).toEqual([code, String(status)]);
      expect(broken.partial?.choices[0].message.content).toBe('Hi');
    },
  );
});

describe('deepinfra', () => {
  test('does not think unless it is asked, and the report says so', async () => {
    const { report } = await read('deepinfra', whole({ content: 'Hi' }));
    expect(report.thinking).toEqual({ asked: 'default', byDefault: 'off', seen: false });
    expect(sent('deepinfra', on)).toEqual({ reasoning_effort: 'high' });
    expect(sent('deepinfra', off)).toEqual({ reasoning_effort: 'none' });
    expect(efforts('deepinfra', plain)).toEqual([
      'minimal',
      'low',
      'medium',
      'high',
      'xhigh',
      'max',
    ]);
  });

  test('what hangs on thinking is as it is without', () => {
    const turn = { role: 'assistant', content: 'Hi' } as const;
    const history: Params = { messages: [...question, turn, ...question], tools: [tool] };
    expect(prepare('deepinfra', history).said).toEqual(['model mapped lossless']);
    expect(prepare('deepinfra', { ...history, ...on }).said).toContain(
      'messages.1.reasoning_content added lossless',
    );
  });

  test('takes what its schema lists', () => {
    expect(new Set(dropped('deepinfra'))).toEqual(
      new Set(['logit_bias', 'logprobs', 'top_logprobs', 'parallel_tool_calls', 'stream_options']),
    );
    expect(sent('deepinfra', { user_id: 'ada' })).toEqual({ user: 'ada' });
    expect(sent('deepinfra', form)).toEqual({ response_format: { type: 'json_object' } });
  });

  test.each(['required', named] as const)('no call is forced: %o', (tool_choice) => {
    const { body, said } = prepare('deepinfra', { tools: [tool], tool_choice });
    expect(body.tool_choice).toBe('auto');
    expect(said).toContain('tool_choice mapped lossy');
  });
});

describe('alibaba', () => {
  test('has a switch of its own, and an effort beside it', () => {
    expect(sent('alibaba', on)).toEqual({ enable_thinking: true });
    expect(sent('alibaba', off)).toEqual({ enable_thinking: false });
    expect(sent('alibaba', { reasoning_effort: 'max' })).toEqual({
      enable_thinking: true,
      reasoning_effort: 'max',
    });
    expect(prepare('alibaba', { reasoning_effort: 'max' }).said).toEqual([
      'model mapped lossless',
      'thinking added lossless',
    ]);
    expect(efforts('alibaba', plain)).toEqual(['low', 'low', 'high', 'high', 'high', 'max']);
  });

  test('in China it sells other models, under the same key', async () => {
    const baseURL = 'https://dashscope.aliyuncs.com/compatible-mode/v1';
    vi.stubEnv('DASHSCOPE_API_KEY', 'sk-dashscope');
    for (const given of [baseURL, `${baseURL}/`]) {
      const { client, requests } = clientOf(
        { body: whole({ content: 'Hi' }) },
        { provider: 'alibaba', baseURL: given, apiKey: undefined },
      );
      await client.chat.completions.create({ messages: question });
      expect(requests[0]?.url).toBe(`${baseURL}/chat/completions`);
      expect(requests[0]?.headers.authorization).toBe('Bearer sk-dashscope');
      expect(JSON.parse(requests[0]?.body ?? '')).toMatchObject({ model: 'deepseek-v4-flash' });
    }
    vi.unstubAllEnvs();
    expect(prepare('alibaba', { max_tokens: 400_000 }, { baseURL }).body.max_tokens).toBe(384_000);
    const picture = { ...image, model: 'deepseek-v4.1-flash' } as never;
    expect(prepare('alibaba', picture, { baseURL }).body.model).toBe('deepseek-v4.1-flash');
    expect(() => prepare('alibaba', image as never, { baseURL })).toThrow('image_url');
  });

  test('another address of its keeps its names, and wants its own key', async () => {
    vi.stubEnv('DASHSCOPE_API_KEY', 'sk-dashscope');
    const baseURL = 'https://llm-1.ap-southeast-1.maas.aliyuncs.com/compatible-mode/v1';
    const { client, requests } = clientOf({}, { provider: 'alibaba', baseURL, apiKey: undefined });
    const error = await errorOf(client.chat.completions.create({ messages: question }));
    vi.unstubAllEnvs();
    expect(error.code).toBe('missing_api_key');
    expect(requests).toEqual([]);
    expect(prepare('alibaba', {}, { baseURL }).body.model).toBe('deepseek-v4-flash-0731');
  });

  test('sends what is known of these models', () => {
    expect(new Set(dropped('alibaba'))).toEqual(
      new Set([
        'frequency_penalty',
        'presence_penalty',
        'seed',
        'logit_bias',
        'logprobs',
        'top_logprobs',
        'parallel_tool_calls',
        'user_id',
      ]),
    );
    expect(refusalOf('alibaba', image as never)).toBe('messages.0.content.0');
    expect(sent('alibaba', form)).toEqual({ response_format: { type: 'json_object' } });
    expect(sent('alibaba', { tools: [tool], tool_choice: named })).toMatchObject({
      enable_thinking: false,
    });
  });
});

describe('fireworks', () => {
  test('thinking is an effort', () => {
    expect(sent('fireworks', on)).toEqual({ reasoning_effort: 'high' });
    expect(sent('fireworks', off)).toEqual({ reasoning_effort: 'none' });
    expect(efforts('fireworks', plain)).toEqual(['low', 'low', 'high', 'high', 'high', 'max']);
  });

  test('takes what its SDK lists', () => {
    expect(dropped('fireworks')).toEqual(['stream_options']);
    expect(sent('fireworks', { stop: ['1', '2', '3', '4', '5'] })).toEqual({
      stop: ['1', '2', '3', '4'],
    });
    expect(sent('fireworks', form)).toEqual({
      response_format: { type: 'json_schema', json_schema: { name: 'n', schema } },
    });
    const bare = { type: 'function', function: { name: 'look' } } as const;
    expect(sent('fireworks', { tools: [bare], tool_choice: 'required' })).toEqual({
      tools: [
        {
          type: 'function',
          function: { name: 'look', parameters: { type: 'object', properties: {} } },
        },
      ],
      tool_choice: 'required',
    });
  });
});

describe('volcengine', () => {
  test('has DeepSeek’s switch, thinks without it, and no effort is known', () => {
    expect(sent('volcengine', on)).toEqual(on);
    expect(sent('volcengine', off)).toEqual(off);
    const { body, said } = prepare('volcengine', { reasoning_effort: 'low' });
    expect(body).toEqual({ model: 'deepseek-v4-flash-ga-260731' });
    expect(said).toEqual(['model mapped lossless', 'reasoning_effort dropped lossy']);
  });

  test('json_schema, which it ignores, becomes json_object and a message', () => {
    const client = createClient({ provider: 'volcengine', apiKey: 'k', onUnsupported: 'adjust' });
    const { body } = client.chat.completions.prepare({ messages: question, ...form });
    expect(body.response_format).toEqual({ type: 'json_object' });
    expect(JSON.stringify(body.messages)).toContain('JSON Schema');
  });

  test('takes texts alone, and what its SDK lists', () => {
    expect(refusalOf('volcengine', image as never)).toBe('messages.0.content.0');
    expect(dropped('volcengine')).toEqual(['seed']);
    const strict = { type: 'function', function: { name: 'look', strict: true } } as const;
    expect(prepare('volcengine', { tools: [strict] }).said).toContain(
      'tools.0.function.strict dropped lossy',
    );
  });
});

describe('a provider of one’s own', () => {
  const base = { id: 'own', baseURL: 'https://own.test/v1' } as const;
  const values = {
    minimal: 'low',
    low: 'low',
    medium: 'low',
    high: 'high',
    xhigh: 'high',
    max: 'max',
  };
  const bodyAt = (thinking: Provider['profile']['thinking'], params: Params) => {
    const client = createClient({
      provider: defineProvider({ ...base, thinking }),
      apiKey: 'k',
      onUnsupported: 'adjust',
    });
    const {
      model: _model,
      messages: _messages,
      ...rest
    } = client.chat.completions.prepare({ messages: question, ...params }).body;
    return rest;
  };

  test.each<[Provider['profile']['thinking'], object, object]>([
    [
      { on: 'reasoning.enabled', off: 'reasoning.enabled' },
      { reasoning: { enabled: true } },
      { reasoning: { enabled: false } },
    ],
    [
      { on: 'enable_thinking', off: 'enable_thinking' },
      { enable_thinking: true },
      { enable_thinking: false },
    ],
    [
      { on: 'chat_template_kwargs.thinking', off: 'chat_template_kwargs.thinking' },
      { chat_template_kwargs: { thinking: true } },
      { chat_template_kwargs: { thinking: false } },
    ],
    [
      { on: 'reasoning.effort high', off: 'reasoning.effort none' },
      { reasoning: { effort: 'high' } },
      { reasoning: { effort: 'none' } },
    ],
  ])('%o is said in its own way', (style, whenOn, whenOff) => {
    expect(bodyAt(style, on)).toEqual(whenOn);
    expect(bodyAt(style, off)).toEqual(whenOff);
  });

  test('two fields of one object stand beside each other', () => {
    const style = {
      on: 'chat_template_kwargs.thinking',
      off: 'chat_template_kwargs.thinking',
      byDefault: 'off',
      effort: { field: 'chat_template_kwargs.reasoning_effort', values },
    } as const;
    expect(bodyAt(style, { reasoning_effort: 'max' })).toEqual({
      chat_template_kwargs: { thinking: true, reasoning_effort: 'max' },
    });
  });

  test('who does not think anyway needs no switch to be told not to', () => {
    const client = createClient({
      provider: defineProvider({ ...base, thinking: { byDefault: 'off' } }),
      apiKey: 'k',
    });
    expect(client.chat.completions.prepare({ messages: question, ...off }).adjustments).toEqual([]);
  });

  test.each([
    'thinking',
    'reasoning.effort',
    'chat_template_kwargs.',
    'reasoning_effort ',
    'default',
  ])('off cannot be %j', (how) => {
    const thinking = { off: how } as Provider['profile']['thinking'];
    expect(() => defineProvider({ ...base, thinking })).toThrow(
      /Fact thinking\.off .*enable_thinking/,
    );
  });

  test('an answer of another generation than was asked is told at a host with several', async () => {
    const completion = await read(
      'openrouter',
      whole({ content: 'Hi' }, 'stop', { model: 'deepseek/deepseek-v4.1-flash' }),
    );
    expect(codesOf(completion)).toEqual(['other_model']);
  });
});
