import type {
  Adjustment,
  ChatCompletionCreateParamsBase,
  ChatCompletionMessageParam,
  ChatCompletionTool,
  ChatError,
  PreparedRequest,
  ReasoningEffort,
  RequestOptions,
  Transport,
} from 'deepseek-v4-flash';
import { createClient, isChatError } from 'deepseek-v4-flash';
import { expect, test, vi } from 'vitest';

type Params = Partial<ChatCompletionCreateParamsBase> & { stream?: boolean };

const vendors = ['deepseek', 'aimlapi', 'shortapi', 'anyfast', 'bytespike', 'vtrix'] as const;
type Vendor = (typeof vendors)[number];

/** What must be in the body besides `model` and `messages`, and every adjustment as `param action lossy|lossless`. */
type Outcome = [body: Record<string, unknown>, ...adjustments: string[]];

interface Cell {
  when: string;
  params: Params;
  /** What holds for the vendors that are not named. */
  others?: Outcome;
  outcomes?: Partial<Record<Vendor, Outcome>>;
}

const hello: ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hello' }];
const askForJson: ChatCompletionMessageParam[] = [{ role: 'user', content: 'Answer in JSON' }];

const tool: ChatCompletionTool = {
  type: 'function',
  function: { name: 'get_weather', parameters: { type: 'object', properties: {} } },
};
const tools = [tool];
const named = { type: 'function', function: { name: 'get_weather' } } as const;
const disabled = { type: 'disabled' } as const;
const enabled = { type: 'enabled' } as const;
const schema = { type: 'object', properties: { city: { type: 'string' } } };
const jsonSchema = { name: 'place', description: 'A place', schema, strict: true };
const words = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `word${index}`);

const bodyCells: Cell[] = [
  { when: 'a bare request gets nothing added', params: {}, others: [{}] },
  {
    when: 'max_tokens above the cap is clamped',
    params: { max_tokens: 500_000 },
    outcomes: {
      deepseek: [{ max_tokens: 393_216 }, 'max_tokens clamped lossy'],
      aimlapi: [{ max_tokens: 500_000 }],
      shortapi: [{ max_tokens: 384_000 }, 'max_tokens clamped lossy'],
      anyfast: [{ max_tokens: 393_216 }, 'max_tokens clamped lossy'],
      bytespike: [{ max_tokens: 8192 }, 'max_tokens clamped lossy'],
      vtrix: [{ max_tokens: 384_000 }, 'max_tokens clamped lossy'],
    },
  },
  {
    when: 'max_tokens of 8192 is within every cap',
    params: { max_tokens: 8192 },
    others: [{ max_tokens: 8192 }],
  },
  {
    when: 'max_tokens of 384000 is within every cap but one',
    params: { max_tokens: 384_000 },
    others: [{ max_tokens: 384_000 }],
    outcomes: { bytespike: [{ max_tokens: 8192 }, 'max_tokens clamped lossy'] },
  },
  {
    when: 'max_tokens of 393216 is within the caps of the model itself',
    params: { max_tokens: 393_216 },
    others: [{ max_tokens: 393_216 }],
    outcomes: {
      shortapi: [{ max_tokens: 384_000 }, 'max_tokens clamped lossy'],
      bytespike: [{ max_tokens: 8192 }, 'max_tokens clamped lossy'],
      vtrix: [{ max_tokens: 384_000 }, 'max_tokens clamped lossy'],
    },
  },
  {
    when: 'thinking is switched off where there is a switch',
    params: { thinking: disabled },
    outcomes: {
      deepseek: [{ thinking: disabled }],
      aimlapi: [{ reasoning_effort: 'none' }, 'thinking * lossless'],
      shortapi: [{}, 'thinking dropped lossy'],
      anyfast: [{ thinking: disabled }],
      bytespike: [{}, 'thinking dropped lossy'],
      vtrix: [{}, 'thinking dropped lossy'],
    },
  },
  {
    when: 'thinking is switched on where there is a switch',
    params: { thinking: enabled },
    outcomes: {
      deepseek: [{ thinking: enabled }],
      aimlapi: [{}],
      shortapi: [{}],
      anyfast: [{ thinking: enabled }],
      bytespike: [{}, 'thinking dropped lossy'],
      vtrix: [{}],
    },
  },
  {
    when: 'thinking with an effort inside goes where the vendor wants it',
    params: { thinking: { type: 'enabled', reasoning_effort: 'low' } },
    outcomes: {
      deepseek: [
        { thinking: enabled, reasoning_effort: 'low' },
        'thinking.reasoning_effort renamed lossless',
      ],
      aimlapi: [{ reasoning_effort: 'low' }, 'thinking.reasoning_effort renamed lossless'],
      shortapi: [{ reasoning_effort: 'low' }, 'thinking.reasoning_effort renamed lossless'],
      anyfast: [{ thinking: { type: 'enabled', reasoning_effort: 'low' } }],
      bytespike: [{}, 'thinking dropped lossy', 'thinking.reasoning_effort dropped lossy'],
      vtrix: [{}, 'thinking.reasoning_effort dropped lossy'],
    },
  },
  {
    when: 'temperature has no effect at DeepSeek while the model thinks',
    params: { temperature: 0.5 },
    others: [{ temperature: 0.5 }],
    outcomes: { deepseek: [{ temperature: 0.5 }, 'temperature ineffective lossless'] },
  },
  {
    when: 'a temperature of 0 is sent',
    params: { temperature: 0 },
    others: [{ temperature: 0 }],
    outcomes: { deepseek: [{ temperature: 0 }, 'temperature ineffective lossless'] },
  },
  {
    when: 'temperature has its effect once thinking is off',
    params: { temperature: 0.5, thinking: disabled },
    others: [{ temperature: 0.5 }, 'thinking dropped lossy'],
    outcomes: {
      deepseek: [{ temperature: 0.5, thinking: disabled }],
      aimlapi: [{ temperature: 0.5, reasoning_effort: 'none' }, 'thinking * lossless'],
      anyfast: [{ temperature: 0.5, thinking: disabled }],
    },
  },
  {
    when: 'temperature has its effect once a forced tool choice has switched thinking off',
    params: { temperature: 0.5, tools, tool_choice: 'required' },
    others: [{ temperature: 0.5, tools, tool_choice: 'required' }],
    outcomes: {
      deepseek: [
        { temperature: 0.5, tools, tool_choice: 'required', thinking: disabled },
        'thinking * lossless',
      ],
      aimlapi: [
        { temperature: 0.5, tools, tool_choice: 'required', reasoning_effort: 'none' },
        'thinking * lossless',
      ],
      anyfast: [
        { temperature: 0.5, tools, tool_choice: 'required', thinking: disabled },
        'thinking * lossless',
      ],
      bytespike: [{ temperature: 0.5, tools, tool_choice: 'auto' }, 'tool_choice mapped lossy'],
    },
  },
  {
    when: 'penalties are told to be without effect where the vendor says so',
    params: { frequency_penalty: 0.5, presence_penalty: -0.5 },
    others: [{ frequency_penalty: 0.5, presence_penalty: -0.5 }],
    outcomes: {
      deepseek: [
        { frequency_penalty: 0.5, presence_penalty: -0.5 },
        'frequency_penalty ineffective lossless',
        'presence_penalty ineffective lossless',
      ],
      anyfast: [
        { frequency_penalty: 0.5, presence_penalty: -0.5 },
        'frequency_penalty ineffective lossless',
        'presence_penalty ineffective lossless',
      ],
    },
  },
  {
    when: 'penalties stay without effect when thinking is off',
    params: { frequency_penalty: 0.5, thinking: disabled },
    others: [{ frequency_penalty: 0.5 }, 'thinking dropped lossy'],
    outcomes: {
      deepseek: [
        { frequency_penalty: 0.5, thinking: disabled },
        'frequency_penalty ineffective lossless',
      ],
      aimlapi: [{ frequency_penalty: 0.5, reasoning_effort: 'none' }, 'thinking * lossless'],
      anyfast: [
        { frequency_penalty: 0.5, thinking: disabled },
        'frequency_penalty ineffective lossless',
      ],
    },
  },
  {
    when: 'a top_p of 0 is raised where 0 is refused',
    params: { top_p: 0 },
    others: [{ top_p: 0 }],
    outcomes: {
      deepseek: [{ top_p: 0.01 }, 'top_p clamped lossy'],
      aimlapi: [{ top_p: 0.01 }, 'top_p clamped lossy'],
    },
  },
  {
    when: 'a seed below 0 is raised to 1 where 1 is the least',
    params: { seed: -5 },
    others: [{}, 'seed dropped lossy'],
    outcomes: {
      aimlapi: [{ seed: 1 }, 'seed clamped lossy'],
      shortapi: [{ seed: -5 }],
      bytespike: [{ seed: -5 }],
    },
  },
  {
    when: 'an alias is named as the caller wrote it, when it is clamped too',
    params: { max_completion_tokens: 500_000 },
    outcomes: {
      deepseek: [
        { max_tokens: 393_216 },
        'max_completion_tokens renamed lossless',
        'max_completion_tokens clamped lossy',
      ],
      aimlapi: [{ max_tokens: 500_000 }, 'max_completion_tokens renamed lossless'],
      shortapi: [
        { max_tokens: 384_000 },
        'max_completion_tokens renamed lossless',
        'max_completion_tokens clamped lossy',
      ],
      anyfast: [
        { max_tokens: 393_216 },
        'max_completion_tokens renamed lossless',
        'max_completion_tokens clamped lossy',
      ],
      bytespike: [
        { max_tokens: 8192 },
        'max_completion_tokens renamed lossless',
        'max_completion_tokens clamped lossy',
      ],
      vtrix: [
        { max_tokens: 384_000 },
        'max_completion_tokens renamed lossless',
        'max_completion_tokens clamped lossy',
      ],
    },
  },
  {
    when: 'a top_p of 0.5 is sent, and too low to have an effect at deepseek, which thinks',
    params: { top_p: 0.5 },
    others: [{ top_p: 0.5 }],
    outcomes: { deepseek: [{ top_p: 0.5 }, 'top_p ineffective lossless'] },
  },
  {
    when: 'a top_p from 0.95 on has its effect while the model thinks',
    params: { top_p: 0.95, thinking: enabled },
    outcomes: {
      deepseek: [{ top_p: 0.95, thinking: enabled }],
      aimlapi: [{ top_p: 0.95 }],
      shortapi: [{ top_p: 0.95 }],
      anyfast: [{ top_p: 0.95, thinking: enabled }],
      bytespike: [{ top_p: 0.95 }, 'thinking dropped lossy'],
      vtrix: [{ top_p: 0.95 }],
    },
  },
  {
    when: 'without thinking no top_p has an effect at deepseek',
    params: { top_p: 0.97, thinking: disabled },
    outcomes: {
      deepseek: [{ top_p: 0.97, thinking: disabled }, 'top_p ineffective lossless'],
      aimlapi: [{ top_p: 0.97, reasoning_effort: 'none' }, 'thinking * lossless'],
      shortapi: [{ top_p: 0.97 }, 'thinking dropped lossy'],
      anyfast: [{ top_p: 0.97, thinking: disabled }],
      bytespike: [{ top_p: 0.97 }, 'thinking dropped lossy'],
      vtrix: [{ top_p: 0.97 }, 'thinking dropped lossy'],
    },
  },
  {
    when: 'the first four of five stop texts are kept where four are allowed',
    params: { stop: words(5) },
    others: [{ stop: words(5) }],
    outcomes: { aimlapi: [{ stop: words(4) }, 'stop clamped lossy'] },
  },
  {
    when: 'sixteen stop texts are sent where sixteen are allowed',
    params: { stop: words(16) },
    others: [{ stop: words(16) }],
    outcomes: { aimlapi: [{ stop: words(4) }, 'stop clamped lossy'] },
  },
  { when: 'four stop texts are sent', params: { stop: words(4) }, others: [{ stop: words(4) }] },
  { when: 'one stop text is sent as it is', params: { stop: 'END' }, others: [{ stop: 'END' }] },
  {
    when: 'seed is dropped where it is not documented',
    params: { seed: 7 },
    others: [{ seed: 7 }],
    outcomes: {
      deepseek: [{}, 'seed dropped lossy'],
      anyfast: [{}, 'seed dropped lossy'],
      vtrix: [{}, 'seed dropped lossy'],
    },
  },
  {
    when: 'a seed of 0 is raised to 1 where 1 is the least',
    params: { seed: 0 },
    others: [{ seed: 0 }],
    outcomes: {
      deepseek: [{}, 'seed dropped lossy'],
      aimlapi: [{ seed: 1 }, 'seed clamped lossy'],
      anyfast: [{}, 'seed dropped lossy'],
      vtrix: [{}, 'seed dropped lossy'],
    },
  },
  {
    when: 'logit_bias is dropped where it is not documented',
    params: { logit_bias: { '42': -100 } },
    others: [{}, 'logit_bias dropped lossy'],
    outcomes: {
      aimlapi: [{ logit_bias: { '42': -100 } }],
      shortapi: [{ logit_bias: { '42': -100 } }],
    },
  },
  {
    when: 'logprobs are dropped where they are not documented',
    params: { logprobs: true, top_logprobs: 3 },
    others: [{}, 'logprobs dropped lossy', 'top_logprobs dropped lossy'],
    outcomes: {
      deepseek: [{ logprobs: true, top_logprobs: 3 }],
      aimlapi: [{ logprobs: true, top_logprobs: 3 }],
    },
  },
  {
    when: 'parallel_tool_calls is dropped where it is not documented',
    params: { tools, parallel_tool_calls: false },
    others: [{ tools }, 'parallel_tool_calls dropped lossy'],
    outcomes: { aimlapi: [{ tools, parallel_tool_calls: false }] },
  },
  {
    when: 'user_id goes under the name that the vendor has for it',
    params: { user_id: 'user-1_A' },
    outcomes: {
      deepseek: [{ user_id: 'user-1_A' }],
      aimlapi: [{}, 'user_id dropped lossy'],
      shortapi: [{ user: 'user-1_A' }, 'user_id renamed lossless'],
      anyfast: [{ user_id: 'user-1_A' }],
      bytespike: [{ user: 'user-1_A' }, 'user_id renamed lossless'],
      vtrix: [{}, 'user_id dropped lossy'],
    },
  },
  {
    when: 'user goes under the name that the vendor has for it',
    params: { user: 'user-1_A' },
    outcomes: {
      deepseek: [{ user_id: 'user-1_A' }, 'user renamed lossless'],
      aimlapi: [{}, 'user dropped lossy'],
      shortapi: [{ user: 'user-1_A' }],
      anyfast: [{ user_id: 'user-1_A' }, 'user renamed lossless'],
      bytespike: [{ user: 'user-1_A' }],
      vtrix: [{}, 'user dropped lossy'],
    },
  },
  {
    when: 'a user_id with other characters is dropped where the vendor names a pattern',
    params: { user_id: 'anna@example.com' },
    outcomes: {
      deepseek: [{}, 'user_id dropped lossy'],
      aimlapi: [{}, 'user_id dropped lossy'],
      shortapi: [{ user: 'anna@example.com' }, 'user_id renamed lossless'],
      anyfast: [{}, 'user_id dropped lossy'],
      bytespike: [{ user: 'anna@example.com' }, 'user_id renamed lossless'],
      vtrix: [{}, 'user_id dropped lossy'],
    },
  },
  {
    when: 'a streamed request asks for usage where that is documented',
    params: { stream: true },
    others: [
      { stream: true, stream_options: { include_usage: true } },
      'stream_options added lossless',
    ],
    outcomes: { vtrix: [{ stream: true }] },
  },
  {
    when: 'stream_options of the caller are sent',
    params: { stream: true, stream_options: { include_usage: true } },
    others: [{ stream: true, stream_options: { include_usage: true } }],
    outcomes: { vtrix: [{ stream: true }, 'stream_options dropped lossy'] },
  },
  {
    when: 'a JSON object is asked for without a further message if one says JSON already',
    params: { messages: askForJson, response_format: { type: 'json_object' } },
    others: [{ response_format: { type: 'json_object' } }],
  },
  {
    when: 'a JSON object gets a message that says JSON',
    params: { response_format: { type: 'json_object' } },
    others: [{ response_format: { type: 'json_object' } }, 'messages* added lossless'],
  },
  {
    when: 'a JSON schema is sent, or becomes a JSON object and a message',
    params: { response_format: { type: 'json_schema', json_schema: jsonSchema } },
    others: [
      { response_format: { type: 'json_object' } },
      'messages* added lossless',
      'response_format mapped lossy',
    ],
    outcomes: {
      aimlapi: [{ response_format: { type: 'json_schema', json_schema: jsonSchema } }],
      shortapi: [{ response_format: { type: 'json_schema', json_schema: jsonSchema, schema } }],
    },
  },
  {
    when: 'tool_choice auto is sent',
    params: { tools, tool_choice: 'auto' },
    others: [{ tools, tool_choice: 'auto' }],
  },
  {
    when: 'tool_choice none is sent',
    params: { tools, tool_choice: 'none' },
    others: [{ tools, tool_choice: 'none' }],
  },
  {
    when: 'a required call switches thinking off where both together are refused',
    params: { tools, tool_choice: 'required' },
    others: [{ tools, tool_choice: 'required' }],
    outcomes: {
      deepseek: [{ tools, tool_choice: 'required', thinking: disabled }, 'thinking * lossless'],
      aimlapi: [
        { tools, tool_choice: 'required', reasoning_effort: 'none' },
        'thinking * lossless',
      ],
      anyfast: [{ tools, tool_choice: 'required', thinking: disabled }, 'thinking * lossless'],
      bytespike: [{ tools, tool_choice: 'auto' }, 'tool_choice mapped lossy'],
    },
  },
  {
    when: 'a named call switches thinking off where both together are refused',
    params: { tools, tool_choice: named },
    others: [{ tools, tool_choice: named }],
    outcomes: {
      deepseek: [{ tools, tool_choice: named, thinking: disabled }, 'thinking * lossless'],
      aimlapi: [{ tools, tool_choice: named, reasoning_effort: 'none' }, 'thinking * lossless'],
      anyfast: [{ tools, tool_choice: named, thinking: disabled }, 'thinking * lossless'],
    },
  },
  {
    when: 'a required call over thinking that was asked for is a lossy change',
    params: { tools, tool_choice: 'required', thinking: enabled },
    others: [{ tools, tool_choice: 'required' }],
    outcomes: {
      deepseek: [{ tools, tool_choice: 'required', thinking: disabled }, 'thinking * lossy'],
      aimlapi: [{ tools, tool_choice: 'required', reasoning_effort: 'none' }, 'thinking * lossy'],
      anyfast: [{ tools, tool_choice: 'required', thinking: disabled }, 'thinking * lossy'],
      bytespike: [
        { tools, tool_choice: 'auto' },
        'thinking dropped lossy',
        'tool_choice mapped lossy',
      ],
    },
  },
  {
    when: 'a required call without thinking needs no guard',
    params: { tools, tool_choice: 'required', thinking: disabled },
    others: [{ tools, tool_choice: 'required' }, 'thinking dropped lossy'],
    outcomes: {
      deepseek: [{ tools, tool_choice: 'required', thinking: disabled }],
      aimlapi: [
        { tools, tool_choice: 'required', reasoning_effort: 'none' },
        'thinking * lossless',
      ],
      anyfast: [{ tools, tool_choice: 'required', thinking: disabled }],
      bytespike: [
        { tools, tool_choice: 'auto' },
        'thinking dropped lossy',
        'tool_choice mapped lossy',
      ],
    },
  },
  {
    when: 'strict functions are sent where they are documented',
    params: { tools: [strictly(tool)] },
    others: [{ tools }, 'tools.0.function.strict dropped lossy'],
    outcomes: {
      deepseek: [{ tools: [strictly(tool)] }, 'tools* rerouted lossless'],
      aimlapi: [{ tools: [strictly(tool)] }],
    },
  },
  {
    when: 'missing parameters of a function are added where they are required',
    params: { tools: [{ type: 'function', function: { name: 'now' } }] },
    others: [{ tools: [{ type: 'function', function: { name: 'now' } }] }],
    outcomes: {
      aimlapi: [
        {
          tools: [
            {
              type: 'function',
              function: { name: 'now', parameters: { type: 'object', properties: {} } },
            },
          ],
        },
        'tools.0.function.parameters added lossless',
      ],
    },
  },
  {
    when: 'fields of OpenAI that no vendor takes are dropped',
    params: {
      store: true,
      metadata: { team: 'blue' },
      service_tier: 'flex',
      verbosity: 'low',
      prompt_cache_key: 'key',
      safety_identifier: 'anna',
    },
    others: [
      {},
      'metadata dropped lossy',
      'prompt_cache_key dropped lossy',
      'safety_identifier dropped lossy',
      'service_tier dropped lossy',
      'store dropped lossy',
      'verbosity dropped lossy',
    ],
  },
];

for (const { when, params, others, outcomes } of bodyCells) {
  test.each(vendors)(`%s: ${when}`, (vendor) => {
    const [expectedBody, ...expectedAdjustments] = outcomeOf(vendor, others, outcomes);
    const { body, adjustments } = prepare(vendor, params);
    const { model: _model, messages: _messages, ...rest } = body;
    expect(rest).toStrictEqual(expectedBody);
    expectAdjustments(adjustments, expectedAdjustments);
  });
}

const efforts: Record<
  'deepseek' | 'aimlapi' | 'shortapi' | 'anyfast',
  Record<Exclude<ReasoningEffort, 'none'>, string>
> = {
  deepseek: {
    minimal: 'low',
    low: 'low',
    medium: 'high',
    high: 'high',
    xhigh: 'high',
    max: 'max',
    ultra: 'max',
  },
  aimlapi: {
    minimal: 'low',
    low: 'low',
    medium: 'medium',
    high: 'high',
    xhigh: 'high',
    max: 'high',
    ultra: 'high',
  },
  shortapi: {
    minimal: 'low',
    low: 'low',
    medium: 'medium',
    high: 'high',
    xhigh: 'high',
    max: 'high',
    ultra: 'high',
  },
  anyfast: {
    minimal: 'low',
    low: 'low',
    medium: 'medium',
    high: 'high',
    xhigh: 'max',
    max: 'max',
    ultra: 'max',
  },
};

const effortRows = Object.entries(efforts).flatMap(([vendor, values]) =>
  Object.entries(values).map(([asked, sent]) => ({
    vendor: vendor as Vendor,
    asked: asked as ReasoningEffort,
    sent,
  })),
);

test.each(effortRows)('$vendor: effort $asked is sent as $sent', ({ vendor, asked, sent }) => {
  const { body, adjustments } = prepare(vendor, { reasoning_effort: asked });
  const { model: _model, messages: _messages, ...rest } = body;
  const isNested = vendor === 'anyfast';
  expect(rest).toStrictEqual(
    isNested
      ? { thinking: { type: 'enabled', reasoning_effort: sent } }
      : { reasoning_effort: sent },
  );
  expectAdjustments(adjustments, [
    ...(isNested ? ['reasoning_effort renamed lossless'] : []),
    ...(asked === sent ? [] : ['reasoning_effort mapped lossy']),
  ]);
  const mapped = adjustments.filter(({ action }) => action === 'mapped');
  expect(mapped.map(({ from, to }) => [from, to])).toStrictEqual(
    asked === sent ? [] : [[asked, sent]],
  );
});

test.each(['minimal', 'low', 'medium', 'high', 'xhigh', 'max', 'ultra'] as const)(
  'effort %s is dropped by the vendors that take none',
  (effort) => {
    for (const vendor of ['bytespike', 'vtrix'] as const) {
      const { body, adjustments } = prepare(vendor, { reasoning_effort: effort });
      expect(Object.keys(body).toSorted()).toStrictEqual(['messages', 'model']);
      expectAdjustments(adjustments, ['reasoning_effort dropped lossy']);
    }
  },
);

test.each(vendors)('%s: effort none means that thinking is off', (vendor) => {
  const off = prepare(vendor, { thinking: disabled });
  const none = prepare(vendor, { reasoning_effort: 'none' });
  expect(none.body).toStrictEqual(off.body);
  expect(none.adjustments.some(({ lossy }) => lossy)).toBe(
    off.adjustments.some(({ lossy }) => lossy),
  );
});

test.each([
  ['deepseek', { thinking: disabled }],
  ['aimlapi', { reasoning_effort: 'none' }],
  ['anyfast', { thinking: disabled }],
] as const)('%s: a forced call also drops the effort that was asked for', (vendor, off) => {
  const params: Params = { tools, tool_choice: named, reasoning_effort: 'max' };
  const { body, adjustments } = prepare(vendor, params);
  const { model: _model, messages: _messages, ...rest } = body;
  expect(rest).toStrictEqual({ tools, tool_choice: named, ...off });
  expect(adjustments.some(({ lossy }) => lossy)).toBe(true);
});

const urls: Record<Vendor, string> = {
  deepseek: 'https://api.deepseek.com/chat/completions',
  aimlapi: 'https://api.aimlapi.com/v1/chat/completions',
  shortapi: 'https://api.shortapi.ai/v1/chat/completions',
  anyfast: 'https://www.anyfast.ai/v1/chat/completions',
  bytespike: 'https://llm.bytespike.ai/v1/chat/completions',
  vtrix: 'https://cloud.vtrix.ai/llm/chat/completions',
};

test.each(vendors)('%s: the request is a POST to the path of the vendor', (vendor) => {
  const prepared = prepare(vendor);
  expect(prepared).toMatchObject({ provider: vendor, method: 'POST', url: urls[vendor] });
});

test.each(vendors)('%s: the body is what the caller wrote, under the default model', (vendor) => {
  expect(prepare(vendor).body).toStrictEqual({
    model: isPrefixing(vendor) ? 'deepseek/deepseek-v4-flash' : 'deepseek-v4-flash',
    messages: hello,
  });
});

test.each(vendors)('%s: a model id is written as the vendor writes it', (vendor) => {
  const prefix = isPrefixing(vendor) ? 'deepseek/' : '';
  const wire = (model: string): unknown => prepare(vendor, { model }).body.model;
  expect(wire('deepseek-v4-flash')).toBe(`${prefix}deepseek-v4-flash`);
  expect(wire('deepseek/deepseek-v4-flash')).toBe(`${prefix}deepseek-v4-flash`);
  expect(wire('deepseek-v4-pro')).toBe(`${prefix}deepseek-v4-pro`);
  expect(wire('alibaba/qwen-max')).toBe('alibaba/qwen-max');
});

test.each(vendors)('%s: the caps also hold for the model id with its prefix', (vendor) => {
  const plain = prepare(vendor, { max_tokens: 500_000, stop: words(16) }).body;
  const prefixed = prepare(vendor, {
    model: 'deepseek/deepseek-v4-flash',
    max_tokens: 500_000,
    stop: words(16),
  }).body;
  expect(prefixed).toStrictEqual(plain);
});

test.each(vendors)('%s: another model id gets none of the caps and floors', (vendor) => {
  const { body, adjustments } = prepare(vendor, {
    model: 'another-model',
    max_tokens: 1_000_000,
    stop: words(16),
    top_p: 0,
  });
  expect(body).toMatchObject({ max_tokens: 1_000_000, stop: words(16), top_p: 0 });
  expectAdjustments(adjustments, []);
});

test('another model id gets no least seed', () => {
  expect(prepare('aimlapi', { model: 'another-model', seed: 0 }).body.seed).toBe(0);
});

test.each(vendors)('%s: the headers say what is sent and expected, and hold no key', (vendor) => {
  const client = createClient({ provider: vendor, apiKey: 'sk-very-secret' });
  const whole = client.chat.completions.prepare({ messages: hello });
  const streamed = client.chat.completions.prepare({ messages: hello, stream: true });
  expect(whole.headers['content-type']).toBe('application/json');
  expect(streamed.headers.accept).toBe('text/event-stream');
  expect(whole.headers['user-agent']).toMatch(/^deepseek-v4-flash\/\d+\.\d+\.\d+\S* node\/[\d.]+$/);
  expect(whole.headers).not.toHaveProperty('authorization');
  expect(JSON.stringify([whole, streamed])).not.toContain('sk-very-secret');
});

test('headers of the client and of the call are added, the call over the client', () => {
  const client = createClient({ headers: { 'X-Team': 'blue', 'X-Kind': 'client' } });
  const { headers } = client.chat.completions.prepare(
    { messages: hello },
    { headers: { 'x-kind': 'call' } },
  );
  expect(headers).toMatchObject({ 'x-team': 'blue', 'x-kind': 'call' });
});

test('an adjustment says what was written, what is sent, and why', () => {
  const [adjustment] = prepare('bytespike', { max_tokens: 10_000 }).adjustments;
  expect(adjustment).toMatchObject({
    param: 'max_tokens',
    action: 'clamped',
    lossy: true,
    from: 10_000,
    to: 8192,
  });
  expect(adjustment?.reason).toMatch(/\w/);
});

test('what was dropped went from the value to null, and what was added from null to the value', () => {
  const { adjustments } = prepare('deepseek', { seed: 7, stream: true });
  expect(adjustments.find(({ param }) => param === 'seed')).toMatchObject({ from: 7, to: null });
  expect(adjustments.find(({ action }) => action === 'added')).toMatchObject({ from: null });
});

test('every adjustment is plain JSON', () => {
  for (const vendor of vendors) {
    const { adjustments } = prepare(vendor, {
      seed: 0,
      max_tokens: 1_000_000,
      response_format: { type: 'json_schema', schema },
      stream: true,
      user_id: 'a b',
    });
    expect(JSON.parse(JSON.stringify(adjustments))).toStrictEqual(adjustments);
  }
});

test.each(vendors)('%s: include_usage false is kept', (vendor) => {
  const { body } = prepare(vendor, { stream: true, stream_options: { include_usage: false } });
  const expected = vendor === 'vtrix' ? undefined : { include_usage: false };
  expect(body.stream_options).toStrictEqual(expected);
});

test.each(['deepseek', 'anyfast', 'bytespike', 'vtrix'] as const)(
  '%s: the schema goes into a system message',
  (vendor) => {
    const { body } = prepare(vendor, {
      messages: askForJson,
      response_format: { type: 'json_schema', json_schema: jsonSchema },
    });
    const system = messagesOf(body).filter(({ role }) => role === 'system');
    expect(system).toHaveLength(1);
    expect(String(system[0]?.content)).toMatch(/json/i);
    expect(String(system[0]?.content)).toContain(JSON.stringify(schema));
    expect(messagesOf(body)).toContainEqual(askForJson[0]);
  },
);

test.each(['aimlapi', 'shortapi'] as const)(
  '%s: a schema that is sent needs no message',
  (vendor) => {
    const { body } = prepare(vendor, {
      response_format: { type: 'json_schema', json_schema: jsonSchema },
    });
    expect(body.messages).toStrictEqual(hello);
  },
);

test.each(vendors)('%s: a JSON object gets a one-line system message that says JSON', (vendor) => {
  const { body } = prepare(vendor, { response_format: { type: 'json_object' } });
  const system = messagesOf(body).filter(({ role }) => role === 'system');
  expect(system).toHaveLength(1);
  expect(system[0]?.content).toMatch(/^.*json.*$/i);
  expect(messagesOf(body)).toContainEqual(hello[0]);
});

test('the word JSON may stand in any message, in any case and in a part', () => {
  const messages: ChatCompletionMessageParam[][] = [
    [{ role: 'system', content: 'Use json.' }, ...hello],
    [{ role: 'user', content: [{ type: 'text', text: 'As Json, please' }] }],
    [...hello, { role: 'assistant', content: 'JSON?' }, ...hello],
  ];
  for (const each of messages) {
    const { body, adjustments } = prepare('deepseek', {
      messages: each,
      response_format: { type: 'json_object' },
    });
    expect(messagesOf(body)).toHaveLength(each.length);
    expectAdjustments(adjustments, []);
  }
});

test('strict functions go to the beta path of DeepSeek', () => {
  const { url, adjustments } = prepare('deepseek', { tools: [strictly(tool)] });
  expect(url).toBe('https://api.deepseek.com/beta/chat/completions');
  expect(adjustments).toContainEqual(expect.objectContaining({ action: 'rerouted', lossy: false }));
});

test('functions that are not strict stay on the path of DeepSeek', () => {
  expect(prepare('deepseek', { tools }).url).toBe(urls.deepseek);
});

test('strict on some functions is never sent to DeepSeek, which takes all or none', () => {
  const other: ChatCompletionTool = { type: 'function', function: { name: 'other' } };
  const { body } = prepare('deepseek', { tools: [strictly(tool), other] });
  const sent = body.tools as ChatCompletionTool[];
  const strict = sent.filter((each) => each.function.strict === true);
  expect([0, sent.length]).toContain(strict.length);
});

test('strict on some functions is sent where the vendor takes it for each', () => {
  const other: ChatCompletionTool = {
    type: 'function',
    function: { name: 'other', parameters: { type: 'object', properties: {} } },
  };
  const { body, adjustments } = prepare('aimlapi', { tools: [strictly(tool), other] });
  expect(body.tools).toStrictEqual([strictly(tool), other]);
  expectAdjustments(adjustments, []);
});

const toolNamed = (length: number): Params => ({
  tools: [{ type: 'function', function: { name: 'n'.repeat(length), parameters: schema } }],
});

test.each(vendors)('%s: a tool name of the greatest length is sent', (vendor) => {
  const params = toolNamed(vendor === 'aimlapi' ? 64 : 128);
  expect(prepare(vendor, params).body.tools).toStrictEqual(params.tools);
});

test('aimlapi: a tool name of more than 64 characters cannot be sent', () => {
  const refused = unsupported('aimlapi', toolNamed(65));
  expect(refused).toMatchObject({ param: 'tools.0.function.name' });
});

test.each(vendors)('%s: developer becomes system', (vendor) => {
  const { body, adjustments } = prepare(vendor, {
    messages: [{ role: 'developer', content: 'Be brief' }, ...hello],
  });
  expect(body.messages).toStrictEqual([{ role: 'system', content: 'Be brief' }, ...hello]);
  expectAdjustments(adjustments, ['messages.0.role * lossless']);
  expect(adjustments[0]).toMatchObject({ from: 'developer', to: 'system' });
});

const call = {
  id: 'call_1',
  type: 'function',
  function: { name: 'get_weather', arguments: '{"city":"Oslo"}' },
} as const;

const answeredCall = (content: string | null): ChatCompletionMessageParam[] => [
  ...hello,
  { role: 'assistant', content, reasoning_content: 'Hm.', tool_calls: [call] },
  { role: 'tool', tool_call_id: 'call_1', content: 'Rain' },
];

test.each(vendors)('%s: a content of null beside tool calls becomes what it takes', (vendor) => {
  const { body, adjustments } = prepare(vendor, { messages: answeredCall(null) });
  const isOmitted = vendor === 'aimlapi';
  expect(messagesOf(body)[1]).toStrictEqual({
    role: 'assistant',
    ...(!isOmitted && { content: '' }),
    reasoning_content: 'Hm.',
    tool_calls: [call],
  });
  expect(adjustments.filter(({ lossy }) => lossy)).toStrictEqual([]);
  const isTold = adjustments.some(({ param }) => param === 'messages.1.content');
  expect(isTold || isOmitted).toBe(true);
});

test.each(vendors)('%s: a content of null without tool calls becomes ""', (vendor) => {
  const { body, adjustments } = prepare(vendor, {
    messages: [...hello, { role: 'assistant', content: null }, ...hello],
  });
  expect(messagesOf(body)[1]).toStrictEqual({ role: 'assistant', content: '' });
  expectAdjustments(adjustments, ['messages.1.content * lossless']);
});

test.each(vendors)('%s: a content of "" stays', (vendor) => {
  const { body, adjustments } = prepare(vendor, { messages: answeredCall('') });
  expect(messagesOf(body)[1]).toStrictEqual({
    role: 'assistant',
    content: '',
    reasoning_content: 'Hm.',
    tool_calls: [call],
  });
  expectAdjustments(adjustments, []);
});

test.each(vendors)('%s: a refusal is sent, as text where there is no field for it', (vendor) => {
  const { body, adjustments } = prepare(vendor, {
    messages: [...hello, { role: 'assistant', content: null, refusal: 'I cannot.' }, ...hello],
  });
  const { content, ...rest } = messagesOf(body)[1] ?? {};
  const hasField = vendor === 'aimlapi';
  expect(content ?? '').toBe(hasField ? '' : 'I cannot.');
  expect(rest).toStrictEqual({ role: 'assistant', ...(hasField && { refusal: 'I cannot.' }) });
  expect(adjustments.filter(({ lossy }) => lossy)).toStrictEqual([]);
  expect(adjustments.length > 0 || hasField).toBe(true);
});

test.each(vendors)('%s: a refusal part is sent, as text where there is no such part', (vendor) => {
  const { body, adjustments } = prepare(vendor, {
    messages: [
      ...hello,
      { role: 'assistant', content: [{ type: 'refusal', refusal: 'I cannot.' }] },
      ...hello,
    ],
  });
  const wire = JSON.stringify(messagesOf(body)[1]);
  expect(wire).toContain('I cannot.');
  expect(wire.includes('refusal')).toBe(vendor === 'aimlapi');
  expect(adjustments.filter(({ lossy }) => lossy)).toStrictEqual([]);
});

test.each(vendors)('%s: an empty refusal, as in every answer, is not worth a word', (vendor) => {
  const { body, adjustments } = prepare(vendor, {
    messages: [...hello, { role: 'assistant', content: 'Hi', refusal: null }, ...hello],
  });
  expect(messagesOf(body)[1]).toStrictEqual({ role: 'assistant', content: 'Hi' });
  expectAdjustments(adjustments, []);
});

const nameTable: Record<Vendor, (string | undefined)[]> = {
  deepseek: ['boss', 'anna', 'bot', undefined],
  aimlapi: ['boss', 'anna', 'bot', 'get_weather'],
  shortapi: ['boss', 'anna', 'bot', 'get_weather'],
  anyfast: [undefined, undefined, undefined, undefined],
  bytespike: [undefined, undefined, undefined, undefined],
  vtrix: [undefined, undefined, undefined, undefined],
};

test.each(vendors)('%s: names of participants go where they are documented', (vendor) => {
  const messages: ChatCompletionMessageParam[] = [
    { role: 'system', content: 'Be brief', name: 'boss' },
    { role: 'user', content: 'Hello', name: 'anna' },
    { role: 'assistant', content: '', name: 'bot', tool_calls: [call], reasoning_content: 'Hm.' },
    { role: 'tool', tool_call_id: 'call_1', content: 'Rain', name: 'get_weather' },
  ];
  const { body, adjustments } = prepare(vendor, { messages });
  const expected = nameTable[vendor];
  expect(messagesOf(body).map(({ name }) => name)).toStrictEqual(expected);
  expectAdjustments(
    adjustments,
    expected.flatMap((name, index) =>
      name === undefined ? [`messages.${index}.name dropped lossy`] : [],
    ),
  );
});

const twoTexts = [
  { type: 'text', text: 'One.' },
  { type: 'text', text: 'Two.' },
] as const;

test.each(['deepseek', 'aimlapi', 'shortapi', 'vtrix'] as const)(
  '%s: text parts are sent',
  (vendor) => {
    const { body, adjustments } = prepare(vendor, {
      messages: [{ role: 'user', content: [...twoTexts] }],
    });
    expect(messagesOf(body)[0]?.content).toStrictEqual(twoTexts);
    expectAdjustments(adjustments, []);
  },
);

test.each(['anyfast', 'bytespike'] as const)('%s: text parts are flattened', (vendor) => {
  const { body, adjustments } = prepare(vendor, {
    messages: [
      { role: 'system', content: [...twoTexts] },
      { role: 'user', content: [...twoTexts] },
      { role: 'assistant', content: [...twoTexts] },
    ],
  });
  const contents = messagesOf(body).map(({ content }) => content);
  const oneString = expect.stringMatching(/^One\.\s*Two\.$/);
  expect(contents).toStrictEqual([oneString, oneString, oneString]);
  expectAdjustments(
    adjustments,
    [0, 1, 2].map((index) => `messages.${index}.content * lossless`),
  );
});

const toolAnswerInParts: ChatCompletionMessageParam[] = [
  ...hello,
  { role: 'assistant', content: '', tool_calls: [call] },
  { role: 'tool', tool_call_id: 'call_1', content: [...twoTexts] },
];

test.each(['deepseek', 'shortapi', 'vtrix'] as const)(
  '%s: text parts of a tool message are sent',
  (vendor) => {
    const { body, adjustments } = prepare(vendor, { messages: toolAnswerInParts });
    expect(messagesOf(body)[2]?.content).toStrictEqual(twoTexts);
    expectAdjustments(adjustments, []);
  },
);

test.each(['aimlapi', 'anyfast', 'bytespike'] as const)(
  '%s: text parts of a tool message are flattened',
  (vendor) => {
    const { body, adjustments } = prepare(vendor, { messages: toolAnswerInParts });
    expect(messagesOf(body)[2]?.content).toMatch(/^One\.\s*Two\.$/);
    expectAdjustments(adjustments, ['messages.2.content * lossless']);
  },
);

const parts = {
  image: { type: 'image_url', image_url: { url: 'https://example.com/cat.png', detail: 'low' } },
  audio: { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
  video: { type: 'video_url', video_url: { url: 'https://example.com/cat.mp4' } },
  file: { type: 'file', file: { file_id: 'file-1' } },
} as const;

const takenParts: Record<Vendor, (keyof typeof parts)[]> = {
  deepseek: ['image', 'file'],
  aimlapi: [],
  shortapi: ['image', 'audio', 'video', 'file'],
  anyfast: [],
  bytespike: [],
  vtrix: ['image', 'audio', 'video', 'file'],
};

const kinds = Object.keys(parts) as (keyof typeof parts)[];
const partRows = vendors.flatMap((vendor) => kinds.map((kind) => ({ vendor, kind })));
const isTaken = ({ vendor, kind }: (typeof partRows)[number]): boolean =>
  takenParts[vendor].includes(kind);
const question = { type: 'text', text: 'What is this?' } as const;

test.each(partRows.filter((row) => isTaken(row)))(
  '$vendor: $kind parts are sent',
  ({ vendor, kind }) => {
    const { body, adjustments } = prepare(vendor, {
      messages: [{ role: 'user', content: [question, parts[kind]] }],
    });
    // DeepSeek's own page puts the fields of a file beside its type.
    const isFlat = vendor === 'deepseek' && kind === 'file';
    expect(messagesOf(body)[0]?.content).toStrictEqual([
      question,
      isFlat ? { type: 'file', file_id: 'file-1' } : parts[kind],
    ]);
    expect(adjustments.filter(({ lossy }) => lossy)).toStrictEqual([]);
  },
);

test.each(partRows.filter((row) => !isTaken(row)))(
  '$vendor: $kind parts cannot be sent',
  ({ vendor, kind }) => {
    const refused = unsupported(vendor, {
      messages: [{ role: 'user', content: [question, parts[kind]] }],
    });
    expect(refused.param).toMatch(/^messages\.0\.content\.1/);
  },
);

test.each(vendors)('%s: the rules for parts are those of the flash model alone', (vendor) => {
  const content = [parts.image, parts.audio, parts.video];
  const { body } = prepare(vendor, {
    model: 'another-model',
    messages: [{ role: 'user', content }],
  });
  expect(messagesOf(body)[0]?.content).toStrictEqual(content);
});

const begun: ChatCompletionMessageParam[] = [
  ...hello,
  { role: 'assistant', content: 'Once', prefix: true },
];

test('deepseek: a prefix of the answer goes to the beta path', () => {
  const { url, body, adjustments } = prepare('deepseek', { messages: begun });
  expect(url).toBe('https://api.deepseek.com/beta/chat/completions');
  expect(body.messages).toStrictEqual(begun);
  expectAdjustments(adjustments, ['messages.1.prefix rerouted lossless']);
});

test('vtrix: a prefix of the answer is sent', () => {
  const { url, body, adjustments } = prepare('vtrix', { messages: begun });
  expect(url).toBe(urls.vtrix);
  expect(messagesOf(body)[1]).toHaveProperty('prefix', true);
  expect(adjustments.filter(({ lossy }) => lossy)).toStrictEqual([]);
});

test.each(['aimlapi', 'shortapi', 'anyfast', 'bytespike'] as const)(
  '%s: a prefix of the answer cannot be sent',
  (vendor) => {
    const refused = unsupported(vendor, { messages: begun });
    expect(refused).toMatchObject({ param: 'messages.1.prefix' });
  },
);

test('vtrix: an issue of the report says that the form of a prefix is not documented', async () => {
  const client = createClient({ provider: 'vtrix', apiKey: 'key', transport: answering() });
  const { report } = await client.chat.completions.create({
    messages: begun,
  });
  expect(report.issues).toContainEqual(
    expect.objectContaining({ path: 'messages.1.prefix', message: expect.stringMatching(/docu/) }),
  );
});

test.each(vendors)('%s: reasoning of earlier turns goes back verbatim', (vendor) => {
  const reasoning_content = '  First,\n\nI think. ';
  for (const params of [{}, { tools }, { thinking: disabled }]) {
    const { body } = prepare(vendor, {
      ...params,
      messages: [...hello, { role: 'assistant', content: 'Hi', reasoning_content }, ...hello],
    });
    expect(messagesOf(body)[1]).toStrictEqual({
      role: 'assistant',
      content: 'Hi',
      reasoning_content,
    });
  }
});

test.each(vendors)(
  '%s: with tools an earlier turn without reasoning gets an empty one',
  (vendor) => {
    const messages: ChatCompletionMessageParam[] = [
      ...hello,
      { role: 'assistant', content: 'Hi' },
      ...hello,
    ];
    const withTools = prepare(vendor, { messages, tools });
    expect(messagesOf(withTools.body)[1]).toHaveProperty('reasoning_content', '');
    expectAdjustments(withTools.adjustments, ['messages.1.reasoning_content added lossless']);

    const withoutTools = prepare(vendor, { messages });
    expect(messagesOf(withoutTools.body)[1]).not.toHaveProperty('reasoning_content');
    expectAdjustments(withoutTools.adjustments, []);
  },
);

test.each(['deepseek', 'aimlapi', 'anyfast'] as const)(
  '%s: no empty reasoning is added when thinking is off',
  (vendor) => {
    const messages: ChatCompletionMessageParam[] = [
      ...hello,
      { role: 'assistant', content: 'Hi' },
      ...hello,
    ];
    const switchedOff = prepare(vendor, { messages, tools, thinking: disabled });
    expect(messagesOf(switchedOff.body)[1]).not.toHaveProperty('reasoning_content');
    const guarded = prepare(vendor, { messages, tools, tool_choice: 'required' });
    expect(messagesOf(guarded.body)[1]).not.toHaveProperty('reasoning_content');
  },
);

test.each(vendors)('%s: a custom tool call cannot be sent back', (vendor) => {
  const custom = { id: 'call_1', type: 'custom', custom: { name: 'run', input: 'ls' } } as const;
  const refused = unsupported(vendor, {
    messages: [
      ...hello,
      { role: 'assistant', content: null, tool_calls: [custom] },
      { role: 'tool', tool_call_id: 'call_1', content: 'README' },
    ],
  });
  expect(refused.param).toMatch(/^messages\.1\.tool_calls\.0/);
});

test.each(vendors)('%s: the role tool is sent', (vendor) => {
  const { body } = prepare(vendor, { messages: answeredCall('') });
  expect(messagesOf(body)[2]).toStrictEqual({
    role: 'tool',
    tool_call_id: 'call_1',
    content: 'Rain',
  });
});

test.each(vendors)('%s: max_completion_tokens is another name of max_tokens', (vendor) => {
  const { body, adjustments } = prepare(vendor, { max_completion_tokens: 100 });
  expect(body.max_tokens).toBe(100);
  expect(body).not.toHaveProperty('max_completion_tokens');
  expectAdjustments(adjustments, ['max_completion_tokens renamed lossless']);
});

test.each(vendors)('%s: a schema in the short form gets the name response', (vendor) => {
  const { body } = prepare(vendor, {
    messages: askForJson,
    response_format: { type: 'json_schema', schema },
  });
  const whole = { type: 'json_schema', json_schema: { name: 'response', schema } };
  const expected: Partial<Record<Vendor, object>> = {
    aimlapi: whole,
    shortapi: { ...whole, schema },
  };
  expect(body.response_format).toStrictEqual(expected[vendor] ?? { type: 'json_object' });
  expect(JSON.stringify(body)).toContain('city');
});

const lossyCells: [Vendor, Params, string][] = [
  ['deepseek', { seed: 7 }, 'seed'],
  ['deepseek', { max_tokens: 393_217 }, 'max_tokens'],
  ['deepseek', { reasoning_effort: 'medium' }, 'reasoning_effort'],
  ['deepseek', { response_format: { type: 'json_schema', schema } }, 'response_format'],
  ['deepseek', { tools, tool_choice: 'required', thinking: enabled }, 'thinking'],
  ['deepseek', { store: true }, 'store'],
  ['aimlapi', { stop: words(5) }, 'stop'],
  ['aimlapi', { user_id: 'anna' }, 'user_id'],
  ['shortapi', { thinking: disabled }, 'thinking'],
  ['shortapi', { logprobs: true }, 'logprobs'],
  ['anyfast', { logit_bias: { '1': 1 } }, 'logit_bias'],
  ['bytespike', { tools, tool_choice: 'required' }, 'tool_choice'],
  ['bytespike', { max_tokens: 8193 }, 'max_tokens'],
  ['vtrix', { stream: true, stream_options: { include_usage: true } }, 'stream_options'],
  ['vtrix', { messages: [{ role: 'user', content: 'Hi', name: 'anna' }] }, 'messages.0.name'],
];

test.each(lossyCells)(
  'onUnsupported error: %s refuses %j and names it',
  (vendor, params, param) => {
    const client = createClient({ provider: vendor, onUnsupported: 'error' });
    const error = errorOf(() => client.chat.completions.prepare({ messages: hello, ...params }));
    expect(isChatError(error, 'unsupported_parameter')).toBe(true);
    expect(error).toMatchObject({ provider: vendor, param, retryable: false });
    expect(error.message).toContain(param);
  },
);

test('onUnsupported error refuses before anything is sent', async () => {
  const send = vi.fn<Transport['send']>();
  const client = createClient({ onUnsupported: 'error', apiKey: 'key', transport: { send } });
  const params = { messages: hello, seed: 7 };
  await expect(client.chat.completions.create(params)).rejects.toMatchObject({
    code: 'unsupported_parameter',
    param: 'seed',
  });
  await expect(client.chat.completions.create({ ...params, stream: true })).rejects.toMatchObject({
    code: 'unsupported_parameter',
    param: 'seed',
  });
  expect(send).not.toHaveBeenCalled();
});

const losslessCells: [Vendor, Params][] = [
  ['deepseek', { temperature: 0.5, frequency_penalty: 1, stream: true, user: 'anna' }],
  ['deepseek', { messages: [{ role: 'developer', content: 'Be brief' }, ...hello] }],
  ['deepseek', { response_format: { type: 'json_object' } }],
  ['deepseek', { tools: [strictly(tool)] }],
  ['deepseek', { tools, tool_choice: 'required' }],
  ['deepseek', { messages: [...hello, { role: 'assistant', content: 'Once', prefix: true }] }],
  ['deepseek', { messages: [...hello, { role: 'assistant', content: null }, ...hello] }],
  ['deepseek', { tools, messages: [...hello, { role: 'assistant', content: 'Hi' }, ...hello] }],
  ['aimlapi', { thinking: disabled }],
  ['shortapi', { user_id: 'anna', max_completion_tokens: 10 }],
  ['anyfast', { reasoning_effort: 'high' }],
  ['anyfast', { messages: [{ role: 'user', content: [...twoTexts] }] }],
];

test.each(losslessCells)(
  'onUnsupported error: %s takes %j, which loses nothing',
  (vendor, params) => {
    const strict = createClient({ provider: vendor, onUnsupported: 'error' });
    const { body, adjustments } = strict.chat.completions.prepare({ messages: hello, ...params });
    const adjusted = prepare(vendor, params);
    expect(body).toStrictEqual(adjusted.body);
    expect(adjustments).toStrictEqual(adjusted.adjustments);
    expect(adjustments.length).toBeGreaterThan(0);
  },
);

test('onUnsupported warn warns once for each vendor and parameter', async () => {
  const warned = vi.mocked(process.emitWarning);
  const countOf = (vendor: string, param: string): number =>
    warned.mock.calls.filter(([text]) => {
      const message = String(text).toLowerCase();
      return message.includes(vendor) && message.includes(param);
    }).length;
  const ask = async (vendor: Vendor, params: Params): Promise<void> => {
    const client = createClient({ provider: vendor, apiKey: 'key', transport: answering() });
    await client.chat.completions.create({ messages: hello, ...params, stream: false });
  };
  warned.mockClear();

  await ask('vtrix', { parallel_tool_calls: false, tools });
  expect(countOf('vtrix', 'parallel_tool_calls')).toBe(1);
  await ask('vtrix', { parallel_tool_calls: false, tools });
  expect(countOf('vtrix', 'parallel_tool_calls')).toBe(1);
  await ask('vtrix', { logit_bias: { '1': 1 } });
  expect(countOf('vtrix', 'logit_bias')).toBe(1);
  await ask('bytespike', { parallel_tool_calls: false, tools });
  expect(countOf('bytespike', 'parallel_tool_calls')).toBe(1);
  expect(warned).toHaveBeenCalledTimes(3);
});

test('onUnsupported warn warns once of a parameter, whatever is done with it', async () => {
  const warned = vi.mocked(process.emitWarning);
  warned.mockClear();
  const { completions } = createClient({ apiKey: 'key', transport: answering() }).chat;
  const ofEffort = (): number =>
    warned.mock.calls.filter(([text]) => /reasoning_effort was/.test(String(text))).length;

  const mapped = await completions.create({ messages: hello, reasoning_effort: 'medium' });
  expectAdjustments(mapped.report.adjustments, ['reasoning_effort mapped lossy']);
  expect(ofEffort()).toBe(1);

  const params = { messages: hello, tools, tool_choice: 'required' } as const;
  const dropped = await completions.create({ ...params, reasoning_effort: 'medium' });
  expectAdjustments(dropped.report.adjustments, [
    'thinking * lossy',
    'reasoning_effort dropped lossy',
  ]);
  expect(ofEffort()).toBe(1);
});

test('aimlapi: a top_p between 0 and its least is raised', () => {
  const { body, adjustments } = prepare('aimlapi', { top_p: 0.005 });
  expect(body.top_p).toBe(0.01);
  expectAdjustments(adjustments, ['top_p clamped lossy']);
});

test('onUnsupported warn says nothing about what loses nothing', async () => {
  const warned = vi.mocked(process.emitWarning);
  warned.mockClear();
  const client = createClient({ provider: 'shortapi', apiKey: 'key', transport: answering() });
  const { report } = await client.chat.completions.create({ messages: hello, user_id: 'anna' });
  expectAdjustments(report.adjustments, ['user_id renamed lossless']);
  expect(warned).not.toHaveBeenCalled();
});

test('onUnsupported adjust changes and reports the same without a warning', async () => {
  const warned = vi.mocked(process.emitWarning);
  warned.mockClear();
  const client = createClient({
    provider: 'shortapi',
    onUnsupported: 'adjust',
    apiKey: 'key',
    transport: answering(),
  });
  const params = { messages: hello, parallel_tool_calls: false, tools };
  const { report } = await client.chat.completions.create(params);
  expectAdjustments(report.adjustments, ['parallel_tool_calls dropped lossy']);
  expect(warned).not.toHaveBeenCalled();
});

test.each(vendors)('%s: what is sent is exactly what prepare says, and the key', async (vendor) => {
  const send = vi.fn<Transport['send']>(answering().send);
  const client = createClient({
    provider: vendor,
    onUnsupported: 'adjust',
    apiKey: 'sk-1',
    transport: { send },
  });
  const params = {
    messages: hello,
    tools,
    temperature: 0.5,
    reasoning_effort: 'xhigh',
    user_id: 'anna',
  } as const;
  const prepared = client.chat.completions.prepare(params);
  await client.chat.completions.create(params);
  const request = send.mock.calls[0]?.[0];
  expect(request).toMatchObject({ method: prepared.method, url: prepared.url });
  expect(JSON.parse(request?.body ?? '')).toStrictEqual(prepared.body);
  expect(request?.headers).toStrictEqual({ ...prepared.headers, authorization: 'Bearer sk-1' });
});

function prepare(
  vendor: Vendor,
  params: Params = {},
  options: RequestOptions = {},
): PreparedRequest {
  const client = createClient({ provider: vendor, onUnsupported: 'adjust' });
  return client.chat.completions.prepare({ messages: hello, ...params }, options);
}

function outcomeOf(
  vendor: Vendor,
  others: Outcome | undefined,
  outcomes: Partial<Record<Vendor, Outcome>> = {},
): Outcome {
  const outcome = outcomes[vendor] ?? others;
  if (outcome === undefined) throw new Error(`The table says nothing about ${vendor}`);
  return outcome;
}

/** Each expectation is `param action lossy|lossless`; `*` stands for anything. */
function expectAdjustments(adjustments: readonly Adjustment[], expected: readonly string[]): void {
  const told = adjustments
    .map(({ param, action, lossy }) => `${param} ${action} ${lossy ? 'lossy' : 'lossless'}`)
    .toSorted();
  const patterns = expected.map(
    (text) => new RegExp(`^${text.replaceAll('.', '\\.').replaceAll('*', '\\S*')}$`),
  );
  const surplus = told.filter((text) => !patterns.some((pattern) => pattern.test(text)));
  const missing = expected.filter((_, index) => !told.some((text) => patterns[index]?.test(text)));
  expect({ surplus, missing, count: told.length }).toStrictEqual({
    surplus: [],
    missing: [],
    count: expected.length,
  });
}

/** The `unsupported_parameter` that the request is refused with. */
function unsupported(vendor: Vendor, params: Params): ChatError {
  const error = errorOf(() => prepare(vendor, params));
  if (!isChatError(error, 'unsupported_parameter') || error.provider !== vendor) throw error;
  return error;
}

function errorOf(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('Nothing was thrown');
}

function messagesOf(body: Record<string, unknown>): Record<string, unknown>[] {
  return body.messages as Record<string, unknown>[];
}

function isPrefixing(vendor: Vendor): boolean {
  return vendor === 'aimlapi' || vendor === 'shortapi';
}

function strictly({ function: definition }: ChatCompletionTool): ChatCompletionTool {
  return { type: 'function', function: { ...definition, strict: true } };
}

/** A transport that answers every request with the same short completion. */
function answering(): Transport {
  const completion = {
    id: 'chat-1',
    object: 'chat.completion',
    created: 1,
    model: 'deepseek-v4-flash',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  };
  return {
    send: async () => {
      const bytes = [new TextEncoder().encode(JSON.stringify(completion))];
      return {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: { read: async () => bytes.shift(), cancel: () => {} },
      };
    },
  };
}
