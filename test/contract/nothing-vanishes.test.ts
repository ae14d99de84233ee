import type { Adjustment, ChatCompletionCreateParams, ProviderId } from 'deepseek-v4-flash';
import { createClient, isChatError, providers } from 'deepseek-v4-flash';
import { describe, expect, test } from 'vitest';
import { requestInput } from '../../src/schema/request.ts';
import { chunk, question, readStream, readWhole, whole } from '../kit/wire.ts';

// What a caller gives stands on the wire, or among the adjustments; what a vendor gives stands in the answer, or among the
// issues. Written from the types: a parameter or a field that is added without a sample here does not compile.

type Params = ChatCompletionCreateParams;
type Sample<Field extends keyof Params> = NonNullable<Params[Field]>;

/** A value of each parameter that says something, and what else the request needs for it. */
const samples: { [Field in keyof Required<Params>]: [Sample<Field>, object?] } = {
  messages: [[{ role: 'user', content: 'the question' }]],
  model: ['another-model'],
  max_tokens: [77],
  max_completion_tokens: [78],
  temperature: [0.7],
  top_p: [0.5],
  stop: [['END']],
  stream: [true],
  stream_options: [{ include_usage: false }, { stream: true }],
  frequency_penalty: [0.3],
  presence_penalty: [0.4],
  seed: [4_711],
  logit_bias: [{ '1234': 5 }],
  logprobs: [true],
  top_logprobs: [3, { logprobs: true }],
  tools: [[{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }]],
  tool_choice: [
    'none',
    { tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }] },
  ],
  parallel_tool_calls: [
    false,
    { tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }] },
  ],
  response_format: [{ type: 'json_object' }],
  thinking: [{ type: 'disabled' }],
  reasoning_effort: ['low'],
  user_id: ['user-1'],
  user: ['user-2'],
  // One answer is what comes in any case.
  n: [1],
  store: [true],
  metadata: [{ team: 'a' }],
  service_tier: ['flex'],
  verbosity: ['low'],
  prompt_cache_key: ['key-1'],
  safety_identifier: ['id-1'],
};

/** What says no more than what is so in any case: one answer, and no counts where a vendor cannot be asked for them. */
const sayNothing = [
  'n',
  'stream_options at vtrix',
  'stream_options at deepinfra',
  'stream_options at fireworks',
];

/** Every key and every value of a JSON value. */
function said(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [JSON.stringify(value) ?? ''];
  return Object.entries(value).flatMap(([key, each]) => [key, ...said(each)]);
}

/** Whether all of a value is found on the wire, in whatever place. */
function isOnWire(value: unknown, body: unknown): boolean {
  const found = said(body);
  // A model may have got the vendor's prefix.
  return said(value).every((each) =>
    found.some((text) => text === each || text.endsWith(`/${each.slice(1)}`)),
  );
}

/** What is sent, and what is said of it; a refusal, which names the parameter, is as good. */
function prepared(
  provider: ProviderId,
  params: object,
): { body: Record<string, unknown>; adjustments: Adjustment[]; refused: string } {
  const client = createClient({ provider, apiKey: 'k', onUnsupported: 'adjust' });
  try {
    const { body, adjustments } = client.chat.completions.prepare(params as Params);
    return { body, adjustments, refused: '' };
  } catch (error) {
    if (!isChatError(error, 'unsupported_parameter')) throw error;
    return { body: {}, adjustments: [], refused: error.param ?? '' };
  }
}

const vendors = Object.keys(providers) as ProviderId[];

describe.each(vendors)('at %s', (provider) => {
  test.each(Object.entries(samples))('%s is sent, or said not to be', (field, [value, besides]) => {
    const without = prepared(provider, { messages: question, ...besides });
    const { body, adjustments, refused } = prepared(provider, {
      messages: question,
      ...besides,
      [field]: value,
    });
    const isTold = [refused, ...adjustments.map(({ param }) => param)].some(
      (param) => param === field || param.startsWith(`${field}.`),
    );
    const isSent = JSON.stringify(body) !== JSON.stringify(without.body) && isOnWire(value, body);
    const isNothing = sayNothing.includes(field) || sayNothing.includes(`${field} at ${provider}`);
    expect(isNothing || isTold || isSent).toBe(true);
  });
});

test('there is a sample of every parameter that the schema takes', () => {
  expect(Object.keys(samples).toSorted()).toEqual(Object.keys(requestInput.strict).toSorted());
});

// ---------------------------------------------------------------- messages

type Message = Params['messages'][number];
type FieldsOf<Role extends Message['role']> = Exclude<
  keyof Extract<Message, { role: Role }>,
  'role'
>;

const call = { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"q":1}' } };

/** Fields by role, and what else the message needs for each. */
const fields: { [Role in Message['role']]: { [Field in FieldsOf<Role>]: [unknown, object?] } } = {
  system: { content: ['the instructions'], name: ['ann', { content: 'x' }] },
  developer: { content: ['the instructions'], name: ['ben', { content: 'x' }] },
  user: { content: [[{ type: 'text', text: 'the words' }]], name: ['cat', { content: 'x' }] },
  assistant: {
    content: ['the answer'],
    name: ['dan', { content: 'x' }],
    reasoning_content: ['the thought', { content: 'x' }],
    refusal: ['the refusal', { content: 'x' }],
    tool_calls: [[call]],
    prefix: [true, { content: 'x' }],
  },
  tool: {
    content: ['the result', { tool_call_id: 'call_1' }],
    tool_call_id: ['call_1', { content: 'x' }],
    name: ['look', { content: 'x', tool_call_id: 'call_1' }],
  },
};

const cases = Object.entries(fields).flatMap(([role, each]) =>
  Object.entries(each).map(([field, [value, besides]]) => ({ role, field, value, besides })),
);

describe.each(vendors)('at %s', (provider) => {
  test.each(cases)('$field of a message of $role is sent, or said not to be', (one) => {
    const { role, field, value, besides } = one;
    const message = { role, ...besides, [field]: value };
    const isCall = role === 'assistant' && field === 'tool_calls';
    const before = role === 'tool' ? [question[0], { role: 'assistant', tool_calls: [call] }] : [];
    const after = isCall ? [{ role: 'tool', tool_call_id: 'call_1', content: 'done' }] : [];
    const messages = [...before, message, ...after];
    const path = `messages.${before.length}.${field}`;
    const { body, adjustments, refused } = prepared(provider, { messages });
    const told = [refused, ...adjustments.map(({ param }) => param)];
    const sent = (body.messages as unknown[] | undefined)?.[before.length];
    expect(told.some((param) => param.startsWith(path)) || isOnWire(value, sent)).toBe(true);
  });
});

// ---------------------------------------------------------------- answers

const thought = 'the thought';
const inParts = [{ type: 'text', text: thought }];

/** Where a vendor may put the reasoning: beside the content, or in the choice. */
const reasoningPlaces: [string, { message?: object; choice?: object }][] = [
  ['reasoning_content', { message: { reasoning_content: thought } }],
  ['reasoning', { message: { reasoning: thought } }],
  ['reasoning_details', { message: { reasoning_details: inParts } }],
  ['reasoning_content of the choice', { choice: { reasoning_content: thought } }],
  ['reasoning of the choice', { choice: { reasoning: thought } }],
  ['a part of the content', { message: { content: [{ type: 'thinking', thinking: thought }] } }],
  [
    'a part of a type that nobody knows',
    { message: { content: [{ type: 'musing', text: thought }] } },
  ],
];

describe.each(vendors)('from %s', (provider) => {
  test.each(reasoningPlaces)('reasoning in %s arrives', async (_place, { message, choice }) => {
    const delta = { content: '', ...message };
    const first = chunk(delta) as { choices: object[] };
    const streamed = await readStream(
      [
        { ...first, choices: [{ ...first.choices[0], ...choice }] },
        chunk({ content: 'the answer' }),
        chunk({}, 'stop'),
      ],
      { provider },
    );
    const body = whole({ content: 'the answer', ...message }) as { choices: object[] };
    const one = await readWhole(
      { ...body, choices: [{ ...body.choices[0], ...choice }] },
      { provider },
    );
    for (const { choices, report } of [streamed, one]) {
      const { reasoning_content, content } = choices[0].message;
      const isKept = reasoning_content === thought || (content ?? '').includes(thought);
      expect(isKept || report.issues.length > 0).toBe(true);
    }
  });

  test('a field that nobody knows stays where it was', async () => {
    const body = whole({ content: 'x', mood: 'calm' }, 'stop', { extra: { a: 1 } });
    const one = await readWhole(body, { provider });
    expect(one).toMatchObject({ extra: { a: 1 }, choices: [{ message: { mood: 'calm' } }] });
    const streamed = await readStream(
      [chunk({ content: 'x', mood: 'calm' }, null, { extra: { a: 1 } }), chunk({}, 'stop')],
      { provider },
    );
    expect(streamed).toMatchObject({ extra: { a: 1 }, choices: [{ message: { mood: 'calm' } }] });
  });
});
