import type { ChatCompletionMessageParam, Provider, ProviderId } from 'deepseek-v4-flash';
import { createClient, defineProvider, isChatError, providers } from 'deepseek-v4-flash';
import { createEmulator } from 'deepseek-v4-flash/testing';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createPartialObjectReader } from '../../src/values/partial-object.ts';

const seed = Number(process.env.OUTPUT_SEED ?? 20_261_121);

// ---------------------------------------------------------------- JSON, written in every way that it can be

const white = fc.constantFrom('', '', '', ' ', '\n  ', '\t', '\r\n');

/** One character of a text, as it is or as escapes. */
const character = fc
  .tuple(
    fc.oneof(
      fc.constantFrom(
        '"',
        '\\',
        '/',
        '\b',
        '\f',
        '\n',
        '\r',
        '\t',
        '\0',
        '{',
        '}',
        '[',
        ',',
        ':',
        'u',
      ),
      fc.constantFrom('é', '漢', '😀', '👩‍👩‍👧', '𝒳', '\u2028', '\uFEFF', '\uFFFF', 'e\u0301'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
    fc.constantFrom('plain', 'short', 'long', 'LONG'),
  )
  .map(([raw, spelling]) => {
    const short = JSON.stringify(raw).slice(1, -1);
    if (spelling === 'plain') return short;
    if (spelling === 'short') return raw === '/' ? '\\/' : short;
    return Array.from({ length: raw.length }, (_, at) => {
      const hex = raw.charCodeAt(at).toString(16).padStart(4, '0');
      return `\\u${spelling === 'LONG' ? hex.toUpperCase() : hex}`;
    }).join('');
  });

const string = fc.array(character, { maxLength: 8 }).map((all) => `"${all.join('')}"`);

const scalar = fc.oneof(
  string,
  fc.constantFrom(
    'true',
    'false',
    'null',
    '0',
    '-0',
    '-1.5e+10',
    '1E5',
    '2.50',
    '12345678901234567890',
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => JSON.stringify(number)),
  fc.integer().map(String),
);

const key = fc.oneof(
  fc
    .constantFrom(
      '__proto__',
      'constructor',
      'toString',
      'length',
      'a',
      'A',
      'a ',
      '',
      '0',
      '1',
      '-1',
    )
    .map((name) => JSON.stringify(name)),
  string,
);

const { object } = fc.letrec<{ value: string; array: string; object: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    tie('array'),
    tie('object'),
  ),
  array: fc
    .tuple(white, fc.array(fc.tuple(white, tie('value'), white), { maxLength: 4 }))
    .map(([space, items]) => `[${space}${items.map((item) => item.join('')).join(',')}]`),
  object: fc
    .tuple(
      white,
      fc.uniqueArray(fc.tuple(white, key, white, white, tie('value'), white), {
        maxLength: 4,
        selector: ([, name]) => JSON.parse(name) as string,
      }),
    )
    .map(([space, fields]) => {
      const written = fields.map(([a, name, b, c, value, d]) => `${a}${name}${b}:${c}${value}${d}`);
      return `{${space}${written.join(',')}}`;
    }),
}));

/** Where to cut, as shares of the length. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 });

function cutAt(text: string, shares: readonly number[]): string[] {
  const places = shares.map((share) => Math.floor(share * text.length)).toSorted((a, b) => a - b);
  return [0, ...places].map((from, index) => text.slice(from, places[index] ?? text.length));
}

// ---------------------------------------------------------------- what a part of a value is

function own(value: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

/** Texts are beginnings, lists and objects have no more than the whole, everything else is whole. */
function isPart(part: unknown, all: unknown): boolean {
  if (typeof part === 'string') return typeof all === 'string' && all.startsWith(part);
  if (Array.isArray(part)) {
    if (!Array.isArray(all) || part.length > all.length) return false;
    // Only the last item may still grow.
    return part.every((item, at) =>
      at < part.length - 1 ? isSame(item, all[at]) : isPart(item, all[at]),
    );
  }
  if (typeof part === 'object' && part !== null) {
    if (typeof all !== 'object' || all === null || Array.isArray(all)) return false;
    const names = Object.keys(part);
    const growing = names.filter((name) => !isSame(own(part, name), own(all, name)));
    return (
      Object.getPrototypeOf(part) === Object.prototype &&
      names.every((name) => Object.hasOwn(all, name) && isPart(own(part, name), own(all, name))) &&
      growing.length <= 1
    );
  }
  return Object.is(part, all);
}

function isSame(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || one === null || typeof other !== 'object' || other === null) {
    return Object.is(one, other);
  }
  const names = Object.keys(one);
  return (
    Array.isArray(one) === Array.isArray(other) &&
    JSON.stringify(names) === JSON.stringify(Object.keys(other)) &&
    names.every((name) => isSame(own(one, name), own(other, name)))
  );
}

/** Half of a pair, with nothing beside it. */
const half = /\p{Surrogate}/u;

function hasHalf(value: unknown): boolean {
  if (typeof value === 'string') return half.test(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.keys(value).some((name) => half.test(name) || hasHalf(own(value, name)));
}

/** Reads the pieces, and holds every step to what the whole text says. */
function expectGrowth(
  text: string,
  pieces: readonly string[],
  all: unknown = JSON.parse(text),
): void {
  const reader = createPartialObjectReader();
  expect(reader.value).toBeUndefined();
  const mayHaveHalves = hasHalf(all);
  let before: string | undefined;
  let root: unknown;
  for (const piece of pieces) {
    const isChanged = reader.add(piece);
    const { value } = reader;
    const now = JSON.stringify(value);
    if (isChanged !== (now !== before)) throw new Error(`Said ${isChanged}: ${before} to ${now}`);
    if (root !== undefined && root !== value) throw new Error('It is another object now');
    if (value !== undefined && !isPart(value, all)) throw new Error(`${now} is no part of ${text}`);
    if (!mayHaveHalves && hasHalf(value)) throw new Error(`${now} has half a character`);
    [before, root] = [now, value];
  }
  expect(isSame(reader.value, all), `${before} is not ${text}`).toBe(true);
}

test('an object comes whole, and in parts of itself, however its text is cut', () => {
  fc.assert(
    fc.property(object, cuts, (text, shares) => expectGrowth(text, cutAt(text, shares))),
    { seed, numRuns: 600 },
  );
});

test('an object comes whole, and in parts of itself, character by character', () => {
  fc.assert(
    // Units of UTF-16, so between the halves of pairs too.
    fc.property(object, (text) => expectGrowth(text, text.split(''))),
    { seed, numRuns: 120 },
  );
});

test('the same for any JSON, written as programs write it', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary' })),
      fc.constantFrom(undefined, 2, '\t'),
      cuts,
      (value, indent, shares) => {
        const text = JSON.stringify(value, undefined, indent);
        expectGrowth(text, cutAt(text, shares));
      },
    ),
    { seed, numRuns: 1_000 },
  );
});

test('prose and fences around an object change nothing', () => {
  const prefaces = [
    '',
    'Sure, here it is: ',
    '```json\n',
    'Take {name}, or {x | x > 0}:\n',
    '"Well", [1] said. ',
  ];
  const afterwords = ['', '\n```', '\nIs {"that":"all"}?', '}}]"', ', "b": 2}'];
  fc.assert(
    fc.property(
      object,
      fc.constantFrom(...prefaces),
      fc.constantFrom(...afterwords),
      cuts,
      (text, preface, afterword, shares) => {
        const all: unknown = JSON.parse(text);
        const reader = createPartialObjectReader();
        for (const piece of cutAt(preface + text + afterword, shares)) reader.add(piece);
        expect(isSame(reader.value, all)).toBe(true);
      },
    ),
    { seed, numRuns: 1_000 },
  );
});

test('nothing behind the end changes the value', () => {
  fc.assert(
    fc.property(object, fc.array(fc.oneof(fc.string(), object), { maxLength: 5 }), (text, more) => {
      const reader = createPartialObjectReader();
      reader.add(text);
      const before = JSON.stringify(reader.value);
      for (const piece of more) expect(reader.add(piece)).toBe(false);
      expect(JSON.stringify(reader.value)).toBe(before);
    }),
    { seed, numRuns: 500 },
  );
});

test('of a key that comes twice, the last value counts', () => {
  const text = '{"a":{"b":1},"c":[1],"a":"x","\\u0063":null,"__proto__":1,"__proto__":2}';
  for (const pieces of [[text], text.split('')]) {
    const reader = createPartialObjectReader();
    for (const piece of pieces) reader.add(piece);
    expect(isSame(reader.value, JSON.parse(text))).toBe(true);
  }
});

test('a key named __proto__ is a key', () => {
  const reader = createPartialObjectReader();
  reader.add('{"__proto__":{"isAdmin":true},"a":{"__proto__":"te');
  expect(JSON.stringify(reader.value)).toBe(
    '{"__proto__":{"isAdmin":true},"a":{"__proto__":"te"}}',
  );
  expect(Object.getPrototypeOf(reader.value)).toBe(Object.prototype);
  expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
});

test('a number, a word and a key wait until they are whole', () => {
  const reader = createPartialObjectReader();
  const steps: [piece: string, seen: string | undefined][] = [
    [' ', undefined],
    ['{', '{}'],
    ['"na', '{}'],
    ['me"', '{}'],
    [':', '{}'],
    ['-1.', '{}'],
    ['5e+1', '{}'],
    ['0', '{}'],
    [',', '{"name":-15000000000}'],
    ['"b":tr', '{"name":-15000000000}'],
    ['ue', '{"name":-15000000000}'],
    [' ', '{"name":-15000000000,"b":true}'],
    [',"c":[', '{"name":-15000000000,"b":true,"c":[]}'],
    ['"', '{"name":-15000000000,"b":true,"c":[""]}'],
    ['\\', '{"name":-15000000000,"b":true,"c":[""]}'],
    ['ud83d', '{"name":-15000000000,"b":true,"c":[""]}'],
    ['\\ude', '{"name":-15000000000,"b":true,"c":[""]}'],
    ['00', '{"name":-15000000000,"b":true,"c":["😀"]}'],
    ['"]}', '{"name":-15000000000,"b":true,"c":["😀"]}'],
  ];
  for (const [piece, seen] of steps) {
    reader.add(piece);
    expect(JSON.stringify(reader.value), piece).toBe(seen);
  }
});

test('half a pair that stays alone is kept, as JSON.parse keeps it', () => {
  for (const text of [
    '{"a":"\\ud83d"}',
    '{"a":"\\ud83dx"}',
    '{"\\ud83d":1}',
    '{"a":"\\ude00\\ud83d\\ud83d"}',
  ]) {
    for (const pieces of [[text], text.split('')]) {
      const reader = createPartialObjectReader();
      for (const piece of pieces) reader.add(piece);
      expect(isSame(reader.value, JSON.parse(text)), text).toBe(true);
    }
  }
});

test('broken JSON ends the growth, and never throws', () => {
  const place = fc.double({ min: 0, max: 1, noNaN: true });
  const mark = fc.oneof(fc.constantFrom(...'{}[]",:\\u0te-'.split(''), '\ud83d', ''), fc.string());
  fc.assert(
    fc.property(
      object,
      fc.array(fc.tuple(place, place, mark), { minLength: 1, maxLength: 4 }),
      cuts,
      (text, edits, shares) => {
        const edited = edits.reduce((rest, [from, length, by]) => {
          const at = Math.floor(from * rest.length);
          return rest.slice(0, at) + by + rest.slice(at + Math.floor(length * 4));
        }, text);
        const whole = createPartialObjectReader();
        whole.add(edited);
        const inPieces = createPartialObjectReader();
        for (const piece of cutAt(edited, shares)) inPieces.add(piece);
        // Where the text is cut must not matter for what is read of it.
        expect(JSON.stringify(inPieces.value)).toBe(JSON.stringify(whole.value));
        let parsed: unknown;
        try {
          parsed = JSON.parse(edited);
        } catch {
          return;
        }
        if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
          expect(isSame(whole.value, parsed)).toBe(true);
        }
      },
    ),
    { seed, numRuns: 3_000 },
  );
});

test('any text is read without an error', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (pieces) => {
      const reader = createPartialObjectReader();
      for (const piece of pieces) expect(typeof reader.add(piece)).toBe('boolean');
    }),
    { seed, numRuns: 1_000 },
  );
});

test('an object of any depth is read', () => {
  const depth = 100_000;
  const reader = createPartialObjectReader();
  reader.add('{"a":['.repeat(depth));
  reader.add(']}'.repeat(depth));
  let deepest = 0;
  let at = reader.value as { a: unknown[] } | undefined;
  for (; at !== undefined; at = at.a[0] as typeof at) deepest++;
  expect(deepest).toBe(depth);
});

// ---------------------------------------------------------------- on a stream

const formless = defineProvider({ id: 'formless', extends: 'vtrix', jsonSchema: 'dropped' });
const everywhere: [name: string, provider: ProviderId | Provider][] = [
  ...(Object.keys(providers) as ProviderId[]).map((id): [string, ProviderId] => [id, id]),
  ['formless', formless],
];

const messages: ChatCompletionMessageParam[] = [{ role: 'user', content: 'Where was it warm?' }];
const report = z.object({
  places: z.array(z.object({ city: z.string(), celsius: z.number().transform((n) => n * 2) })),
  note: z.string().default('none'),
});
const text =
  '{"places":[{"city":"Rome, the eternal city","celsius":21.5},{"city":"Siena","celsius":-1.5e1}]}';
const plain = JSON.parse(text) as unknown;
const parsed = {
  places: [
    { city: 'Rome, the eternal city', celsius: 43 },
    { city: 'Siena', celsius: -30 },
  ],
  note: 'none',
};

function open(provider: ProviderId | Provider, content = text, finish_reason?: string) {
  const emulator = createEmulator({ strict: true });
  const client = createClient({
    provider,
    apiKey: 'test-key',
    transport: emulator.transport,
    maxRetries: 0,
    splitThinkTags: true,
    onUnsupported: 'error',
  });
  emulator.reply(
    provider === formless
      ? { tool_calls: [{ name: 'response', arguments: content }], finish_reason }
      : { content, finish_reason },
  );
  const { completions } = client.chat;
  return { emulator, client, stream: completions.stream({ messages, response_format: report }) };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return isChatError(error) ? error.code : String(error);
}

async function readAll(source: AsyncIterable<unknown>): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const value of source) seen.push(structuredClone(value));
  return seen;
}

describe.each(everywhere)('a stream of %s', (name, provider) => {
  test('gives the value as it grows, and what the schema makes of it at the end', async () => {
    const { stream, emulator } = open(provider);
    const seen = await readAll(stream.partialObject());
    expect(seen.length).toBeGreaterThan(1);
    for (const value of seen) expect(isPart(value, plain)).toBe(true);
    expect(new Set(seen.map((value) => JSON.stringify(value))).size).toBe(seen.length);
    expect(seen.at(-1)).toEqual(plain);
    const completion = await stream.finalCompletion();
    expect(completion.choices[0].message.parsed).toEqual(parsed);
    expect(stream.report.completion).toBe('complete');
    const [request] = emulator.requests;
    expect(request?.body?.stream).toBe(true);
    expect(request?.body?.tools === undefined).toBe(name !== 'formless');
  });

  test('gives its value without being read in parts', async () => {
    const { stream } = open(provider);
    const completion = await stream.finalCompletion();
    expect(completion.choices[0].message.parsed).toEqual(parsed);
  });

  test('fails at its end if the value does not fit, and asks for nothing again', async () => {
    const bad = '{"places":[{"city":7,"celsius":1}]}';
    const { stream, emulator } = open(provider, bad);
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const value of stream.partialObject()) seen.push(structuredClone(value));
    })();
    expect(await codeOf(reading)).toBe('invalid_output');
    expect(seen.at(-1)).toEqual(JSON.parse(bad));
    const error: unknown = await stream.finalCompletion().catch((reason: unknown) => reason);
    if (!isChatError(error, 'invalid_output')) throw error;
    expect(error.issues?.map(({ path }) => path)).toEqual(['places.0.city']);
    expect(JSON.stringify(error.partial)).toContain('celsius');
    expect(emulator.requests).toHaveLength(1);
  });

  test('lets whoever reads the chunks come to the end, whatever the value', async () => {
    const { stream } = open(provider, '{"places":{}}');
    const chunks = await readAll(stream);
    expect(chunks.length).toBeGreaterThan(1);
    expect(await codeOf(stream.finalCompletion())).toBe('invalid_output');
  });

  test('is ended by leaving early', async () => {
    const { stream } = open(provider);
    for await (const value of stream.partialObject()) {
      expect(isPart(value, plain)).toBe(true);
      break;
    }
    expect(await codeOf(stream.finalCompletion())).toBe('aborted');
    expect(stream.report.completion).toBe('interrupted');
  });

  test('is read once', async () => {
    const { stream } = open(provider);
    await readAll(stream.partialObject());
    expect(await codeOf(readAll(stream.partialObject()))).toBe('stream_consumed');
    expect(() => stream[Symbol.asyncIterator]()).toThrow(/read only once/);
    const other = open(provider).stream;
    const iterator = other[Symbol.asyncIterator]();
    await iterator.next();
    expect(await codeOf(readAll(other.partialObject()))).toBe('stream_consumed');
    await iterator.return?.();
  });

  test('that was cut off is no value', async () => {
    const { stream } = open(provider, '{"places":[{"city":"Ro', 'length');
    expect(await codeOf(readAll(stream.partialObject()))).toBe('invalid_output');

    const cut = open(provider);
    const broken = createEmulator({ strict: true });
    broken.reply({
      fault: (response) => ({ ...response, writes: [...response.writes.slice(0, 6), 'fin'] }),
    });
    const again = cut.client
      .withOptions({ transport: broken.transport })
      .chat.completions.stream({ messages, response_format: report });
    expect(await codeOf(readAll(again.partialObject()))).toBe('stream_interrupted');
    expect(await codeOf(again.finalCompletion())).toBe('stream_interrupted');
    cut.stream.abort();
  });
});

test('a stream without a schema has no value', async () => {
  const { client, stream } = open('deepseek');
  const without = client.chat.completions.stream({ messages });
  let error: unknown;
  try {
    without.partialObject();
  } catch (reason) {
    error = reason;
  }
  expect(isChatError(error, 'invalid_request')).toBe(true);
  // It can still be read.
  await readAll(without);
  await stream.finalCompletion();
});

test('a schema that cannot be used is refused at once', () => {
  const { client, emulator, stream } = open('deepseek');
  let error: unknown;
  try {
    client.chat.completions.stream({ messages, response_format: z.object({ n: z.bigint() }) });
  } catch (reason) {
    error = reason;
  }
  if (!isChatError(error, 'invalid_request')) throw error;
  expect(error.param).toBe('response_format');
  expect(emulator.requests.length).toBeLessThanOrEqual(1);
  stream.abort();
});

test('thinking in front of the value is no part of it', async () => {
  const { stream } = open('bytespike', `<think>Not {"places":[{"city":"Lima"}]}.</think>\n${text}`);
  const seen = await readAll(stream.partialObject());
  expect(seen.every((value) => isPart(value, plain))).toBe(true);
  expect(seen.at(-1)).toEqual(plain);
  expect((await stream.finalCompletion()).choices[0].message.parsed).toEqual(parsed);
});

test('fences and prose are no part of the value', async () => {
  const { stream } = open(
    'deepseek',
    `Here you are, {friend}:\n\`\`\`json\n${text}\n\`\`\`\nIs that {"all":1}?`,
  );
  const seen = await readAll(stream.partialObject());
  expect(seen.every((value) => isPart(value, plain))).toBe(true);
  expect(seen.at(-1)).toEqual(plain);
  expect((await stream.finalCompletion()).choices[0].message.parsed).toEqual(parsed);
});
