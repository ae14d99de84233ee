import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isChatError } from 'deepseek-v4-flash';
import { expect, test } from 'vitest';
import type { SSEEvent } from '../../src/stream/sse.ts';
import { SSEDecoder } from '../../src/stream/sse.ts';
import { seededRandom } from '../kit/random.ts';

interface Expected {
  data: string;
  event?: string | undefined;
  id?: string | undefined;
}

interface Case {
  name: string;
  bytes: Uint8Array;
  expected: Expected[];
  /** What `end()` returns; not looked at where absent. */
  leftover?: Expected | undefined;
}

const encoder = new TextEncoder();

function written(
  name: string,
  text: string | number[],
  expected: (Expected | string)[],
  leftover?: string,
): Case {
  return {
    name,
    bytes: typeof text === 'string' ? encoder.encode(text) : Uint8Array.from(text),
    expected: expected.map((event) => (typeof event === 'string' ? { data: event } : event)),
    ...(leftover !== undefined && { leftover: { data: leftover } }),
  };
}

const codes = (text: string): number[] => [...encoder.encode(text)];

const inlineCases: Case[] = [
  written('lines end with LF', 'data: a\n\ndata: b\n\n', ['a', 'b']),
  written('lines end with CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n', ['a', 'b']),
  written('lines end with CR', 'data: a\r\rdata: b\r\rdata: c', ['a', 'b'], 'c'),
  written('CR, then CRLF, then LF', 'data: a\rdata: b\r\ndata: c\n\n', ['a\nb\nc']),
  written('LF CR are two line ends', 'data: a\n\rdata: b\n\n', ['a', 'b']),
  written('CRLF LF are two line ends', 'data: a\r\n\ndata: b\n\n', ['a', 'b']),
  written('a BOM is not of the first field', '\uFEFFdata: a\n\n', ['a']),
  written('a second BOM is', '\uFEFF\uFEFFdata: a\n\ndata: b\n\n', ['b']),
  written('a BOM after the start is text', 'data: \uFEFFa\n\n', ['\uFEFFa']),
  written('a BOM and nothing else', '\uFEFF', []),
  written('nothing at all', '', []),
  written('blank lines alone', '\n\r\n\r\n\n', []),
  written('blank lines before the first event', '\n\n\n\ndata: a\n\n', ['a']),
  written('characters of two to four bytes', 'data: é漢字😀\n\n', ['é漢字😀']),
  written('a lone continuation byte', [...codes('data: a'), 0x80, ...codes('b\n\n')], ['a\uFFFDb']),
  written(
    'a character that is cut by the end of its line',
    [...codes('data: '), 0xe6, 0xbc, ...codes('\n\ndata: b\n\n')],
    ['\uFFFD', 'b'],
  ),
  written('a comment', ': keep-alive\n\ndata: a\n\n', ['a']),
  written('a comment without text', ':\n\ndata: a\n\n', ['a']),
  written('a comment between two lines of data', 'data: a\n: PING\ndata: b\n\n', ['a\nb']),
  written('a comment that looks like data', ':data: x\n\ndata: a\n\n', ['a']),
  written('comments alone', ': one\n\n: two\n\n', []),
  written('several lines of data', 'data: a\ndata: b\ndata: c\n\n', ['a\nb\nc']),
  written('an empty line of data between two', 'data: a\ndata:\ndata: b\n\n', ['a\n\nb']),
  written('data without a colon', 'data\n\ndata: a\n\n', ['', 'a']),
  written('two lines of data without a colon', 'data\ndata\n\n', ['\n']),
  written('no space after the colon', 'data:a\n\n', ['a']),
  written('two spaces after the colon', 'data:  a\n\n', [' a']),
  written('a tab after the colon', 'data:\ta\n\n', ['\ta']),
  written('a space after the value', 'data: [DONE] \n\n', ['[DONE] ']),
  written('colons in the value', 'data: a:b: c\n\n', ['a:b: c']),
  written('an id', 'id: 7\ndata: a\n\ndata: b\n\n', [{ data: 'a', id: '7' }, 'b']),
  written('an empty id', 'id\ndata: a\n\n', [{ data: 'a', id: '' }]),
  written('an id with NUL is no id', 'id: 1\u0000\ndata: a\n\n', ['a']),
  written('the last id of an event counts', 'id: 1\nid: 2\ndata: a\n\n', [{ data: 'a', id: '2' }]),
  written('an event name', 'event: error\ndata: a\n\ndata: b\n\n', [
    { data: 'a', event: 'error' },
    'b',
  ]),
  written('an empty event name', 'event:\ndata: a\n\n', ['a']),
  written('an event name without data', 'event: ping\n\ndata: a\n\n', ['a']),
  written('an id without data', 'id: 1\n\ndata: a\n\n', ['a']),
  written('an unknown field', 'foo: bar\nfoo\ndata: a\n\n', ['a']),
  written('a field with other case', 'Data: x\nDATA: y\ndata: a\n\n', ['a']),
  written('a space before the field', ' data: x\ndata: a\n\n', ['a']),
  written('a field that only begins like data', 'dat: x\ndatax: y\ndata: a\n\n', ['a']),
  written('a retry', 'retry: 10\nretry: x\ndata: a\n\n', ['a']),
  written('NUL in data', 'data: a\u0000b\n\n', ['a\u0000b']),
  written('framing in a JSON text', 'data: "\\n\\ndata: [DONE]\\n\\n"\n\n', [
    '"\\n\\ndata: [DONE]\\n\\n"',
  ]),
  written('the end without a blank line', 'data: a\n\ndata: [DONE]\n', ['a'], '[DONE]'),
  written('the end without a line end', 'data: a\n\ndata: [DONE]', ['a'], '[DONE]'),
  written('the end in the middle of an event', 'data: a\ndata: {"x"', [], 'a\n{"x"'),
  written('the end in the middle of a field name', 'data: a\n\nda', ['a']),
  written('the end in a character', [...codes('data: a'), 0xe6, 0xbc], [], 'a\uFFFD'),
  written('the end after a field without data', 'data: a\n\nevent: error\n', ['a']),
];

/** Cases where the parser is known to differ from the standard; each must still differ, else it leaves this list. */
const knownGaps = new Set(['wpt-newlines-exact']);

const sharedPath = fileURLToPath(
  new URL('../../../shared/reference/sse-cases.json', import.meta.url),
);

interface SharedCase {
  name: string;
  chunks: string[];
  expected: Expected[];
}

const sharedCases: Case[] = existsSync(sharedPath)
  ? (JSON.parse(readFileSync(sharedPath, 'utf8')) as SharedCase[]).map((shared) => ({
      name: shared.name,
      bytes: Buffer.concat(shared.chunks.map((chunk) => Buffer.from(chunk, 'base64'))),
      expected: shared.expected,
    }))
  : [];

/** The standard's own case, under its name, so that the gap is held where the shared cases are missing too. */
const gapCases: Case[] = [
  written('wpt-newlines-exact', 'data:test\r\ndata\ndata:test\r\n\r', ['test\n\ntest']),
];

function splitRandomly(bytes: Uint8Array, seed: number, longest = 7): Uint8Array[] {
  const random = seededRandom(seed);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    // A piece of no bytes at all is allowed too.
    const end = at + Math.floor(random() * (longest + 1));
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
}

function splitsOf(bytes: Uint8Array): [string, Uint8Array[]][] {
  return [
    ['whole', [bytes]],
    ['byte by byte', [...bytes].map((byte) => Uint8Array.of(byte))],
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((seed): [string, Uint8Array[]] => [
      `random split ${seed}`,
      splitRandomly(bytes, seed),
    ]),
  ];
}

function decodeAll(pieces: Uint8Array[]): { events: SSEEvent[]; leftover: SSEEvent | undefined } {
  const events: SSEEvent[] = [];
  const decoder = new SSEDecoder({ onEvent: (event) => void events.push(event) });
  for (const piece of pieces) decoder.feed(piece);
  // Events that were whole before the end may be dispatched by it.
  const leftover = decoder.end();
  return { events, leftover };
}

/** The three fields of the standard, without those that are not set; bare lines are an addition of ours. */
function standardFields(events: SSEEvent[]): Expected[] {
  return events
    .filter(({ bareLine }) => bareLine === undefined)
    .map(({ data, event, id }) => ({
      data,
      ...(event !== undefined && { event }),
      ...(id !== undefined && { id }),
    }));
}

/** The standard's algorithm, written as it is told there, for a whole body at once. */
function parseByTheStandard(bytes: Uint8Array): Expected[] {
  const text = new TextDecoder().decode(bytes);
  const lines = text.split(/\r\n|\r|\n/).slice(0, -1);
  const events: Expected[] = [];
  let data: string[] = [];
  let event = '';
  let id: string | undefined;
  for (const line of lines) {
    if (line === '') {
      if (data.length > 0) {
        events.push({
          data: data.join('\n'),
          ...(event !== '' && { event }),
          ...(id !== undefined && { id }),
        });
      }
      data = [];
      event = '';
      id = undefined;
      continue;
    }
    const colon = line.indexOf(':');
    if (colon === 0) continue;
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') data.push(value);
    if (name === 'event') event = value;
    if (name === 'id' && !value.includes('\u0000')) id = value;
  }
  return events;
}

const conformingCases = [...inlineCases, ...sharedCases.filter(({ name }) => !knownGaps.has(name))];

test.each(conformingCases)(
  'the decoder reads $name however its bytes are split',
  ({ bytes, expected, leftover }) => {
    for (const [split, pieces] of splitsOf(bytes)) {
      const decoded = decodeAll(pieces);
      const rest = leftover === undefined ? undefined : decoded.leftover?.data;
      expect({ split, events: standardFields(decoded.events), rest }).toEqual({
        split,
        events: expected,
        rest: leftover?.data,
      });
    }
  },
);

test('the inline cases agree with the standard as it is told', () => {
  for (const { name, bytes, expected } of inlineCases) {
    expect({ name, events: parseByTheStandard(bytes) }).toEqual({ name, events: expected });
  }
});

test('there are cases enough without the shared ones, and each has a name of its own', () => {
  expect(inlineCases.length).toBeGreaterThanOrEqual(25);
  const names = inlineCases.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

test.each([...gapCases, ...sharedCases.filter(({ name }) => knownGaps.has(name))])(
  'the known gap $name is still one: the event comes from end() and not from feed()',
  ({ bytes, expected }) => {
    for (const [split, pieces] of splitsOf(bytes)) {
      const { events, leftover } = decodeAll(pieces);
      // Nothing is lost by it: the event is there for whoever knows what the data means.
      expect({
        split,
        dispatched: standardFields(events),
        rest: standardFields(leftover ? [leftover] : []),
      }).toEqual({ split, dispatched: expected.slice(0, -1), rest: expected.slice(-1) });
    }
  },
);

test('random streams are read as the standard has it', () => {
  const parts = [
    'data',
    'data:',
    'data: ',
    ': ',
    'event: x',
    'id: 1',
    'id',
    'id: \u0000',
    'retry: 3',
    'foo',
    'é',
    '漢',
    '😀',
    'a:b',
    ' ',
    '\uFEFF',
    '\n',
    '\n',
    '\n\n',
    '\r\n',
    '\r\n\r\n',
    '\r',
  ];
  for (let seed = 1; seed <= 400; seed++) {
    const random = seededRandom(seed);
    const length = 1 + Math.floor(random() * 60);
    const pick = (): string => parts[Math.floor(random() * parts.length)] ?? '';
    // The end is a comment, since a CR as the very last byte is the known gap.
    const bytes = encoder.encode(`${Array.from({ length }, pick).join('')}\n:`);
    const expected = parseByTheStandard(bytes);
    for (const pieces of [[bytes], splitRandomly(bytes, seed), splitRandomly(bytes, -seed, 1)]) {
      const { events } = decodeAll(pieces);
      expect({ seed, events: standardFields(events) }).toEqual({ seed, events: expected });
    }
  }
});

test('an event is dispatched as soon as its blank line is there', () => {
  const events: SSEEvent[] = [];
  const decoder = new SSEDecoder({ onEvent: (event) => void events.push(event) });
  decoder.feed(encoder.encode('data: a\n'));
  expect(events).toEqual([]);
  decoder.feed(encoder.encode('\n'));
  expect(standardFields(events)).toEqual([{ data: 'a' }]);
});

test('a line of bare JSON is handed on as such, with the events around it unharmed', () => {
  const body = 'data: a\n\n{"error":{"message":"no"}}\ndata: b\n\n';
  for (const [split, pieces] of splitsOf(encoder.encode(body))) {
    const { events } = decodeAll(pieces);
    const bare = events.filter(({ bareLine }) => bareLine);
    expect({
      split,
      bare: bare.map(({ data }) => data),
      events: standardFields(events),
    }).toEqual({
      split,
      bare: ['{"error":{"message":"no"}}'],
      events: [{ data: 'a' }, { data: 'b' }],
    });
  }
});

test('a web page gives no events', () => {
  const page = encoder.encode('<!doctype html>\n<html>\n<body>502</body>\n\n</html>\n');
  expect(decodeAll([page])).toEqual({ events: [], leftover: undefined });
});

test('end() on a stream that ended properly has nothing left', () => {
  expect(decodeAll([encoder.encode('data: a\n\n')]).leftover).toBeUndefined();
});

test('what end() returns keeps its name and id', () => {
  const { leftover } = decodeAll([encoder.encode('event: error\nid: 3\ndata: x')]);
  expect(leftover).toMatchObject({ data: 'x', event: 'error', id: '3' });
});

test('text is decoded the same in small pieces and in large ones, with ASCII alone and with more', () => {
  const texts = ['plain', 'Größe', '日本語', '😀', 'a\uFEFFb'];
  const random = seededRandom(7);
  const data = Array.from({ length: 3_000 }, (_, index) => {
    // Stretches of ASCII alone, and stretches of everything.
    const isPlain = Math.floor(index / 200) % 2 === 0;
    return `${index} ${isPlain ? texts[0] : texts[Math.floor(random() * texts.length)]}`;
  });
  const bytes = encoder.encode(data.map((each) => `data: ${each}\n\n`).join(''));
  for (const longest of [3, 100, 1_500, 6_000]) {
    const { events } = decodeAll(splitRandomly(bytes, longest, longest));
    expect(events.map((event) => event.data)).toEqual(data);
  }
});

const tooLarge: [string, string][] = [
  ['one line without an end', `data: ${'x'.repeat(5_000)}`],
  ['one line with its end', `data: ${'x'.repeat(5_000)}\n\n`],
  ['many lines of one event', `${'data: 123456789\n'.repeat(500)}\n`],
];

test.each(tooLarge)('an event larger than the limit is refused: %s', (_what, text) => {
  const bytes = encoder.encode(text);
  for (const pieces of [[bytes], splitRandomly(bytes, 5, 100)]) {
    let failure: unknown;
    try {
      const decoder = new SSEDecoder({ onEvent() {} }, { maxEventBytes: 1_000 });
      for (const piece of pieces) decoder.feed(piece);
    } catch (error) {
      failure = error;
    }
    expect({ pieces: pieces.length, isRefused: isChatError(failure, 'limit_exceeded') }).toEqual({
      pieces: pieces.length,
      isRefused: true,
    });
  }
});

test('many events that are small one by one pass a limit on one event', () => {
  const events: SSEEvent[] = [];
  const decoder = new SSEDecoder(
    { onEvent: (event) => void events.push(event) },
    { maxEventBytes: 100 },
  );
  for (const piece of splitRandomly(encoder.encode('data: 123456789\n\n'.repeat(500)), 3, 50)) {
    decoder.feed(piece);
  }
  decoder.feed(encoder.encode(': a comment between\n\n'.repeat(500)));
  expect(events).toHaveLength(500);
});

test('a body in one large piece with small events passes a limit on one event', () => {
  const events: SSEEvent[] = [];
  const decoder = new SSEDecoder(
    { onEvent: (event) => void events.push(event) },
    { maxEventBytes: 100 },
  );
  decoder.feed(encoder.encode('data: 123456789\n\n'.repeat(500)));
  expect(events).toHaveLength(500);
});

test('an unfinished comment without an end does not grow past the limit', () => {
  const decoder = new SSEDecoder({ onEvent() {} }, { maxEventBytes: 1_000 });
  const flood = (): void => {
    for (let round = 0; round < 100; round++) decoder.feed(encoder.encode(`:${'x'.repeat(100)}`));
  };
  expect(flood).toThrow(expect.objectContaining({ code: 'limit_exceeded' }));
});

test('bytes that are taken before all is events come behind it, and the end gives what is left', () => {
  const events: string[] = [];
  const decoder = new SSEDecoder({ onEvent: ({ data }) => void events.push(data) });
  const take = (text: string): void => decoder.take(new TextEncoder().encode(text));
  take('data: 1\n\ndata: 2\n\nda');
  decoder.advance(undefined, 1);
  expect([events, decoder.hasMore]).toEqual([['1'], true]);
  take('ta: 3\n\ndata: 4\n\n');
  decoder.advance(undefined, 1);
  expect(events).toEqual(['1', '2']);
  decoder.advance(undefined, 1);
  expect(events).toEqual(['1', '2', '3']);
  decoder.end();
  expect([events, decoder.hasMore]).toEqual([['1', '2', '3', '4'], false]);
});
