import { describe, expect, test } from 'vitest';
import type { ChatCompletionChunk, ChatStreamEvent, ClientOptions } from 'deepseek-v4-flash';
import { errorOf } from '../kit/failures.ts';
import type { Behaviour } from '../kit/several.ts';
import { down, failing, severalOf } from '../kit/several.ts';
import { callOf, chunk, question } from '../kit/wire.ts';

const messages = question;
const good = {
  events: [
    chunk({ role: 'assistant' }),
    chunk({ content: 'Hello ' }),
    chunk({ content: 'world' }),
    chunk({}, 'stop'),
  ],
};
/** An answer that is cut off behind its first words. */
const cut = (...deltas: object[]): Behaviour => ({
  body: deltas.map((delta) => `data: ${JSON.stringify(chunk(delta))}\n\n`).join(''),
  headers: { 'content-type': 'text/event-stream' },
});
const half = cut({ role: 'assistant' }, { content: 'Hel' });
const byWord: Behaviour = { events: [chunk({ content: 'Hel' }), chunk({}, 'abort')] };

const two = (does: Behaviour, options: ClientOptions = {}, second: Behaviour = good) =>
  severalOf(
    [
      { provider: 'anyfast', does },
      { provider: 'shortapi', does: second },
    ],
    options,
  );

async function readAll(stream: AsyncIterable<ChatCompletionChunk>): Promise<string[]> {
  const seen: string[] = [];
  for await (const { choices, flash } of stream) {
    if (flash?.reset) seen.push('reset');
    const content = choices[0]?.delta.content;
    if (content) seen.push(content);
  }
  return seen;
}

describe('before the first delta', () => {
  test.each<[string, Behaviour]>([
    ['is not there', down],
    ['has no room', failing(503)],
    ['ends at once', { body: '', headers: { 'content-type': 'text/event-stream' } }],
    ['breaks off behind its role', cut({ role: 'assistant' }, { content: '' })],
    ['fails in an event', { events: [{ error: { message: 'server overloaded', code: 503 } }] }],
    [
      'ends by a bad word',
      { events: [chunk({ role: 'assistant' }), chunk({}, 'insufficient_system_resource')] },
    ],
  ])('nobody sees that a vendor %s', async (_what, does) => {
    const { client, order } = two(does);
    const stream = await client.chat.completions.create({ messages, stream: true });
    expect(await readAll(stream)).toEqual(['Hello ', 'world']);
    const completion = await stream.finalCompletion();
    expect(completion.choices[0].message.content).toBe('Hello world');
    expect(order).toEqual(['anyfast', 'shortapi']);
    expect(completion.report).toBe(stream.report);
    expect(stream.report).toMatchObject({ provider: 'shortapi', completion: 'complete' });
    expect(
      stream.report.attempts.map(({ provider, error }) => [provider, error === undefined]),
    ).toEqual([
      ['anyfast', false],
      ['shortapi', true],
    ]);
  });

  test('an answer without content that ends well is an answer', async () => {
    const { client, order } = two({ events: [chunk({ role: 'assistant' }), chunk({}, 'stop')] });
    const stream = client.chat.completions.stream({ messages });
    const { report } = await stream.finalCompletion();
    expect(order).toEqual(['anyfast']);
    expect(report.issues.map(({ code }) => code)).toContain('empty_answer');
  });

  test('every chunk that came before the first delta is handed out, in order', async () => {
    const { client } = two(good);
    const stream = client.chat.completions.stream({ messages });
    const chunks: ChatCompletionChunk[] = [];
    for await (const each of stream) chunks.push(each);
    expect(
      chunks.map(
        ({ choices }) =>
          choices[0]?.delta.role ?? choices[0]?.delta.content ?? choices[0]?.finish_reason,
      ),
    ).toEqual(['assistant', 'Hello ', 'world', 'stop']);
  });
});

describe('after the first delta', () => {
  test.each<[string, Behaviour]>([
    ['is cut off', half],
    ['ends by a bad word', byWord],
  ])('%s: an answer starts anew, and whoever reads is told', async (_what, does) => {
    const { client } = two(does, { onInterrupted: 'restart' });
    const stream = client.chat.completions.stream({ messages });
    expect(await readAll(stream)).toEqual(['Hel', 'reset', 'Hello ', 'world']);
    const completion = await stream.finalCompletion();
    expect(completion.choices[0].message.content).toBe('Hello world');
    expect(completion.report).toMatchObject({
      provider: 'shortapi',
      completion: 'complete',
      attempts: [{ provider: 'anyfast', error: 'stream_interrupted' }, { provider: 'shortapi' }],
    });
    expect(completion.report.issues.map(({ code }) => code)).toContain('restarted');
  });

  test('events tell of it by a reset', async () => {
    const { client } = two(half, { onInterrupted: 'restart' });
    const events: ChatStreamEvent[] = [];
    for await (const event of client.chat.completions.stream({ messages }).events())
      events.push(event);
    expect(
      events.map((event) => (event.type === 'content.delta' ? event.delta : event.type)),
    ).toEqual(['Hel', 'reset', 'Hello ', 'world', 'finish']);
  });

  test('text() cannot tell of it, and fails', async () => {
    const { client, order } = two(half, { onInterrupted: 'restart' });
    const seen: string[] = [];
    const read = async () => {
      for await (const text of client.chat.completions.stream({ messages }).text()) seen.push(text);
    };
    const error = await errorOf(read());
    expect(error.code).toBe('stream_interrupted');
    expect(error.partial?.choices[0].message.content).toBe('Hel');
    expect(seen).toEqual(['Hel']);
    expect(order).toEqual(['anyfast']);
  });

  test('by default it fails, with what had come', async () => {
    const { client, order } = two(half);
    const stream = client.chat.completions.stream({ messages });
    const error = await errorOf(stream.finalCompletion());
    expect(error).toMatchObject({ code: 'stream_interrupted', provider: 'anyfast' });
    expect(error.partial?.choices[0].message.content).toBe('Hel');
    expect(order).toEqual(['anyfast']);
  });

  test('by default an end by a bad word is the end, as with one vendor', async () => {
    const { client, order } = two(byWord);
    const completion = await client.chat.completions.stream({ messages }).finalCompletion();
    expect(completion.choices[0].finish_reason).toBe('abort');
    expect(completion.report.completion).toBe('interrupted');
    expect(order).toEqual(['anyfast']);
  });

  test('if the next one fails too, the error has what was handed out last', async () => {
    const { client } = two(half, { onInterrupted: 'restart' }, down);
    const stream = client.chat.completions.stream({ messages });
    const error = await errorOf(stream.finalCompletion());
    expect(error.code).toBe('all_providers_failed');
    expect(error.partial?.choices[0].message.content).toBe('Hel');
    expect(error.report?.attempts).toHaveLength(2);
  });

  test('a break behind the whole answer is no reason to ask again', async () => {
    const whole = cut({ content: 'Hello' });
    const finished = {
      ...(whole as object),
      body: `${(whole as { body: string }).body}data: ${JSON.stringify(chunk({}, 'stop'))}\n\n`,
    };
    const { client, order } = two(finished, { onInterrupted: 'restart' });
    const completion = await client.chat.completions.stream({ messages }).finalCompletion();
    expect(completion.choices[0].message.content).toBe('Hello');
    expect(order).toEqual(['anyfast']);
  });

  test('leaving the loop ends the call, and nobody else is asked', async () => {
    const { client, order } = two(half, { onInterrupted: 'restart' });
    const stream = client.chat.completions.stream({ messages });
    for await (const { choices } of stream) if (choices[0]?.delta.content) break;
    expect(await errorOf(stream.finalCompletion())).toMatchObject({ code: 'aborted' });
    expect(order).toEqual(['anyfast']);
  });
});

describe('going on where an answer broke off', () => {
  const rest = { events: [chunk({ content: 'lo world' }), chunk({}, 'stop')] };

  test('a vendor that can is given the beginning, and the texts are one', async () => {
    const { client, sent } = severalOf(
      [
        { provider: 'anyfast', does: half },
        { provider: 'deepseek', does: rest },
      ],
      { onInterrupted: 'continue' },
    );
    const stream = client.chat.completions.stream({ messages });
    expect(await readAll(stream)).toEqual(['Hel', 'lo world']);
    expect((await stream.finalCompletion()).choices[0].message.content).toBe('Hello world');
    const body = JSON.parse(sent.deepseek?.[0]?.body ?? '');
    expect(body.messages.at(-1)).toMatchObject({ role: 'assistant', content: 'Hel', prefix: true });
  });

  test('text() can be gone on with', async () => {
    const { client } = severalOf(
      [
        { provider: 'anyfast', does: half },
        { provider: 'deepseek', does: rest },
      ],
      { onInterrupted: 'continue' },
    );
    let text = '';
    for await (const each of client.chat.completions.stream({ messages }).text()) text += each;
    expect(text).toBe('Hello world');
  });

  test('where no vendor can, or tools are in play, it starts anew', async () => {
    const nobody = two(half, { onInterrupted: 'continue' });
    expect(await readAll(nobody.client.chat.completions.stream({ messages }))).toEqual([
      'Hel',
      'reset',
      'Hello ',
      'world',
    ]);
    const { client } = severalOf(
      [
        { provider: 'anyfast', does: half },
        { provider: 'deepseek', does: good },
      ],
      { onInterrupted: 'continue' },
    );
    const tools = [
      { type: 'function' as const, function: { name: 'weather', parameters: { type: 'object' } } },
    ];
    expect(await readAll(client.chat.completions.stream({ messages, tools }))).toEqual([
      'Hel',
      'reset',
      'Hello ',
      'world',
    ]);
  });
});

test('half a tool call of a vendor that broke off is not in the answer of the next one', async () => {
  const calls = (text: string) => ({ tool_calls: [callOf('call-1', 'weather', text, 0)] });
  const { client } = two(
    cut(calls('{"city":')),
    { onInterrupted: 'restart' },
    {
      events: [chunk(calls('{"city":"Rome"}')), chunk({}, 'tool_calls')],
    },
  );
  const tools = [
    { type: 'function' as const, function: { name: 'weather', parameters: { type: 'object' } } },
  ];
  const { choices } = await client.chat.completions.stream({ messages, tools }).finalCompletion();
  expect(choices[0].message.tool_calls).toMatchObject([
    { function: { arguments: '{"city":"Rome"}' } },
  ]);
  expect(choices[0].message.invalid_tool_calls).toBeUndefined();
});
