import type { ChatCompletionChunk, ClientOptions, Report, Transport } from 'deepseek-v4-flash';
import { createClient, isChatError } from 'deepseek-v4-flash';
import { expect, test, vi } from 'vitest';

type Delta = ChatCompletionChunk['choices'][number]['delta'];

const messages = [{ role: 'user' as const, content: 'Hi' }];

function event(delta: Delta, finish: string | null = null, index = 0): string {
  const choices = [{ index, delta, finish_reason: finish }];
  const chunk = { id: 'a', object: 'chat.completion.chunk', created: 1, model: 'm', choices };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

const end = `${event({}, 'stop')}data: [DONE]\n\n`;

/** A transport whose body gives these pieces one by one, and then waits or ends. */
function playing(
  pieces: readonly string[],
  { hangs = false, cancel = () => {} }: { hangs?: boolean; cancel?: () => void } = {},
): Transport {
  return {
    async send({ signal }) {
      let next = 0;
      const read = async (): Promise<Uint8Array | undefined> => {
        if (signal.aborted) throw signal.reason;
        const piece = pieces[next++];
        if (piece !== undefined) return new TextEncoder().encode(piece);
        if (!hangs) return undefined;
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        });
      };
      return { status: 200, headers: {}, body: { read, cancel } };
    },
  };
}

const clientOf = (transport: Transport, options: ClientOptions = {}) =>
  createClient({ apiKey: 'sk-0123456789', maxRetries: 0, transport, ...options });

const codeOf = (error: unknown): string =>
  isChatError(error) ? error.code : `no ChatError: ${String(error)}`;

/** What becomes of a promise, even if nothing does. */
function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  const never = new Promise((resolve) => setTimeout(resolve, 1_000, 'pending'));
  return Promise.race([promise.then(() => 'done', codeOf), never]);
}

const call = (delta: Delta): Delta => ({
  tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '' } }],
  ...delta,
});

type Change = [string, (choice: ChatCompletionChunk['choices'][number]) => void];

const changes: Change[] = [
  ['another delta', (choice) => Object.assign(choice, { delta: { content: 'mine' } })],
  [
    'another text',
    ({ delta }) => Object.assign(delta, { content: 'mine', reasoning_content: 'x' }),
  ],
  ['another index', (choice) => Object.assign(choice, { index: 3 })],
  [
    'other arguments',
    ({ delta }) => {
      const [first] = delta.tool_calls ?? [];
      if (first) first.function = { name: 'mine', arguments: 'mine' };
    },
  ],
];

test.each(changes)('what a reader does to a chunk changes no other one: %s', async (_, change) => {
  const pieceOf = (text: string): Delta => ({
    tool_calls: [{ index: 0, function: { arguments: text } }],
  });
  const pieces = [
    ...['a', 'b', 'c', 'd'].map((text) => event({ reasoning_content: text })),
    ...['e', 'f', 'g', 'h'].map((text) => event({ content: text })),
    event(call({})),
    ...['{"a"', ':"', 'bcd', '"}'].map((text) => event(pieceOf(text))),
    `${event({}, 'tool_calls')}data: [DONE]\n\n`,
  ];
  const read = async (each?: Change[1]): Promise<unknown> => {
    const stream = await clientOf(playing(pieces)).chat.completions.create({
      messages,
      stream: true,
    });
    const chunks: unknown[] = [];
    for await (const chunk of stream) {
      chunks.push(structuredClone(chunk));
      if (each !== undefined) for (const choice of chunk.choices) each(choice);
    }
    return { chunks, whole: await stream.finalCompletion() };
  };

  expect(await read(change)).toEqual(await read());
});

test('the same content again and again is no stall, whatever stands beside it', async () => {
  vi.useFakeTimers();
  try {
    const pieceOf = (text: string): Delta => ({
      content: 'q',
      tool_calls: [{ index: 0, function: { arguments: text } }],
    });
    const pieces = [event(call({})), event(pieceOf('x')), ...Array(9).fill(event(pieceOf('')))];
    const { send } = playing([...pieces, end]);
    const slow: Transport = {
      async send(request) {
        const { body, ...head } = await send(request);
        const read = async (): Promise<Uint8Array | undefined> => {
          await new Promise((resolve) => setTimeout(resolve, 600));
          return body.read();
        };
        return { ...head, body: { ...body, read } };
      },
    };
    const client = clientOf(slow, { timeout: { stall: 1_000 } });
    const outcome = client.chat.completions
      .stream({ messages })
      .finalCompletion()
      .then(() => 'done', codeOf);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await outcome).toBe('done');
  } finally {
    vi.useRealTimers();
  }
});

test('a stream ends for everybody if what it held back goes beyond a limit', async () => {
  const reports: Report[] = [];
  const client = clientOf(
    playing([event({ content: 'a' }), event({ content: '<' }, null, 9)], { hangs: true }),
    {
      splitThinkTags: true,
      limits: { choices: 2 },
      hooks: { onEnd: (report) => reports.push(report) },
    },
  );
  const stream = client.chat.completions.stream({ messages });
  expect(await outcomeOf(stream.finalCompletion())).toBe('limit_exceeded');
  expect(reports).toHaveLength(1);
});

test('a stream ends for everybody if the transport fails to let go of the body', async () => {
  const cancel = (): never => {
    throw new Error('a fault of the transport');
  };
  const cut = clientOf(playing([event({ content: 'a' })], { cancel }));
  const whole = clientOf(playing([event({ content: 'a' }), event({}, 'stop')], { cancel }));
  expect(await outcomeOf(cut.chat.completions.stream({ messages }).finalCompletion())).toBe(
    'stream_interrupted',
  );
  expect(await outcomeOf(whole.chat.completions.stream({ messages }).finalCompletion())).toBe(
    'done',
  );
});

test('a call has one end, also if it is aborted while the end of its body is read', async () => {
  const ends: unknown[] = [];
  const client = clientOf(playing([event({ content: 'a' }) + end]), {
    hooks: { onEnd: ({ completion, attempts }) => ends.push([completion, attempts[0]?.error]) },
  });
  const stream = await client.chat.completions.create({ messages, stream: true });
  const chunks = stream[Symbol.asyncIterator]();
  await chunks.next();
  await chunks.next();
  const last = chunks.next();
  stream.abort();
  expect(await outcomeOf(last)).toBe('aborted');
  expect(await outcomeOf(stream.finalCompletion())).toBe('aborted');
  expect(ends).toEqual([['interrupted', 'aborted']]);
});

test('a stream that was ended before its head came leaves no clock behind', async () => {
  vi.useFakeTimers();
  try {
    for (let ticks = 0; ticks < 20; ticks++) {
      const client = clientOf(playing([event({ content: 'a' })], { hangs: true }));
      const stream = client.chat.completions.stream({ messages });
      for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
      stream.abort();
      await vi.advanceTimersByTimeAsync(10);
      expect({ ticks, clocks: vi.getTimerCount() }).toEqual({ ticks, clocks: 0 });
    }
  } finally {
    vi.useRealTimers();
  }
});
