import * as fc from 'fast-check';
import type { ChatCompletionChunk } from 'deepseek-v4-flash';
import { createClient, isChatError, providers } from 'deepseek-v4-flash';
import { createEmulator } from 'deepseek-v4-flash/testing';
import { expect, test } from 'vitest';
import { Accumulator } from '../../src/stream/accumulate.ts';
import { streamDialect } from '../../src/stream/stream-dialect.ts';
import { ChunkReader } from '../../src/stream/chunk-reader.ts';
import { ChatError } from '../../src/outcome/chat-error.ts';

interface Outcome {
  chunks: ChatCompletionChunk[];
  /** The folded answer, with repeats added as repeats. */
  folded: unknown;
  error: string | undefined;
  repeats: number;
  /** The JSON of each chunk, where it is at hand. */
  written: (string | undefined)[];
}

const limits = {
  eventBytes: 1 << 20,
  toolCalls: 8,
  choices: 8,
  argumentBytes: 1 << 20,
  responseBytes: 1 << 26,
  logprobBytes: 1 << 26,
};

/** Reads a stream in the given pieces; without knowing what is plain, every event takes the plain way. */
async function read(pieces: readonly Uint8Array[], way: 'quick' | 'plain'): Promise<Outcome> {
  const { deepseek } = providers;
  const dialect = {
    ...streamDialect(deepseek, () => new ChatError('server_error', 'an error in the stream')),
    isPlainChunk: way === 'quick' ? deepseek.isPlainChunk : undefined,
  };
  let next = 0;
  const body = { read: async () => pieces[next++], cancel() {} };
  const reader = new ChunkReader(body, dialect, limits, () => {});
  const accumulator = new Accumulator(limits);
  const chunks: ChatCompletionChunk[] = [];
  const written: (string | undefined)[] = [];
  let repeats = 0;
  let error: string | undefined;
  try {
    do {
      for (let chunk = reader.pull(); chunk !== undefined; chunk = reader.pull()) {
        chunks.push(chunk);
        written.push(reader.jsonOf(chunk));
        if (reader.isRepeat) repeats++;
        if (reader.isRepeat) accumulator.addRepeat(chunk);
        else accumulator.add(chunk);
      }
    } while (await reader.fill());
  } catch (reason) {
    error = isChatError(reason) ? `${reason.code}: ${reason.message}` : String(reason);
  }
  return { chunks, folded: accumulator.partial(() => {}), error, repeats, written };
}

/** @param at thousandths */
function cut(text: string, at: readonly number[]): Uint8Array[] {
  const bytes = new TextEncoder().encode(text);
  const places = at
    .map((share) => Math.floor((share / 1_000) * bytes.length))
    .toSorted((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.slice(from, places[index] ?? bytes.length));
}

const head = { id: 'a1', object: 'chat.completion.chunk', created: 1, model: 'm' };

// What could be taken for the end of a text, of an event, or of a field.
const spice = [
  '"',
  '\\',
  '\n',
  '\n\n',
  '"}',
  '"},"finish_reason":null}]}\n\n',
  '","content":"',
  'data: ',
  '\u2028',
  '🙂',
  '天空',
  '\ud83d',
  '\u0000',
  ' ',
  '',
  'another text',
  '"reasoning_content":"',
];
const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.array(fc.constantFrom(...spice), { maxLength: 4 }).map((parts) => parts.join('')),
);
const callOf = (index: number, piece: string): object => ({
  tool_calls: [{ index, function: { arguments: piece } }],
});
const usualDeltas = [text.map((content) => ({ content })), text.map((piece) => callOf(0, piece))];
const otherDeltas = [
  ...usualDeltas,
  text.map((piece) => callOf(1, piece)),
  text.map((piece) => ({ content: piece, ...callOf(0, piece) })),
  text.map((piece) => ({
    tool_calls: [{ index: 1, id: 'call_b', function: { name: 'other', arguments: piece } }],
  })),
  text.map((reasoning) => ({ reasoning_content: reasoning, content: null })),
  text.map((content) => ({ role: 'assistant', content, reasoning_content: null })),
  text.map((both) => ({ content: both, reasoning_content: both })),
];
const top = fc.oneof(
  { weight: 40, arbitrary: fc.constant(head) },
  { weight: 1, arbitrary: fc.constant({ ...head, id: 'b2' }) },
  { weight: 1, arbitrary: fc.constant({ ...head, created: 2, system_fingerprint: 'f' }) },
  { weight: 1, arbitrary: fc.constant({ ...head, vendor: { nested: ['x'] } }) },
  { weight: 1, arbitrary: fc.constant({ ...head, error: null, usage: null }) },
);
const rarely = fc.integer({ min: 0, max: 20 }).map((chance) => chance === 0);
const eventOf = (delta: fc.Arbitrary<object>): fc.Arbitrary<string> =>
  fc
    .record({
      top,
      delta,
      isAscii: rarely,
      spaced: rarely,
      end: fc.oneof(
        { weight: 20, arbitrary: fc.constant('\n\n') },
        { weight: 1, arbitrary: fc.constantFrom('\r\n\r\n', '\n\n: comment\n\n', '\n\n\n') },
      ),
    })
    .map(({ top: fields, delta: piece, isAscii, spaced, end }) => {
      const choices = [{ index: 0, delta: piece, logprobs: null, finish_reason: null }];
      const json = JSON.stringify({ ...fields, choices });
      const escaped = isAscii
        ? json.replace(
            /[\u0080-\uffff]/g,
            (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
          )
        : json;
      return `data: ${spaced ? escaped.replaceAll('":', '": ') : escaped}${end}`;
    });
const odd = fc.constantFrom(
  'data: {"id":"a1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"x","content":"y"},"logprobs":null,"finish_reason":null}]}\n\n',
  'data: {"id":"a1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"raw\tcontrol"},"logprobs":null,"finish_reason":null}]}\n\n',
  'data: {"id":"a1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"bad \\x escape"},"logprobs":null,"finish_reason":null}]}\n\n',
  'data: {"id":"a1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"no end\n\n',
  'data: {"choices":[],"usage":{"prompt_tokens":1}}\n\n',
  'event: message\ndata: {"id":"a1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"named"},"logprobs":null,"finish_reason":null}]}\n\n',
  'data: {"error":{"message":"no"}}\n\n',
  'data: [DONE]\n\n',
  ': ping\n\n',
);
const stream = fc.constantFrom(...usualDeltas).chain((usual) => {
  const others = otherDeltas.map((arbitrary) => ({ weight: 1, arbitrary }));
  const event = eventOf(fc.oneof({ weight: 50, arbitrary: usual }, ...others));
  return fc
    .array(fc.oneof({ weight: 20, arbitrary: event }, { weight: 1, arbitrary: odd }), {
      maxLength: 30,
      size: 'max',
    })
    .map((events) => events.join(''));
});

test('what repeats is read and written as if it did not, however the bytes are cut', async () => {
  let repeats = 0;
  let handedOn = 0;
  await fc.assert(
    fc.asyncProperty(
      stream,
      fc.array(fc.integer({ min: 0, max: 999 }), { maxLength: 12, size: 'max' }),
      async (written, places) => {
        const pieces = cut(written, places);
        const quick = await read(pieces, 'quick');
        const plain = await read(pieces, 'plain');
        repeats += quick.repeats;
        expect(quick.chunks).toEqual(plain.chunks);
        // Also the order of keys, which `toEqual` does not see.
        expect(JSON.stringify(quick.chunks)).toBe(JSON.stringify(plain.chunks));
        for (const [at, json] of quick.written.entries()) {
          if (json === undefined) continue;
          handedOn++;
          expect(JSON.parse(json)).toEqual(plain.chunks[at]);
          expect(json).not.toMatch(/[\r\n]/);
        }
        expect(plain.written.every((json) => json === undefined)).toBe(true);
        expect(quick.folded).toEqual(plain.folded);
        expect(quick.error).toBe(plain.error);
        expect(plain.repeats).toBe(0);
      },
    ),
    { numRuns: 3_000, seed: 20_261_121 },
  );
  // Of some thirty thousand events; where nothing was quick, nothing was shown.
  expect(repeats).toBeGreaterThan(2_000);
  expect(handedOn).toBeGreaterThan(repeats);
});

const chunkOf = (content: string, fields: object = {}): string =>
  `data: ${JSON.stringify({ ...head, ...fields, choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`;

test('nearly all events of a plain answer are read as repetitions', async () => {
  const events = Array.from({ length: 1_000 }, (_, index) => chunkOf(` word ${index}`));
  const { repeats, chunks } = await read(cut(events.join(''), [100, 200, 500, 700]), 'quick');
  expect(chunks).toHaveLength(1_000);
  // Those before the second read, and those that a cut goes through, are not.
  expect(repeats).toBeGreaterThan(850);
});

const callPiece = (index: number, piece: string, fields: object = {}): string =>
  `data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta: { tool_calls: [{ index, ...fields, function: { ...('id' in fields && { name: 'save' }), arguments: piece } }] }, finish_reason: null }] })}\n\n`;

test('nearly all pieces of tool arguments are read as repetitions, and make the same calls', async () => {
  const first = JSON.stringify({ note: 'a "quoted" text\nwith 🙂 and \\', list: [1, 2, 3] });
  const second = JSON.stringify({ other: 'call' });
  const events = [
    callPiece(0, '', { id: 'call_a' }),
    ...Array.from(first, (piece) => callPiece(0, piece)),
    callPiece(1, '', { id: 'call_b' }),
    ...Array.from(second, (piece) => callPiece(1, piece)),
  ];
  const pieces = events.flatMap((each) => cut(each, []));
  const quick = await read(pieces, 'quick');
  const plain = await read(pieces, 'plain');
  expect(JSON.stringify(quick.chunks)).toBe(JSON.stringify(plain.chunks));
  expect(quick.folded).toEqual(plain.folded);
  expect(quick.folded).toMatchObject({
    choices: [
      {
        message: {
          tool_calls: [
            { id: 'call_a', function: { name: 'save', arguments: first } },
            { id: 'call_b', function: { name: 'save', arguments: second } },
          ],
        },
      },
    ],
  });
  expect(quick.repeats).toBeGreaterThan(events.length * 0.8);
});

test('repeated pieces of arguments count towards the limit of a call', async () => {
  const accumulator = new Accumulator({ ...limits, choices: 1, argumentBytes: 100 });
  const piece = JSON.parse(
    callPiece(0, 'x'.repeat(10)).slice('data: '.length),
  ) as ChatCompletionChunk;
  accumulator.add(piece);
  const add = (): void => {
    for (let count = 0; count < 10; count++) accumulator.addRepeat(piece);
  };
  expect(add).toThrow(expect.objectContaining({ code: 'limit_exceeded' }));
});

test('every chunk is an object of its own', async () => {
  const pieces = [chunkOf('a'), chunkOf('b'), chunkOf('c')].flatMap((each) => cut(each, []));
  const { chunks, repeats } = await read(pieces, 'quick');
  expect(repeats).toBe(2);
  const [, second, third] = chunks;
  if (second?.choices[0] === undefined) throw new Error('no second chunk');
  second.choices[0].delta.content = 'changed';
  expect(third?.choices[0]?.delta.content).toBe('c');
});

test('a field that changes in between is told by the last that had it', async () => {
  const pieces = [
    chunkOf('a', { system_fingerprint: 'one' }),
    chunkOf('b', { system_fingerprint: 'one' }),
    chunkOf('', { system_fingerprint: 'two' }),
    chunkOf('c', { system_fingerprint: 'one' }),
  ].flatMap((each) => cut(each, []));
  const quick = await read(pieces, 'quick');
  const plain = await read(pieces, 'plain');
  expect(quick.folded).toEqual(plain.folded);
  expect(quick.folded).toMatchObject({ system_fingerprint: 'one' });
});

test('events that never repeat are soon no longer compared', async () => {
  const pieces = Array.from({ length: 50 }, (_, index) =>
    chunkOf(`word ${index}`, { id: `id-${index}` }),
  );
  const { chunks, repeats } = await read(
    pieces.flatMap((each) => cut(each, [])),
    'quick',
  );
  expect(chunks).toHaveLength(50);
  expect(repeats).toBe(0);
});

test('the limit of an event is the same for one that repeats', async () => {
  const event = chunkOf('x'.repeat(100));
  const dialect = streamDialect(providers.deepseek, () => new ChatError('server_error', 'no'));
  const countWith = async (eventBytes: number): Promise<number> => {
    const left = [chunkOf('x'), event, event].map((each) => new TextEncoder().encode(each));
    const body = { read: async () => left.shift(), cancel() {} };
    const reader = new ChunkReader(body, dialect, { ...limits, eventBytes }, () => {});
    let count = 0;
    do while (reader.pull() !== undefined) count++;
    while (await reader.fill());
    return count;
  };
  const dataLength = event.length - 'data: \n\n'.length;
  expect(await countWith(dataLength)).toBe(3);
  await expect(countWith(dataLength - 1)).rejects.toMatchObject({ code: 'limit_exceeded' });
});

test('data of several lines is neither a pattern nor handed on as it came', async () => {
  const chunks = ['Never ', 'mix ', 'these'].map((content) => ({
    ...head,
    choices: [{ index: 0, delta: { content }, finish_reason: null }],
  }));
  const pieces = chunks.map((each) => {
    const lines = JSON.stringify(each, undefined, 1).split('\n');
    return new TextEncoder().encode(`${lines.map((line) => `data: ${line}`).join('\n')}\n\n`);
  });
  const quick = await read(pieces, 'quick');
  expect(quick.chunks).toEqual(chunks);
  expect(quick.written).toEqual([undefined, undefined, undefined]);
  expect(quick.repeats).toBe(0);
});

test.each([1, 2, 100])(
  'what came before an event that is too large is read, though it came in one piece with %i others',
  async (others) => {
    const dialect = streamDialect(providers.deepseek, () => new ChatError('server_error', 'no'));
    const events = Array.from({ length: others }, () => chunkOf('x')).join('');
    const pieces = [new TextEncoder().encode(events + chunkOf('x'.repeat(1_000)) + chunkOf('y'))];
    const body = { read: async () => pieces.shift(), cancel() {} };
    const reader = new ChunkReader(body, dialect, { ...limits, eventBytes: 500 }, () => {});
    await reader.fill();
    for (let count = 0; count < others; count++) {
      expect(reader.pull()?.choices[0]?.delta.content).toBe('x');
    }
    for (let again = 0; again < 2; again++) {
      expect(() => reader.pull()).toThrow(expect.objectContaining({ code: 'limit_exceeded' }));
    }
  },
);

test.each([
  { what: 'text', begun: [chunkOf('Hi'), chunkOf('!')], empty: chunkOf('') },
  {
    what: 'tool arguments',
    begun: [callPiece(0, '{"a"'), callPiece(0, ':')],
    empty: callPiece(0, ''),
  },
])('a vendor that goes on sending empty $what has stalled', async ({ begun, empty }) => {
  const emulator = createEmulator();
  const client = createClient({
    apiKey: 'any-key',
    transport: emulator.transport,
    maxRetries: 0,
    timeout: { stall: 150, idle: 10_000, total: 10_000 },
  });
  const nothing = { repeat: empty, everyMs: 5 };
  emulator.reply({ writes: [...begun.flatMap((event) => [event, { delayMs: 5 }]), nothing] });
  const stream = client.chat.completions.stream({ messages: [{ role: 'user', content: 'Hi' }] });
  await expect(stream.finalCompletion()).rejects.toMatchObject({
    code: 'timeout',
    phase: 'stall',
  });
});

test('the first content is timed, also where empty pieces of it came before', async () => {
  const emulator = createEmulator();
  const client = createClient({ apiKey: 'any-key', transport: emulator.transport, maxRetries: 0 });
  const pieces = ['', '', '{}'].flatMap((piece) => [callPiece(0, piece), { delayMs: 5 }]);
  const end = { ...head, choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] };
  emulator.reply({ writes: [...pieces, `data: ${JSON.stringify(end)}\n\n`, 'data: [DONE]\n\n'] });
  const stream = client.chat.completions.stream({ messages: [{ role: 'user', content: 'Hi' }] });
  await stream.finalCompletion();
  expect(stream.report.timings.firstContentMs).toBeGreaterThan(0);
});
