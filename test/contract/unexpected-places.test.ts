import { describe, expect, test } from 'vitest';
import {
  callOf,
  chunk,
  clientOf,
  codesOf,
  question,
  readStream,
  readWhole,
  whole,
} from '../kit/wire.ts';
import { errorOf } from '../kit/failures.ts';

// An answer in another place than the one that it belongs in is read all the same, and said. Nothing of it is dropped.

const done = 'data: [DONE]\n\n';
const asEvents = (events: readonly object[]): string =>
  events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('') + done;

describe('a message where a delta is due', () => {
  const message = {
    role: 'assistant',
    content: 'Hello',
    reasoning_content: 'Hm.',
    tool_calls: [callOf('a', 'read', '{"path":"/a"}'), callOf('b', 'read', '{"path":"/b"}')],
  };

  test('is the answer, if no delta has come', async () => {
    const { choices, report } = await readStream([whole(message, 'tool_calls')]);
    expect(choices[0].message).toMatchObject({
      content: 'Hello',
      reasoning_content: 'Hm.',
      tool_calls: [{ id: 'a' }, { id: 'b' }],
    });
    expect(report.issues.map(({ code }) => code)).toEqual(['not_streamed']);
    expect(report.completion).toBe('complete');
  });

  test.each([{ delta: {} }, { delta: { role: 'assistant', content: '' } }, { delta: null }])(
    'is the answer beside a delta that says nothing (%j)',
    async (beside) => {
      const { choices } = whole(message, 'tool_calls') as { choices: object[] };
      const event = { ...whole({}), choices: [{ ...choices[0], ...beside }] };
      const completion = await readStream([chunk({ role: 'assistant' }), event]);
      expect(completion.choices[0].message.content).toBe('Hello');
      expect(completion.choices[0].message.tool_calls).toHaveLength(2);
    },
  );

  test('is passed over if deltas have come: some hosts sum up at the end', async () => {
    for (const content of ['Hello', 'Hello, and']) {
      const last = { ...(whole({ content }) as object) };
      const { choices, report } = await readStream([
        chunk({ role: 'assistant', content: 'Hel' }),
        chunk({ content: 'lo' }),
        last,
      ]);
      expect(choices[0].message.content).toBe('Hello');
      expect(report.issues).toEqual([]);
    }
  });
});

describe('an event stream where a whole answer was asked for', () => {
  const events = [
    chunk({ role: 'assistant', content: 'a' }),
    chunk({ reasoning_content: 'x' }),
    chunk({ content: 'b' }, 'stop', { usage: { prompt_tokens: 1, completion_tokens: 2 } }),
  ];

  test.each([
    ['as it is', asEvents(events)],
    ['behind comments', `: PING\n\n: PING\n\n${asEvents(events)}`],
    ['with fields before the data', `id: 1\nretry: 5\n\n${asEvents(events)}`],
    ['in lines that end in CR and LF', asEvents(events).replaceAll('\n', '\r\n')],
    ['without a space behind the colon', asEvents(events).replaceAll('data: ', 'data:')],
    ['without [DONE]', asEvents(events).replace(done, '')],
    ['without its last blank line', asEvents(events).replace(done, '').trimEnd()],
  ])('is put together (%s)', async (_how, body) => {
    for (const type of ['text/event-stream', 'application/json', '']) {
      const { client } = clientOf({ body, headers: { 'content-type': type } });
      const completion = await client.chat.completions.create({ messages: question });
      expect(completion.choices[0].message).toMatchObject({
        content: 'ab',
        reasoning_content: 'x',
      });
      expect(completion.usage).toMatchObject({ total_tokens: 3 });
      expect(codesOf(completion)).toEqual(['streamed']);
    }
  });

  test('may be one event with the whole answer in it', async () => {
    const completion = await readWhole(`data:${JSON.stringify(whole({ content: 'Hello!' }))}\n\n`);
    expect(completion.choices[0].message.content).toBe('Hello!');
    expect(codesOf(completion)).toEqual(['streamed']);
  });

  test('is interrupted without a finish_reason, and keeps what came', async () => {
    const { client, requests } = clientOf(
      { body: asEvents([chunk({ content: 'Half' })]) },
      { maxRetries: 1 },
    );
    const error = await errorOf(client.chat.completions.create({ messages: question }));
    expect(error).toMatchObject({ code: 'stream_interrupted', retryable: true });
    expect(error.partial?.choices[0].message.content).toBe('Half');
    expect(requests).toHaveLength(2);
  });

  test('is the error that it holds', async () => {
    const error = { message: 'No.', type: 'invalid_request_error', code: 'invalid_value' };
    for (const body of [
      `event: error\ndata: ${JSON.stringify({ error })}\n\n`,
      asEvents([chunk({ content: 'a' }), { error }]),
    ]) {
      const { client } = clientOf({ body });
      const thrown = await errorOf(client.chat.completions.create({ messages: question }));
      expect(thrown).toMatchObject({ code: 'bad_request', vendorCode: 'invalid_value' });
    }
  });

  test('is bounded as a whole answer is', async () => {
    const { client } = clientOf(
      { body: asEvents([chunk({ content: 'x'.repeat(2_000) }, 'stop')]) },
      { limits: { responseBytes: 1_000 } },
    );
    const error = await errorOf(client.chat.completions.create({ messages: question }));
    expect(error.code).toBe('limit_exceeded');
  });
});

const reasoningParts: [string, object[]][] = [
  [
    'reasoning with a summary',
    [{ type: 'reasoning', summary: [{ type: 'summary_text', text: 'We add.' }] }],
  ],
  ['reasoning with a text', [{ type: 'reasoning', text: 'We add.' }]],
  ['reasoning.text', [{ type: 'reasoning.text', text: 'We add.' }]],
  ['thinking', [{ type: 'thinking', thinking: 'We add.' }]],
  [
    'thinking with parts',
    [{ type: 'thinking', thinking: [{ type: 'text', text: 'We ' }, 'add.'] }],
  ],
  ['thought', [{ type: 'thought', text: 'We add.' }]],
  ['a type never seen, with a summary', [{ type: 'deliberation', summary: 'We add.' }]],
  [
    'two parts',
    [
      { type: 'reasoning', text: 'We ' },
      { type: 'reasoning', text: 'add.' },
    ],
  ],
];

test.each(reasoningParts)('reasoning in parts of content: %s', async (_what, parts) => {
  const answer = [{ type: 'text', text: '42' }];
  const completions = [
    await readWhole(whole({ content: [...parts, ...answer] })),
    await readStream([
      ...parts.map((part) => chunk({ content: [part] })),
      chunk({ content: answer }),
      chunk({}, 'stop'),
    ]),
  ];
  for (const { choices } of completions) {
    expect(choices[0].message).toMatchObject({ content: '42', reasoning_content: 'We add.' });
  }
});

test.each([
  [
    'reasoning_details',
    [
      { type: 'reasoning.summary', summary: 'We ' },
      { type: 'x', text: 'add.' },
    ],
  ],
  ['reasoning', { type: 'thinking', content: [{ text: 'We add.' }] }],
  ['reasoning_content', [{ type: 'text', text: 'We add.' }]],
])('reasoning in %s that is no text but holds one', async (field, value) => {
  const message = { content: '42', [field]: value };
  for (const { choices, report } of [
    await readWhole(whole(message)),
    await readStream([chunk(message), chunk({}, 'stop')]),
  ]) {
    expect(choices[0].message).toMatchObject({ content: '42', reasoning_content: 'We add.' });
    expect(report.issues).toEqual([]);
  }
});

test('a part of a type never seen is read as text, and a part without any is told', async () => {
  const content = [
    { type: 'markdown', text: 'Hi' },
    { type: 'image_url', image_url: { url: 'https://x.test/a.png' } },
    null,
    ' there',
  ];
  const completion = await readWhole(whole({ content }));
  expect(completion.choices[0].message.content).toBe('Hi there');
  expect(codesOf(completion)).toEqual(['unknown_part', 'unknown_part']);
});

test('pieces of sound are joined, and so is their transcript', async () => {
  const pieces = ['Hel', 'lo, ', 'you'];
  const audio = (data: string, transcript: string): object =>
    chunk({ audio: { id: 'audio_1', data, transcript } });
  const textOf = async (events: readonly object[]) => {
    const { choices } = await readStream([...events, chunk({ audio: { expires_at: 7 } }, 'stop')]);
    const { audio: spoken } = choices[0].message;
    expect(spoken).toMatchObject({ id: 'audio_1', transcript: 'Hello, you', expires_at: 7 });
    return Buffer.from(spoken?.data ?? '', 'base64').toString();
  };
  // Each piece a base64 text of its own, or all of them one.
  const own = pieces.map((piece) => audio(Buffer.from(piece).toString('base64'), piece));
  expect(await textOf(own)).toBe('Hello, you');
  const all = Buffer.from(pieces.join('')).toString('base64');
  const cut = [audio(all.slice(0, 5), 'Hello'), audio(all.slice(5), ', you')];
  expect(await textOf(cut)).toBe('Hello, you');
});

const sideFields: [string, object, string][] = [
  ['a refusal that is an object', { message: { content: 'x', refusal: {} } }, 'refusal'],
  [
    'reasoning that is a number',
    { message: { content: 'x', reasoning_content: 5 } },
    'reasoning_content',
  ],
  ['annotations that are no list', { message: { content: 'x', annotations: {} } }, 'annotations'],
  ['audio that is a text', { message: { content: 'x', audio: 'x' } }, 'audio'],
  ['log probabilities that are a text', { message: { content: 'x' }, logprobs: 'x' }, 'logprobs'],
  ['an index that is an object', { message: { content: 'x' }, index: {} }, 'choices.index'],
];

test.each(sideFields)(
  '%s is left out, is an issue, and voids nothing',
  async (_what, choice, path) => {
    const { message, ...rest } = choice as { message: object };
    const body = { ...whole({}), choices: [{ index: 0, finish_reason: 'stop', message, ...rest }] };
    const event = {
      ...chunk({}),
      choices: [{ index: 0, finish_reason: null, delta: message, ...rest }],
    };
    for (const completion of [
      await readWhole(body),
      await readStream([event, chunk({}, 'stop')]),
    ]) {
      expect(completion.choices[0].message.content).toBe('x');
      const [issue] = completion.report.issues;
      expect(issue?.code).toBe('unreadable_field');
      expect(issue?.path).toContain(path);
    }
  },
);

test.each(['id', 'model', 'system_fingerprint', 'service_tier', 'usage', 'meta'])(
  'a %s of a wrong type voids nothing',
  async (field) => {
    for (const value of [5, true, ['x']]) {
      const more = { [field]: value };
      for (const completion of [
        await readWhole(whole({ content: 'x' }, 'stop', more)),
        await readStream([chunk({ content: 'x' }, null, more), chunk({}, 'stop', more)]),
      ]) {
        expect(completion.choices[0].message.content).toBe('x');
        expect(codesOf(completion)).toContain('unreadable_field');
      }
    }
  },
);

test('a finish_reason of a wrong type is none, so the answer is not whole', async () => {
  const { client } = clientOf({ events: [chunk({ content: 'x' }), chunk({}, { reason: 'stop' })] });
  const stream = client.chat.completions.stream({ messages: question });
  const error = await errorOf(stream.finalCompletion());
  expect(error.code).toBe('stream_interrupted');
  expect(error.report?.issues.map(({ code }) => code)).toEqual(['unreadable_field']);
});

test('an answer without a message, or with one that cannot be read, is no answer', async () => {
  const bodies = [
    { ...whole({}), choices: [{ index: 0, finish_reason: 'stop' }] },
    { ...whole({}), choices: [{ index: 0, finish_reason: 'stop', message: 'Hello' }] },
    { ...whole({}), choices: [{ index: 0, finish_reason: 'stop', message: { content: 5 } }] },
  ];
  for (const body of bodies) {
    const { client } = clientOf({ body });
    const error = await errorOf(client.chat.completions.create({ messages: question }));
    expect(error.code).toBe('invalid_response');
  }
});

describe('counts', () => {
  const counts: [string, object, object | undefined][] = [
    ['prompt and completion', { prompt_tokens: 3, completion_tokens: 4 }, { total_tokens: 7 }],
    ['prompt and total', { prompt_tokens: 3, total_tokens: 7 }, { completion_tokens: 4 }],
    ['completion and total', { completion_tokens: 4, total_tokens: 7 }, { prompt_tokens: 3 }],
    ['prompt alone', { prompt_tokens: 3 }, undefined],
    ['total alone', { total_tokens: 3 }, undefined],
    ['more of a part than of all', { prompt_tokens: 9, total_tokens: 7 }, undefined],
  ];

  test.each(counts)('of %s', async (_what, usage, more) => {
    for (const { usage: told, report } of [
      await readWhole(whole({ content: 'x' }, 'stop', { usage })),
      await readStream([chunk({ content: 'x' }), chunk({}, 'stop', { usage })]),
    ]) {
      expect(told).toEqual(more && { ...usage, ...more });
      expect(report.usage).toEqual({ ...usage, ...more });
    }
  });
});

test('a whole answer that has only the closing tag of its thinking is split there', async () => {
  const options = { splitThinkTags: true };
  const { choices } = await readWhole(whole({ content: 'We add.</think>\n\n42' }), options);
  expect(choices[0].message).toMatchObject({ content: '42', reasoning_content: 'We add.' });
  // One that speaks of tags is not.
  for (const content of ['Write <think>x</think> first', 'No tag']) {
    const other = await readWhole(whole({ content }), options);
    expect(other.choices[0].message.content).toBe(content);
  }
  const plain = await readWhole(whole({ content: 'We add.</think>42' }));
  expect(plain.choices[0].message.content).toBe('We add.</think>42');
});

describe('messages in the place of all deltas', () => {
  const texts = async (messages: object[]) => {
    const events = messages.map((message, at) =>
      whole(message, at === messages.length - 1 ? 'stop' : null),
    );
    const { content, reasoning_content } = (await readStream(events)).choices[0].message;
    return { content, reasoning_content };
  };

  test('are put together where each goes on', async () => {
    const read = await texts([{ content: 'a' }, { content: 'b' }, { content: 'c' }]);
    expect(read.content).toBe('abc');
  });

  test('are the last one where each repeats the one before it', async () => {
    const read = await texts([{ content: 'h' }, { content: 'hi' }, { content: 'hi there' }]);
    expect(read.content).toBe('hi there');
  });

  test('are the answer behind reasoning that came as deltas', async () => {
    const { choices } = await readStream([
      chunk({ reasoning_content: 'Hm.' }),
      whole({ content: 'Hello', reasoning_content: 'Hm.' }),
    ]);
    expect(choices[0].message).toMatchObject({ content: 'Hello', reasoning_content: 'Hm.' });
  });
});

test.each([
  { type: 'text', text: 'c', thinking: null },
  { type: 'text', text: 'c', summary: null },
  { type: 'text', text: 'c', summary: 's' },
])('a part that is text is content, whatever else it has (%j)', async (part) => {
  for (const { choices } of [
    await readWhole(whole({ content: [part] })),
    await readStream([chunk({ content: [part] }), chunk({}, 'stop')]),
  ]) {
    expect(choices[0].message.content).toBe('c');
    expect(choices[0].message.reasoning_content).toBeUndefined();
  }
});

test.each([{ tool_calls: ['no'] }, { tool_calls: 'none' }, { content: [5, 'important'] }])(
  'what is of a wrong type beside an answer does not void it (%j)',
  async (odd) => {
    const completion = await readWhole(whole({ content: 'important', ...odd }));
    expect(completion.choices[0].message.content).toBe('important');
    expect(codesOf(completion)).toContain('unreadable_field');
  },
);

test('a whole answer behind comments is read', async () => {
  const body = `: keep-alive\n\n: keep-alive\n\n${JSON.stringify(whole({ content: 'x' }))}`;
  expect((await readWhole(body)).choices[0].message.content).toBe('x');
});

test('an event stream in the place of a whole answer ends with its last event', async () => {
  const pieces = [asEvents([chunk({ content: 'x' }), chunk({}, 'stop')])];
  const read = async (): Promise<Uint8Array | undefined> => {
    const piece = pieces.shift();
    // The connection stays open behind it.
    return piece === undefined ? new Promise(() => {}) : new TextEncoder().encode(piece);
  };
  const transport = {
    send: async () => ({ status: 200, headers: {}, body: { read, cancel() {} } }),
  };
  const { client } = clientOf([], { transport });
  const completion = await client.chat.completions.create({ messages: question });
  expect(completion.choices[0].message.content).toBe('x');
});

describe('what was told is not taken back by an empty form of it', () => {
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, cost: '0.5' };
  const counts = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
  const end = (more: object): object => chunk({ content: 'x' }, 'stop', more);
  const behind = (more: object): object => ({ ...(chunk({}) as object), choices: [], ...more });

  test.each([
    ['null in each count', { prompt_tokens: null, completion_tokens: null, total_tokens: null }],
    ['an empty record', {}],
    ['null', null],
  ])('a usage: %s', async (_how, later) => {
    const events = [end({ usage }), behind({ usage: later })];
    const completion = await readStream(events, { provider: 'vtrix' });
    expect(completion.usage).toMatchObject(counts);
    expect(completion.report).toMatchObject({ usage: counts, cost: { usd: '0.5' } });
  });

  test('counts whose sum is no number are none', async () => {
    const usage = { prompt_tokens: 1e308, completion_tokens: 1e308 };
    expect((await readWhole(whole({ content: 'x' }, 'stop', { usage }))).usage).toBeUndefined();
  });

  test('a usage that comes in parts', async () => {
    const events = [
      end({ usage: { prompt_tokens: 7, prompt_tokens_details: { cached_tokens: 3 } } }),
      behind({ usage: { completion_tokens: 2, prompt_tokens_details: { audio_tokens: 1 } } }),
    ];
    expect((await readStream(events)).usage).toEqual({
      prompt_tokens: 7,
      completion_tokens: 2,
      total_tokens: 9,
      prompt_tokens_details: { cached_tokens: 3, audio_tokens: 1 },
    });
  });

  test('a usage that grows has the sum of its last counts', async () => {
    const events = [
      end({ usage: { prompt_tokens: 7, completion_tokens: 1, total_tokens: 8 } }),
      behind({ usage: { completion_tokens: 4 } }),
    ];
    expect((await readStream(events)).usage).toMatchObject({ total_tokens: 11 });
  });

  test.each([{}, { usage: null }, { usage: {} }])('a cost: %j', async (meta) => {
    const events = [end({ meta: { usage: { usd_spent: 0.25 } } }), behind({ meta })];
    const { report } = await readStream(events, { provider: 'aimlapi' });
    expect(report.cost).toMatchObject({ usd: '0.25', source: 'provider' });
  });
});
