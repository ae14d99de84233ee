import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChatCompletionChunk } from 'deepseek-v4-flash';
import { createClient, decodeStream, isChatError } from 'deepseek-v4-flash';
import * as fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { Mutation } from './mutations.ts';
import { mutate, mutationKinds, readMutatedBody, readMutatedStream } from './mutations.ts';
import { inPieces, withComments, withLineEnds } from './rewriting.ts';
import type { Rendered } from './streams.ts';
import {
  asBody,
  key,
  oddStreams,
  params,
  playingTransport,
  renderBodies,
  renderStreams,
} from './streams.ts';
import { seededRandom } from '../kit/random.ts';

// What holds for every stream, however it is cut, commented or broken. fast-check makes the cases from a seed, and
// shrinks those that fail.

const seed = Number(process.env.FAULT_SEED ?? 20_261_120);
beforeAll(() => console.log(`seed of the properties: ${seed} (FAULT_SEED)`));

/** Streams of others, on machines that have them: short ones, and not more than a sample. */
function recordedStreams(): Rendered[] {
  const folder = fileURLToPath(new URL('../../../shared/recordings', import.meta.url));
  if (!existsSync(folder)) return [];
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.sse'))
    .toSorted()
    .map((path) => join(folder, path))
    .map((path) => ({
      name: relative(folder, path),
      provider: 'deepseek' as const,
      bytes: readFileSync(path),
    }))
    // Comments can be put into what is an event stream up to its end.
    .filter(({ bytes }) => bytes.length < 30_000 && /^(data|event|id|:)/.test(bytes.toString()))
    .filter(({ bytes }) => /(\r\n\r\n|\n\n)$/.test(bytes.toString()));
  const random = seededRandom(seed);
  return all
    .map((stream) => ({ stream, order: random() }))
    .toSorted((a, b) => a.order - b.order)
    .slice(0, 24)
    .map(({ stream }) => stream);
}

const ownStreams = [...(await renderStreams()), ...oddStreams];
const streams = [...ownStreams, ...recordedStreams()];
const bodies = await renderBodies();

// By their names, since fast-check prints what fails.
const nameOf = (list: readonly Rendered[]) => fc.constantFrom(...list.map(({ name }) => name));
const find = (list: readonly Rendered[], name: string): Rendered =>
  list.find((each) => each.name === name) as Rendered;

// ---------------------------------------------------------------- the same stream, written differently

/** Everything that a caller can see of a stream, except when it came. */
async function resultOf({ provider }: Rendered, pieces: readonly Uint8Array[]): Promise<string> {
  const chunks: ChatCompletionChunk[] = [];
  const told: unknown[] = [];
  try {
    for await (const chunk of decodeStream(asBody(pieces), { provider })) chunks.push(chunk);
  } catch (error) {
    if (!isChatError(error)) throw error;
    told.push(error.code, error.partial);
  }
  const transport = playingTransport(() => ({ pieces }));
  const client = createClient({ provider, apiKey: key, transport, maxRetries: 0 });
  const stream = client.chat.completions.stream({ ...params, stream: true });
  try {
    told.push(await stream.finalCompletion());
  } catch (error) {
    if (!isChatError(error)) throw error;
    told.push(error.code, error.partial);
  }
  const { issues, usage, cost, completion } = stream.report;
  return JSON.stringify({ chunks, told, issues, usage, cost, completion });
}

const asRecorded = new Map<Rendered, Promise<string>>();

function expectedOf(stream: Rendered): Promise<string> {
  const known = asRecorded.get(stream) ?? resultOf(stream, [stream.bytes]);
  asRecorded.set(stream, known);
  return known;
}

const unix = ({ bytes }: Rendered): string =>
  Buffer.from(bytes).toString('utf8').replaceAll('\r\n', '\n');

const rewritings: {
  name: string;
  rewrite: (stream: Rendered, next: () => number) => Uint8Array[];
}[] = [
  { name: 'cut into other pieces', rewrite: ({ bytes }, next) => inPieces(bytes, next) },
  {
    name: 'with comments in it',
    rewrite: (stream, next) => [Buffer.from(withComments(unix(stream), next))],
  },
  {
    name: 'with other line ends',
    rewrite: (stream, next) => [Buffer.from(withLineEnds(unix(stream), next))],
  },
  {
    name: 'with comments, other line ends and in other pieces',
    rewrite: (stream, next) => {
      const text = withLineEnds(withComments(unix(stream), next), next);
      return inPieces(Buffer.from(text), next);
    },
  },
];

test.each(rewritings)('a stream $name is the same answer', async ({ rewrite }) => {
  let count = 0;
  await fc.assert(
    fc.asyncProperty(nameOf(streams), fc.integer(), async (name, how) => {
      count++;
      const stream = find(streams, name);
      const pieces = rewrite(stream, seededRandom(how));
      const result = await resultOf(stream, pieces);
      expect(result).toBe(await expectedOf(stream));
    }),
    { seed, numRuns: 400, endOnFailure: true },
  );
  expect(count).toBeGreaterThanOrEqual(400);
});

test('every stream in pieces of one byte is the same answer', async () => {
  for (const stream of streams) {
    const pieces = Array.from(stream.bytes, (byte) => Uint8Array.of(byte));
    expect(await resultOf(stream, pieces), stream.name).toBe(await expectedOf(stream));
  }
});

// ---------------------------------------------------------------- streams and bodies with something wrong in them

const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom(...mutationKinds),
  at: share,
  with: share,
});

test('a stream with something wrong in it is an answer or a ChatError, and nothing else', async () => {
  const outcomes = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      nameOf(streams),
      fc.array(mutation, { minLength: 1, maxLength: 6 }),
      fc.integer(),
      async (name, mutations, how) => {
        const stream = find(streams, name);
        const bytes = mutate(stream.bytes, mutations);
        const outcome = await readMutatedStream(
          stream.provider,
          inPieces(bytes, seededRandom(how)),
        );
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      },
    ),
    { seed, numRuns: 3_000 },
  );
  console.log('mutated streams:', Object.fromEntries(outcomes));
  expect(outcomes.get('completion')).toBeGreaterThan(0);
  expect(outcomes.get('stream_interrupted')).toBeGreaterThan(0);
  expect(outcomes.get('invalid_response')).toBeGreaterThan(0);
});

const statusOf = fc.oneof(
  { weight: 3, arbitrary: fc.constant(200) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      201,
      204,
      302,
      400,
      401,
      402,
      403,
      404,
      408,
      422,
      429,
      500,
      502,
      503,
      504,
      529,
    ),
  },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 999 }) },
);

const oddHeaders: fc.Arbitrary<Record<string, string>> = fc.dictionary(
  fc.constantFrom(
    'retry-after',
    'retry-after-ms',
    'x-should-retry',
    'x-ratelimit-reset',
    'content-type',
    'content-length',
    'location',
    'x-request-id',
    'x-ds-trace-id',
    'set-cookie',
    'constructor',
    'toString',
  ),
  fc.oneof(
    fc.string(),
    fc.constantFrom(
      '0',
      '-1',
      '1e9',
      'NaN',
      'Infinity',
      'true',
      'Wed, 21 Oct 2015 07:28:00 GMT',
      'Mon',
    ),
  ),
);

test('a whole body with something wrong in it is an answer or a ChatError, under any status', async () => {
  const outcomes = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      nameOf(bodies),
      fc.array(mutation, { maxLength: 5 }),
      statusOf,
      oddHeaders,
      async (name, mutations, status, headers) => {
        const { provider, bytes } = find(bodies, name);
        const pieces = [mutate(bytes, mutations)];
        const outcome = await readMutatedBody(provider, { status, headers, pieces });
        if (outcome === 'completion') expect([status, Math.floor(status / 100)]).toContain(2);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      },
    ),
    { seed, numRuns: 2_000 },
  );
  console.log('mutated bodies:', Object.fromEntries(outcomes));
  expect(outcomes.get('completion')).toBeGreaterThan(0);
});

test('any bytes at all are an answer or a ChatError', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }),
      async (pieces) => {
        await readMutatedStream('deepseek', pieces);
        await readMutatedBody('deepseek', { pieces });
      },
    ),
    { seed, numRuns: 500 },
  );
  expect('polluted' in {}).toBe(false);
});

// What JSON.parse takes, JSON.stringify and whatever else recurses may not.
test('values that are nested deeper than the stack are an answer or a ChatError', async () => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  const chunkOf = (delta: string, more = ''): string =>
    `data: {"choices":[{"index":0,"delta":${delta},"finish_reason":"tool_calls"}]${more}}\n\n`;
  const broken = {
    content: chunkOf(`{"content":${deep}}`),
    arguments: chunkOf(
      `{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":${deep}}}]}`,
    ),
    annotations: chunkOf(`{"content":"x","annotations":${deep}}`),
    'an unknown field': chunkOf(`{"content":"x","unknown":${deep}}`),
    usage: chunkOf('{"content":"x"}', `,"usage":{"prompt_tokens":${deep}}`),
    error: `data: {"error":{"message":${deep},"code":${deep}}}\n\n`,
    'arguments of a whole body': `{"choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":${deep}}}]}}]}`,
  };
  const untyped: Record<string, string> = {};
  for (const [name, text] of Object.entries(broken)) {
    const pieces = [Buffer.from(text)];
    try {
      await readMutatedStream('deepseek', pieces);
      await readMutatedBody('deepseek', { pieces });
    } catch (error) {
      untyped[name] = String(error);
    }
  }
  expect(untyped).toEqual({});
});

test('a delta that is a list is no delta, and a time without an end no time, as their types have it', async () => {
  const chunkOf = (created: string, delta: string): string =>
    `data: {"id":"1","object":"chat.completion.chunk","created":${created},"model":"m","choices":[{"index":0,"delta":${delta},"finish_reason":null}]}\n\n`;
  const untyped: Record<string, string> = {};
  for (const text of [chunkOf('1', '[]'), chunkOf('1e999', '{"content":"x"}')]) {
    // Both the way of plain text and that of everything else.
    for (const body of [text, text.replace('"model":"m"', '"model":null')]) {
      await readMutatedStream('deepseek', [Buffer.from(body)]).catch((error: unknown) => {
        untyped[body] = String(error);
      });
    }
  }
  expect(untyped).toEqual({});
});
