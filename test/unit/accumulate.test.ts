import type { ChatCompletionChunk, ChunkChoice, ReportIssue } from 'deepseek-v4-flash';
import { createClient, decodeStream, isChatError } from 'deepseek-v4-flash';
import { expect, test } from 'vitest';
import type { AccumulatorLimits } from '../../src/stream/accumulate.ts';
import { Accumulator } from '../../src/stream/accumulate.ts';

const roomy: AccumulatorLimits = {
  choices: 128,
  argumentBytes: 16 * 1024 * 1024,
  responseBytes: 64 * 1024 * 1024,
  logprobBytes: 64 * 1024 * 1024,
};

function chunkOf(
  choices: Partial<ChunkChoice>[],
  extra: Partial<ChatCompletionChunk> & Record<string, unknown> = {},
): ChatCompletionChunk {
  return {
    id: 'c1',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'deepseek-v4-flash',
    choices: choices.map((choice) => ({ index: 0, delta: {}, finish_reason: null, ...choice })),
    ...extra,
  };
}

const deltaOf = (delta: ChunkChoice['delta'] & Record<string, unknown>): ChatCompletionChunk =>
  chunkOf([{ delta }]);
const finishOf = (finish_reason: string): ChatCompletionChunk => chunkOf([{ finish_reason }]);

function fold(chunks: ChatCompletionChunk[], limits = roomy) {
  const accumulator = new Accumulator(limits);
  for (const chunk of chunks) accumulator.add(chunk);
  const issues: ReportIssue[] = [];
  const note = (issue: ReportIssue): void => void issues.push(issue);
  return {
    accumulator,
    issues,
    whole: () => accumulator.completion(note),
    partial: () => accumulator.partial(note),
  };
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return isChatError(error) ? error.code : String(error);
  }
  return undefined;
}

test('content, reasoning and refusal are joined in the order in which they came', () => {
  const { whole } = fold([
    deltaOf({ role: 'assistant', content: '', reasoning_content: 'Let' }),
    deltaOf({ reasoning_content: ' me' }),
    deltaOf({ content: 'Ye' }),
    deltaOf({ content: null, reasoning_content: ' think', refusal: 'N' }),
    deltaOf({ content: 's', refusal: 'o' }),
    finishOf('stop'),
  ]);
  expect(whole()).toEqual({
    id: 'c1',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'deepseek-v4-flash',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: 'Yes',
          reasoning_content: 'Let me think',
          refusal: 'No',
        },
        finish_reason: 'stop',
      },
    ],
  });
});

test('what never came is absent, and is not empty text', () => {
  const { message } = fold([finishOf('stop')]).whole().choices[0];
  expect(message).toEqual({ role: 'assistant', content: null });
  expect(fold([finishOf('stop')]).whole()).not.toHaveProperty('usage');
});

test('a surrogate pair that is cut between two deltas is one character again', () => {
  const { whole } = fold([
    deltaOf({ content: '\ud83d' }),
    deltaOf({ content: '\ude00' }),
    finishOf('stop'),
  ]);
  expect(whole().choices[0].message.content).toBe('😀');
});

test('null and empty deltas take nothing away', () => {
  const { whole } = fold([
    deltaOf({ content: 'a', reasoning_content: 'b', refusal: 'c', annotations: [{ type: 'x' }] }),
    deltaOf({ content: null, reasoning_content: null, refusal: null, annotations: null }),
    deltaOf({ content: '', reasoning_content: '' }),
    chunkOf([]),
    finishOf('stop'),
  ]);
  expect(whole().choices[0].message).toMatchObject({
    content: 'a',
    reasoning_content: 'b',
    refusal: 'c',
    annotations: [{ type: 'x' }],
  });
});

test('the last usage that is there counts', () => {
  const { whole } = fold([
    chunkOf([{ delta: { content: 'a' } }], { usage: { completion_tokens: 1 } }),
    chunkOf([{ finish_reason: 'stop' }], { usage: { completion_tokens: 2 } }),
    chunkOf([], { usage: { completion_tokens: 3, total_tokens: 5 } }),
    chunkOf([], { usage: null }),
  ]);
  expect(whole().usage).toEqual({ completion_tokens: 3, total_tokens: 5 });
});

test('a second finish_reason counts, and an empty end does not undo the first', () => {
  const { whole, accumulator } = fold([
    finishOf('length'),
    deltaOf({ content: '' }),
    chunkOf([{ finish_reason: null }]),
  ]);
  expect(accumulator.complete).toBe(true);
  expect(whole().choices[0].finish_reason).toBe('length');
});

test('an answer is complete when every choice has its finish_reason, and not before', () => {
  const accumulator = new Accumulator(roomy);
  expect(accumulator).toMatchObject({ begun: false, complete: false });
  accumulator.add(chunkOf([]));
  expect(accumulator).toMatchObject({ begun: true, complete: false });
  accumulator.add(chunkOf([{ index: 0 }, { index: 1 }]));
  accumulator.add(chunkOf([{ index: 1, finish_reason: 'stop' }]));
  expect(accumulator.complete).toBe(false);
  accumulator.add(chunkOf([{ index: 0, finish_reason: 'stop' }]));
  expect(accumulator.complete).toBe(true);
});

test('interleaved choices stay apart and come out in order', () => {
  const { whole } = fold([
    chunkOf([{ index: 2, delta: { content: 'c' } }]),
    chunkOf([
      { index: 0, delta: { content: 'a' } },
      { index: 2, delta: { content: 'C' }, finish_reason: 'length' },
    ]),
    chunkOf([{ index: 0, delta: { content: 'A' }, finish_reason: 'stop' }]),
  ]);
  expect(
    whole().choices.map(({ index, message, finish_reason }) => [
      index,
      message.content,
      finish_reason,
    ]),
  ).toEqual([
    [0, 'aA', 'stop'],
    [2, 'cC', 'length'],
  ]);
});

test('a partial says that nothing is known about the end, and has one choice at least', () => {
  expect(fold([chunkOf([])]).partial().choices).toEqual([
    { index: 0, message: { role: 'assistant', content: null }, finish_reason: null },
  ]);
  const { partial } = fold([deltaOf({ content: 'a' }), finishOf('stop')]);
  expect(partial().choices[0].finish_reason).toBeNull();
});

test('reading the answer does not change it', () => {
  const { whole, partial, accumulator } = fold([
    deltaOf({ content: 'a', annotations: [{ type: 'x' }] }),
    finishOf('stop'),
  ]);
  const first = whole();
  first.choices[0].message.content = 'changed';
  expect(partial().choices[0].message.content).toBe('a');
  accumulator.add(deltaOf({ content: 'b' }));
  expect(whole().choices[0].message.content).toBe('ab');
});

test('chunks that were added are not changed by later ones', () => {
  const token = (text: string) => ({ token: text, logprob: -1 });
  const chunks = [
    chunkOf([
      {
        delta: { annotations: [{ type: 'x' }] },
        logprobs: { content: [token('a')], refusal: null },
      },
    ]),
    chunkOf([{ delta: { annotations: [{ type: 'y' }] }, logprobs: { content: [token('b')] } }]),
    finishOf('stop'),
  ];
  const before = structuredClone(chunks);
  const [choice] = fold(chunks).whole().choices;
  expect(choice.logprobs).toEqual({ content: [token('a'), token('b')], refusal: null });
  expect(choice.message.annotations).toEqual([{ type: 'x' }, { type: 'y' }]);
  expect(chunks).toEqual(before);
});

test('ids, models and unknown fields: the last value that is there counts', () => {
  const { whole } = fold([
    chunkOf([{ delta: { mood: 'calm' } as ChunkChoice['delta'] }], {
      id: 'c1',
      system_fingerprint: 'fp_1',
      service_tier: 'auto',
      vendor_note: 1,
    }),
    chunkOf([{ matched_stop: 7 } as Partial<ChunkChoice>], {
      id: '',
      created: 0,
      model: '',
      system_fingerprint: null,
      vendor_note: null,
    }),
    chunkOf([{ finish_reason: 'stop' }], { id: 'c2', vendor_note: 2 }),
  ]);
  expect(whole()).toMatchObject({
    id: 'c2',
    created: 1_700_000_000,
    model: 'deepseek-v4-flash',
    system_fingerprint: 'fp_1',
    service_tier: 'auto',
    vendor_note: 2,
    choices: [{ matched_stop: 7, message: { mood: 'calm' } }],
  });
});

// ---------------------------------------------------------------- tool calls

const callPiece = (index: number, text: string, id?: string, name?: string) =>
  deltaOf({
    tool_calls: [
      {
        index,
        ...(id !== undefined && { id, type: 'function' as const }),
        function: { ...(name !== undefined && { name }), arguments: text },
      },
    ],
  });

test('pieces of interleaved calls are joined by their index, and come out in its order', () => {
  const { whole } = fold([
    callPiece(3, '', 'b', 'second'),
    callPiece(1, '', 'a', 'first'),
    callPiece(3, '{"n"'),
    callPiece(1, '{}'),
    callPiece(3, ':2}'),
    finishOf('tool_calls'),
  ]);
  expect(whole().choices[0].message.tool_calls).toEqual([
    { id: 'a', type: 'function', function: { name: 'first', arguments: '{}' } },
    { id: 'b', type: 'function', function: { name: 'second', arguments: '{"n":2}' } },
  ]);
});

const halves: [string, string, string][] = [
  ['arguments that are cut off', '{"a":', 'tool_calls'],
  ['arguments that are cut off', '{"a":', 'length'],
  ['arguments that are cut off', '{"a":', 'stop'],
  ['no arguments, and an answer that ran out of tokens', '', 'length'],
  ['blank arguments, and an answer that ran out of tokens', ' \n', 'length'],
  ['arguments of two calls in one', '{"a":1}{"a":2}', 'tool_calls'],
  ['a number as arguments', '12', 'tool_calls'],
  ['a text as arguments', '"x"', 'tool_calls'],
  ['null as arguments, and an answer that ran out of tokens', 'null', 'length'],
  ['true as arguments', 'true', 'tool_calls'],
];

test.each(halves)('a call with %s (%j, %s) is left out and noted', (_what, text, finishReason) => {
  const { whole, issues } = fold([callPiece(0, text, 'a', 'f'), finishOf(finishReason)]);
  expect(whole().choices[0].message).not.toHaveProperty('tool_calls');
  expect(issues).toMatchObject([
    { code: 'incomplete_tool_call', path: 'choices.0.message.tool_calls.0' },
  ]);
  expect(JSON.stringify(issues)).not.toContain('"a\\"');
});

test('a call without arguments is whole when the answer ended by itself', () => {
  for (const finishReason of ['tool_calls', 'stop']) {
    const { whole, issues } = fold([callPiece(0, '', 'a', 'now'), finishOf(finishReason)]);
    expect(whole().choices[0].message.tool_calls).toEqual([
      { id: 'a', type: 'function', function: { name: 'now', arguments: '{}' } },
    ]);
    expect(issues).toEqual([]);
  }
});

test('a call without a name is no call', () => {
  const { whole, issues } = fold([callPiece(0, '{}', 'a'), finishOf('tool_calls')]);
  expect(whole().choices[0].message).not.toHaveProperty('tool_calls');
  expect(issues).toHaveLength(1);
});

test('a whole call beside a half one is kept, with its own arguments', () => {
  const { whole, issues } = fold([
    callPiece(0, '{"n":1}', 'a', 'f'),
    callPiece(1, '{"n":', 'b', 'f'),
    finishOf('length'),
  ]);
  expect(whole().choices[0].message.tool_calls).toMatchObject([{ id: 'a' }]);
  expect(issues).toMatchObject([{ path: 'choices.0.message.tool_calls.1' }]);
});

test('a partial holds whole calls only, and none whose arguments may still come', () => {
  const { partial } = fold([
    callPiece(0, '{"n":1}', 'a', 'f'),
    callPiece(1, '', 'b', 'g'),
    callPiece(2, '{', 'c', 'h'),
  ]);
  expect(partial().choices[0].message.tool_calls).toMatchObject([{ id: 'a' }]);
});

test('an id that never came is made up, and noted', () => {
  const { whole, issues } = fold([
    deltaOf({ tool_calls: [{ index: 0, function: { name: 'f', arguments: '{}' } }] }),
    deltaOf({ tool_calls: [{ index: 1, function: { name: 'g', arguments: '{}' } }] }),
    finishOf('tool_calls'),
  ]);
  const ids = whole().choices[0].message.tool_calls?.map(({ id }) => id);
  expect(new Set(ids).size).toBe(2);
  expect(issues.every(({ code }) => code === 'missing_id')).toBe(true);
});

test('a custom call keeps its input as text, and is half when the answer was cut', () => {
  const pieces = [
    deltaOf({ tool_calls: [{ index: 0, id: 'a', type: 'custom', custom: { name: 'sh' } }] }),
    deltaOf({ tool_calls: [{ index: 0, custom: { input: 'not ' } }] }),
    deltaOf({ tool_calls: [{ index: 0, custom: { input: '{json' } }] }),
  ];
  const done = fold([...pieces, finishOf('tool_calls')]);
  expect(done.whole().choices[0].message.tool_calls).toEqual([
    { id: 'a', type: 'custom', custom: { name: 'sh', input: 'not {json' } },
  ]);
  for (const cut of [fold([...pieces, finishOf('length')]).whole(), fold(pieces).partial()]) {
    expect(cut.choices[0].message).not.toHaveProperty('tool_calls');
  }
});

// ---------------------------------------------------------------- limits

test('choices and arguments have limits, and an index is a whole number', () => {
  const limits = { ...roomy, choices: 2, argumentBytes: 10 };
  expect(codeOf(() => fold([chunkOf([{ index: 1 }])], limits))).toBeUndefined();
  expect(codeOf(() => fold([chunkOf([{ index: 2 }])], limits))).toBe('limit_exceeded');
  for (const index of [1e9, Number.MAX_SAFE_INTEGER]) {
    expect(codeOf(() => fold([chunkOf([{ index }])]))).toBe('limit_exceeded');
  }
  for (const index of [-1, 0.5, Number.NaN]) {
    expect(codeOf(() => fold([chunkOf([{ index }])]))).toBe('invalid_response');
  }
  const pieces = (count: number) => Array.from({ length: count }, () => callPiece(0, '12345'));
  expect(codeOf(() => fold(pieces(2), limits))).toBeUndefined();
  expect(codeOf(() => fold(pieces(3), limits))).toBe('limit_exceeded');
});

test('a limit that was reached is told with what had come, and by the option’s name', async () => {
  const frames = ['{"a":1234', '5678901234567890', '5678901234567890'].map(
    (text, at) =>
      `data: ${JSON.stringify(callPiece(0, text, at === 0 ? 'a' : undefined, at === 0 ? 'f' : undefined))}\n\n`,
  );
  const pieces = [deltaFrame('Hi'), ...frames];
  const client = createClient({
    apiKey: 'sk-none',
    maxRetries: 2,
    limits: { argumentBytes: 20 },
    transport: {
      send: async () => ({
        status: 200,
        headers: {},
        body: {
          read: async () => {
            const piece = pieces.shift();
            return piece === undefined ? undefined : new TextEncoder().encode(piece);
          },
          cancel() {},
        },
      }),
    },
  });
  const stream = client.chat.completions.stream({ messages: [{ role: 'user', content: 'x' }] });
  const failure: unknown = await stream.finalCompletion().catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'limit_exceeded', retryable: false });
  expect(String(failure)).toContain('limits.argumentBytes');
  expect(isChatError(failure) && failure.partial?.choices[0].message.content).toBe('Hi');
});

const deltaFrame = (content: string): string => `data: ${JSON.stringify(deltaOf({ content }))}\n\n`;

// ---------------------------------------------------------------- keys that are names of the language

const hostileKeys =
  '"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"prototype":{"polluted":1},"toString":1,"hasOwnProperty":1';

const hostileFrames = [
  `{${hostileKeys},"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{${hostileKeys},"index":0,"delta":{${hostileKeys},"content":"a"},"finish_reason":null}]}`,
  `{"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[{${hostileKeys},"index":0,"id":"a","type":"function","function":{${hostileKeys},"name":"f","arguments":"{\\"__proto__\\":{\\"polluted\\":1}}"}}],"annotations":[{${hostileKeys}}]},"logprobs":{${hostileKeys},"content":[{${hostileKeys},"token":"a","logprob":-1}]},"finish_reason":null}]}`,
  `{"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}],"usage":{${hostileKeys},"total_tokens":1,"prompt_tokens_details":{${hostileKeys}}},"meta":{${hostileKeys}},"metadata":{${hostileKeys}}}`,
];

/** Every object in a value that has not the prototype of a plain one. */
function oddPrototypes(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === (Array.isArray(value) ? Array.prototype : Object.prototype);
  return [
    ...(isPlain ? [] : [path || 'top']),
    ...Object.keys(value).flatMap((key) =>
      oddPrototypes(Object.getOwnPropertyDescriptor(value, key)?.value, `${path}.${key}`),
    ),
  ];
}

test('keys like __proto__ and constructor change no prototype, in any place of a stream', async () => {
  const body = new TextEncoder().encode(hostileFrames.map((json) => `data: ${json}\n\n`).join(''));
  const chunks: ChatCompletionChunk[] = [];
  for await (const chunk of decodeStream(new Blob([body]).stream())) chunks.push(chunk);
  const completion = fold(chunks).whole();
  expect(oddPrototypes(completion)).toEqual([]);
  expect(oddPrototypes(chunks)).toEqual([]);
  expect(completion.choices[0].message.tool_calls).toMatchObject([
    { function: { name: 'f', arguments: '{"__proto__":{"polluted":1}}' } },
  ]);
  expect({}).not.toHaveProperty('polluted');
  expect(Object.prototype).not.toHaveProperty('polluted');
});

test('keys like __proto__ change no prototype of a whole answer either', async () => {
  const answer = `{${hostileKeys},"choices":[{${hostileKeys},"message":{${hostileKeys},"content":"a"},"finish_reason":"stop"}],"usage":{${hostileKeys}, "total_tokens":1},"metadata":{${hostileKeys}}}`;
  let isRead = false;
  const client = createClient({
    apiKey: 'sk-none',
    transport: {
      send: async () => ({
        status: 200,
        headers: {},
        body: {
          read: async () => {
            if (isRead) return undefined;
            isRead = true;
            return new TextEncoder().encode(answer);
          },
          cancel() {},
        },
      }),
    },
  });
  const completion = await client.chat.completions.create({
    messages: [{ role: 'user', content: 'x' }],
  });
  expect(oddPrototypes(completion)).toEqual([]);
  expect(completion.choices[0].message.content).toBe('a');
  expect({}).not.toHaveProperty('polluted');
});

// ---------------------------------------------------------------- size

test('one chunk may hold as many log probabilities as an answer has tokens', () => {
  const content = Array.from({ length: 393_216 }, () => ({ token: 'a', logprob: -1 }));
  const { whole } = fold([
    chunkOf([{ delta: { content: 'a' }, logprobs: { content }, finish_reason: 'stop' }]),
  ]);
  expect(whole().choices[0].logprobs?.content).toHaveLength(393_216);
});
