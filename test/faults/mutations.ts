import type { ChatCompletion, ChatCompletionChunk, ProviderId } from 'deepseek-v4-flash';
import {
  chunkSchema,
  completionSchema,
  createClient,
  decodeStream,
  isChatError,
} from 'deepseek-v4-flash';
import type { Played } from './streams.ts';
import { asBody, key, params, playingTransport } from './streams.ts';
import { pick } from '../kit/random.ts';

// Streams and bodies with something wrong in them, and what every outcome has to be: an answer or a ChatError.

/** One thing that is done to a stream. `at` and `with` are numbers from 0 to 1, so that any generator can make them. */
export interface Mutation {
  kind: (typeof mutationKinds)[number];
  at: number;
  with: number;
}

export const mutationKinds = [
  'flip a bit',
  'drop an event',
  'duplicate an event',
  'swap two events',
  'insert an odd event',
  'retype a value',
  'add a key',
  'huge number',
  'drop bytes',
  'insert bytes',
  'cut',
] as const;

type Fields = Record<string, unknown>;

const deepMark = '@deep@';
const hugeMark = '@huge@';
/** Deeper than `JSON.stringify` and whatever else recurses can go, and not too deep for `JSON.parse`. */
const depth = 50_000;

/** Marks stand for what `JSON.stringify` does not write. */
function stringify(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll(`"${deepMark}"`, () => '['.repeat(depth) + ']'.repeat(depth))
    .replaceAll(`"${hugeMark}"`, '1e999');
}

/** `JSON.parse`, so that `__proto__` is a key like any other. */
const hostile = (): unknown[] =>
  [
    '{"__proto__":{"polluted":true}}',
    '{"constructor":{"prototype":{"polluted":true}}}',
    '[{"__proto__":{"polluted":true}}]',
  ].map((text): unknown => JSON.parse(text));

const oddValues: unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  0.5,
  2 ** 53,
  -(2 ** 31) - 1,
  1e308,
  hugeMark,
  '',
  'text',
  '0',
  '__proto__',
  '\u0000',
  '\uD800',
  '</think><think>',
  'x'.repeat(70_000),
  [],
  {},
  [null],
  [[]],
  [{}],
  { text: 1 },
  deepMark,
  ...hostile(),
];

const oddKeys = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'then',
  'toJSON',
  'error',
  'choices',
  'output',
  'usage',
  'index',
  'tool_calls',
  'function',
  'custom',
  'reasoning',
  'reasoning_details',
  'logprobs',
  'annotations',
  'audio',
  'refusal',
  'meta',
  'length',
  '',
];

const oddEvents = [
  'data: null',
  'data: []',
  'data: 42',
  'data: "text"',
  'data: {}',
  'data: {"choices":null}',
  'data: {"choices":[null]}',
  'data: {"choices":[{}]}',
  'data: {"choices":[{"index":-1,"delta":{"content":"x"}}]}',
  'data: {"choices":[{"index":9007199254740993,"delta":{"content":"x"}}]}',
  'data: {"choices":[{"index":1,"delta":{"content":"x"}}]}',
  'data: {"choices":[{"index":0,"delta":{"tool_calls":[{}]}}]}',
  'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":1e9,"function":{"arguments":"x"}}]}}]}',
  'data: {"error":{"message":"an error of the vendor","code":"server_error"}}',
  'data: {"error":"an error in a word"}',
  'data: {"error":null}',
  'event: error\ndata: {"message":"an error by name"}',
  'event: error\ndata: no JSON',
  'event: ping\ndata: {"type":"ping"}',
  '{"error":{"message":"an error without a field"}}',
  'data: {"choices":[',
  'data:',
  'data',
  ': a comment',
  'id: \u0000',
  'retry: 99999999999999999999',
  'data: <html><body>502</body></html>',
  'data: [DONE]',
  'data: {"__proto__":{"polluted":true},"choices":[{"index":0,"delta":{"__proto__":{"polluted":true}}}]}',
];

/** Applies mutations one after the other. */
export function mutate(bytes: Uint8Array, mutations: readonly Mutation[]): Uint8Array {
  return mutations.reduce<Uint8Array>(
    (mutated, mutation) =>
      isOfBytes(mutation) ? mutateBytes(mutated, mutation) : mutateEvents(mutated, mutation),
    bytes,
  );
}

function isOfBytes({ kind }: Mutation): boolean {
  return ['flip a bit', 'drop bytes', 'insert bytes', 'cut'].includes(kind);
}

function mutateBytes(bytes: Uint8Array, { kind, at, with: how }: Mutation): Uint8Array {
  const place = Math.floor(at * bytes.length);
  const head = bytes.subarray(0, place);
  switch (kind) {
    case 'flip a bit': {
      const flipped = Uint8Array.from(bytes);
      flipped[place] = (flipped[place] ?? 0) ^ (1 << Math.floor(how * 7.99));
      return flipped;
    }
    case 'drop bytes':
      return Buffer.concat([head, bytes.subarray(place + 1 + Math.floor(how * 40))]);
    case 'insert bytes': {
      const odd = [
        '\n',
        '\r',
        '\n\n',
        '\r\n\r\n',
        '\u0000',
        '\uFEFF',
        '"',
        '}',
        'data: ',
        '\\',
        '漢',
      ];
      const inserted = how < 0.2 ? Buffer.of(0xff, 0xc3) : Buffer.from(pick(odd, how));
      return Buffer.concat([head, inserted, bytes.subarray(place)]);
    }
    default:
      return head;
  }
}

function mutateEvents(bytes: Uint8Array, { kind, at, with: how }: Mutation): Uint8Array {
  const text = Buffer.from(bytes).toString('utf8');
  const events = text.split(/(?<=\r\n\r\n|\n\n|\r\r)/);
  const place = Math.min(events.length - 1, Math.floor(at * events.length));
  const other = Math.min(events.length - 1, Math.floor(how * events.length));
  const [one = '', two = ''] = [events[place], events[other]];
  switch (kind) {
    case 'drop an event':
      events.splice(place, 1);
      break;
    case 'duplicate an event':
      events.splice(other, 0, one);
      break;
    case 'swap two events':
      events[place] = two;
      events[other] = one;
      break;
    case 'insert an odd event':
      events.splice(place, 0, `${pick(oddEvents, how)}\n\n`);
      break;
    default:
      events[place] = one.replace(
        /^(data: ?)?(\{.*\})\s*$/s,
        (_all, field: string = '', json: string) => {
          const changed = mutateJSON(json, { kind, at: (at * events.length) % 1, with: how });
          return `${field}${changed}${field === '' ? '' : '\n\n'}`;
        },
      );
  }
  return Buffer.from(events.join(''));
}

/** Where a value stands in its parent. */
interface Place {
  parent: Fields;
  name: string;
}

function placesIn(value: unknown, level = 0): Place[] {
  // What an earlier mutation made deep is left alone.
  if (typeof value !== 'object' || value === null || level > 20) return [];
  const parent = value as Fields;
  return Object.keys(parent).flatMap((name) => [
    { parent, name },
    ...placesIn(parent[name], level + 1),
  ]);
}

function mutateJSON(json: string, { kind, at, with: how }: Mutation): string {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // Another mutation came first.
    return json;
  }
  const places = placesIn(value);
  const numbers = places.filter(({ parent, name }) => typeof parent[name] === 'number');
  const place = pick(kind === 'huge number' && numbers.length > 0 ? numbers : places, at);
  if (place === undefined) return json;
  const { parent } = place;
  const isKey = kind === 'add a key' && !Array.isArray(parent);
  const name = isKey ? pick(oddKeys, (how * 1_000) % 1) : place.name;
  const replacement =
    kind === 'huge number'
      ? pick([hugeMark, 2 ** 53 + 2, -1e300, 4e9, 1e-320], how)
      : pick(oddValues, how);
  // An assignment to `__proto__` would make no key.
  Object.defineProperty(parent, name, {
    value: replacement,
    enumerable: true,
    configurable: true,
    writable: true,
  });
  try {
    return stringify(value);
  } catch {
    // As above: too deep to be written again.
    return json;
  }
}

// ---------------------------------------------------------------- what comes of it

/** `completion`, or the code of a {@link ChatError}. @throws Error for everything else */
export type Outcome = string;

const patienceMs = 10_000;

async function inTime<T>(promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const never = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('A HANG: it was never settled')), patienceMs);
  });
  try {
    return await Promise.race([promise, never]);
  } finally {
    clearTimeout(timer);
  }
}

/** Reads a stream by the client and by the decoder alone. */
export async function readMutatedStream(
  provider: ProviderId,
  pieces: readonly Uint8Array[],
): Promise<Outcome> {
  const transport = playingTransport(() => ({ pieces }));
  const client = createClient({ provider, apiKey: key, transport, maxRetries: 0 });
  const stream = client.chat.completions.stream({ ...params, stream: true });
  const chunks: ChatCompletionChunk[] = [];
  const reading = async (): Promise<ChatCompletion> => {
    for await (const chunk of stream) chunks.push(chunk);
    return stream.finalCompletion();
  };
  const outcome = await settled(reading());
  if (transport.reads > pieces.length + 1) throw new Error('It reads on after the end');
  JSON.stringify(stream.report);
  const decoded: ChatCompletionChunk[] = [];
  const decoding = async (): Promise<undefined> => {
    for await (const chunk of decodeStream(asBody(pieces), { provider })) decoded.push(chunk);
  };
  const alone = await settled(decoding());
  if (alone !== outcome) throw new Error(`The client says ${outcome}, the decoder ${alone}`);
  if (decoded.length !== chunks.length) throw new Error('The decoder gives other chunks');
  for (const chunk of chunks) expectFit(chunkSchema, chunk, 'chunk');
  expectUnpolluted();
  return outcome;
}

/** Reads a whole body, and the same body where a stream was asked for. */
export async function readMutatedBody(provider: ProviderId, played: Played): Promise<Outcome> {
  const transport = playingTransport(() => played);
  const client = createClient({ provider, apiKey: key, transport, maxRetries: 0 });
  const { completions } = client.chat;
  const outcome = await settled(completions.create({ ...params, stream: false }));
  await settled(completions.stream({ ...params, stream: true }).finalCompletion());
  expectUnpolluted();
  return outcome;
}

async function settled(reading: Promise<ChatCompletion | undefined>): Promise<Outcome> {
  try {
    const completion = await inTime(reading);
    if (completion !== undefined) expectWhole(completion);
    return 'completion';
  } catch (error) {
    if (!isChatError(error)) throw error;
    JSON.stringify(error);
    JSON.stringify(error.report);
    if (error.partial !== undefined) expectPartial(error.partial);
    return error.code;
  }
}

function expectWhole(completion: ChatCompletion): void {
  expectFit(completionSchema, completion, 'completion');
  expectPlain(completion);
  expectCalls(completion);
  if (completion.choices.some(({ finish_reason }) => finish_reason === null))
    throw new Error('A success without a finish_reason');
}

function expectPartial(partial: ChatCompletion): void {
  expectFit(completionSchema, partial, 'partial');
  expectPlain(partial);
  expectCalls(partial);
}

/** A call that is handed out has arguments that parse. */
function expectCalls({ choices }: ChatCompletion): void {
  for (const call of choices.flatMap(({ message }) => message.tool_calls ?? [])) {
    if (call.type !== 'function') continue;
    const value: unknown = JSON.parse(call.function.arguments);
    if (typeof value !== 'object' || value === null) throw new Error('A call without arguments');
  }
}

function expectFit(
  schema: typeof chunkSchema | typeof completionSchema,
  value: unknown,
  what: string,
): void {
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise) throw new Error('The schema is no synchronous one');
  if (result.issues === undefined) return;
  const [{ message, path } = { message: '', path: [] }] = result.issues;
  throw new Error(
    `A ${what} that does not have its type: ${path?.map(String).join('.')}: ${message}`,
  );
}

/** Nobody's prototype has been changed. Walked without recursion: a value may be deep. */
function expectPlain(value: unknown): void {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    const prototype: unknown = Object.getPrototypeOf(next);
    if (prototype !== (Array.isArray(next) ? Array.prototype : Object.prototype))
      throw new Error('An object of the answer has a prototype of its own');
    open.push(...Object.values(next));
  }
}

function expectUnpolluted(): void {
  if ('polluted' in {}) throw new Error('Object.prototype is polluted');
}
