import type { ChatCompletion, ChatError, ClientOptions, Transport } from 'deepseek-v4-flash';
import {
  createClient,
  decodeStream,
  fetchTransport,
  isChatError,
  undiciTransport,
} from 'deepseek-v4-flash';
import { Agent } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Rendered } from './streams.ts';
import {
  asBody,
  eventsSent,
  finishEnd,
  key,
  oddStreams,
  params,
  playingTransport,
  renderStreams,
  textsOf,
  textsUntil,
} from './streams.ts';
import { pick, seededRandom } from '../kit/random.ts';
import { headOf, startRawServer, zeroChunk } from '../kit/raw-server.ts';
import type { RawServer } from '../kit/raw-server.ts';
import { inLanes } from '../kit/time.ts';

// The main promise: an answer that was cut off is never taken for a whole one, wherever the cut falls, and what had
// come is told exactly. A second reading of the bytes, which uses nothing of the library, says what had come.

const seed = Number(process.env.FAULT_SEED ?? 20_261_120);

const rendered = await renderStreams();
const streams = [...rendered, ...oddStreams];

/** How a read ended. */
type Outcome = { completion: ChatCompletion } | { error: ChatError } | { untyped: unknown };

interface Cut {
  stream: Rendered;
  whole: ChatCompletion;
  end: number;
}

async function outcomeOf(reading: Promise<ChatCompletion>): Promise<Outcome> {
  try {
    return { completion: await reading };
  } catch (error) {
    return isChatError(error) ? { error } : { untyped: error };
  }
}

function clientOf({ provider }: Rendered, transport: Transport, options: ClientOptions = {}) {
  return createClient({ ...options, provider, apiKey: key, transport, maxRetries: 0 });
}

function readAll({ provider, bytes }: Rendered): Promise<ChatCompletion> {
  const transport = playingTransport(() => ({ pieces: [bytes] }));
  const client = createClient({ provider, apiKey: key, transport, maxRetries: 0 });
  return client.chat.completions.stream({ ...params, stream: true }).finalCompletion();
}

/**
 * What is wrong with an outcome; nothing, if all is well. After a `clean` end and a `lost` one, all that was sent has
 * arrived; after a `lossy` one, nobody knows how much.
 */
function faultIn(
  outcome: Outcome,
  { stream, whole, end }: Cut,
  how: 'clean' | 'lost' | 'lossy',
): string | undefined {
  if ('untyped' in outcome) return `no ChatError: ${String(outcome.untyped)}`;
  const sent = eventsSent(stream.bytes);
  const isFinished = end >= finishEnd(sent);
  if ('completion' in outcome) {
    if (!isFinished) return 'SILENT TRUNCATION';
    const { completion } = outcome;
    if (!sameTexts(completion, whole)) return 'a success with other texts';
    return sameCalls(completion, whole) ? undefined : 'a success with other calls';
  }
  const { code, partial } = outcome.error;
  // After a reset nobody knows what had arrived, the head included.
  const isRefused = how === 'lossy' && code === 'connection' && partial === undefined;
  if (code !== 'stream_interrupted' && !isRefused) return `the code is ${code}`;
  // An event without its blank line is taken where the body ends by itself, and only there.
  const mayBeFinished = how === 'clean' ? isFinished : isDispatched(stream, end);
  if (mayBeFinished && how !== 'lossy') return 'an error although the answer had come';
  return faultInPartial(partial, { stream, whole, end }, how);
}

function isDispatched({ bytes }: Rendered, end: number): boolean {
  const sent = eventsSent(bytes);
  const last = sent.findLast(({ choices }) => choices.some(({ finish }) => finish));
  return last !== undefined && end >= last.blankEnd;
}

function faultInPartial(
  partial: ChatCompletion | undefined,
  { stream, whole, end }: Cut,
  how: 'clean' | 'lost' | 'lossy',
): string | undefined {
  const sent = eventsSent(stream.bytes);
  const atMost = textsUntil(sent, end);
  const atLeast =
    how === 'lossy' ? new Map() : textsUntil(sent, end, how === 'clean' ? 'jsonEnd' : 'blankEnd');
  if (partial === undefined) return atLeast.size > 0 ? 'no partial' : undefined;
  if (partial.choices.some(({ finish_reason }) => finish_reason !== null))
    return 'partial has a finish_reason';
  for (const [index, { content, reasoning }] of textsOf(partial)) {
    const most = atMost.get(index) ?? { content: '', reasoning: '' };
    const least = atLeast.get(index) ?? { content: '', reasoning: '' };
    const isPrefix = most.content.startsWith(content) && most.reasoning.startsWith(reasoning);
    if (!isPrefix) return 'partial is no prefix of what was sent';
    if (content.length < least.content.length || reasoning.length < least.reasoning.length)
      return 'partial has lost something that had arrived';
  }
  const calls = whole.choices.flatMap(({ message }) => message.tool_calls ?? []);
  const isWhole = partial.choices
    .flatMap(({ message }) => message.tool_calls ?? [])
    .every((call) => calls.some((each) => JSON.stringify(each) === JSON.stringify(call)));
  return isWhole ? undefined : 'partial has a call that is not whole';
}

function sameTexts(one: ChatCompletion, other: ChatCompletion): boolean {
  return JSON.stringify([...textsOf(one)]) === JSON.stringify([...textsOf(other)]);
}

function sameCalls(one: ChatCompletion, other: ChatCompletion): boolean {
  const callsOf = ({ choices }: ChatCompletion): unknown =>
    choices.map(({ message, finish_reason }) => [message.tool_calls, finish_reason]);
  return JSON.stringify(callsOf(one)) === JSON.stringify(callsOf(other));
}

// ---------------------------------------------------------------- at every byte

const inProcess = { cuts: 0, whole: 0, interrupted: 0 };
const onSockets = { cuts: 0, whole: 0, interrupted: 0 };
afterAll(() => {
  for (const [where, { cuts, whole, interrupted }] of Object.entries({ inProcess, onSockets })) {
    console.log(
      `cut sweep, ${where}: ${cuts} cuts, ${whole} of them after the finish_reason, ${interrupted} told as errors, 0 silent`,
    );
  }
});

/** Cuts a stream at every byte, its end included, and says where what was wrong. */
async function sweep(
  stream: Rendered,
  how: 'clean' | 'lost',
  read: (bytes: Uint8Array, whole: ChatCompletion) => Promise<ChatCompletion>,
): Promise<string[]> {
  const whole = await readAll(stream);
  const faults: string[] = [];
  for (let end = 0; end <= stream.bytes.length; end++) {
    const outcome = await outcomeOf(read(stream.bytes.subarray(0, end), whole));
    const fault = faultIn(outcome, { stream, whole, end }, how);
    if (fault !== undefined) faults.push(`byte ${end}: ${fault}`);
    inProcess.cuts++;
    inProcess['completion' in outcome ? 'whole' : 'interrupted']++;
  }
  // One line is enough to see what is wrong, and a thousand hide it.
  return faults.length > 3 ? [...faults.slice(0, 3), `and ${faults.length - 3} more`] : faults;
}

/** The decoder alone hands out chunks and an end: its texts are put together here. */
async function decodeAll(
  { provider }: Rendered,
  whole: ChatCompletion,
  body: AsyncIterable<Uint8Array>,
): Promise<ChatCompletion> {
  const texts = new Map<number, { content: string; reasoning: string }>();
  for await (const chunk of decodeStream(body, { provider })) {
    for (const { index, delta } of chunk.choices) {
      const { content, reasoning } = texts.get(index) ?? { content: '', reasoning: '' };
      texts.set(index, {
        content: content + (delta.content ?? ''),
        reasoning: reasoning + (delta.reasoning_content ?? ''),
      });
    }
  }
  if (JSON.stringify([...texts]) !== JSON.stringify([...textsOf(whole)]))
    throw new Error('The decoder came to a good end with other texts');
  return whole;
}

test.each(streams)('$name: cut at any byte, decodeStream tells it', async (stream) => {
  const faults = await sweep(stream, 'clean', (bytes, whole) =>
    decodeAll(stream, whole, asBody([bytes])),
  );
  expect(faults).toEqual([]);
});

// A Node stream or a web stream that breaks throws an error of its own.
test('when the body breaks at any byte, decodeStream tells it by a ChatError with what had come', async () => {
  const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  const faults: Record<string, string[]> = {};
  for (const stream of streams) {
    const found = await sweep(stream, 'lost', (bytes, whole) =>
      decodeAll(stream, whole, asBody([bytes], reset)),
    );
    if (found.length > 0) faults[stream.name] = found;
  }
  expect(faults).toEqual({});
});

const ends = ['clean', 'lost'] as const;

test.each(streams.flatMap((stream) => ends.map((end) => ({ ...stream, end }))))(
  '$name: cut at any byte by an end that is $end, the client tells it',
  async ({ end: how, ...stream }) => {
    let sent: Uint8Array = stream.bytes;
    const transport = playingTransport(() => ({ pieces: [sent], end: how }));
    const { completions } = clientOf(stream, transport).chat;
    const faults = await sweep(stream, how, (bytes) => {
      sent = bytes;
      return completions.stream({ ...params, stream: true }).finalCompletion();
    });
    expect(faults).toEqual([]);
  },
);

test('fourteen streams of the emulator and the odd ones are swept', () => {
  expect(rendered).toHaveLength(14);
  expect(streams.every(({ bytes }) => bytes.length > 500 && bytes.length < 6_000)).toBe(true);
  expect(inProcess.cuts).toBe(4 * streams.reduce((sum, { bytes }) => sum + bytes.length + 1, 0));
});

// ---------------------------------------------------------------- over sockets

const closings = ['FIN', 'RST', 'zero chunk'] as const;
type Closing = (typeof closings)[number];

let server: RawServer;
beforeAll(async () => {
  server = await startRawServer(({ socket, header }) => {
    const [at, end, closing] = header('x-cut').split(',');
    const { bytes } = streams[Number(at)] as Rendered;
    cut(socket, bytes, Number(end), closing as Closing);
  });
});
afterAll(() => server.close());

const closedHead = headOf(200, {
  'content-type': 'text/event-stream',
  'transfer-encoding': 'chunked',
  connection: 'close',
});

type Socket = Parameters<Parameters<typeof startRawServer>[0]>[0]['socket'];

function cut(socket: Socket, bytes: Uint8Array, end: number, closing: Closing): void {
  const head = bytes.subarray(0, end);
  if (closing === 'zero chunk') {
    socket.write(closedHead);
    const size = Buffer.from(`${end.toString(16)}\r\n`);
    if (end > 0) socket.write(Buffer.concat([size, head, Buffer.from('\r\n')]));
    socket.end(zeroChunk);
    return;
  }
  // The chunk promises the whole stream, so the end of the connection is none of the body.
  socket.write(`${closedHead}${bytes.length.toString(16)}\r\n`);
  if (closing === 'FIN') socket.end(head);
  // A moment, so that most resets find the bytes read.
  else socket.write(head, () => setTimeout(() => socket.resetAndDestroy(), 2));
}

const sampleCount = 2_000;

test('two thousand cuts on sockets, by FIN, RST and an early zero chunk: none is silent', async () => {
  console.log(`seed of the sampled cuts: ${seed} (FAULT_SEED)`);
  const random = seededRandom(seed);
  const agent = new Agent({ keepAliveTimeout: 1, keepAliveMaxTimeout: 1 });
  const overUndici = undiciTransport({ dispatcher: agent });
  const overFetch = fetchTransport();
  const wholes = await Promise.all(streams.map(readAll));
  const samples = Array.from({ length: sampleCount }, (_each, number) => {
    const at = Math.floor(random() * streams.length);
    const stream = streams[at] as Rendered;
    const closing = pick(closings, random());
    const end = Math.floor(random() * (stream.bytes.length + 1));
    return { at, stream, closing, end, isFetch: number % 4 === 0 };
  });
  const faults: string[] = [];
  await inLanes(16, samples.length, async (number) => {
    const { at, stream, closing, end, isFetch } = samples[number] as (typeof samples)[number];
    const client = clientOf(stream, isFetch ? overFetch : overUndici, { baseURL: server.url });
    const reading = client.chat.completions
      .stream({ ...params, stream: true }, { headers: { 'x-cut': `${at},${end},${closing}` } })
      .finalCompletion();
    const outcome = await outcomeOf(reading);
    // A web stream that breaks throws away what nobody has read yet.
    const isLossy = closing === 'RST' || (closing === 'FIN' && isFetch);
    const how = closing === 'zero chunk' ? 'clean' : isLossy ? 'lossy' : 'lost';
    const whole = wholes[at] as ChatCompletion;
    const fault = faultIn(outcome, { stream, whole, end }, how);
    if (fault !== undefined)
      faults.push(`${stream.name}, byte ${end}, ${closing}, fetch ${isFetch}: ${fault}`);
    onSockets.cuts++;
    onSockets['completion' in outcome ? 'whole' : 'interrupted']++;
  });
  await agent.close();
  expect(faults).toEqual([]);
  expect(onSockets.cuts).toBe(sampleCount);
  expect(server.requests).toBe(sampleCount);
});
