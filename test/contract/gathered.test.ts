import { createClient } from 'deepseek-v4-flash';
import { describe, expect, test } from 'vitest';
import { callOf, chunk, clientOf, question, readStream } from '../kit/wire.ts';
import { errorOf } from '../kit/failures.ts';

// A vendor that never stops fills no memory, and an end comes on every path.

const text = 'x'.repeat(100);
const many = (event: (at: number) => object, count = 20): object[] =>
  Array.from({ length: count }, (_, at) => event(at));

async function gathering(events: readonly object[], limits: object) {
  const { client } = clientOf({ events: [...events, chunk({}, 'stop')] }, { limits });
  return errorOf(client.chat.completions.stream({ messages: question }).finalCompletion());
}

const kinds: [string, (at: number) => object][] = [
  ['content', () => chunk({ content: text })],
  ['reasoning', () => chunk({ reasoning_content: text })],
  ['a refusal', () => chunk({ refusal: text })],
  ['arguments', (at) => chunk({ tool_calls: [callOf('a', at === 0 ? 'f' : undefined, text, 0)] })],
  [
    'arguments of many calls',
    (at) => chunk({ tool_calls: [callOf(`c${at}`, 'f', `"${text}"`, at)] }),
  ],
  ['sound', () => chunk({ audio: { data: text } })],
  ['annotations', () => chunk({ annotations: [{ type: text }] })],
  ['side fields of the message', (at) => chunk({ [`x${at}`]: text })],
  [
    'side fields of the choice',
    (at) => ({
      ...chunk({}),
      choices: [{ index: 0, delta: {}, finish_reason: null, [`x${at}`]: text }],
    }),
  ],
  ['side fields of the answer', (at) => chunk({}, null, { [`x${at}`]: { deep: [text] } })],
  [
    'side fields of a call',
    (at) => chunk({ tool_calls: [{ ...callOf('a', 'f', '', 0), [`x${at}`]: text }] }),
  ],
  [
    'a little of each',
    (at) => chunk({ content: text.slice(0, 50), [`x${at}`]: text.slice(0, 50) }),
  ],
];

test.each(kinds)('%s of a stream is bounded by limits.responseBytes', async (_what, event) => {
  const error = await gathering(many(event), { responseBytes: 1_000 });
  expect(error.code).toBe('limit_exceeded');
  expect(error.message).toContain('limits.responseBytes');
  expect(error.partial).toBeDefined();
  const { client } = clientOf(
    { events: [...many(event), chunk({}, 'stop')] },
    { limits: { responseBytes: 20_000 } },
  );
  await client.chat.completions.stream({ messages: question }).finalCompletion();
});

test('a side field that is told anew with each event counts once', async () => {
  const limits = { responseBytes: 1_000 };
  const events = many(
    (at) => chunk({ content: 'x' }, null, { trace: { id: at, note: text } }),
    200,
  );
  const { client } = clientOf({ events: [...events, chunk({}, 'stop')] }, { limits });
  const { choices } = await client.chat.completions
    .stream({ messages: question })
    .finalCompletion();
  expect(choices[0].message.content).toHaveLength(200);
});

test('log probabilities that were asked for have a limit of their own', async () => {
  const logprobs = { content: [{ token: text, logprob: -1, bytes: null, top_logprobs: [] }] };
  const event = {
    ...chunk({}),
    choices: [{ index: 0, delta: { content: 'x' }, finish_reason: null, logprobs }],
  };
  const events = many(() => event);
  const asked = { messages: question, logprobs: true };
  const bounded = clientOf({ events }, { limits: { logprobBytes: 1_000 } }).client;
  const error = await errorOf(bounded.chat.completions.stream(asked).finalCompletion());
  expect(error.message).toContain('limits.logprobBytes');
  const unasked = await gathering(events, { responseBytes: 1_000 });
  expect(unasked.code).toBe('limit_exceeded');
  const { client } = clientOf(
    { events: [...events, chunk({}, 'stop')] },
    { limits: { responseBytes: 1_000 } },
  );
  await client.chat.completions.stream(asked).finalCompletion();
});

test('an answer that is too long for a text still ends, and says so', async () => {
  // The limits of V8: half a billion characters. A number of pieces that go beyond it, without a network.
  const piece = new TextEncoder().encode(
    `data: ${JSON.stringify(chunk({ content: 'x'.repeat(15_000_000) }))}\n\n`,
  );
  let left = 40;
  const read = async (): Promise<Uint8Array | undefined> => (left-- > 0 ? piece : undefined);
  const client = createClient({
    apiKey: 'k',
    maxRetries: 0,
    limits: { responseBytes: Infinity },
    transport: { send: async () => ({ status: 200, headers: {}, body: { read, cancel() {} } }) },
  });
  const error = await errorOf(
    client.chat.completions.stream({ messages: question }).finalCompletion(),
  );
  expect(error.code).toBe('limit_exceeded');
});

describe('issues', () => {
  test('that are equal are counted', async () => {
    const { report } = await readStream([
      ...many(() => chunk({ content: [{ type: 'poem', text: 'x' }] })),
      chunk({}, 'stop'),
    ]);
    expect(report.issues).toEqual([
      { code: 'unknown_part', path: 'content', message: expect.any(String) as string, count: 20 },
    ]);
  });

  test('are at most a hundred, and the others are counted', async () => {
    const events = many((at) => chunk({ content: [{ type: `t${at}`, text: 'x' }] }), 500);
    const { report } = await readStream([...events, chunk({}, 'stop')]);
    expect(report.issues).toHaveLength(100);
    expect(report.issues.at(-1)).toMatchObject({ code: 'more_issues', count: 401 });
  });
});

test('blank pieces before a thinking tag are looked at once, and held no longer than a template writes them', async () => {
  const options = { splitThinkTags: true };
  const blanks = (count: number): object[] => many(() => chunk({ content: ' \n' }), count);
  const fine = await readStream(
    [...blanks(50), chunk({ content: '<think>a</think>b' }), chunk({}, 'stop')],
    options,
  );
  expect(fine.choices[0].message).toMatchObject({ content: 'b', reasoning_content: 'a' });
  const long = await readStream(
    [...blanks(5_000), chunk({ content: 'b' }), chunk({}, 'stop')],
    options,
  );
  expect(long.choices[0].message.content).toBe(`${' \n'.repeat(5_000)}b`);
  const cut = await readStream([...blanks(3), chunk({}, 'stop')], options);
  expect(cut.choices[0].message.content).toBe(' \n \n \n');
});
