import type { ChatCompletion, ChatStream, ClientOptions } from 'deepseek-v4-flash';
import { createClient, isChatError } from 'deepseek-v4-flash';
import type { EmulatorReply, EmulatorServer, FaultEnd } from 'deepseek-v4-flash/testing';
import { faults, startEmulator } from 'deepseek-v4-flash/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// A vendor that is killed at each event of its stream, on real sockets, while another one is well.

let server: EmulatorServer;
beforeAll(async () => {
  server = await startEmulator();
});
afterAll(() => server.close());

/** Of four tokens each, so that a stream has: opening, four deltas, the finish with the usage, `[DONE]`. */
const [ofFirst, ofSecond] = ['alpha beta gamma delta', 'one two three four'];
const say = (content: string) => ({ content, reasoning_content: '' });
const params = { messages: [{ role: 'user', content: 'Hi' } as const] };

function connect(options: ClientOptions = {}) {
  const vendor = (name: string) =>
    ({ name, provider: 'deepseek', baseURL: server.baseURL('deepseek'), apiKey: 'any' }) as const;
  const client = createClient({
    onUnsupported: 'adjust',
    maxRetries: 0,
    ...options,
    providers: [vendor('first'), vendor('second')],
  });
  return { client, completions: client.chat.completions };
}

const cut = (events: number, end: FaultEnd): EmulatorReply => ({
  ...faults.cutAfterEvents(events, end),
  answer: say(ofFirst),
});

interface Read {
  /** What the reader had before each `reset`, and last what came after them. */
  texts: string[];
  outcome: { completion: ChatCompletion } | { error: unknown };
  stream: ChatStream;
}

/** Reads a stream as a page would: text is added, and thrown away where the stream says so. */
async function readEvents(stream: ChatStream): Promise<Read> {
  const texts = [''];
  try {
    for await (const event of stream.events()) {
      if (event.type === 'reset') texts.push('');
      else if (event.type === 'content.delta') texts.push((texts.pop() ?? '') + event.delta);
    }
    return { texts, outcome: { completion: await stream.finalCompletion() }, stream };
  } catch (error) {
    return { texts, outcome: { error }, stream };
  }
}

const contentOf = ({ choices }: ChatCompletion): string | null => choices[0].message.content;

const attemptsOf = ({ report }: ChatStream): unknown[] =>
  report.attempts.map(({ number, provider, error }) => [number, provider, error]);

/** Where a stream of the first vendor may be cut, and whether a delta has come and its finish has by then. */
const deltas = 4;
const places = Array.from({ length: deltas + 4 }, (_each, events) => ({
  events,
  hasBegun: events >= 2,
  isFinished: events >= deltas + 2,
}));
const kills = places.flatMap((place) =>
  (['reset', 'fin'] as const).map((end) => ({ ...place, end })),
);

test('the places are those of the stream that is cut', async () => {
  server.reply(say(ofFirst));
  const response = await fetch(`${server.baseURL('deepseek')}/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer any', 'content-type': 'application/json' },
    body: JSON.stringify({
      ...params,
      model: 'deepseek-v4-flash',
      stream: true,
      thinking: { type: 'disabled' },
      stream_options: { include_usage: true },
    }),
  });
  const events = (await response.text()).match(/^data: .*/gm) ?? [];
  expect(events[0]).toContain('"role":"assistant"');
  expect(events[1]).toMatch(/"content":"[^"]/);
  expect(events.at(-2)).toContain('"finish_reason":"stop"');
  expect(events.at(-1)).toBe('data: [DONE]');
  // The last place is behind everything.
  expect(places.at(-1)?.events).toBe(events.length);
});

describe.each(kills)('killed by $end after $events events', ({ events, end, ...place }) => {
  const { hasBegun, isFinished } = place;
  const moved = [
    [1, 'first', 'stream_interrupted'],
    [2, 'second', undefined],
  ];

  test("onInterrupted 'error': the second vendor answers until the first delta is out, and nobody after it", async () => {
    server.reply(cut(events, end), ...(hasBegun ? [] : [say(ofSecond)]));
    const { texts, outcome, stream } = await readEvents(connect().completions.stream(params));
    server.assertNoPendingReplies();
    if (!hasBegun) {
      expect(outcome).toMatchObject({ completion: { choices: [{ message: saying(ofSecond) }] } });
      expect(texts).toEqual([ofSecond]);
      expect(attemptsOf(stream)).toEqual(moved);
    } else if (isFinished) {
      expect(outcome).toMatchObject({ completion: { choices: [{ message: saying(ofFirst) }] } });
      expect(texts).toEqual([ofFirst]);
      expect(attemptsOf(stream)).toEqual([[1, 'first', undefined]]);
    } else {
      const { error } = outcome as { error: unknown };
      expect(isChatError(error, 'stream_interrupted')).toBe(true);
      const { partial, report } = error as { partial: ChatCompletion; report: unknown };
      // What is still on its way when a connection is reset may be lost.
      expect(ofFirst.startsWith(contentOf(partial) ?? '?')).toBe(true);
      expect(contentOf(partial)).toBe(texts.join('RESET'));
      expect(report).toBe(stream.report);
      expect(attemptsOf(stream)).toEqual([[1, 'first', 'stream_interrupted']]);
    }
  });

  test("onInterrupted 'restart': the answer is one vendor's from its beginning to its end, and each reset is told", async () => {
    server.reply(cut(events, end), ...(isFinished ? [] : [say(ofSecond)]));
    const { completions } = connect({ onInterrupted: 'restart' });
    const { texts, outcome, stream } = await readEvents(completions.stream(params));
    server.assertNoPendingReplies();
    const { completion } = outcome as { completion: ChatCompletion };
    const expected = isFinished ? ofFirst : ofSecond;
    expect(contentOf(completion)).toBe(expected);
    expect(texts.at(-1)).toBe(expected);
    expect(attemptsOf(stream)).toEqual(isFinished ? [[1, 'first', undefined]] : moved);
    if (!hasBegun || isFinished) expect(texts).toHaveLength(1);
    else {
      expect(texts).toHaveLength(2);
      expect(ofFirst.startsWith(texts[0] ?? '?')).toBe(true);
      expect(stream.report.issues.map(({ code }) => code)).toContain('restarted');
    }
    expect(stream.report.completion).toBe('complete');
  });

  test("onInterrupted 'continue': the second vendor goes on where the first one broke off, and no delta comes twice", async () => {
    const rest = ' and the rest';
    server.reply(cut(events, end), ...(isFinished ? [] : [say(hasBegun ? rest : ofSecond)]));
    const before = server.requests.length;
    const { completions } = connect({ onInterrupted: 'continue' });
    const { texts, outcome, stream } = await readEvents(completions.stream(params));
    server.assertNoPendingReplies();
    const { completion } = outcome as { completion: ChatCompletion };
    expect(texts).toHaveLength(1);
    expect(texts[0]).toBe(contentOf(completion));
    if (isFinished) expect(contentOf(completion)).toBe(ofFirst);
    else if (!hasBegun) expect(contentOf(completion)).toBe(ofSecond);
    else {
      const asked = server.requests.slice(before)[1]?.body?.messages?.at(-1);
      expect(asked).toMatchObject({ role: 'assistant', prefix: true });
      const begun = asked?.content as string;
      expect(begun).not.toBe('');
      expect(ofFirst.startsWith(begun)).toBe(true);
      expect(contentOf(completion)).toBe(begun + rest);
    }
    expect(attemptsOf(stream)).toEqual(isFinished ? [[1, 'first', undefined]] : moved);
  });

  test('text() gets the error where anybody else gets a reset', async () => {
    server.reply(cut(events, end), ...(hasBegun ? [] : [say(ofSecond)]));
    const stream = connect({ onInterrupted: 'restart' }).completions.stream(params);
    let text = '';
    let error: unknown;
    try {
      for await (const piece of stream.text()) text += piece;
    } catch (caught) {
      error = caught;
    }
    server.assertNoPendingReplies();
    if (hasBegun && !isFinished) {
      expect(isChatError(error, 'stream_interrupted')).toBe(true);
      expect(ofFirst.startsWith(text)).toBe(true);
      expect(attemptsOf(stream)).toEqual([[1, 'first', 'stream_interrupted']]);
    } else {
      expect(error).toBe(undefined);
      expect(text).toBe(isFinished ? ofFirst : ofSecond);
    }
  });

  test('chunks carry the reset, and the chunks behind it are the answer', async () => {
    server.reply(cut(events, end), ...(isFinished ? [] : [say(ofSecond)]));
    const stream = connect({ onInterrupted: 'restart' }).completions.stream(params);
    let text = '';
    let resets = 0;
    for await (const chunk of stream) {
      if ((chunk.flash as { reset?: boolean } | undefined)?.reset === true) {
        resets++;
        text = '';
        expect(chunk.choices).toEqual([]);
      }
      text += chunk.choices[0]?.delta.content ?? '';
    }
    expect(text).toBe(isFinished ? ofFirst : ofSecond);
    expect(resets).toBe(hasBegun && !isFinished ? 1 : 0);
    expect(contentOf(await stream.finalCompletion())).toBe(text);
  });
});

const saying = (content: string) => ({ role: 'assistant', content });

test('a second vendor that is killed as well ends the call, with both in the report', async () => {
  server.reply(cut(3, 'reset'), cut(3, 'fin'));
  const { completions } = connect({ onInterrupted: 'restart' });
  const { outcome, stream } = await readEvents(completions.stream(params));
  const { error } = outcome as { error: unknown };
  expect(isChatError(error)).toBe(true);
  expect(attemptsOf(stream)).toEqual([
    [1, 'first', 'stream_interrupted'],
    [2, 'second', 'stream_interrupted'],
  ]);
  expect((error as { partial?: ChatCompletion }).partial).toBeDefined();
  expect(stream.report.completion).toBe('interrupted');
});

test('with tools in play an answer is asked for again, and not gone on with', async () => {
  server.reply(cut(3, 'fin'), say(ofSecond));
  const before = server.requests.length;
  const tools = [
    { type: 'function', function: { name: 'look', parameters: { type: 'object' } } } as const,
  ];
  const { completions } = connect({ onInterrupted: 'continue' });
  const { texts, outcome } = await readEvents(completions.stream({ ...params, tools: [...tools] }));
  expect(outcome).toMatchObject({ completion: { choices: [{ message: saying(ofSecond) }] } });
  expect(texts).toHaveLength(2);
  const asked = server.requests.slice(before)[1]?.body?.messages ?? [];
  expect(asked.map(({ role }) => role)).toEqual(['user']);
});

test('whole answers move on from a connection that is killed in the head or in the body', async () => {
  for (const fault of [
    faults.noAnswer('reset'),
    faults.cutHead(),
    faults.cutAfterBytes(40, 'fin'),
  ]) {
    server.reply({ ...fault, answer: say(ofFirst) }, say(ofSecond));
    const completion = await connect().completions.create(params);
    expect(contentOf(completion)).toBe(ofSecond);
    expect(completion.report.attempts.map(({ provider }) => provider)).toEqual(['first', 'second']);
  }
});
