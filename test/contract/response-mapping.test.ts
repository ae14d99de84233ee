import type {
  ChatCompletionChunk,
  ChatCompletionMessageParam,
  ChatCompletionMessageToolCall,
  ChatCompletionWithReport,
  ChatError,
  ClientOptions,
  Transport,
} from 'deepseek-v4-flash';
import { createClient, isChatError } from 'deepseek-v4-flash';
import { expect, test, vi } from 'vitest';

const vendors = ['deepseek', 'aimlapi', 'shortapi', 'anyfast', 'bytespike', 'vtrix'] as const;
type Vendor = (typeof vendors)[number];

interface Answer {
  status?: number;
  headers?: Record<string, string>;
  vendor?: Vendor;
  model?: string;
  /** Cuts the body into pieces of so many bytes. */
  pieceBytes?: number;
  options?: Partial<ClientOptions>;
}

const ways = ['whole', 'streamed'] as const;
const hello: ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hello' }];
const done = 'data: [DONE]\n\n';
const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

// Status and framing

test.each([200, 201, 202, 299])('status %i is a success', async (status) => {
  const completion = await readWhole(wholeOf({ content: 'Hi' }), { status });
  expect(completion.choices[0].message.content).toBe('Hi');
  const streamed = await readStream(sse(part({ content: 'Hi' }), end('stop')), { status });
  expect(streamed.completion.choices[0].message.content).toBe('Hi');
});

test.each(['\n', '\n\n\n', '   ', '\r\n\r\n', ' \n\t\n '])(
  'blanks before a JSON body are skipped (%j)',
  async (blanks) => {
    const completion = await readWhole(blanks + JSON.stringify(wholeOf({ content: 'Hi' })));
    expect(completion.choices[0].message.content).toBe('Hi');
  },
);

test('a whole answer may have any content type, and come in any pieces', async () => {
  for (const type of ['application/json', 'text/plain', 'text/html', '']) {
    const completion = await readWhole(wholeOf({ content: 'Hé 😀' }), {
      headers: { 'content-type': type },
      pieceBytes: 1,
    });
    expect(completion.choices[0].message.content).toBe('Hé 😀');
  }
});

const greeting = sse(
  part({ role: 'assistant' }),
  part({ content: 'Hé ' }),
  part({ content: '😀' }),
);
const framings: [string, string][] = [
  ['LF', greeting + sse(end('stop')) + done],
  ['CRLF', (greeting + sse(end('stop')) + done).replaceAll('\n', '\r\n')],
  ['CR', (greeting + sse(end('stop')) + done).replaceAll('\n', '\r')],
  ['a byte order mark', `\uFEFF${greeting}${sse(end('stop'))}${done}`],
  ['keep-alive comments', `: keep-alive\n\n${greeting}: PING\n\n${sse(end('stop'))}${done}`],
  [
    'comments between the lines of an event',
    `: OPENROUTER PROCESSING\n${greeting.replaceAll('data:', ': PING\ndata:')}${sse(end('stop'))}${done}`,
  ],
  [
    'event and id fields',
    `${greeting.replaceAll('data:', 'event: message\nid: 7\nretry: 10\ndata:')}${sse(end('stop'))}${done}`,
  ],
  ['no blank after the colon', (greeting + sse(end('stop')) + done).replaceAll('data: ', 'data:')],
  ['blank lines between the events', `\n\n${greeting}\n\n\n${sse(end('stop'))}\n${done}`],
  ['no blank line after the last event', greeting + sse(end('stop')).trimEnd()],
  ['one line feed after the last event', `${greeting}${sse(end('stop')).trimEnd()}\n`],
  ['[DONE] with spaces around it', `${greeting}${sse(end('stop'))}data:   [DONE]  \n\n`],
  ['[DONE] without its blank line', `${greeting}${sse(end('stop'))}data: [DONE]`],
  ['no [DONE]', greeting + sse(end('stop'))],
];

test.each(framings)('a stream with %s is read in any pieces', async (_, body) => {
  for (const pieceBytes of [1, 2, 3, 7, 64, 100_000]) {
    const { completion } = await readStream(body, { pieceBytes });
    expect(completion.choices[0].message.content).toBe('Hé 😀');
    expect(completion.choices[0].finish_reason).toBe('stop');
  }
});

test('chunks are handed out as they come, normalised', async () => {
  const { chunks } = await readStream(
    sse(part({ reasoning: 'Hm.' }), part({ content: 'Hi' }), end('stop')),
  );
  expect(chunks.map((chunk) => chunk.object)).toStrictEqual(
    chunks.map(() => 'chat.completion.chunk'),
  );
  expect(chunks.map((chunk) => chunk.choices[0]?.delta.reasoning_content ?? '').join('')).toBe(
    'Hm.',
  );
  expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('Hi');
  expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop');
});

test('finalCompletion before iteration drains the stream to the same answer', async () => {
  const body = sse(part({ content: 'Hi' }), end('stop'), { choices: [], usage });
  const client = clientOf(body, {});
  const stream = await client.chat.completions.create({ messages: hello, stream: true });
  const drained = await stream.finalCompletion();
  const { completion } = await readStream(body);
  expect(drained).toStrictEqual(completion);
  expect(drained.choices[0].message.content).toBe('Hi');
});

test.each(vendors)('%s: the whole answer and the streamed one are the same', async (vendor) => {
  const message = { role: 'assistant', content: 'Hi', reasoning_content: 'Hm.' };
  const head = { id: 'chat-1', created: 7, model: 'deepseek-v4-flash', system_fingerprint: 'fp' };
  const whole = await readWhole(
    {
      ...head,
      object: 'chat.completion',
      choices: [{ index: 0, message, finish_reason: 'stop' }],
      usage,
    },
    { vendor },
  );
  const { completion } = await readStream(
    sse(
      { ...head, ...part({ role: 'assistant', content: null, reasoning_content: 'Hm.' }) },
      { ...head, ...part({ content: 'Hi' }) },
      { ...head, ...end('stop') },
      { ...head, choices: [], usage },
    ),
    { vendor },
  );
  expect(completion).toMatchObject(head);
  expect(completion.choices[0].message).toMatchObject(message);
  expect(completion.choices[0].message).toStrictEqual(whole.choices[0].message);
  expect(completion.usage).toStrictEqual(whole.usage);
  expect(completion.object).toBe(whole.object);
});

// Reasoning

const details = (...texts: string[]): object[] =>
  texts.map((text, index) => ({ type: 'reasoning.text', text, format: 'unknown', index }));

const reasonings: [string, { inner?: object; outer?: object }, string][] = [
  ['reasoning_content', { inner: { reasoning_content: 'Hm.' } }, 'Hm.'],
  ['reasoning', { inner: { reasoning: 'Hm.' } }, 'Hm.'],
  ['reasoning beside null', { inner: { reasoning_content: null, reasoning: 'Hm.' } }, 'Hm.'],
  ['reasoning beside ""', { inner: { reasoning_content: '', reasoning: 'Hm.' } }, 'Hm.'],
  ['reasoning_details', { inner: { reasoning_details: details('Hm.') } }, 'Hm.'],
  ['several reasoning_details', { inner: { reasoning_details: details('Hm', '.') } }, 'Hm.'],
  ['reasoning_content on the choice', { outer: { reasoning_content: 'Hm.' } }, 'Hm.'],
  ['reasoning on the choice', { outer: { reasoning: 'Hm.' } }, 'Hm.'],
  ['two fields with one text', { inner: { reasoning_content: 'Hm.', reasoning: 'Hm.' } }, 'Hm.'],
  [
    'reasoning and its details',
    { inner: { reasoning: 'Hm.', reasoning_details: details('Hm.') } },
    'Hm.',
  ],
  [
    'all of them',
    {
      inner: { reasoning_content: 'Hm.', reasoning: 'B', reasoning_details: details('C') },
      outer: { reasoning_content: 'D' },
    },
    'Hm.',
  ],
];
const reasoningRows = reasonings.flatMap(([name, where, expected]) =>
  ways.map((way) => ({ name, where, expected, way })),
);

test.each(reasoningRows)('$way: reasoning is read from $name', async ({ where, expected, way }) => {
  const message = await messageOf(way, {}, where);
  expect(message.reasoning_content).toBe(expected);
  expect(message.content).toBe('Hi');
});

test.each(ways)('%s: an answer without reasoning has none', async (way) => {
  const message = await messageOf(way, {}, {});
  expect(message.reasoning_content ?? null).toBeNull();
});

const tagged = '<think>First,\nI think.</think>Then I speak.';

test.each(ways)('%s: think tags stay in the content unless the caller asks', async (way) => {
  const message = await contentOf(way, [tagged], {});
  expect(message.content).toBe(tagged);
  expect(message.reasoning_content ?? null).toBeNull();
});

test.each(ways)('%s: think tags at the start are split off when the caller asks', async (way) => {
  const message = await contentOf(way, [tagged], { options: { splitThinkTags: true } });
  expect(message.reasoning_content?.trim()).toBe('First,\nI think.');
  expect(message.content?.trim()).toBe('Then I speak.');
});

test('think tags may be split anywhere', async () => {
  const answer = { options: { splitThinkTags: true } };
  const whole = await contentOf('whole', [tagged], answer);
  for (let at = 1; at < tagged.length; at++) {
    const pieces = [tagged.slice(0, at), tagged.slice(at)];
    expect(await contentOf('streamed', pieces, answer)).toStrictEqual(whole);
  }
  expect(await contentOf('streamed', [...tagged], answer)).toStrictEqual(whole);
});

test.each(ways)('%s: think tags after the start are content', async (way) => {
  const text = 'Say <think>this</think> aloud';
  const message = await contentOf(way, [text], { options: { splitThinkTags: true } });
  expect(message.content).toBe(text);
  expect(message.reasoning_content ?? null).toBeNull();
});

test('what only looks like a think tag is content', async () => {
  const text = '<thin ice> is thin';
  const answer = { options: { splitThinkTags: true } };
  expect((await contentOf('streamed', [...text], answer)).content).toBe(text);
  expect((await contentOf('streamed', ['<thi'], answer)).content).toBe('<thi');
});

test('text that was held back as the start of a tag is in the partial', async () => {
  const cut = sse({ error: { message: 'The moon is down' } });
  const answer = { options: { splitThinkTags: true } };
  const inContent = await failure('streamed', sse(part({ content: '<thi' })) + cut, answer);
  expect(inContent.partial?.choices[0].message.content).toBe('<thi');
  const tail = sse(part({ content: '<think>Hm. </thi' })) + cut;
  const inReasoning = await failure('streamed', tail, answer);
  expect(inReasoning.partial?.choices[0].message.reasoning_content).toBe('Hm. </thi');
});

// Usage

const otherUsage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
const usagePlaces: [string, object[], object | undefined][] = [
  ['nowhere', [part({ content: 'Hi' }), end('stop')], undefined],
  [
    'null everywhere',
    [
      { ...part({ content: 'Hi' }), usage: null },
      { ...end('stop'), usage: null },
    ],
    undefined,
  ],
  ['the finish chunk', [part({ content: 'Hi' }), { ...end('stop'), usage }], usage],
  ['a chunk of its own', [part({ content: 'Hi' }), end('stop'), { choices: [], usage }], usage],
  [
    'both',
    [part({ content: 'Hi' }), { ...end('stop'), usage: otherUsage }, { choices: [], usage }],
    usage,
  ],
  [
    'every chunk',
    [
      { ...part({ content: 'Hi' }), usage: otherUsage },
      { ...end('stop'), usage },
    ],
    usage,
  ],
  [
    'a chunk before null',
    [
      { ...part({ content: 'Hi' }), usage },
      { ...end('stop'), usage: null },
    ],
    usage,
  ],
  [
    'a chunk with choices null',
    [part({ content: 'Hi' }), end('stop'), { choices: null, usage }],
    usage,
  ],
  ['a chunk without choices', [part({ content: 'Hi' }), end('stop'), { usage }], usage],
];

test.each(usagePlaces)('usage is read from %s', async (_, events, expected) => {
  const { completion } = await readStream(sse(...events));
  expect(completion.usage).toStrictEqual(expected);
  expect(completion.choices[0].message.content).toBe('Hi');
});

test.each([[undefined], [null]])('a whole answer may have %s for usage', async (none) => {
  const completion = await readWhole({ ...wholeOf({ content: 'Hi' }), usage: none });
  expect(completion.usage).toBeUndefined();
  expect(completion.report.usage).toBeUndefined();
});

const cacheCounters: [string, object, number | undefined, number | undefined][] = [
  [
    'counters of their own',
    { ...usage, prompt_cache_hit_tokens: 4, prompt_cache_miss_tokens: 6 },
    4,
    6,
  ],
  ['cached_tokens', { ...usage, prompt_tokens_details: { cached_tokens: 3 } }, 3, 7],
  [
    'counters inside prompt_tokens_details',
    {
      ...usage,
      prompt_tokens_details: { prompt_cache_hit_tokens: 2, prompt_cache_miss_tokens: 8 },
    },
    2,
    8,
  ],
  ['a hit alone', { ...usage, prompt_cache_hit_tokens: 4 }, 4, 6],
  [
    'a hit of 0 beside cached_tokens',
    { ...usage, prompt_cache_hit_tokens: 0, prompt_tokens_details: { cached_tokens: 9 } },
    0,
    10,
  ],
  [
    'a miss that is given',
    { ...usage, prompt_cache_miss_tokens: 5, prompt_tokens_details: { cached_tokens: 3 } },
    3,
    5,
  ],
  ['nothing', usage, undefined, undefined],
  [
    'null',
    { ...usage, prompt_tokens_details: null, completion_tokens_details: null },
    undefined,
    undefined,
  ],
];

test.each(cacheCounters)('cache hit and miss follow from %s', async (_, counters, hit, miss) => {
  const { report } = await readWhole({ ...wholeOf({ content: 'Hi' }), usage: counters });
  expect(report.usage?.prompt_cache_hit_tokens ?? undefined).toBe(hit);
  expect(report.usage?.prompt_cache_miss_tokens ?? undefined).toBe(miss);
  expect(report.usage?.prompt_tokens).toBe(10);
});

test('every documented counter is kept, and unknown ones too', async () => {
  const counters = {
    ...usage,
    prompt_cache_hit_tokens: 4,
    prompt_cache_miss_tokens: 6,
    prompt_tokens_details: {
      cached_tokens: 4,
      audio_tokens: 0,
      text_tokens: 10,
      image_tokens: 0,
      cache_write_tokens: 1,
    },
    completion_tokens_details: {
      reasoning_tokens: 2,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
      audio_tokens: 0,
      text_tokens: 3,
    },
    input_tokens: 10,
  };
  const whole = await readWhole({ ...wholeOf({ content: 'Hi' }), usage: counters });
  expect(whole.usage).toStrictEqual(counters);
  const { completion } = await readStream(
    sse(part({ content: 'Hi' }), end('stop'), { choices: [], usage: counters }),
  );
  expect(completion.usage).toStrictEqual(counters);
});

// What is missing, null or odd

test('a whole answer may lack id, created, object, model and the index of its choice', async () => {
  const completion = await readWhole({
    choices: [{ message: { content: 'Hi' }, finish_reason: 'stop' }],
  });
  expect(completion).toMatchObject({
    id: '',
    object: 'chat.completion',
    created: 0,
    model: '',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  });
});

test('chunks may lack id, created, object, model and the index of their choice', async () => {
  const { chunks, completion } = await readStream(
    sse({ choices: [{ delta: { content: 'Hi' } }] }, { choices: [{ finish_reason: 'stop' }] }),
  );
  expect(chunks[0]).toMatchObject({ object: 'chat.completion.chunk', choices: [{ index: 0 }] });
  expect(completion).toMatchObject({
    id: '',
    object: 'chat.completion',
    created: 0,
    model: '',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  });
});

test('null stands for what is missing', async () => {
  const nothing = { id: null, created: null, object: null, model: null };
  const whole = await readWhole({ ...wholeOf({ content: 'Hi' }), ...nothing });
  expect(whole.choices[0].message.content).toBe('Hi');
  const { completion } = await readStream(
    sse({ ...part({ content: 'Hi' }), ...nothing }, { ...end('stop'), ...nothing }),
  );
  expect(completion.choices[0].message.content).toBe('Hi');
});

test('the id may change in one stream', async () => {
  const { completion } = await readStream(
    sse(
      { ...part({ content: 'H' }), id: 'a' },
      { ...part({ content: 'i' }), id: 'b' },
      { ...end('stop'), id: 'c' },
    ),
  );
  expect(completion.choices[0].message.content).toBe('Hi');
  expect(['a', 'b', 'c']).toContain(completion.id);
});

test.each(ways)('%s: another model may answer than the one that was asked', async (way) => {
  const { completion } = await readEither(way, [part({ content: 'Hi' }), end('stop')], {
    head: { model: 'deepseek-flash' },
  });
  expect(completion.model).toBe('deepseek-flash');
  expect(completion.report.model).toBe('deepseek-v4-flash');
});

test('a stream may have choices null, delta null and roles repeated or null', async () => {
  const { completion } = await readStream(
    sse(
      { choices: null },
      { choices: [{ index: 0, delta: null, finish_reason: null }] },
      part({ role: 'assistant', content: '' }),
      part({ role: null, content: 'H' }),
      part({ role: 'assistant', content: 'i' }),
      { choices: [{ index: 0, delta: null, finish_reason: 'stop' }] },
    ),
  );
  expect(completion.choices[0].message).toMatchObject({ role: 'assistant', content: 'Hi' });
});

test('a whole answer whose choices are null or empty is no answer', async () => {
  for (const choices of [null, []]) {
    const error = await failure('whole', { id: 'chat-1', choices });
    expect(error.code).toBe('invalid_response');
  }
});

test.each(['brand_new_word', 'insufficient_system_resource'])(
  'a whole answer may have the finish_reason %s',
  async (finish_reason) => {
    const completion = await readWhole(wholeOf({ content: 'Hi' }, finish_reason));
    expect(completion.choices[0]).toMatchObject({ message: { content: 'Hi' }, finish_reason });
  },
);

test('the text of a whole answer without a finish_reason is not lost', async () => {
  for (const finish_reason of [null, '']) {
    const message = { role: 'assistant', content: 'Hi' };
    const body = { choices: [{ index: 0, message, finish_reason }] };
    const choice = await readWhole(body).then(
      ({ choices }) => choices[0],
      (error: ChatError) => error.partial?.choices[0],
    );
    expect(choice).toMatchObject({ message, finish_reason: null });
  }
});

test('finish_reason null and "" do not end a stream', async () => {
  const { completion } = await readStream(
    sse(
      { choices: [{ index: 0, delta: { content: 'H' }, finish_reason: '' }] },
      { choices: [{ index: 0, delta: { content: 'i' }, finish_reason: null }] },
      end('brand_new_word'),
    ),
  );
  expect(completion.choices[0]).toMatchObject({
    message: { content: 'Hi' },
    finish_reason: 'brand_new_word',
  });
});

test('a second chunk with a finish_reason is accepted', async () => {
  const { completion } = await readStream(
    sse(part({ content: 'Hi' }), end('stop'), { ...end('stop'), usage }),
  );
  expect(completion.choices[0]).toMatchObject({
    message: { content: 'Hi' },
    finish_reason: 'stop',
  });
  expect(completion.usage).toStrictEqual(usage);
});

test.each([
  ['without [DONE]', ''],
  ['with [DONE]', done],
])('a stream that ends without a finish_reason, %s, was interrupted', async (_, last) => {
  for (const finish_reason of [null, '']) {
    const piece = { choices: [{ index: 0, delta: { content: 'Hel' }, finish_reason }] };
    const error = await failure('streamed', sse(piece) + last);
    expect(error.code).toBe('stream_interrupted');
    expect(error.partial?.choices[0]).toMatchObject({
      message: { role: 'assistant', content: 'Hel' },
      finish_reason: null,
    });
  }
});

// Fields

const logprob = (token: string): object => ({
  token,
  logprob: -0.5,
  bytes: [72],
  top_logprobs: [{ token, logprob: -0.5, bytes: null }],
});

const rich = {
  content: 'Hi',
  reasoning_content: 'Hm.',
  refusal: 'No.',
  annotations: [
    {
      type: 'url_citation',
      url_citation: { url: 'https://example.com', title: 'A', start_index: 0, end_index: 2 },
    },
  ],
  audio: { id: 'a1', data: 'AAAA', transcript: 'Hi', expires_at: 7 },
};

test('every documented field of a whole answer is kept, and unknown ones where they stood', async () => {
  const body = {
    id: 'chat-1',
    object: 'chat.completion',
    created: 7,
    model: 'deepseek-v4-flash',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', ...rich, mood: 'good' },
        finish_reason: 'stop',
        native_finish_reason: 'STOP',
        matched_stop: 1,
        logprobs: {
          content: [logprob('Hi')],
          refusal: [logprob('No.')],
          reasoning_content: [logprob('Hm.')],
        },
      },
    ],
    usage,
    system_fingerprint: 'fp_1',
    service_tier: 'default',
    meta: { usage: { credits_used: 633, usd_spent: 0.0003165 }, region: 'eu' },
    metadata: { trace: 'abc' },
    upstream: 'SomeHost',
  };
  const completion = await readWhole(body);
  expect(completion).toMatchObject(body);
  expect(JSON.parse(JSON.stringify(completion))).toMatchObject(body);
  expect(Object.keys(completion)).not.toContain('report');
});

test('over a stream texts, log probabilities and annotations are joined', async () => {
  const [annotation] = rich.annotations;
  const { completion } = await readStream(
    sse(
      {
        choices: [
          {
            index: 0,
            delta: {
              content: 'H',
              reasoning_content: 'H',
              refusal: 'N',
              annotations: [annotation],
            },
            logprobs: {
              content: [logprob('a')],
              refusal: [logprob('r')],
              reasoning_content: [logprob('x')],
            },
          },
        ],
      },
      {
        choices: [
          {
            index: 0,
            delta: {
              content: 'i',
              reasoning_content: 'm',
              refusal: 'o',
              annotations: [annotation],
            },
            logprobs: {
              content: [logprob('b'), logprob('c')],
              refusal: null,
              reasoning_content: [logprob('y')],
            },
          },
        ],
      },
      { choices: [{ index: 0, delta: {}, logprobs: null, finish_reason: 'stop' }] },
    ),
  );
  expect(completion.choices[0]).toMatchObject({
    message: {
      content: 'Hi',
      reasoning_content: 'Hm',
      refusal: 'No',
      annotations: [annotation, annotation],
    },
    logprobs: {
      content: [logprob('a'), logprob('b'), logprob('c')],
      refusal: [logprob('r')],
      reasoning_content: [logprob('x'), logprob('y')],
    },
  });
});

test('over a stream the last value that is not null wins for the rest', async () => {
  const { completion } = await readStream(
    sse(
      {
        ...part({ content: 'Hi' }),
        system_fingerprint: 'fp_1',
        service_tier: 'flex',
        metadata: { step: 1 },
        upstream: 'A',
      },
      {
        ...part({ mood: 'good' }),
        system_fingerprint: 'fp_2',
        service_tier: null,
        metadata: { step: 2 },
        upstream: 'B',
      },
      {
        choices: [{ index: 0, delta: {}, finish_reason: 'stop', matched_stop: 1 }],
        system_fingerprint: null,
        upstream: null,
      },
      { choices: [], meta: { usage: { credits_used: 1, usd_spent: 0.5 } } },
    ),
  );
  expect(completion).toMatchObject({
    system_fingerprint: 'fp_2',
    service_tier: 'flex',
    metadata: { step: 2 },
    upstream: 'B',
    meta: { usage: { credits_used: 1, usd_spent: 0.5 } },
    choices: [{ message: { content: 'Hi', mood: 'good' }, matched_stop: 1 }],
  });
});

test('unknown fields of a chunk stay where they stood', async () => {
  const odd = {
    id: 'chat-1',
    upstream: 'A',
    choices: [
      {
        index: 0,
        delta: { content: 'Hi', mood: 'good' },
        native_finish_reason: null,
        matched_stop: 3,
      },
    ],
  };
  const { chunks } = await readStream(sse(odd, end('stop')));
  expect(chunks[0]).toMatchObject({
    upstream: 'A',
    choices: [{ delta: { content: 'Hi', mood: 'good' }, matched_stop: 3 }],
  });
});

// Tool calls

const weather = { name: 'get_weather', arguments: '{"city":"Oslo"}' };
const callOf = (id: string, name: string, text: string): ChatCompletionMessageToolCall => ({
  id,
  type: 'function',
  function: { name, arguments: text },
});
const oslo = callOf('call_1', 'get_weather', '{"city":"Oslo"}');
const rome = callOf('call_2', 'get_time', '{"city":"Rome"}');

const toolStreams: [string, object[][], object[]][] = [
  [
    'index, id, name and arguments in pieces',
    [
      [
        {
          index: 0,
          id: 'call_1',
          type: 'function',
          function: { name: 'get_weather', arguments: '' },
        },
      ],
      [{ index: 0, function: { arguments: '{"city":' } }],
      [{ index: 0, function: { arguments: '"Oslo"}' } }],
    ],
    [oslo],
  ],
  [
    'a whole call in one chunk',
    [[{ index: 0, id: 'call_1', type: 'function', function: weather }]],
    [oslo],
  ],
  ['a whole call without index', [[{ id: 'call_1', type: 'function', function: weather }]], [oslo]],
  ['no type', [[{ index: 0, id: 'call_1', function: weather }]], [oslo]],
  [
    'no index, and the id only at the start',
    [
      [{ id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '' } }],
      [{ function: { arguments: '{"city":' } }],
      [{ id: null, function: { name: null, arguments: '"Oslo"}' } }],
    ],
    [oslo],
  ],
  [
    'no index, and the id on each piece, interleaved',
    [
      [
        {
          id: 'call_1',
          type: 'function',
          function: { name: 'get_weather', arguments: '{"city":' },
        },
      ],
      [{ id: 'call_2', type: 'function', function: { name: 'get_time', arguments: '{"city":' } }],
      [{ id: 'call_1', function: { arguments: '"Oslo"}' } }],
      [{ id: 'call_2', function: { arguments: '"Rome"}' } }],
    ],
    [oslo, rome],
  ],
  [
    'the name before the id',
    [
      [{ index: 0, type: 'function', function: { name: 'get_weather' } }],
      [{ index: 0, id: 'call_1', function: { arguments: weather.arguments } }],
    ],
    [oslo],
  ],
  [
    'the id before the name',
    [
      [{ index: 0, id: 'call_1', type: 'function' }],
      [{ index: 0, function: { name: 'get_weather', arguments: '' } }],
      [{ index: 0, function: { arguments: weather.arguments } }],
    ],
    [oslo],
  ],
  [
    'id and name on each piece',
    [
      [
        {
          index: 0,
          id: 'call_1',
          type: 'function',
          function: { name: 'get_weather', arguments: '{"city":' },
        },
      ],
      [
        {
          index: 0,
          id: 'call_1',
          type: 'function',
          function: { name: 'get_weather', arguments: '"Oslo"}' },
        },
      ],
    ],
    [oslo],
  ],
  [
    'an id of "" on the later pieces',
    [
      [
        {
          index: 0,
          id: 'call_1',
          type: 'function',
          function: { name: 'get_weather', arguments: '{"city":' },
        },
      ],
      [{ index: 0, id: '', function: { name: '', arguments: '"Oslo"}' } }],
    ],
    [oslo],
  ],
  [
    'arguments as an object',
    [
      [
        {
          index: 0,
          id: 'call_1',
          type: 'function',
          function: { name: 'get_weather', arguments: { city: 'Oslo' } },
        },
      ],
    ],
    [oslo],
  ],
  [
    'arguments of ""',
    [[{ index: 0, id: 'call_1', type: 'function', function: { name: 'now', arguments: '' } }]],
    [callOf('call_1', 'now', '{}')],
  ],
  [
    'arguments of null',
    [[{ index: 0, id: 'call_1', type: 'function', function: { name: 'now', arguments: null } }]],
    [callOf('call_1', 'now', '{}')],
  ],
  [
    'no arguments',
    [[{ index: 0, id: 'call_1', type: 'function', function: { name: 'now' } }]],
    [callOf('call_1', 'now', '{}')],
  ],
  [
    'indices that start at 1',
    [
      [{ index: 1, id: 'call_1', type: 'function', function: weather }],
      [
        {
          index: 2,
          id: 'call_2',
          type: 'function',
          function: rome.type === 'function' ? rome.function : {},
        },
      ],
    ],
    [oslo, rome],
  ],
  [
    'indices with gaps',
    [
      [{ index: 0, id: 'call_1', type: 'function', function: weather }],
      [{ index: 5, id: 'call_2', type: 'function', function: { name: 'get_time', arguments: '' } }],
      [{ index: 5, function: { arguments: '{"city":"Rome"}' } }],
    ],
    [oslo, rome],
  ],
  [
    'parallel calls, interleaved',
    [
      [
        {
          index: 0,
          id: 'call_1',
          type: 'function',
          function: { name: 'get_weather', arguments: '' },
        },
        { index: 1, id: 'call_2', type: 'function', function: { name: 'get_time', arguments: '' } },
      ],
      [{ index: 1, function: { arguments: '{"city":' } }],
      [{ index: 0, function: { arguments: '{"city":' } }],
      [
        { index: 1, function: { arguments: '"Rome"}' } },
        { index: 0, function: { arguments: '"Oslo"}' } },
      ],
    ],
    [oslo, rome],
  ],
  [
    'two whole calls in one chunk, without indices',
    [
      [
        { id: 'call_1', type: 'function', function: weather },
        {
          id: 'call_2',
          type: 'function',
          function: { name: 'get_time', arguments: '{"city":"Rome"}' },
        },
      ],
    ],
    [oslo, rome],
  ],
  [
    'a custom call',
    [
      [{ index: 0, id: 'call_1', type: 'custom', custom: { name: 'run', input: 'ls ' } }],
      [{ index: 0, custom: { input: '{-l' } }],
    ],
    [{ id: 'call_1', type: 'custom', custom: { name: 'run', input: 'ls {-l' } }],
  ],
];

test.each(toolStreams)('a tool call is put together from %s', async (_, pieces, expected) => {
  const { completion } = await readStream(
    sse(...pieces.map((tool_calls) => part({ tool_calls })), end('tool_calls')),
  );
  const [choice] = completion.choices;
  expect(choice.message.tool_calls).toStrictEqual(expected);
  expect(choice.message.content).toBeNull();
  expect(choice.finish_reason).toBe('tool_calls');
});

test('the pieces of a call that are handed out always have an index', async () => {
  const { chunks } = await readStream(
    sse(
      part({
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'a', arguments: '{' } }],
      }),
      part({
        tool_calls: [{ id: 'call_2', type: 'function', function: { name: 'b', arguments: '{}' } }],
      }),
      part({ tool_calls: [{ id: 'call_1', function: { arguments: '}' } }] }),
      end('tool_calls'),
    ),
  );
  const indices = chunks.flatMap(
    (chunk) => chunk.choices[0]?.delta.tool_calls?.map(({ index }) => index) ?? [],
  );
  expect(indices).toStrictEqual([0, 1, 0]);
});

test('an index far away is a gap like any other', async () => {
  const tool_calls = [{ index: 1000, id: 'call_1', type: 'function', function: weather }];
  const { completion } = await readStream(sse(part({ tool_calls }), end('tool_calls')));
  expect(completion.choices[0].message.tool_calls).toStrictEqual([oslo]);
});

test('calls without an id get different ones', async () => {
  const { completion } = await readStream(
    sse(
      part({ tool_calls: [{ index: 0, type: 'function', function: weather }] }),
      part({ tool_calls: [{ index: 1, type: 'function', function: weather }] }),
      end('tool_calls'),
    ),
  );
  const calls = completion.choices[0].message.tool_calls ?? [];
  expect(calls.map((call) => call.type === 'function' && call.function)).toStrictEqual([
    weather,
    weather,
  ]);
  const ids = calls.map(({ id }) => id);
  expect(ids.every((id) => id.length > 0)).toBe(true);
  expect(new Set(ids).size).toBe(2);
});

test('a piece that may belong to two calls is an invalid_response', async () => {
  const error = await failure(
    'streamed',
    sse(
      part({ tool_calls: [{ id: 'call_1', function: { name: 'a', arguments: '{' } }] }),
      part({ tool_calls: [{ id: 'call_2', function: { name: 'b', arguments: '{' } }] }),
      part({ tool_calls: [{ function: { arguments: '}' } }] }),
      end('tool_calls'),
    ),
  );
  expect(error.code).toBe('invalid_response');
});

test('a piece that belongs to no call is an invalid_response', async () => {
  const error = await failure(
    'streamed',
    sse(part({ tool_calls: [{ function: { arguments: '{}' } }] }), end('tool_calls')),
  );
  expect(error.code).toBe('invalid_response');
});

test.each(ways)(
  '%s: a call without arguments is half a call when the answer was cut',
  async (way) => {
    for (const text of ['', null, '{"city":"Os']) {
      const call = {
        index: 0,
        id: 'call_1',
        type: 'function',
        function: { name: 'now', arguments: text },
      };
      const { completion } = await readEither(
        way,
        [part({ tool_calls: [call] }), end('length')],
        {},
      );
      expect(completion.choices[0].message.tool_calls ?? []).toStrictEqual([]);
      expect(completion.choices[0].finish_reason).toBe('length');
      expect(completion.report.issues.length).toBeGreaterThan(0);
    }
  },
);

test.each([
  ['an object', { city: 'Oslo' }, '{"city":"Oslo"}'],
  ['a text', '{"city":"Oslo"}', '{"city":"Oslo"}'],
  ['""', '', '{}'],
  ['null', null, '{}'],
])('whole: the arguments of a call may be %s', async (_, given, expected) => {
  const completion = await readWhole(
    wholeOf(
      {
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'a', arguments: given } }],
      },
      'tool_calls',
    ),
  );
  expect(completion.choices[0].message.tool_calls).toStrictEqual([callOf('call_1', 'a', expected)]);
});

test('whole: the input of a custom call is text and never parsed', async () => {
  const custom = { id: 'call_1', type: 'custom', custom: { name: 'run', input: '{not json' } };
  const completion = await readWhole(
    wholeOf({ content: null, tool_calls: [custom] }, 'tool_calls'),
    { vendor: 'aimlapi' },
  );
  expect(completion.choices[0].message.tool_calls).toStrictEqual([custom]);
});

test('arguments are kept as the model wrote them', async () => {
  const written = '{ "city" : "Oslo",\n "days": 1.0 }';
  const call = callOf('call_1', 'get_weather', written);
  const whole = await readWhole(wholeOf({ content: null, tool_calls: [call] }, 'tool_calls'));
  expect(whole.choices[0].message.tool_calls).toStrictEqual([call]);
});

// Errors

const moon = 'The moon is down';
const errorShapes: [string, unknown][] = [
  [
    '{error:{message,type,param,code}}',
    { error: { message: moon, type: 'a', param: null, code: 'b' } },
  ],
  ['{error:{message}}', { error: { message: moon } }],
  ['{error:text}', { error: moon }],
  ['{message,statusCode,requestId}', { message: moon, statusCode: '400', requestId: 'r-1' }],
  ['{title,status,message}', { title: 'Bad', status: 400, message: moon }],
  ['{code,message}', { code: 'bad', message: moon }],
  ['{code,msg}', { code: 1, msg: moon }],
  ['{object:"error",message}', { object: 'error', message: moon }],
  ['{detail}', { detail: moon }],
  ['an array', [{ error: { message: moon } }]],
  ['plain text', moon],
];

test.each(errorShapes)('an error as %s is understood under any content type', async (_, body) => {
  const types = ['application/json', 'text/plain', 'text/html', 'text/event-stream', ''];
  for (const type of types) {
    for (const way of ways) {
      const error = await failure(way, body, { status: 400, headers: { 'content-type': type } });
      expect(error).toMatchObject({ code: 'bad_request', status: 400, provider: 'deepseek' });
      expect(error.message).toContain(moon);
    }
  }
});

const wordless: [string, unknown][] = [
  ['nothing', ''],
  ['HTML', '<html><head><title>502 Bad Gateway</title></head><body>no</body></html>'],
  ['null', 'null'],
  ['an empty array', '[]'],
  ['an empty object', '{}'],
  ['{error:{code}}', { error: { code: 429 } }],
  ['{error:null}', { error: null }],
];

test.each(wordless)('an error as %s has the code of its status', async (_, body) => {
  for (const way of ways) {
    const error = await failure(way, body, { status: 502 });
    expect(error).toMatchObject({ code: 'server_error', status: 502 });
    expect(error.message.length).toBeGreaterThan(0);
  }
});

test('type, param and code of the vendor are kept', async () => {
  const body = { error: { message: moon, type: 'kind', param: 'messages.0', code: 'odd' } };
  const error = await failure('whole', body, { status: 400 });
  expect(error).toMatchObject({ vendorType: 'kind', vendorCode: 'odd', param: 'messages.0' });
});

test('a numeric code of the vendor is kept as text', async () => {
  const error = await failure('whole', { error: { message: moon, code: 1234 } }, { status: 400 });
  expect(error.vendorCode).toBe('1234');
});

const statuses: [number, string, boolean | undefined][] = [
  [400, 'bad_request', false],
  [413, 'bad_request', false],
  [415, 'bad_request', false],
  [422, 'bad_request', false],
  [401, 'authentication', false],
  [402, 'insufficient_balance', false],
  [404, 'not_found', false],
  [408, 'timeout', undefined],
  [409, 'server_error', true],
  [425, 'server_error', true],
  [429, 'rate_limit', true],
  [500, 'server_error', true],
  [502, 'server_error', true],
  [504, 'server_error', true],
  [520, 'server_error', true],
  [503, 'overloaded', true],
  [529, 'overloaded', true],
];
const statusRows = vendors.flatMap((vendor) =>
  statuses.map(([status, code, retryable]) => ({ vendor, status, code, retryable })),
);

test.each(statusRows)('$vendor: $status is $code', async ({ vendor, status, code, retryable }) => {
  const error = await failure('whole', { error: { message: moon } }, { vendor, status });
  expect(error).toMatchObject({ code, status, provider: vendor });
  expect(error.retryable).toBe(retryable ?? error.retryable);
});

const words: [Vendor, number, object, string][] = [
  ['deepseek', 403, { error: { message: 'Forbidden' } }, 'permission_denied'],
  ['bytespike', 403, { error: { message: 'No', code: 'model_not_in_group' } }, 'permission_denied'],
  ['shortapi', 403, { error: { message: 'Forbidden' } }, 'permission_denied'],
  ['anyfast', 403, { error: { message: 'Forbidden' } }, 'permission_denied'],
  [
    'aimlapi',
    403,
    { title: 'Forbidden', status: 403, message: "You've run out of funds." },
    'insufficient_balance',
  ],
  ['aimlapi', 403, { message: 'Forbidden', statusCode: '403' }, 'insufficient_balance'],
  ['vtrix', 403, { message: 'Forbidden' }, 'insufficient_balance'],
  [
    'shortapi',
    403,
    { error: { message: 'x', code: 'insufficient_user_quota' } },
    'insufficient_balance',
  ],
  [
    'anyfast',
    403,
    { error: { message: 'x', code: 'insufficient_user_quota' } },
    'insufficient_balance',
  ],
  ['anyfast', 403, { error: { message: 'Your quota is insufficient' } }, 'insufficient_balance'],
  [
    'deepseek',
    429,
    { error: { message: 'x', code: 'insufficient_quota' } },
    'insufficient_balance',
  ],
  [
    'deepseek',
    429,
    { error: { message: 'x', type: 'insufficient_quota' } },
    'insufficient_balance',
  ],
  ['shortapi', 429, { error: { message: 'Your remaining balance is 0' } }, 'insufficient_balance'],
  ['bytespike', 402, { error: { message: 'x', code: 'quota_exceeded' } }, 'insufficient_balance'],
  [
    'bytespike',
    400,
    { error: { message: 'x', code: 'context_length_exceeded' } },
    'context_length',
  ],
  [
    'deepseek',
    400,
    {
      error: {
        message:
          "This model's maximum context length is 1048576 tokens. However, you requested 2000000 tokens.",
        type: 'invalid_request_error',
        code: 'invalid_request_error',
      },
    },
    'context_length',
  ],
  ['deepseek', 400, { error: { message: 'Content Exists Risk' } }, 'content_filter'],
  ['deepseek', 400, { error: { message: 'x', code: 'content_filter' } }, 'content_filter'],
];

test.each(words)('%s: %i with %j is known by its words', async (vendor, status, body, code) => {
  const error = await failure('whole', body, { vendor, status });
  expect(error).toMatchObject({ code, status, retryable: false });
});

const windows: [Vendor, RegExp][] = [
  ['deepseek', /1,?048,?576/],
  ['aimlapi', /1M/],
  ['bytespike', /64K/],
  ['vtrix', /1M/],
];

test.each(windows)(
  '%s: a context_length error tells the size of the context',
  async (vendor, size) => {
    const body = { error: { message: 'too long', code: 'context_length_exceeded' } };
    const error = await failure('whole', body, { vendor, status: 400 });
    expect(error.code).toBe('context_length');
    expect(error.message).toMatch(size);
  },
);

test('aimlapi: a 400 that names reasoning_effort means that thinking cannot be switched off', async () => {
  const client = clientOf(
    { message: "Invalid enum value for 'reasoning_effort'", statusCode: '400' },
    {
      vendor: 'aimlapi',
      status: 400,
    },
  );
  const params = { messages: hello, thinking: { type: 'disabled' } } as const;
  await expect(client.chat.completions.create(params)).rejects.toMatchObject({
    code: 'unsupported_parameter',
    param: 'thinking',
    status: 400,
  });
});

const requestIdHeaders: [Vendor, string][] = [
  ['deepseek', 'x-ds-trace-id'],
  ['aimlapi', 'x-inference-id'],
  ['shortapi', 'x-request-id'],
  ['anyfast', 'x-request-id'],
  ['bytespike', 'x-request-id'],
  ['vtrix', 'x-request-id'],
];

test.each(requestIdHeaders)('%s: the id of the request is in %s', async (vendor, name) => {
  const headers = { [name]: 'req-7' };
  const { report } = await readWhole(wholeOf({ content: 'Hi' }), { vendor, headers });
  expect(report.requestId).toBe('req-7');
  const { completion } = await readStream(sse(part({ content: 'Hi' }), end('stop')), {
    vendor,
    headers,
  });
  expect(completion.report.requestId).toBe('req-7');
  const error = await failure('whole', { error: moon }, { vendor, headers, status: 400 });
  expect(error.requestId).toBe('req-7');
});

test.each(ways)('%s: an error with status 200 is an error', async (way) => {
  const bodies: [unknown, string | undefined][] = [
    [{ error: { message: moon, code: 429 } }, 'rate_limit'],
    [{ error: { message: moon, code: '402' } }, 'insufficient_balance'],
    [{ message: moon, statusCode: '429', requestId: 'r-1' }, 'rate_limit'],
    [{ title: 'Oh', status: 503, message: moon }, 'overloaded'],
    [{ error: moon }, undefined],
    [{ error: { message: moon }, choices: [] }, undefined],
    [{ error: { message: moon }, choices: null }, undefined],
    [{ object: 'error', message: moon }, undefined],
    [{ code: 'odd', message: moon }, undefined],
    [{ code: 'odd', msg: moon }, undefined],
    [{ detail: moon }, undefined],
  ];
  for (const [body, code] of bodies) {
    for (const type of ['application/json', 'text/event-stream']) {
      const error = await failure(way, body, { headers: { 'content-type': type } });
      expect(error.message).toContain(moon);
      expect(error.code).toBe(code ?? error.code);
    }
  }
});

test.each(ways)('%s: {error:{code:429}} with status 200 is a rate limit', async (way) => {
  const error = await failure(way, { error: { code: 429 } });
  expect(error).toMatchObject({ code: 'rate_limit', retryable: true });
});

test('error null is no error', async () => {
  const completion = await readWhole({ ...wholeOf({ content: 'Hi' }), error: null });
  expect(completion.choices[0].message.content).toBe('Hi');
  const streamed = await readStream(
    sse({ ...part({ content: 'Hi' }), error: null }, { ...end('stop'), error: null }),
  );
  expect(streamed.completion.choices[0].message.content).toBe('Hi');
});

const frames: [string, string][] = [
  ['a data frame', `data: {"error":{"message":"${moon}","type":"api_error"}}\n\n`],
  [
    'a data frame with empty choices',
    `data: {"id":"1","choices":[],"error":{"type":"api_error","message":"${moon}"}}\n\n`,
  ],
  ['a data frame of object error', `data: {"object":"error","message":"${moon}"}\n\n`],
  ['a data frame with a text', `data: {"error":"${moon}"}\n\n`],
  ['a flat data frame', `data: {"message":"${moon}","statusCode":"500","requestId":"r-1"}\n\n`],
  ['a data frame with code and msg', `data: {"code":1,"msg":"${moon}"}\n\n`],
  ['event error', `event: error\ndata: {"error":{"message":"${moon}","type":"api_error"}}\n\n`],
  ['event error, flat', `event: error\ndata: {"message":"${moon}"}\n\n`],
  ['event error with plain text', `event: error\ndata: ${moon}\n\n`],
];

test.each(frames)('%s in the middle of a stream fails with what had arrived', async (_, frame) => {
  for (const last of ['', done]) {
    const body = sse(part({ reasoning_content: 'Hm.' }), part({ content: 'Hel' })) + frame + last;
    const error = await failure('streamed', body);
    expect(error.message).toContain(moon);
    expect(error.partial?.choices[0]).toMatchObject({
      message: { role: 'assistant', content: 'Hel', reasoning_content: 'Hm.' },
      finish_reason: null,
    });
  }
});

test.each(frames)('%s at the start of a stream is an error', async (_, frame) => {
  for (const last of ['', done]) {
    const error = await failure('streamed', frame + last);
    expect(error.message).toContain(moon);
    expect(error.partial).toBeUndefined();
  }
});

test('an error in a stream is known by its own code', async () => {
  const piece = sse(part({ content: 'Hel' }));
  const limited = await failure('streamed', piece + sse({ error: { message: moon, code: 429 } }));
  expect(limited.code).toBe('rate_limit');
  const empty = await failure(
    'streamed',
    piece + sse({ error: { message: moon, code: 'insufficient_quota' } }),
  );
  expect(empty.code).toBe('insufficient_balance');
});

test('the partial of an error holds whole tool calls only', async () => {
  const error = await failure(
    'streamed',
    sse(
      part({
        tool_calls: [
          { index: 0, id: 'call_1', type: 'function', function: weather },
          { index: 1, id: 'call_2', type: 'function', function: { name: 'b', arguments: '{"ci' } },
        ],
      }),
      { error: { message: moon } },
    ),
  );
  expect(error.partial?.choices[0].message.tool_calls).toStrictEqual([oslo]);
  expect(error.report?.issues.length).toBeGreaterThan(0);
});

test('a body that is no completion is an invalid_response', async () => {
  for (const body of ['Hello', '<html></html>', '[]', '7', 'null']) {
    const error = await failure('whole', body);
    expect(error.code).toBe('invalid_response');
  }
});

// Vtrix

const envelope = (rest: object): object => ({ model: 'deepseek-v4-flash', ...rest });

test('vtrix: choices are read first', async () => {
  const completion = await readWhole(
    { ...wholeOf({ content: 'Hi' }), status: 'failed', output: [{ content: [{ type: 'image' }] }] },
    { vendor: 'vtrix' },
  );
  expect(completion.choices[0].message.content).toBe('Hi');
});

test('vtrix: text items of the envelope become the content', async () => {
  const completion = await readWhole(
    envelope({
      status: 'completed',
      output: [
        {
          content: [
            { type: 'text', text: 'Hello, ' },
            { type: 'output_text', text: 'wo' },
          ],
        },
        { content: [{ type: 'text', text: 'rld' }] },
      ],
      usage: { cost: '0.000123', discount: 0.9 },
      metadata: { trace: 'abc' },
    }),
    { vendor: 'vtrix' },
  );
  expect(completion.choices[0].message).toMatchObject({
    role: 'assistant',
    content: 'Hello, world',
  });
  expect(completion.usage).toBeUndefined();
  expect(completion.report.usage).toBeUndefined();
  expect(completion.report.cost).toMatchObject({
    usd: '0.000123',
    discount: 0.9,
    source: 'provider',
  });
  expect(completion.metadata).toStrictEqual({ trace: 'abc' });
});

test.each(['image', 'video'])('vtrix: an envelope with %s is an invalid_response', async (type) => {
  const body = envelope({
    status: 'completed',
    output: [{ content: [{ type, url: 'https://example.com/x', jobId: 'job-7' }] }],
  });
  const error = await failure('whole', body, { vendor: 'vtrix' });
  expect(error.code).toBe('invalid_response');
  expect(error.message).toContain(type);
  expect(error.message).toContain('job-7');
});

test('vtrix: an envelope of a failure is an error with code and message', async () => {
  const bodies = [
    envelope({ status: 'failed', error: { code: 'content_policy', message: moon } }),
    envelope({ error: { code: 'content_policy', message: moon } }),
  ];
  for (const body of bodies) {
    const error = await failure('whole', body, { vendor: 'vtrix' });
    expect(error.vendorCode).toBe('content_policy');
    expect(error.message).toContain(moon);
    expect(error.code).not.toBe('invalid_response');
  }
});

test('vtrix: a failure is a failure with a text for an error, or without one', async () => {
  const text = await failure('whole', envelope({ status: 'failed', error: moon }), {
    vendor: 'vtrix',
  });
  expect(text.message).toContain(moon);
  const silent = await failure('whole', envelope({ status: 'failed' }), { vendor: 'vtrix' });
  expect(silent.code).not.toBe('unsupported');
  expect(silent.code).not.toBe('invalid_response');
});

test('vtrix: the envelope is read from a stream too', async () => {
  const text = envelope({
    status: 'completed',
    output: [{ content: [{ type: 'text', text: 'Hello' }] }],
    usage: { cost: '0.000123' },
  });
  for (const body of [JSON.stringify(text), sse(text), sse(text) + done]) {
    const { completion } = await readStream(body, { vendor: 'vtrix' });
    expect(completion.choices[0].message.content).toBe('Hello');
    expect(completion.usage).toBeUndefined();
    expect(completion.report.cost?.usd).toBe('0.000123');
  }
  const failed = envelope({ status: 'failed', error: { code: 'odd', message: moon } });
  const error = await failure('streamed', sse(failed), { vendor: 'vtrix' });
  expect(error.vendorCode).toBe('odd');
  expect(error.message).toContain(moon);
});

test.each(['in_progress', 'queued'])('vtrix: a task that is %s is not followed', async (status) => {
  const error = await failure('whole', envelope({ status, jobId: 'job-7' }), { vendor: 'vtrix' });
  expect(error.code).toBe('unsupported');
  expect(error.message).toContain('job-7');
});

test.each(ways)('vtrix, %s: the cost is exact and the discount is told apart', async (way) => {
  const cost = '0.000000000123456789012345678';
  const { completion } = await readEither(way, [part({ content: 'Hi' }), end('stop')], {
    vendor: 'vtrix',
    head: { usage: { ...usage, cost, discount: '10%' } },
  });
  expect(completion.report.cost).toMatchObject({ usd: cost, discount: '10%', source: 'provider' });
  expect(completion.usage).toMatchObject(usage);
});

test.each(ways)('vtrix, %s: usage without token counts is absent', async (way) => {
  const { completion } = await readEither(way, [part({ content: 'Hi' }), end('stop')], {
    vendor: 'vtrix',
    head: { usage: { cost: '0.5' } },
  });
  expect(completion.usage).toBeUndefined();
  expect(completion.report.cost?.usd).toBe('0.5');
});

// Cost

const counted = {
  prompt_tokens: 3000,
  completion_tokens: 500,
  total_tokens: 3500,
  prompt_cache_hit_tokens: 1000,
  prompt_cache_miss_tokens: 2000,
};

const hours: [string, string, string][] = [
  ['Monday 00:59', '2026-11-16T00:59:59Z', '0.000603'],
  ['Monday 01:00', '2026-11-16T01:00:00Z', '0.001206'],
  ['Monday 03:59', '2026-11-16T03:59:59Z', '0.001206'],
  ['Monday 04:00', '2026-11-16T04:00:00Z', '0.000603'],
  ['Wednesday 05:59', '2026-11-18T05:59:59Z', '0.000603'],
  ['Wednesday 06:00', '2026-11-18T06:00:00Z', '0.001206'],
  ['Friday 09:59', '2026-11-20T09:59:59Z', '0.001206'],
  ['Friday 10:00', '2026-11-20T10:00:00Z', '0.000603'],
  ['Saturday 02:00', '2026-11-21T02:00:00Z', '0.000603'],
  ['Sunday 07:00', '2026-11-22T07:00:00Z', '0.000603'],
];

test.each(hours)('deepseek: the price of %s UTC is that of the table', async (_, now, usd) => {
  for (const way of ways) {
    const { completion } = await at(now, () =>
      readEither(way, [part({ content: 'Hi' }), end('stop')], { head: { usage: counted } }),
    );
    expect(completion.report.cost).toMatchObject({ usd, source: 'table' });
    expect(completion.report.cost?.priceDate).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  }
});

test.each(ways)('shortapi, %s: the cost follows from the table', async (way) => {
  const { completion } = await readEither(way, [part({ content: 'Hi' }), end('stop')], {
    vendor: 'shortapi',
    head: { usage: counted },
  });
  expect(completion.report.cost).toMatchObject({ usd: '0.0004228', source: 'table' });
});

test('a cost needs no counters of a cache but cached_tokens', async () => {
  const { report } = await readWhole(
    {
      ...wholeOf({ content: 'Hi' }),
      usage: {
        prompt_tokens: 3000,
        completion_tokens: 500,
        prompt_tokens_details: { cached_tokens: 1000 },
      },
    },
    { vendor: 'shortapi' },
  );
  expect(report.cost?.usd).toBe('0.0004228');
});

test.each([
  [0.0003165, '0.0003165'],
  [1.2e-7, '0.00000012'],
  [3, '3'],
] as const)('aimlapi: %d dollars are told as %s', async (usd_spent, usd) => {
  const meta = { usage: { credits_used: 633, usd_spent } };
  const { report } = await readWhole(
    { ...wholeOf({ content: 'Hi' }), usage: counted, meta },
    { vendor: 'aimlapi' },
  );
  expect(report.cost).toMatchObject({ usd, source: 'provider' });
  const { completion } = await readStream(
    sse(part({ content: 'Hi' }), end('stop'), { choices: [], usage: counted, meta }) + done,
    { vendor: 'aimlapi' },
  );
  expect(completion.report.cost).toMatchObject({ usd, source: 'provider' });
  expect(completion.meta).toStrictEqual(meta);
});

test.each(['anyfast', 'bytespike'] as const)(
  '%s: the cost follows from the prices of the caller, and is unknown without',
  async (vendor) => {
    const body = { ...wholeOf({ content: 'Hi' }), usage: counted };
    expect((await readWhole(body, { vendor })).report.cost).toBeUndefined();
    const pricing = { cacheHit: '0.1', cacheMiss: 0.2, output: '0.3' };
    const { report } = await readWhole(body, { vendor, options: { pricing } });
    // 1000 × 0.1 + 2000 × 0.2 + 500 × 0.3 = 650 millionths.
    expect(report.cost).toMatchObject({ usd: '0.00065', source: 'pricing' });
  },
);

test('aimlapi: what was spent is read where it is documented', async () => {
  const { report } = await readWhole(
    {
      ...wholeOf({ content: 'Hi' }),
      usage: { ...counted, cost: 0.4 },
      meta: { usage: { credits_used: 1_000_000, usd_spent: 0.5 } },
    },
    { vendor: 'aimlapi' },
  );
  expect(report.cost).toMatchObject({ usd: '0.5', source: 'provider' });
});

test.each([
  ['deepseek', 'table'],
  ['shortapi', 'table'],
  ['anyfast', 'nobody'],
  ['bytespike', 'nobody'],
] as const)(
  '%s: a figure that the vendor does not document is not taken for dollars (%s)',
  async (vendor, source) => {
    const body = {
      ...wholeOf({ content: 'Hi' }),
      usage: { ...counted, cost: 633 },
      meta: { usage: { credits_used: 633, usd_spent: 633 } },
    };
    const { report } = await readWhole(body, { vendor });
    expect(report.cost?.source ?? 'nobody').toBe(source);
  },
);

test('prices of the caller do not replace what the vendor says it took', async () => {
  const { report } = await readWhole(
    {
      ...wholeOf({ content: 'Hi' }),
      usage: counted,
      meta: { usage: { credits_used: 1, usd_spent: 0.5 } },
    },
    { vendor: 'aimlapi', options: { pricing: { cacheHit: 1, cacheMiss: 1, output: 1 } } },
  );
  expect(report.cost).toMatchObject({ usd: '0.5', source: 'provider' });
});

test.each(vendors)('%s: without token counts there is no cost', async (vendor) => {
  const { report } = await readWhole(wholeOf({ content: 'Hi' }), { vendor });
  expect(report.cost).toBeUndefined();
});

test.each(['deepseek', 'shortapi'] as const)(
  '%s: another model has no price in the table',
  async (vendor) => {
    const body = { ...wholeOf({ content: 'Hi' }), usage: counted };
    const { report } = await readWhole(body, { vendor, model: 'deepseek-v4-pro' });
    expect(report.cost).toBeUndefined();
  },
);

test.each([400, 401, 402, 422, 429, 500, 502, 503])(
  'bytespike: %i was not billed',
  async (status) => {
    const error = await failure('whole', { error: moon }, { vendor: 'bytespike', status });
    expect(error.report?.attempts).toMatchObject([{ number: 1, status, billed: false }]);
  },
);

test.each(vendors.filter((vendor) => vendor !== 'bytespike'))(
  '%s: nothing is said about the bill of an error',
  async (vendor) => {
    const error = await failure('whole', { error: moon }, { vendor, status: 500 });
    expect(error.report?.attempts[0]?.billed).toBeUndefined();
  },
);

test.each([
  ['bytespike', 500, 2],
  ['bytespike', 429, 3],
  ['deepseek', 500, 3],
] as const)('%s: after status %i there are %i sends', async (vendor, status, sends) => {
  const error = await failure(
    'whole',
    { error: moon },
    { vendor, status, headers: { 'retry-after-ms': '1' }, options: { maxRetries: 2 } },
  );
  expect(error.report?.attempts).toHaveLength(sends);
});

function sse(...events: object[]): string {
  return events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
}

function part(delta: object): object {
  return { choices: [{ index: 0, delta, finish_reason: null }] };
}

function end(finish_reason: string): object {
  return { choices: [{ index: 0, delta: {}, finish_reason }] };
}

function wholeOf(message: object, finish_reason = 'stop'): object {
  return {
    id: 'chat-1',
    object: 'chat.completion',
    created: 7,
    model: 'deepseek-v4-flash',
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason }],
  };
}

function clientOf(
  body: unknown,
  { status = 200, headers = {}, vendor = 'deepseek', pieceBytes = 4096, options }: Answer,
): ReturnType<typeof createClient> {
  const bytes = new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body));
  const transport: Transport = {
    send: async () => {
      let position = 0;
      return {
        status,
        headers: { ...headers },
        body: {
          read: async () => {
            if (position >= bytes.length) return undefined;
            position += pieceBytes;
            return bytes.slice(position - pieceBytes, position);
          },
          cancel: () => {},
        },
      };
    },
  };
  const given = { provider: vendor, apiKey: 'key', transport, maxRetries: 0, ...options };
  return createClient(given as ClientOptions<'deepseek'>);
}

async function readWhole(body: unknown, answer: Answer = {}): Promise<ChatCompletionWithReport> {
  const { completions } = clientOf(body, answer).chat;
  return completions.create({ messages: hello, model: answer.model });
}

async function readStream(
  body: string,
  answer: Answer = {},
): Promise<{ chunks: ChatCompletionChunk[]; completion: ChatCompletionWithReport }> {
  const { completions } = clientOf(body, answer).chat;
  const stream = await completions.create({ messages: hello, model: answer.model, stream: true });
  const chunks: ChatCompletionChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return { chunks, completion: await stream.finalCompletion() };
}

/** The same answer in either way: the events of a stream, or one whole answer of their parts. */
async function readEither(
  way: (typeof ways)[number],
  events: object[],
  { head = {}, ...answer }: Answer & { head?: object },
): Promise<{ completion: ChatCompletionWithReport }> {
  if (way === 'streamed') {
    const last = events.length - 1;
    return readStream(
      sse(...events.map((event, index) => (index === last ? { ...event, ...head } : event))),
      answer,
    );
  }
  const choices = events.flatMap(
    (event) => (event as { choices: { delta: object; finish_reason: string | null }[] }).choices,
  );
  const message = Object.assign(
    { role: 'assistant', content: null },
    ...choices.map(({ delta }) => delta),
  );
  const { finish_reason } = choices.at(-1) ?? {};
  const body = { choices: [{ index: 0, message, finish_reason }], ...head };
  return { completion: await readWhole(body, answer) };
}

/** The message of an answer with `inner` on the message or delta, and `outer` on the choice. */
async function messageOf(
  way: (typeof ways)[number],
  answer: Answer,
  { inner = {}, outer = {} }: { inner?: object; outer?: object },
): Promise<ChatCompletionWithReport['choices'][0]['message']> {
  if (way === 'whole') {
    const message = { role: 'assistant', content: 'Hi', ...inner };
    const completion = await readWhole(
      { choices: [{ index: 0, message, ...outer, finish_reason: 'stop' }] },
      answer,
    );
    return completion.choices[0].message;
  }
  const first = { choices: [{ index: 0, delta: inner, ...outer, finish_reason: null }] };
  const { completion } = await readStream(sse(first, part({ content: 'Hi' }), end('stop')), answer);
  return completion.choices[0].message;
}

async function contentOf(
  way: (typeof ways)[number],
  pieces: string[],
  answer: Answer,
): Promise<{ content: string | null; reasoning_content: string | null }> {
  const { completion } =
    way === 'whole'
      ? { completion: await readWhole(wholeOf({ content: pieces.join('') }), answer) }
      : await readStream(sse(...pieces.map((content) => part({ content })), end('stop')), answer);
  const { content, reasoning_content = null } = completion.choices[0].message;
  return { content, reasoning_content };
}

/** The error that the call, or the reading of its stream, fails with. */
async function failure(
  way: (typeof ways)[number],
  body: unknown,
  answer: Answer = {},
): Promise<ChatError> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  try {
    await (way === 'whole' ? readWhole(text, answer) : readStream(text, answer));
  } catch (error) {
    if (isChatError(error)) return error;
    throw error;
  }
  throw new Error('Nothing failed');
}

async function at<T>(now: string, run: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date(now) });
  try {
    return await run();
  } finally {
    vi.useRealTimers();
  }
}
