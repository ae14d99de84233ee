import type {
  ChatCompletionCreateParamsBase,
  ChatCompletionMessageParam,
  ChatCompletionTool,
  ChatError,
  PreparedRequest,
  ProviderId,
  ProviderOptions,
  RequestOptions,
  StandardSchemaV1,
  Transport,
} from 'deepseek-v4-flash';
import { createClient, defineProvider, isChatError, providers } from 'deepseek-v4-flash';
import { expect, test } from 'vitest';

const vendors = Object.keys(providers) as ProviderId[];
type Vendor = ProviderId;

const hello: ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hello' }];
const tool: ChatCompletionTool = {
  type: 'function',
  function: { name: 'get_weather', parameters: { type: 'object', properties: {} } },
};
const tools = [tool];
const named = { type: 'function', function: { name: 'get_weather' } };
const schema = { type: 'object', properties: { city: { type: 'string' } } };
const words = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `word${index}`);
const toolsNamed = (...names: string[]): unknown[] =>
  names.map((name) => ({ type: 'function', function: { name, parameters: schema } }));
const toolCall = (id: string): object => ({
  id,
  type: 'function',
  function: { name: 'get_weather', arguments: '{}' },
});

// Keys

const unknownKeys: [object, string][] = [
  [{ temprature: 1 }, 'temprature'],
  [{ maxTokens: 1 }, 'maxTokens'],
  [{ enable_thinking: false }, 'enable_thinking'],
  [{ thinking: { type: 'enabled', budget: 5 } }, 'thinking.budget'],
  [{ stream: true, stream_options: { include_cost: true } }, 'stream_options.include_cost'],
  [{ response_format: { type: 'json_object', mode: 'strict' } }, 'response_format.mode'],
  [
    {
      response_format: { type: 'json_schema', json_schema: { name: 'a', schema, extra: 1 } },
    },
    'response_format.json_schema.extra',
  ],
  [{ tools: [{ ...tool, cache: true }] }, 'tools.0.cache'],
  [{ tools: [{ type: 'function', function: { name: 'a', extra: 1 } }] }, 'tools.0.function.extra'],
];

test.each(unknownKeys)('the unknown key in %j is refused with its path', (params, path) => {
  expect(refusedPaths(params)).toStrictEqual([path]);
});

test('an unknown key is refused even with the value null', () => {
  expect(refusedPaths({ temprature: null })).toStrictEqual(['temprature']);
});

test('several broken rules are all told', () => {
  expect(refusedPaths({ temperature: 3, top_p: -1, foo: 1 }).toSorted()).toStrictEqual([
    'foo',
    'temperature',
    'top_p',
  ]);
});

const vendorKeys: [string, string[]][] = [
  [
    'aimlapi',
    [
      'prediction',
      'reasoning',
      'echo',
      'min_p',
      'top_k',
      'top_a',
      'repetition_penalty',
      'web_search_options',
      'search_mode',
      'search_domain_filter',
      'return_images',
      'return_related_questions',
      'search_recency_filter',
      'search_after_date_filter',
      'search_before_date_filter',
      'last_updated_after_filter',
      'last_updated_before_filter',
    ],
  ],
  ['shortapi', ['modalities', 'audio']],
  ['deepseek', ['safety_check']],
];
const vendorKeyRows = vendorKeys.flatMap(([vendor, keys]) =>
  keys.map((key) => [key, vendor] as const),
);

test.each(vendorKeyRows)('the key %s is refused with the word providerOptions.%s', (key, owner) => {
  for (const vendor of vendors) {
    const error = refusal({ [key]: true }, {}, vendor);
    expect(error.param).toBe(key);
    expect(error.message).toContain(`providerOptions.${owner}`);
  }
});

test('a key that no vendor documents gets no such word', () => {
  expect(refusal({ temprature: 1 }).message).not.toContain('providerOptions');
});

test.each(['functions', 'function_call'])('%s is refused', (key) => {
  const error = refusal({ [key]: key === 'functions' ? [{ name: 'a' }] : 'auto' });
  expect(error.param).toBe(key);
  expect(error.message).toContain('tool');
});

test('a request that is no object is refused', () => {
  for (const params of [null, undefined, 'Hello', 7, [], hello]) {
    expect(
      isChatError(
        errorOf(() => prepareRaw(params)),
        'invalid_request',
      ),
    ).toBe(true);
  }
});

// What is not given, and what happens anyway

test.each(vendors)('%s: null and undefined mean "not given"', (vendor) => {
  const optional = [
    'model',
    'max_tokens',
    'max_completion_tokens',
    'temperature',
    'top_p',
    'stop',
    'stream',
    'stream_options',
    'frequency_penalty',
    'presence_penalty',
    'seed',
    'logit_bias',
    'logprobs',
    'top_logprobs',
    'tools',
    'tool_choice',
    'parallel_tool_calls',
    'response_format',
    'thinking',
    'reasoning_effort',
    'user_id',
    'user',
    'n',
    'store',
    'metadata',
    'service_tier',
    'verbosity',
    'prompt_cache_key',
    'safety_identifier',
  ];
  const bare = prepare({}, {}, vendor);
  for (const nothing of [null, undefined]) {
    const params = Object.fromEntries(optional.map((key) => [key, nothing]));
    expect(prepare(params, {}, vendor)).toStrictEqual(bare);
  }
});

test('null inside a message means "not given"', () => {
  const messages = [
    { role: 'user', content: 'Hello', name: null },
    {
      role: 'assistant',
      content: 'Hi',
      name: null,
      reasoning_content: null,
      refusal: null,
      tool_calls: null,
      prefix: null,
    },
    { role: 'user', content: 'Hello' },
  ];
  const { body, adjustments } = prepare({ messages });
  expect(body.messages).toStrictEqual([
    { role: 'user', content: 'Hello' },
    { role: 'assistant', content: 'Hi' },
    { role: 'user', content: 'Hello' },
  ]);
  expect(adjustments).toStrictEqual([]);
});

test('null inside a tool, a schema or stream_options means "not given"', () => {
  const { body } = prepare(
    {
      tools: [
        {
          type: 'function',
          function: { name: 'now', description: null, parameters: null, strict: null },
        },
      ],
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'a', description: null, schema, strict: null },
      },
      stream: true,
      stream_options: { include_usage: null },
    },
    {},
    'shortapi',
  );
  expect(body).toMatchObject({
    tools: [{ type: 'function', function: { name: 'now' } }],
    stream_options: { include_usage: true },
  });
  expect(JSON.stringify(body)).not.toContain('null');
});

const idle: [string, object][] = [
  ['a penalty of 0', { frequency_penalty: 0, presence_penalty: 0 }],
  ['logprobs false', { logprobs: false }],
  ['the format text', { response_format: { type: 'text' } }],
  ['an empty list of tools', { tools: [] }],
  ['n of 1', { n: 1 }],
];

test.each(idle)('%s is what happens anyway, and is left out without an adjustment', (_, params) => {
  for (const vendor of vendors) {
    const { body, adjustments } = prepare(params, {}, vendor);
    expect(Object.keys(body).toSorted()).toStrictEqual(['messages', 'model']);
    // Some have another name for the model, which is told.
    expect(adjustments.filter(({ param }) => param !== 'model')).toStrictEqual([]);
  }
});

test('the model is deepseek-v4-flash unless another one is named', () => {
  expect(prepare({}).body.model).toBe('deepseek-v4-flash');
  expect(prepare({ model: 'my-own-model' }).body.model).toBe('my-own-model');
});

test('the request of the caller is not changed', () => {
  const params = deepFreeze({
    messages: [
      { role: 'developer', content: 'Be brief' },
      { role: 'user', content: [{ type: 'text', text: 'Hello' }] },
      { role: 'assistant', content: null, tool_calls: [toolCall('call_1')] },
      { role: 'tool', tool_call_id: 'call_1', content: [{ type: 'text', text: 'Rain' }] },
    ],
    tools: [{ type: 'function', function: { name: 'get_weather', strict: true } }],
    stop: words(16),
    response_format: { type: 'json_schema', schema },
    reasoning_effort: 'xhigh',
  });
  for (const vendor of vendors) {
    const before = JSON.stringify(params);
    const { body } = prepareRaw(params, {}, vendor);
    expect(body.messages).toBeDefined();
    expect(JSON.stringify(params)).toBe(before);
  }
});

test('the body of the same request is the same text every time', () => {
  const params = { temperature: 0.5, tools, stop: ['a'], user_id: 'anna' };
  expect(JSON.stringify(prepare(params).body)).toBe(JSON.stringify(prepare(params).body));
});

// Ranges

const inRange: [string, object][] = [
  ['max_tokens 1', { max_tokens: 1 }],
  ['temperature 0', { temperature: 0 }],
  ['temperature 2', { temperature: 2 }],
  ['top_p 0', { top_p: 0 }],
  ['top_p 1', { top_p: 1 }],
  ['frequency_penalty -2', { frequency_penalty: -2 }],
  ['frequency_penalty 2', { frequency_penalty: 2 }],
  ['presence_penalty -2', { presence_penalty: -2 }],
  ['presence_penalty 2', { presence_penalty: 2 }],
  ['one stop text', { stop: 'END' }],
  ['16 stop texts', { stop: words(16) }],
  ['top_logprobs 0', { logprobs: true, top_logprobs: 0 }],
  ['top_logprobs 20', { logprobs: true, top_logprobs: 20 }],
  ['logit_bias of -100 and 100', { logit_bias: { '1': -100, '2': 100 } }],
  ['a user_id of 1 character', { user_id: 'a' }],
  ['a user_id of 512 characters', { user_id: 'a'.repeat(512) }],
  ['128 tools', { tools: toolsNamed(...words(128)) }],
  ['a tool name of 128 characters', { tools: toolsNamed('n'.repeat(128)) }],
  ['a tool name with every kind of character', { tools: toolsNamed('aZ0_-') }],
  [
    'a schema name of 64 characters',
    { response_format: { type: 'json_schema', json_schema: { name: 'n'.repeat(64), schema } } },
  ],
  ['tool_choice none without tools', { tool_choice: 'none' }],
  ['tool_choice auto without tools', { tool_choice: 'auto' }],
  ['a named tool choice', { tools, tool_choice: named }],
];

test.each(inRange)('%s is within the range', (_, params) => {
  expect(prepare(params).body.messages).toContainEqual(hello[0]);
});

const outOfRange: [string, object, string][] = [
  ['max_tokens 0', { max_tokens: 0 }, 'max_tokens'],
  ['max_tokens -1', { max_tokens: -1 }, 'max_tokens'],
  ['max_tokens 1.5', { max_tokens: 1.5 }, 'max_tokens'],
  ['max_tokens "100"', { max_tokens: '100' }, 'max_tokens'],
  ['max_tokens Infinity', { max_tokens: Infinity }, 'max_tokens'],
  ['max_completion_tokens 0', { max_completion_tokens: 0 }, 'max_completion_tokens'],
  ['temperature -0.1', { temperature: -0.1 }, 'temperature'],
  ['temperature 2.1', { temperature: 2.1 }, 'temperature'],
  ['temperature NaN', { temperature: Number.NaN }, 'temperature'],
  ['temperature "1"', { temperature: '1' }, 'temperature'],
  ['top_p -0.1', { top_p: -0.1 }, 'top_p'],
  ['top_p 1.1', { top_p: 1.1 }, 'top_p'],
  ['frequency_penalty -2.1', { frequency_penalty: -2.1 }, 'frequency_penalty'],
  ['frequency_penalty 2.1', { frequency_penalty: 2.1 }, 'frequency_penalty'],
  ['presence_penalty -2.1', { presence_penalty: -2.1 }, 'presence_penalty'],
  ['presence_penalty 2.1', { presence_penalty: 2.1 }, 'presence_penalty'],
  ['17 stop texts', { stop: words(17) }, 'stop'],
  ['a stop that is a number', { stop: 7 }, 'stop'],
  ['top_logprobs -1', { logprobs: true, top_logprobs: -1 }, 'top_logprobs'],
  ['top_logprobs 21', { logprobs: true, top_logprobs: 21 }, 'top_logprobs'],
  ['top_logprobs 1.5', { logprobs: true, top_logprobs: 1.5 }, 'top_logprobs'],
  ['top_logprobs without logprobs', { top_logprobs: 3 }, 'top_logprobs'],
  ['top_logprobs with logprobs false', { logprobs: false, top_logprobs: 3 }, 'top_logprobs'],
  ['logit_bias 101', { logit_bias: { '42': 101 } }, 'logit_bias.42'],
  ['logit_bias -101', { logit_bias: { '42': -101 } }, 'logit_bias.42'],
  ['an empty user_id', { user_id: '' }, 'user_id'],
  ['a user_id of 513 characters', { user_id: 'a'.repeat(513) }, 'user_id'],
  ['an empty user', { user: '' }, 'user'],
  ['a user of 513 characters', { user: 'a'.repeat(513) }, 'user'],
  ['129 tools', { tools: toolsNamed(...words(129)) }, 'tools'],
  ['two tools of one name', { tools: toolsNamed('a', 'b', 'a') }, 'tools.2.function.name'],
  ['an empty tool name', { tools: toolsNamed('') }, 'tools.0.function.name'],
  ['a tool name with a dot', { tools: toolsNamed('a', 'b.c') }, 'tools.1.function.name'],
  ['a tool name with a line break', { tools: toolsNamed('a\n') }, 'tools.0.function.name'],
  [
    'a tool name of 129 characters',
    { tools: toolsNamed('n'.repeat(129)) },
    'tools.0.function.name',
  ],
  [
    'a tool of another type',
    { tools: [{ type: 'custom', custom: { name: 'a' } }] },
    'tools.0.type',
  ],
  [
    'a schema without a name',
    { response_format: { type: 'json_schema', json_schema: { schema } } },
    'response_format.json_schema.name',
  ],
  [
    'an empty schema name',
    { response_format: { type: 'json_schema', json_schema: { name: '', schema } } },
    'response_format.json_schema.name',
  ],
  [
    'a schema name with a space',
    { response_format: { type: 'json_schema', json_schema: { name: 'a b', schema } } },
    'response_format.json_schema.name',
  ],
  [
    'a schema name of 65 characters',
    { response_format: { type: 'json_schema', json_schema: { name: 'n'.repeat(65), schema } } },
    'response_format.json_schema.name',
  ],
  ['an unknown format', { response_format: { type: 'xml' } }, 'response_format.type'],
  ['stream_options without stream', { stream_options: { include_usage: true } }, 'stream_options'],
  ['stream_options with stream false', { stream: false, stream_options: {} }, 'stream_options'],
  ['a required call without tools', { tool_choice: 'required' }, 'tool_choice'],
  [
    'a required call with no tools in the list',
    { tools: [], tool_choice: 'required' },
    'tool_choice',
  ],
  ['an unknown tool choice', { tools, tool_choice: 'any' }, 'tool_choice'],
  ['an unknown effort', { reasoning_effort: 'hyper' }, 'reasoning_effort'],
  ['an unknown thinking type', { thinking: { type: 'auto' } }, 'thinking.type'],
  ['n of 2', { n: 2 }, 'n'],
  ['n of 0', { n: 0 }, 'n'],
  ['a stream that is a word', { stream: 'yes' }, 'stream'],
];

test.each(outOfRange)('%s is the caller’s mistake', (_, params, path) => {
  for (const vendor of vendors) {
    const error = refusal(params, {}, vendor);
    expect(error.param).toBe(path);
    expect(error.issues?.map((issue) => issue.path)).toContain(path);
    expect(error.retryable).toBe(false);
  }
});

test('a tool choice of a function that is not in tools is refused', () => {
  const [path] = refusedPaths({
    tools,
    tool_choice: { type: 'function', function: { name: 'other' } },
  });
  expect(path).toMatch(/^tool_choice/);
});

test('a named tool choice without tools is refused', () => {
  const [path] = refusedPaths({ tool_choice: named });
  expect(path).toMatch(/^tool_choice/);
});

test('stream_options of {} means true', () => {
  const { body, adjustments } = prepare({ stream: true, stream_options: {} });
  expect(body.stream_options).toStrictEqual({ include_usage: true });
  expect(adjustments).toStrictEqual([]);
});

// One thing under two names

const agreeing: [string, object][] = [
  ['max_tokens', { max_tokens: 5, max_completion_tokens: 5 }],
  ['user_id', { user_id: 'anna', user: 'anna' }],
  [
    'reasoning_effort',
    { reasoning_effort: 'low', thinking: { type: 'enabled', reasoning_effort: 'low' } },
  ],
  [
    'schema',
    { response_format: { type: 'json_schema', schema, json_schema: { name: 'a', schema } } },
  ],
];

test.each(agreeing)('%s may be given twice with one value', (_, params) => {
  expect(prepare(params).body.messages).toBeDefined();
});

const disagreeing: [string, object, RegExp][] = [
  [
    'max_tokens and max_completion_tokens',
    { max_tokens: 5, max_completion_tokens: 6 },
    /^max_(completion_)?tokens$/,
  ],
  ['user_id and user', { user_id: 'anna', user: 'berta' }, /^user(_id)?$/],
  [
    'reasoning_effort and thinking.reasoning_effort',
    { reasoning_effort: 'low', thinking: { type: 'enabled', reasoning_effort: 'high' } },
    /reasoning_effort$/,
  ],
  [
    'response_format.schema and json_schema.schema',
    {
      response_format: {
        type: 'json_schema',
        schema: { type: 'array' },
        json_schema: { name: 'a', schema },
      },
    },
    /^response_format\..*schema$/,
  ],
];

test.each(disagreeing)('%s may not have two values', (_, params, path) => {
  expect(refusal(params).param).toMatch(path);
});

test('null under one name leaves the value under the other', () => {
  expect(prepare({ max_tokens: null, max_completion_tokens: 6 }).body.max_tokens).toBe(6);
  expect(prepare({ max_tokens: 5, max_completion_tokens: null }).body.max_tokens).toBe(5);
  expect(prepare({ user_id: null, user: 'anna' }).body.user_id).toBe('anna');
});

test('thinking.reasoning_effort is another name of reasoning_effort', () => {
  const { body } = prepare({ thinking: { type: 'enabled', reasoning_effort: 'max' } });
  expect(body).toMatchObject({ thinking: { type: 'enabled' }, reasoning_effort: 'max' });
});

const contradictions: [string, object][] = [
  ['thinking off with an effort', { thinking: { type: 'disabled' }, reasoning_effort: 'low' }],
  [
    'thinking off with an effort inside',
    { thinking: { type: 'disabled', reasoning_effort: 'high' } },
  ],
  ['thinking on with effort none', { thinking: { type: 'enabled' }, reasoning_effort: 'none' }],
  [
    'thinking on with effort none inside',
    { thinking: { type: 'enabled', reasoning_effort: 'none' } },
  ],
];

test.each(contradictions)('%s is a contradiction', (_, params) => {
  for (const vendor of vendors) {
    expect(refusal(params, {}, vendor).param).toMatch(/^(thinking|reasoning_effort)/);
  }
});

test('thinking off with effort none says the same thing twice', () => {
  const off = prepare({ thinking: { type: 'disabled' } }).body;
  expect(prepare({ thinking: { type: 'disabled' }, reasoning_effort: 'none' }).body).toStrictEqual(
    off,
  );
  expect(prepare({ thinking: { type: 'disabled', reasoning_effort: 'none' } }).body).toStrictEqual(
    off,
  );
});

// Messages

const badMessages: [string, unknown, RegExp][] = [
  ['no messages', undefined, /^messages$/],
  ['null for messages', null, /^messages$/],
  ['an empty list of messages', [], /^messages$/],
  ['a message that is a text', ['Hello'], /^messages\.0$/],
  ['a message without a role', [{ content: 'Hello' }], /^messages\.0\.role$/],
  ['the role function', [{ role: 'function', name: 'a', content: '' }], /^messages\.0\.role$/],
  [
    'the role latest_reminder',
    [...hello, { role: 'latest_reminder', content: '' }],
    /^messages\.1\.role$/,
  ],
  ['a user without content', [{ role: 'user' }], /^messages\.0\.content$/],
  ['a user with content null', [{ role: 'user', content: null }], /^messages\.0\.content$/],
  ['a user with a number for content', [{ role: 'user', content: 7 }], /^messages\.0\.content$/],
  ['a system message without content', [{ role: 'system' }], /^messages\.0\.content$/],
  [
    'an unknown part',
    [{ role: 'user', content: [{ type: 'hologram' }] }],
    /^messages\.0\.content\.0/,
  ],
  [
    'a text part without text',
    [{ role: 'user', content: [{ type: 'text' }] }],
    /^messages\.0\.content\.0/,
  ],
  [
    'an image part without a URL',
    [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }],
    /^messages\.0\.content\.0/,
  ],
  [
    'a refusal part of a user',
    [{ role: 'user', content: [{ type: 'refusal', refusal: 'No' }] }],
    /^messages\.0\.content\.0/,
  ],
  [
    'a tool message without an id',
    [
      ...hello,
      { role: 'assistant', content: '', tool_calls: [toolCall('call_1')] },
      { role: 'tool', content: '' },
    ],
    /^messages\.2\.tool_call_id$/,
  ],
];

test.each(badMessages)('%s is refused with the path', (_, messages, path) => {
  const error = errorOf(() => prepareRaw({ messages }));
  expect(isChatError(error, 'invalid_request')).toBe(true);
  expect(error.param).toMatch(path);
});

test('content of "" is content, in every role', () => {
  const messages = [
    { role: 'system', content: '' },
    { role: 'user', content: '' },
    {
      role: 'assistant',
      content: '',
      reasoning_content: 'Hm.',
      tool_calls: [toolCall('call_1')],
    },
    { role: 'tool', tool_call_id: 'call_1', content: '' },
    { role: 'user', content: [{ type: 'text', text: '' }] },
  ];
  const { body, adjustments } = prepare({ messages });
  expect(body.messages).toStrictEqual(messages);
  expect(adjustments).toStrictEqual([]);
});

test.each(vendors)(
  '%s: unknown keys in messages, parts and calls are left out without a word',
  (vendor) => {
    const clean = [
      { role: 'system', content: 'Be brief' },
      { role: 'user', content: 'Hello' },
      {
        role: 'assistant',
        content: '',
        reasoning_content: 'Hm.',
        tool_calls: [toolCall('call_1')],
      },
      { role: 'tool', tool_call_id: 'call_1', content: 'Rain' },
    ];
    const dirty = [
      { ...clean[0], cache_control: { type: 'ephemeral' } },
      { ...clean[1], id: 'msg_1' },
      {
        ...clean[2],
        annotations: [],
        audio: null,
        reasoning: 'Hm.',
        reasoning_details: [{ type: 'reasoning.text', text: 'Hm.' }],
        parsed: null,
        tool_calls: [
          {
            ...toolCall('call_1'),
            index: 0,
            function: { name: 'get_weather', arguments: '{}', parsed_arguments: {} },
          },
        ],
        matched_stop: 1,
      },
      { ...clean[3], is_error: false },
    ];
    expect(prepare({ messages: dirty }, {}, vendor)).toStrictEqual(
      prepare({ messages: clean }, {}, vendor),
    );
    expect(prepare({ messages: dirty }, {}, vendor).body.messages).toStrictEqual(clean);
  },
);

test('unknown keys inside a part are left out without a word', () => {
  const part = { type: 'text', text: 'Hello' };
  const messages = [{ role: 'user', content: [{ ...part, cache_control: { type: 'ephemeral' } }] }];
  const { body, adjustments } = prepare({ messages });
  expect(body.messages).toStrictEqual([{ role: 'user', content: [part] }]);
  expect(adjustments).toStrictEqual([]);
});

test.each(vendors)('%s: a message of a response can be pushed straight back', async (vendor) => {
  const message = {
    role: 'assistant',
    content: null,
    reasoning_content: 'Hm.',
    refusal: null,
    annotations: [],
    audio: null,
    matched_stop: 7,
    tool_calls: [{ ...toolCall('call_1'), index: 0 }],
  };
  const client = createClient({
    provider: vendor,
    apiKey: 'key',
    transport: answering({
      id: 'chat-1',
      object: 'chat.completion',
      created: 1,
      model: 'deepseek-v4-flash',
      choices: [{ index: 0, message, finish_reason: 'tool_calls' }],
    }),
  });
  const params = { messages: [...hello], tools };
  const completion = await client.chat.completions.create(params);
  const [choice] = completion.choices;
  params.messages.push(choice.message);
  params.messages.push({ role: 'tool', tool_call_id: 'call_1', content: 'Rain' });

  const { body, adjustments } = client.chat.completions.prepare(params);
  const sent = (body.messages as object[])[1];
  expect(sent).toStrictEqual({
    role: 'assistant',
    ...(vendor !== 'aimlapi' && { content: '' }),
    reasoning_content: 'Hm.',
    tool_calls: [toolCall('call_1')],
  });
  expect(adjustments.filter(({ lossy }) => lossy)).toStrictEqual([]);
});

test('a message of a filtered answer can be pushed straight back', async () => {
  const client = createClient({
    apiKey: 'key',
    transport: answering({
      choices: [{ message: { role: 'assistant', content: null }, finish_reason: 'content_filter' }],
    }),
  });
  const params = { messages: [...hello] };
  const completion = await client.chat.completions.create(params);
  params.messages.push(completion.choices[0].message, ...hello);
  const { body } = client.chat.completions.prepare(params);
  expect((body.messages as object[])[1]).toStrictEqual({ role: 'assistant', content: '' });
});

const unanswered: [string, object[], string][] = [
  [
    'a call at the end',
    [...hello, { role: 'assistant', content: '', tool_calls: [toolCall('call_1')] }],
    'messages.1',
  ],
  [
    'a call before a user message',
    [
      ...hello,
      { role: 'assistant', content: null, tool_calls: [toolCall('call_1')] },
      ...hello,
      { role: 'tool', tool_call_id: 'call_1', content: 'Rain' },
    ],
    'messages.1',
  ],
  [
    'the second of two calls',
    [
      ...hello,
      { role: 'assistant', content: '', tool_calls: [toolCall('call_1'), toolCall('call_2')] },
      { role: 'tool', tool_call_id: 'call_1', content: 'Rain' },
      ...hello,
    ],
    'messages.1.tool_calls.1',
  ],
  [
    'a call with the answer of another one',
    [
      { role: 'system', content: '' },
      ...hello,
      { role: 'assistant', content: '', tool_calls: [toolCall('call_1')] },
      { role: 'tool', tool_call_id: 'call_9', content: 'Rain' },
    ],
    'messages.2',
  ],
  [
    'a call of a second turn',
    [
      ...hello,
      { role: 'assistant', content: '', tool_calls: [toolCall('call_1')] },
      { role: 'tool', tool_call_id: 'call_1', content: 'Rain' },
      { role: 'assistant', content: '', tool_calls: [toolCall('call_2')] },
      ...hello,
    ],
    'messages.3',
  ],
];

test.each(unanswered)('%s without an answer is refused with its index', (_, messages, path) => {
  for (const vendor of vendors) {
    const error = refusal({ messages }, {}, vendor);
    expect(error.param?.startsWith(path)).toBe(true);
    expect(error.message).toContain(path);
  }
});

test('calls may be answered in any order', () => {
  const messages = [
    ...hello,
    {
      role: 'assistant',
      content: '',
      reasoning_content: 'Hm.',
      tool_calls: [toolCall('call_1'), toolCall('call_2')],
    },
    { role: 'tool', tool_call_id: 'call_2', content: 'Snow' },
    { role: 'tool', tool_call_id: 'call_1', content: 'Rain' },
    ...hello,
  ];
  expect(prepare({ messages }).body.messages).toStrictEqual(messages);
});

test('a prefix anywhere but on the last message is refused', () => {
  const messages = [...hello, { role: 'assistant', content: 'Once', prefix: true }, ...hello];
  expect(refusedPaths({ messages })).toStrictEqual(['messages.1.prefix']);
});

// extraBody

test.each(vendors)('%s: extraBody is merged last and untouched', (vendor) => {
  const extraBody = {
    temperature: 9,
    seed: null,
    made_up: { nested: [1, null, 'two'] },
    stream_options: { include_cost: true },
  };
  const { body } = prepare({ temperature: 0.5, max_tokens: 10 }, { extraBody }, vendor);
  expect(body).toMatchObject({ ...extraBody, max_tokens: 10 });
});

test('extraBody comes after providerOptions', () => {
  const { body } = prepare(
    {},
    { extraBody: { top_k: 2 }, providerOptions: { aimlapi: { top_k: 1, top_a: 0.5 } } },
    'aimlapi',
  );
  expect(body).toMatchObject({ top_k: 2, top_a: 0.5 });
});

test.each(['model', 'messages', 'stream'])('extraBody cannot replace %s', (key) => {
  const error = refusal({}, { extraBody: { [key]: 'other' } });
  expect(error.message).toContain(key);
  expect(error.param).toBe(`extraBody.${key}`);
});

test('extraBody needs no adjustment', () => {
  const { adjustments } = prepare({}, { extraBody: { seed: 7 } });
  expect(adjustments).toStrictEqual([]);
});

// providerOptions

const allOfAimlapi = {
  prediction: { type: 'content', content: [{ type: 'text', text: 'Once' }] },
  reasoning: { effort: 'low', exclude: true },
  echo: true,
  min_p: 0.001,
  top_k: 40,
  top_a: 1,
  repetition_penalty: 1.1,
  web_search_options: {
    search_context_size: 'high',
    user_location: {
      type: 'approximate',
      approximate: { city: 'Oslo', country: 'NO', region: 'Oslo', timezone: 'Europe/Oslo' },
    },
  },
  search_mode: 'academic',
  search_domain_filter: ['example.com'],
  return_images: true,
  return_related_questions: false,
  search_recency_filter: 'week',
  search_after_date_filter: '1/2/2025',
  search_before_date_filter: '12/31/2025',
  last_updated_after_filter: '01/02/2025',
  last_updated_before_filter: '10/09/2025',
};

test('the section of the called vendor is merged into the body', () => {
  const aimlapi = prepare({}, { providerOptions: { aimlapi: allOfAimlapi } as never }, 'aimlapi');
  expect(aimlapi.body).toStrictEqual({
    model: 'deepseek/deepseek-v4-flash',
    messages: hello,
    ...allOfAimlapi,
  });
  const shortOptions = { modalities: ['text', 'audio'], audio: { format: 'mp3', voice: 'alloy' } };
  const shortapi = prepare({}, { providerOptions: { shortapi: shortOptions } }, 'shortapi');
  expect(shortapi.body).toMatchObject(shortOptions);
  const deepseek = prepare(
    {},
    { providerOptions: { deepseek: { safety_check: { level: 'low' } } } },
  );
  expect(deepseek.body).toMatchObject({ safety_check: { level: 'low' } });
});

test('fields of a section are merged without an adjustment', () => {
  const options: RequestOptions = {
    providerOptions: { deepseek: { safety_check: { level: 'high' } } },
  };
  expect(prepare({}, options).adjustments).toStrictEqual([]);
});

test.each(vendors)('%s: only the section of the called vendor is merged', (vendor) => {
  const sections: ProviderOptions = {
    aimlapi: { top_k: 1 },
    shortapi: { modalities: ['text'] },
    deepseek: { safety_check: { level: 'low' } },
  };
  const { body } = prepare({}, { providerOptions: sections }, vendor);
  const { model: _model, messages: _messages, ...rest } = body;
  const own: Partial<Record<Vendor, object | undefined>> = sections;
  expect(rest).toStrictEqual(own[vendor] ?? {});
});

const goodOptions: [Vendor, object][] = [
  ['aimlapi', { prediction: { type: 'content', content: 'Once' } }],
  ['aimlapi', { reasoning: { max_tokens: 1 } }],
  ['aimlapi', { reasoning: { effort: 'high' } }],
  ['aimlapi', { reasoning: { effort: 'medium', exclude: false } }],
  ['aimlapi', { reasoning: { max_tokens: 100, exclude: true } }],
  ['aimlapi', { min_p: 0.999 }],
  ['aimlapi', { top_a: 0 }],
  ['aimlapi', { search_mode: 'web' }],
  ['aimlapi', { search_recency_filter: 'day' }],
  ['aimlapi', { search_recency_filter: 'month' }],
  ['aimlapi', { search_recency_filter: 'year' }],
  ['aimlapi', { search_domain_filter: words(10) }],
  ['aimlapi', { web_search_options: {} }],
  ['aimlapi', { web_search_options: { search_context_size: 'low' } }],
  ['aimlapi', { web_search_options: { user_location: null } }],
  ['shortapi', { modalities: [] }],
  ['shortapi', { audio: {} }],
  ['shortapi', { audio: { voice: 'alloy' } }],
  ['deepseek', { safety_check: { level: 'high' } }],
  ['deepseek', {}],
];

test.each(goodOptions)('%s: the options %j are sent as they are', (vendor, section) => {
  const { body } = prepare({}, { providerOptions: { [vendor]: section } } as never, vendor);
  const { model: _model, messages: _messages, ...rest } = body;
  expect(rest).toStrictEqual(section);
});

const badOptions: [Vendor, object, string][] = [
  ['aimlapi', { made_up: 1 }, 'made_up'],
  ['aimlapi', { prediction: { type: 'text', content: '' } }, 'prediction.type'],
  ['aimlapi', { prediction: { type: 'content' } }, 'prediction.content'],
  ['aimlapi', { reasoning: { effort: 'max' } }, 'reasoning.effort'],
  ['aimlapi', { reasoning: { max_tokens: 0 } }, 'reasoning.max_tokens'],
  ['aimlapi', { reasoning: { max_tokens: 1.5 } }, 'reasoning.max_tokens'],
  ['aimlapi', { reasoning: { effort: 'low', max_tokens: 5 } }, 'reasoning'],
  ['aimlapi', { reasoning: { exclude: 'yes' } }, 'reasoning.exclude'],
  ['aimlapi', { reasoning: { enabled: true } }, 'reasoning.enabled'],
  ['aimlapi', { echo: 1 }, 'echo'],
  ['aimlapi', { min_p: 0 }, 'min_p'],
  ['aimlapi', { min_p: 1 }, 'min_p'],
  ['aimlapi', { top_k: '1' }, 'top_k'],
  ['aimlapi', { top_a: -0.1 }, 'top_a'],
  ['aimlapi', { top_a: 1.1 }, 'top_a'],
  ['aimlapi', { repetition_penalty: '1' }, 'repetition_penalty'],
  [
    'aimlapi',
    { web_search_options: { search_context_size: 'huge' } },
    'web_search_options.search_context_size',
  ],
  [
    'aimlapi',
    { web_search_options: { user_location: { type: 'exact', approximate: {} } } },
    'web_search_options.user_location.type',
  ],
  [
    'aimlapi',
    { web_search_options: { user_location: { type: 'approximate' } } },
    'web_search_options.user_location.approximate',
  ],
  [
    'aimlapi',
    {
      web_search_options: {
        user_location: { type: 'approximate', approximate: { country: 'no' } },
      },
    },
    'web_search_options.user_location.approximate.country',
  ],
  ['aimlapi', { search_mode: 'news' }, 'search_mode'],
  ['aimlapi', { search_domain_filter: 'example.com' }, 'search_domain_filter'],
  ['aimlapi', { return_images: 'yes' }, 'return_images'],
  ['aimlapi', { return_related_questions: 'yes' }, 'return_related_questions'],
  ['aimlapi', { search_recency_filter: 'hour' }, 'search_recency_filter'],
  ['aimlapi', { search_after_date_filter: '2025-01-31' }, 'search_after_date_filter'],
  ['aimlapi', { search_before_date_filter: '13/01/2025' }, 'search_before_date_filter'],
  ['aimlapi', { last_updated_after_filter: '1/32/2025' }, 'last_updated_after_filter'],
  ['aimlapi', { last_updated_before_filter: '1/2/25' }, 'last_updated_before_filter'],
  ['shortapi', { made_up: 1 }, 'made_up'],
  ['shortapi', { modalities: 'text' }, 'modalities'],
  ['shortapi', { audio: { speed: 2 } }, 'audio.speed'],
  ['shortapi', { audio: { voice: 7 } }, 'audio.voice'],
  ['deepseek', { made_up: 1 }, 'made_up'],
  ['deepseek', { safety_check: { level: 'medium' } }, 'safety_check.level'],
  ['deepseek', { safety_check: {} }, 'safety_check.level'],
  ['deepseek', { safety_check: { level: 'low', mode: 1 } }, 'safety_check.mode'],
];

test.each(badOptions)('%s: the options %j are refused with the path', (vendor, section, path) => {
  const error = refusal({}, { providerOptions: { [vendor]: section } } as never, vendor);
  expect(error.param).toBe(`providerOptions.${vendor}.${path}`);
});

test('a vendor of your own has options of its own', () => {
  const options: StandardSchemaV1<{ turbo: boolean }> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) =>
        typeof (value as { turbo?: unknown }).turbo === 'boolean'
          ? { value: value as { turbo: boolean } }
          : { issues: [{ message: 'must be a boolean', path: ['turbo'] }] },
    },
  };
  const local = defineProvider({ id: 'local', baseURL: 'http://127.0.0.1:9/v1', options });
  const { completions } = createClient({ provider: local }).chat;
  const params = { messages: hello };
  const { body } = completions.prepare(params, { providerOptions: { local: { turbo: true } } });
  expect(body.turbo).toBe(true);
  const error = errorOf(() =>
    completions.prepare(params, { providerOptions: { local: { turbo: 'yes' } } } as never),
  );
  expect(error).toMatchObject({ code: 'invalid_request', param: 'providerOptions.local.turbo' });
});

test('a vendor with one changed fact keeps its options', () => {
  const changed = defineProvider({
    id: 'aimlapi',
    extends: 'aimlapi',
    caps: { max_tokens: 16_384 },
  });
  const { completions } = createClient({ provider: changed }).chat;
  const { body } = completions.prepare(
    { messages: hello },
    { providerOptions: { aimlapi: { top_k: 1 } } },
  );
  expect(body.top_k).toBe(1);
});

// The error

test('a mistake names the path and never the value', () => {
  const secret = 'the-secret-plan';
  const mistakes: object[] = [
    { messages: [{ role: 'user', content: { text: secret } }] },
    { messages: [{ role: 'user', content: [{ type: secret }] }] },
    { messages: [{ role: secret, content: secret }] },
    { user_id: secret.repeat(100) },
    { tools: toolsNamed(`${secret}!`) },
    { stop: words(17).map(() => secret) },
    { reasoning_effort: secret },
    { max_tokens: secret },
    { user: secret, user_id: `${secret}2` },
  ];
  for (const params of mistakes) {
    const error = refusal(params);
    expect(error.message).not.toContain(secret);
    expect(JSON.stringify(error)).not.toContain(secret);
    expect(error.param).toBeDefined();
  }
});

test.each(vendors)('%s: nothing is sent of a request that is wrong', async (vendor) => {
  let sends = 0;
  const transport: Transport = {
    send() {
      sends += 1;
      throw new Error('The request was sent');
    },
  };
  const { completions } = createClient({ provider: vendor, apiKey: 'key', transport }).chat;
  const wrong: [object, RequestOptions][] = [
    [{ messages: [] }, {}],
    [{ messages: hello, temperature: 3 }, {}],
    [{ messages: hello, n: 2 }, {}],
    [{ messages: hello, made_up: 1 }, {}],
    [{ messages: hello, thinking: { type: 'disabled' }, reasoning_effort: 'low' }, {}],
    [{ messages: [{ role: 'assistant', content: '', tool_calls: [toolCall('call_1')] }] }, {}],
    [{ messages: hello }, { extraBody: { model: 'other' } }],
  ];
  for (const [params, options] of wrong) {
    const request = params as { messages: ChatCompletionMessageParam[] };
    await expect(completions.create(request, options)).rejects.toMatchObject({
      code: 'invalid_request',
    });
    await expect(completions.create({ ...request, stream: true }, options)).rejects.toMatchObject({
      code: 'invalid_request',
    });
    await expect(completions.stream(request, options).finalCompletion()).rejects.toMatchObject({
      code: 'invalid_request',
    });
  }
  expect(sends).toBe(0);
});

function prepareRaw(
  params: unknown,
  options: RequestOptions = {},
  vendor: Vendor = 'deepseek',
): PreparedRequest {
  const client = createClient({ provider: vendor, onUnsupported: 'adjust' });
  return client.chat.completions.prepare(params as ChatCompletionCreateParamsBase, options);
}

function prepare(params: object, options?: RequestOptions, vendor?: Vendor): PreparedRequest {
  return prepareRaw({ messages: hello, ...params }, options, vendor);
}

/** The `invalid_request` that the request is refused with. */
function refusal(params: object, options?: RequestOptions, vendor?: Vendor): ChatError {
  const error = errorOf(() => prepare(params, options, vendor));
  if (!isChatError(error, 'invalid_request')) throw error;
  return error;
}

function refusedPaths(params: object): string[] {
  return (refusal(params).issues ?? []).map(({ path }) => path);
}

function errorOf(run: () => unknown): ChatError {
  try {
    run();
  } catch (error) {
    return error as ChatError;
  }
  throw new Error('Nothing was refused');
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

/** A transport that answers every request with this body. */
function answering(body: object): Transport {
  return {
    send: async () => {
      const bytes = [new TextEncoder().encode(JSON.stringify(body))];
      return {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: { read: async () => bytes.shift(), cancel: () => {} },
      };
    },
  };
}
