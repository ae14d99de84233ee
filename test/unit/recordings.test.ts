import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatError,
  ProviderId,
  ReportIssue,
  Transport,
} from 'deepseek-v4-flash';
import { createClient, decodeStream, isChatError } from 'deepseek-v4-flash';
import { expect, test } from 'vitest';
import { vendors } from '../kit/vendors.ts';
import { seededRandom } from '../kit/random.ts';

// Every stream and body that is at hand, against a second reading of the same bytes that is written out here and uses
// nothing of the library. Recorded data lies beside the repository, on machines that have it; the fixtures of our own
// are always here.

const fixtures = fileURLToPath(new URL('../fixtures', import.meta.url));
const recordings = fileURLToPath(new URL('../../../shared/recordings', import.meta.url));

type Fields = Record<string, unknown>;

interface Sample {
  name: string;
  path: string;
  provider: ProviderId;
  /** Status of the recorded response, where it is known. */
  status: number | undefined;
}

function filesIn(folder: string, ending: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(ending) && !path.endsWith('.meta.json'))
    .map((path) => join(folder, path))
    .toSorted();
}

function samplesIn(ending: string): Sample[] {
  const own = filesIn(fixtures, ending).map((path) => ({
    name: relative(fixtures, path),
    path,
    provider: vendors.find((vendor) => vendor === basename(dirname(path))) ?? 'deepseek',
    status: undefined,
  }));
  const recorded = filesIn(recordings, ending).map((path): Sample => {
    const metaPath = path.replace(/\.(sse|json)$/, '.meta.json');
    const meta = existsSync(metaPath)
      ? (JSON.parse(readFileSync(metaPath, 'utf8')) as { status: number })
      : undefined;
    return {
      name: relative(recordings, path),
      path,
      provider: 'deepseek',
      status: meta?.status,
    };
  });
  return [...own, ...recorded];
}

const streams = samplesIn('.sse');
const bodies = samplesIn('.json').map((sample) => ({
  ...sample,
  json: JSON.parse(readFileSync(sample.path, 'utf8')) as Fields,
}));

// ---------------------------------------------------------------- the second reading

interface PlainCall {
  id: string;
  name: string;
  arguments: string;
}

interface PlainChoice {
  index: number;
  content: string;
  reasoning: string;
  refusal: string;
  calls: PlainCall[];
  finish_reason: string | null;
}

interface PlainAnswer {
  choices: PlainChoice[];
  usage: unknown;
  hasError: boolean;
  /** Calls that were begun, whole or not. */
  callCount: number;
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const asText = (value: unknown): string => (typeof value === 'string' ? value : '');

const asList = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isFields) : []);

function contentOf(content: unknown): string {
  if (!Array.isArray(content)) return asText(content);
  return content.map((part) => (isFields(part) ? asText(part.text) : asText(part))).join('');
}

function thinkingOf(content: unknown): string {
  return asList(content)
    .map(({ thinking }) =>
      Array.isArray(thinking)
        ? asList(thinking)
            .map(({ text }) => asText(text))
            .join('')
        : asText(thinking),
    )
    .join('');
}

/** From one place only: the same text often stands in two. */
function reasoningOf(message: Fields, choice: Fields): string {
  const details = asList(message.reasoning_details)
    .map(({ text }) => asText(text))
    .join('');
  const places = [
    asText(message.reasoning_content),
    asText(message.reasoning),
    details,
    asText(choice.reasoning_content),
    asText(choice.reasoning),
    thinkingOf(message.content),
  ];
  return places.find((place) => place !== '') ?? '';
}

function isObjectText(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object';
  } catch {
    return false;
  }
}

interface GrowingCall {
  id: string | undefined;
  name: string | undefined;
  text: string;
}

function wholeCalls(calls: GrowingCall[], finishReason: string | null): PlainCall[] {
  return calls.flatMap(({ id, name, text }, position) => {
    // Some hosts write the word.
    const isEmpty = text.trim() === '' || text.trim() === 'null';
    const isHalf = isEmpty
      ? !['stop', 'tool_calls', 'function_call', 'end_turn'].includes(finishReason ?? '')
      : !isObjectText(text);
    if (name === undefined || isHalf) return [];
    return [{ id: id ?? `call_${position}`, name, arguments: isEmpty ? '{}' : text }];
  });
}

function argumentsOf(call: Fields): string {
  const given = isFields(call.function) ? call.function.arguments : undefined;
  if (given === undefined || given === null) return '';
  return typeof given === 'string' ? given : JSON.stringify(given);
}

const nameOf = (call: Fields): string =>
  isFields(call.function) ? asText(call.function.name) : '';

/** The events of a body in `text/event-stream`, as far as a chat needs them. */
function eventsOf(text: string): { event: string; data: string }[] {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r\n\r\n|\n\n|\r\r/)
    .map((block) => {
      const lines = block.split(/\r\n|\n|\r/);
      const valueOf = (field: string): string[] =>
        lines
          .filter((line) => line.startsWith(`${field}:`))
          .map((line) => line.slice(field.length + 1).replace(/^ /, ''));
      return { event: valueOf('event').join(''), data: valueOf('data').join('\n') };
    })
    .filter(({ data }) => data.trim() !== '');
}

function readStreamPlainly(text: string): PlainAnswer {
  const choices = new Map<number, PlainChoice & { growing: Map<number, GrowingCall> }>();
  let usage: unknown;
  let hasError = false;
  for (const { event, data } of eventsOf(text)) {
    if (data.trim() === '[DONE]') break;
    const chunk = JSON.parse(data) as Fields;
    if (event === 'error' || (chunk.error !== undefined && chunk.error !== null)) {
      hasError = true;
      break;
    }
    if (chunk.usage !== null && chunk.usage !== undefined) usage = chunk.usage;
    for (const [position, choice] of asList(chunk.choices).entries()) {
      const index = typeof choice.index === 'number' ? choice.index : position;
      const delta = isFields(choice.delta) ? choice.delta : {};
      const known = choices.get(index) ?? {
        index,
        content: '',
        reasoning: '',
        refusal: '',
        calls: [],
        finish_reason: null,
        growing: new Map<number, GrowingCall>(),
      };
      choices.set(index, known);
      known.content += contentOf(delta.content);
      known.reasoning += reasoningOf(delta, choice);
      known.refusal += asText(delta.refusal);
      if (asText(choice.finish_reason) !== '') known.finish_reason = asText(choice.finish_reason);
      for (const piece of asList(delta.tool_calls)) {
        const { growing } = known;
        const id = asText(piece.id) || undefined;
        const sameId = [...growing].find(([, call]) => id !== undefined && call.id === id)?.[0];
        const lastAt = Math.max(-1, ...growing.keys());
        const guessed = sameId ?? (id === undefined && growing.size === 1 ? lastAt : lastAt + 1);
        const told = typeof piece.index === 'number' ? piece.index : guessed;
        // Some hosts put every call under index 0.
        const there = growing.get(told);
        const isOther = id !== undefined && there?.id !== undefined && there.id !== id;
        const at = isOther && isObjectText(there.text) ? lastAt + 1 : told;
        const call = growing.get(at) ?? { id: undefined, name: undefined, text: '' };
        growing.set(at, call);
        call.id ??= id;
        call.name ??= nameOf(piece) || undefined;
        call.text += argumentsOf(piece);
      }
    }
  }
  const callCount = [...choices.values()].reduce((sum, { growing }) => sum + growing.size, 0);
  const isWhole = !hasError && [...choices.values()].every((choice) => choice.finish_reason);
  const built = [...choices.values()].map(({ growing, ...choice }) => {
    const finish_reason = isWhole ? choice.finish_reason : null;
    const ordered = [...growing].toSorted(([a], [b]) => a - b).map(([, call]) => call);
    return { ...choice, calls: wholeCalls(ordered, finish_reason), finish_reason };
  });
  return { choices: built, usage, hasError, callCount };
}

function readBodyPlainly(body: Fields): PlainAnswer {
  if (body.choices === undefined && body.output !== undefined) return readEnvelopePlainly(body);
  let callCount = 0;
  const choices = asList(body.choices).map((choice, position): PlainChoice => {
    const message = isFields(choice.message) ? choice.message : {};
    const finish_reason = asText(choice.finish_reason) || null;
    const growing = asList(message.tool_calls).map((call) => ({
      id: asText(call.id) || undefined,
      name: nameOf(call) || undefined,
      text: argumentsOf(call),
    }));
    callCount += growing.length;
    return {
      index: typeof choice.index === 'number' ? choice.index : position,
      content: contentOf(message.content),
      reasoning: reasoningOf(message, choice),
      refusal: asText(message.refusal),
      calls: wholeCalls(growing, finish_reason),
      finish_reason,
    };
  });
  return { choices, usage: body.usage ?? undefined, hasError: false, callCount };
}

/** A task with text in it, and a price without any count of tokens. */
function readEnvelopePlainly(body: Fields): PlainAnswer {
  const content = asList(body.output)
    .flatMap((entry) => asList(entry.content))
    .map(({ text }) => asText(text))
    .join('');
  const choice = {
    index: 0,
    content,
    reasoning: '',
    refusal: '',
    calls: [],
    finish_reason: 'stop',
  };
  return { choices: [choice], usage: undefined, hasError: false, callCount: 0 };
}

/** Counters without those that are said, in the report, not to be readable: nothing is left out in silence. */
function readableUsage(usage: unknown, issues: readonly ReportIssue[]): unknown {
  if (!isFields(usage)) return usage;
  const left = issues
    .filter(({ code }) => code === 'unreadable_field')
    .map(({ path }) => path?.replace(/^usage\./, '').split('.')[0]);
  const read = withoutNoCounts(
    Object.fromEntries(Object.entries(usage).filter(([key]) => !left.includes(key))),
  );
  const { prompt_tokens: prompt, completion_tokens: written, total_tokens: total } = read;
  if (typeof prompt !== 'number' || typeof written !== 'number') return read;
  // Two of three give the third.
  return { ...read, total_tokens: total ?? prompt + written };
}

/** A counter of OpenAI's that is `null` is none; what only a vendor has stays as it is. */
function withoutNoCounts(usage: Record<string, unknown>): Record<string, unknown> {
  const isNamed = (key: string): boolean =>
    /_tokens(?:_details)?$/.test(key) && !/^(?:cache_|server|input|output|estimated)/.test(key);
  return Object.fromEntries(
    Object.entries(usage)
      .filter(([key, value]) => value !== null || !isNamed(key))
      .map(([key, value]) => [
        key,
        isFields(value) && isNamed(key) ? withoutNoCounts(value) : value,
      ]),
  );
}

/** What the library made of it, in the same form. */
function plain(completion: ChatCompletion): Pick<PlainAnswer, 'choices' | 'usage'> {
  return {
    choices: completion.choices.map(({ index, message, finish_reason }) => ({
      index,
      content: message.content ?? '',
      reasoning: message.reasoning_content ?? '',
      refusal: message.refusal ?? '',
      calls: (message.tool_calls ?? []).map((call) =>
        call.type === 'custom'
          ? { id: call.id, name: call.custom.name, arguments: call.custom.input }
          : { id: call.id, name: call.function.name, arguments: call.function.arguments },
      ),
      finish_reason,
    })),
    usage: completion.usage,
  };
}

// ---------------------------------------------------------------- how the bytes come

function* tinyPieces(bytes: Uint8Array, seed: number): Generator<Uint8Array> {
  const random = seededRandom(seed);
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + Math.floor(random() * 7);
    yield bytes.subarray(at, end);
    at = end;
  }
}

function* linePieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    const newline = bytes.indexOf(0x0a, at);
    const end = newline === -1 ? bytes.length : newline + 1;
    yield bytes.subarray(at, end);
    at = end;
  }
}

const chunkings: { chunking: string; cut: (bytes: Uint8Array) => Iterable<Uint8Array> }[] = [
  { chunking: 'whole', cut: (bytes) => [bytes] },
  { chunking: 'in pieces of 1 to 7 bytes', cut: (bytes) => tinyPieces(bytes, bytes.length) },
  { chunking: 'line by line', cut: (bytes) => linePieces(bytes) },
];

async function* asyncly(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

/** A transport in memory that answers with these bytes, once. */
function memoryTransport(
  pieces: Iterable<Uint8Array>,
  status = 200,
): Transport & { sends: number } {
  const iterator = pieces[Symbol.iterator]();
  return {
    sends: 0,
    async send() {
      this.sends++;
      return {
        status,
        headers: { 'content-type': 'application/octet-stream' },
        body: {
          async read() {
            const { done, value } = iterator.next();
            return done ? undefined : value;
          },
          cancel() {},
        },
      };
    },
  };
}

const params = { messages: [{ role: 'user' as const, content: 'Hi' }] };

function clientOf(provider: ProviderId, transport: Transport) {
  return createClient({ provider, apiKey: 'sk-not-a-key', transport, maxRetries: 0 });
}

async function collect(
  chunks: AsyncIterable<ChatCompletionChunk>,
): Promise<{ chunks: ChatCompletionChunk[]; failure: ChatError | undefined }> {
  const collected: ChatCompletionChunk[] = [];
  try {
    for await (const chunk of chunks) collected.push(chunk);
  } catch (error) {
    if (!isChatError(error)) throw error;
    return { chunks: collected, failure: error };
  }
  return { chunks: collected, failure: undefined };
}

function textOf(chunks: ChatCompletionChunk[], field: 'content' | 'reasoning_content'): string {
  return chunks
    .flatMap(({ choices }) => choices)
    .filter(({ index }) => index === 0)
    .map(({ delta }) => delta[field] ?? '')
    .join('');
}

// ---------------------------------------------------------------- streams

const wholeStreams = streams.filter(({ path }) => {
  const { choices, hasError } = readStreamPlainly(readFileSync(path, 'utf8'));
  return !hasError && choices.length > 0 && choices.every((choice) => choice.finish_reason);
});
const brokenStreams = streams.filter((sample) => !wholeStreams.includes(sample));

const cutWholeStreams = wholeStreams.flatMap((sample) =>
  chunkings.map((chunking) => ({ ...sample, ...chunking })),
);

test.each(cutWholeStreams)(
  'the stream $name, read $chunking, is the answer that its lines hold',
  async ({ path, provider, cut }) => {
    const bytes = readFileSync(path);
    const expected = readStreamPlainly(bytes.toString('utf8'));
    const decoded = await collect(decodeStream(asyncly(cut(bytes)), { provider }));
    expect(decoded.failure).toBeUndefined();
    const first = expected.choices.find(({ index }) => index === 0);
    expect(textOf(decoded.chunks, 'content')).toBe(first?.content ?? '');
    expect(textOf(decoded.chunks, 'reasoning_content')).toBe(first?.reasoning ?? '');

    const stream = clientOf(provider, memoryTransport(cut(bytes))).chat.completions.stream(params);
    const { chunks, failure } = await collect(stream);
    expect(failure).toBeUndefined();
    expect(chunks).toEqual(decoded.chunks);
    const completion = await stream.finalCompletion();
    expect(plain(completion)).toEqual({
      choices: expected.choices,
      usage: readableUsage(expected.usage, completion.report.issues),
    });
    const kept = expected.choices.reduce((sum, { calls }) => sum + calls.length, 0);
    const left = completion.report.issues.filter(({ code }) => code === 'incomplete_tool_call');
    expect(left).toHaveLength(expected.callCount - kept);
  },
);

test.each(brokenStreams.flatMap((sample) => chunkings.map((each) => ({ ...sample, ...each }))))(
  'the stream $name, read $chunking, is an error with exactly what had come',
  async ({ path, provider, cut }) => {
    const bytes = readFileSync(path);
    const expected = readStreamPlainly(bytes.toString('utf8'));
    const partial = { choices: expected.choices, usage: expected.usage };
    const decoded = await collect(decodeStream(asyncly(cut(bytes)), { provider }));
    expect(decoded.failure?.code).toMatch(/^(stream_interrupted|server_error|bad_request)$/);
    expect(decoded.failure?.partial && plain(decoded.failure.partial)).toEqual(partial);

    const transport = memoryTransport(cut(bytes));
    const stream = clientOf(provider, transport).chat.completions.stream(params);
    const { chunks, failure } = await collect(stream);
    expect(chunks).toEqual(decoded.chunks);
    expect(failure?.code).toBe(decoded.failure?.code);
    expect(failure?.partial && plain(failure.partial)).toEqual(partial);
    expect(failure?.partial?.choices.every((choice) => choice.finish_reason === null)).toBe(true);
    await expect(stream.finalCompletion()).rejects.toBe(failure);
    expect(stream.report.completion).toBe('interrupted');
    expect(transport.sends).toBe(1);
  },
);

test.each(wholeStreams)(
  'the stream $name, cut after any of its events, is stream_interrupted with exactly what had come',
  async ({ path, provider }) => {
    const text = readFileSync(path, 'utf8');
    const ends = [...text.matchAll(/(\r\n){2,}|\n{2,}/g)].map(
      ({ index, 0: { length } }) => index + length,
    );
    // Long streams would take long: a spread of their cuts, the first and the last ones among them.
    const step = Math.max(1, Math.floor(ends.length / 12));
    const cuts = ends.filter((_end, at) => at % step === 0 || at > ends.length - 5);
    for (const end of cuts) {
      const head = text.slice(0, end);
      const expected = readStreamPlainly(head);
      const isWhole =
        expected.choices.length > 0 && expected.choices.every((choice) => choice.finish_reason);
      const { failure } = await collect(decodeStream(asyncly([Buffer.from(head)]), { provider }));
      const hasBegun = eventsOf(head).some(({ data }) => data.trim() !== '[DONE]');
      const withPartial = hasBegun && !isWhole;
      const choices = expected.choices.length > 0 ? expected.choices : [emptyPlainChoice];
      expect({
        end,
        code: failure?.code,
        partial: failure?.partial && plain(failure.partial),
      }).toEqual({
        end,
        code: isWhole ? undefined : 'stream_interrupted',
        partial: withPartial ? { choices, usage: expected.usage } : undefined,
      });
    }
  },
);

/** What `partial` holds when chunks came, and none had a choice. */
const emptyPlainChoice: PlainChoice = {
  index: 0,
  content: '',
  reasoning: '',
  refusal: '',
  calls: [],
  finish_reason: null,
};

// ---------------------------------------------------------------- bodies

const answers = bodies.filter(
  ({ json }) => asList(json.choices).length > 0 || json.output !== undefined,
);
const errors = bodies.filter(
  (sample) => !answers.includes(sample) && sample.json.object !== 'list',
);
const lists = bodies.filter(({ json }) => json.object === 'list');

test.each(answers)(
  'the body $name is the answer that it holds, whole or in place of a stream',
  async ({ path, provider, json }) => {
    const bytes = readFileSync(path);
    const { choices, usage, callCount } = readBodyPlainly(json);
    for (const { cut } of chunkings) {
      const { completions } = clientOf(provider, memoryTransport(cut(bytes))).chat;
      const completion = await completions.create(params);
      expect(plain(completion)).toEqual({
        choices,
        usage: readableUsage(usage, completion.report.issues),
      });
      const kept = choices.reduce((sum, { calls }) => sum + calls.length, 0);
      const { issues } = completion.report;
      const left = issues.filter(({ code }) => code === 'incomplete_tool_call');
      expect(left).toHaveLength(callCount - kept);
    }
    const stream = clientOf(provider, memoryTransport([bytes])).chat.completions.stream(params);
    expect(plain(await stream.finalCompletion())).toEqual({
      choices,
      usage: readableUsage(usage, stream.report.issues),
    });
    expect(stream.report.issues.map(({ code }) => code)).toContain('not_streamed');
  },
);

test.each(answers)(
  'the body $name, cut off anywhere, is stream_interrupted',
  async ({ path, provider }) => {
    const bytes = readFileSync(path);
    const last = bytes.toString('latin1').trimEnd().length;
    const random = seededRandom(bytes.length);
    const cuts = [0, 1, last - 1, ...Array.from({ length: 5 }, () => Math.floor(random() * last))];
    for (const end of cuts) {
      const transport = memoryTransport([bytes.subarray(0, end)]);
      const failure = await clientOf(provider, transport)
        .chat.completions.create(params)
        .then(() => undefined)
        .catch((error: unknown) => error);
      expect({ end, code: isChatError(failure) ? failure.code : failure }).toEqual({
        end,
        code: 'stream_interrupted',
      });
    }
  },
);

const codesByStatus: Record<number, RegExp> = {
  400: /^(bad_request|context_length|content_filter)$/,
  401: /^authentication$/,
  404: /^not_found$/,
  429: /^(rate_limit|insufficient_balance)$/,
};

test.each(errors)(
  'the error body $name is a typed error, with its own status and with 200, whole and streamed',
  async ({ path, provider, status: recorded }) => {
    const bytes = readFileSync(path);
    const failureOf = async (status: number, stream: boolean): Promise<unknown> => {
      const client = clientOf(provider, memoryTransport([bytes], status));
      const call = client.chat.completions.create({ ...params, stream });
      // With status 200 the error of a stream comes when it is read.
      return call
        .then((answer) => ('finalCompletion' in answer ? answer.finalCompletion() : answer))
        .then(() => undefined)
        .catch((error: unknown) => error);
    };
    // The Groq files with an error were recorded without their status; it was 400.
    const status = recorded !== undefined && recorded >= 400 ? recorded : 400;
    for (const stream of [false, true]) {
      const failure = await failureOf(status, stream);
      expect(failure).toMatchObject({ name: 'ChatError', status });
      expect(failure).toMatchObject({
        code: expect.stringMatching(codesByStatus[status] ?? /./),
      });
      const inside = await failureOf(200, stream);
      expect(isChatError(inside)).toBe(true);
      expect(inside).not.toMatchObject({ code: 'invalid_response' });
      expect(inside).not.toMatchObject({ code: 'stream_interrupted' });
      // No status is made up: 200 is what was sent.
      expect([undefined, 200]).toContain((inside as ChatError).status);
    }
  },
);

test.each(lists)('the list of models $name is no answer, and is a list', async ({ path }) => {
  const bytes = readFileSync(path);
  const failure = await clientOf('deepseek', memoryTransport([bytes]))
    .chat.completions.create(params)
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'invalid_response' });
  const { data } = await clientOf('deepseek', memoryTransport([bytes])).models.list();
  expect(data.map(({ id }) => id)).toContain('deepseek-v4-flash');
});

// ---------------------------------------------------------------- what our own fixtures must hold

// Written from what was seen of these; of the other hosts nothing was.
const written = ['aimlapi', 'anyfast', 'bytespike', 'deepseek', 'shortapi', 'vtrix'];

test('each of these vendors has its fixtures', () => {
  expect(readdirSync(fixtures).toSorted()).toEqual(written);
  const kinds = ['text.sse', 'thinking.sse', 'tool-call.sse', 'text.json'];
  const missing = written
    .flatMap((vendor) => kinds.map((kind) => join(fixtures, vendor, kind)))
    .filter((path) => !existsSync(path));
  expect(missing).toEqual([]);
});

const fixtureStreams = wholeStreams.filter(({ path }) => path.startsWith(fixtures));
const named = (kind: string) => fixtureStreams.filter(({ path }) => basename(path) === kind);

test.each(named('thinking.sse'))('$name has reasoning, and content that differs', ({ path }) => {
  const [choice] = readStreamPlainly(readFileSync(path, 'utf8')).choices;
  expect(choice?.reasoning).not.toBe('');
  expect(choice?.content).not.toBe('');
  expect(choice?.content).not.toContain(choice?.reasoning);
});

test.each(named('tool-call.sse'))('$name has whole tool calls', ({ path }) => {
  const [choice] = readStreamPlainly(readFileSync(path, 'utf8')).choices;
  expect(choice?.calls.length).toBeGreaterThan(0);
  expect(choice?.finish_reason).toBe('tool_calls');
});

test('what AIML API and Vtrix charge is told exactly, whole and streamed', async () => {
  const costs = await Promise.all(
    (['aimlapi', 'vtrix'] as const).flatMap((provider) => {
      const bytesOf = (kind: string): Uint8Array[] => [
        readFileSync(join(fixtures, provider, kind)),
      ];
      const whole = clientOf(provider, memoryTransport(bytesOf('text.json')));
      const streamed = clientOf(provider, memoryTransport(bytesOf('text.sse')));
      return [
        whole.chat.completions.create(params),
        streamed.chat.completions.stream(params).finalCompletion(),
      ].map(async (call) => (await call).report.cost);
    }),
  );
  expect(costs).toEqual([
    { usd: '0.0000105', source: 'provider' },
    { usd: '0.0000105', source: 'provider' },
    { usd: '0.00000246', source: 'provider', discount: 0.9 },
    { usd: '0.00000246', source: 'provider', discount: 0.9 },
  ]);
});

test('tool calls of fixtures arrive with their ids, names and arguments', async () => {
  const read = async (provider: ProviderId) => {
    const bytes = readFileSync(join(fixtures, provider, 'tool-call.sse'));
    const stream = clientOf(provider, memoryTransport([bytes])).chat.completions.stream(params);
    const { choices } = await stream.finalCompletion();
    return choices[0].message.tool_calls;
  };
  expect(await read('deepseek')).toEqual([
    {
      id: 'call_00_a1',
      type: 'function',
      function: { name: 'weather', arguments: '{"city": "Brno"}' },
    },
    {
      id: 'call_01_b2',
      type: 'function',
      function: { name: 'weather', arguments: '{"city": "Malm\\u00f6"}' },
    },
  ]);
  expect(await read('shortapi')).toEqual([
    {
      id: 'call_tide',
      type: 'function',
      function: { name: 'tide', arguments: '{"harbour":"Brest"}' },
    },
  ]);
  expect(await read('bytespike')).toEqual([
    {
      id: 'call_bolts',
      type: 'function',
      function: { name: 'count_bolts', arguments: '{"box":3}' },
    },
    { id: 'call_now', type: 'function', function: { name: 'now', arguments: '{}' } },
  ]);
  expect(await read('vtrix')).toEqual([
    { id: 'call_lamp', type: 'function', function: { name: 'lamp', arguments: '{"on":true}' } },
  ]);
});
