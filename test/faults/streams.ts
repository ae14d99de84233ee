import type {
  ChatCompletion,
  ChatCompletionCreateParamsBase,
  ProviderId,
  Transport,
} from 'deepseek-v4-flash';
import { ChatError, createClient } from 'deepseek-v4-flash';
import type { EmulatorAnswer } from 'deepseek-v4-flash/testing';
import { createEmulator } from 'deepseek-v4-flash/testing';

// Short streams and bodies in every dialect that a vendor writes, as the emulator renders them, and ways to play them.

/** One vendor for each way in which answers are written: the hosts that are not named write as `shortapi` does, or say less. */
export const vendors: ProviderId[] = [
  'deepseek',
  'aimlapi',
  'shortapi',
  'anyfast',
  'bytespike',
  'vtrix',
  'openrouter',
];

export const key = 'sk-not-a-key-0123456789';

export const params: ChatCompletionCreateParamsBase = {
  messages: [{ role: 'user', content: 'Hi' }],
};

const toolParams: ChatCompletionCreateParamsBase = {
  ...params,
  tools: [{ type: 'function', function: { name: 'tide', parameters: { type: 'object' } } }],
};

/** Characters of one to four bytes, so that some cuts fall into the middle of one. */
const thoughtful: EmulatorAnswer = {
  reasoning_content: 'Brno, not Malmö: 漢字 😀.',
  content: 'Tide: “high” at\n12 o’clock, 高潮 🌊.',
};

const calling: EmulatorAnswer = {
  reasoning_content: 'Ask.',
  content: '',
  tool_calls: [
    { id: 'call_tide', name: 'tide', arguments: '{"harbour":"Brest ⚓","hours":[1,2]}' },
  ],
};

/** A body of a kind, and whose it is. */
export interface Rendered {
  name: string;
  provider: ProviderId;
  bytes: Uint8Array;
}

async function render(
  provider: ProviderId,
  answer: EmulatorAnswer,
  kind: 'streamed' | 'whole',
): Promise<Uint8Array> {
  const emulator = createEmulator();
  emulator.reply(answer);
  const pieces: Uint8Array[] = [];
  const client = createClient({
    provider,
    apiKey: key,
    onUnsupported: 'adjust',
    transport: recorded(emulator.transport, pieces),
  });
  const asked = answer.tool_calls === undefined ? params : toolParams;
  if (kind === 'whole') await client.chat.completions.create({ ...asked, stream: false });
  else await client.chat.completions.stream({ ...asked, stream: true }).finalCompletion();
  return Buffer.concat(pieces);
}

function recorded(transport: Transport, into: Uint8Array[]): Transport {
  return {
    async send(request) {
      const response = await transport.send(request);
      const { body } = response;
      const read = async (): Promise<Uint8Array | undefined> => {
        const bytes = await body.read();
        if (bytes !== undefined) into.push(bytes);
        return bytes;
      };
      return { ...response, body: { read, cancel: () => body.cancel() } };
    },
  };
}

/** Two streams a vendor: text with thinking, and a tool call. */
export async function renderStreams(): Promise<Rendered[]> {
  const each = vendors.flatMap((provider) => [
    { name: `${provider}, text with thinking`, provider, answer: thoughtful },
    { name: `${provider}, a tool call`, provider, answer: calling },
  ]);
  return Promise.all(
    each.map(async ({ name, provider, answer }) => ({
      name,
      provider,
      bytes: await render(provider, answer, 'streamed'),
    })),
  );
}

/** The same answers whole. */
export async function renderBodies(): Promise<Rendered[]> {
  const each = vendors.flatMap((provider) => [
    { name: `${provider}, text with thinking`, provider, answer: thoughtful },
    { name: `${provider}, a tool call`, provider, answer: calling },
  ]);
  return Promise.all(
    each.map(async ({ name, provider, answer }) => ({
      name,
      provider,
      bytes: await render(provider, answer, 'whole'),
    })),
  );
}

const event = (choices: object[], more: object = {}): string =>
  `data: ${JSON.stringify({ id: 'o1', object: 'chat.completion.chunk', created: 1, model: 'm', choices, ...more })}\n\n`;
const piece = (delta: object, finish_reason: string | null = null, index = 0): object => ({
  index,
  delta,
  finish_reason,
});
const call = (index: number | undefined, fields: object): object => ({
  tool_calls: [{ ...(index !== undefined && { index }), ...fields }],
});

const oddTexts: Record<string, string> = {
  'CRLF, comments in the middle, no [DONE]': [
    ': PING\n\n',
    event([piece({ role: 'assistant', content: '' })]),
    event([piece({ content: 'é' })]),
    ': keep-alive\n\n\n',
    event([piece({ content: '漢' })]),
    event([piece({ content: '' }, 'stop')]),
  ]
    .join('')
    .replaceAll('\n', '\r\n'),
  'a byte order mark, fields of no use, usage on its own': [
    '\uFEFFid: 7\nretry: 10\nevent: message\n',
    event([piece({ role: 'assistant', content: 'A' })]),
    event([piece({ content: 'B' })]),
    event([piece({}, 'length')]),
    event([], { usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } }),
    'data: [DONE]\n\n',
  ].join(''),
  'two calls in pieces, without an index, under finish_reason tool_calls': [
    event([piece({ role: 'assistant', content: null })]),
    event([piece(call(undefined, { id: 'a', function: { name: 'tide', arguments: '{"at":' } }))]),
    event([piece(call(undefined, { id: 'a', function: { arguments: '"Brest"}' } }))]),
    event([piece(call(undefined, { id: 'b', function: { name: 'now', arguments: '' } }))]),
    event([piece(call(undefined, { id: 'b', function: { arguments: '{}' } }))]),
    event([piece({}, 'tool_calls')]),
    'data: [DONE]\n\n',
  ].join(''),
  'two answers at once': [
    event([piece({ content: 'A1' }, null, 0), piece({ content: 'B1' }, null, 1)]),
    event([piece({ content: 'A2' }, null, 0)]),
    event([piece({}, 'stop', 0)]),
    event([piece({ content: 'B2' }, null, 1)]),
    event([piece({}, 'stop', 1)]),
    'data: [DONE]\n\n',
  ].join(''),
};

/** What gateways make of the wire. */
export const oddStreams: Rendered[] = Object.entries(oddTexts).map(([name, text]) => ({
  name,
  provider: 'deepseek',
  bytes: Buffer.from(text),
}));

// ---------------------------------------------------------------- what was sent, read a second time

/** What one event adds, and from which byte on it can be known. */
interface SentEvent {
  /** Where its JSON ends. */
  jsonEnd: number;
  /** Where it has been dispatched at the latest. */
  blankEnd: number;
  choices: {
    index: number;
    content: string;
    reasoning: string;
    finish: boolean;
  }[];
}

interface WireEvent {
  choices: {
    index: number;
    finish_reason?: string | null | undefined;
    reasoning_content?: string | null | undefined;
    delta?: {
      content?: string | null | undefined;
      reasoning_content?: string | null | undefined;
      reasoning?: string | null | undefined;
    };
  }[];
}

const sentBefore = new WeakMap<Uint8Array, SentEvent[]>();

/** Reads a stream of one-line events without the library, once. */
export function eventsSent(bytes: Uint8Array): SentEvent[] {
  const known = sentBefore.get(bytes) ?? readEvents(bytes);
  sentBefore.set(bytes, known);
  return known;
}

/** Latin-1 makes a character of every byte. */
function readEvents(bytes: Uint8Array): SentEvent[] {
  const text = Buffer.from(bytes).toString('latin1');
  return [...text.matchAll(/^data: (\{.*)$/gm)].map(({ 0: line, 1: json = '', index }) => {
    const { choices } = JSON.parse(Buffer.from(json, 'latin1').toString('utf8')) as WireEvent;
    const jsonEnd = index + line.length;
    return {
      jsonEnd,
      blankEnd: jsonEnd + (text[jsonEnd] === '\r' ? 4 : 2),
      choices: choices.map((choice) => ({
        index: choice.index,
        content: choice.delta?.content ?? '',
        reasoning:
          choice.delta?.reasoning_content ??
          choice.delta?.reasoning ??
          choice.reasoning_content ??
          '',
        finish: typeof choice.finish_reason === 'string',
      })),
    };
  });
}

/** From which byte on the answer is whole: where every choice has its finish_reason. */
export function finishEnd(events: readonly SentEvent[]): number {
  const finishing = events.filter(({ choices }) => choices.some(({ finish }) => finish));
  return finishing.at(-1)?.jsonEnd ?? Infinity;
}

/** The texts of the events that are over at a byte, choice by choice. */
export function textsUntil(
  events: readonly SentEvent[],
  end: number,
  by: 'jsonEnd' | 'blankEnd' = 'jsonEnd',
): Map<number, { content: string; reasoning: string }> {
  const texts = new Map<number, { content: string; reasoning: string }>();
  for (const sent of events) {
    if (sent[by] > end) break;
    for (const { index, content, reasoning } of sent.choices) {
      const known = texts.get(index) ?? { content: '', reasoning: '' };
      texts.set(index, {
        content: known.content + content,
        reasoning: known.reasoning + reasoning,
      });
    }
  }
  return texts;
}

/** The same of what the library made. */
export function textsOf(
  completion: ChatCompletion,
): Map<number, { content: string; reasoning: string }> {
  return new Map(
    completion.choices.map(({ index, message }) => [
      index,
      { content: message.content ?? '', reasoning: message.reasoning_content ?? '' },
    ]),
  );
}

// ---------------------------------------------------------------- how it is played

/** What a transport in memory answers with. */
export interface Played {
  status?: number | undefined;
  headers?: Record<string, string> | undefined;
  pieces: Iterable<Uint8Array>;
  /** How the body ends. @default 'clean' */
  end?: 'clean' | 'lost' | undefined;
}

/** A transport in memory. `reads` is reset at every send. */
export function playingTransport(play: () => Played): Transport & { reads: number } {
  const transport = {
    reads: 0,
    async send() {
      const { status = 200, headers = {}, pieces, end } = play();
      const iterator = pieces[Symbol.iterator]();
      transport.reads = 0;
      const read = async (): Promise<Uint8Array | undefined> => {
        transport.reads++;
        const { done, value } = iterator.next();
        if (!done) return value;
        if (end === 'lost') throw new ChatError('stream_interrupted', 'The connection was lost');
        return undefined;
      };
      return { status, headers, body: { read, cancel() {} } };
    },
  };
  return transport;
}

/** Bytes as a body. `end` is thrown when they are over. */
export async function* asBody(
  pieces: Iterable<Uint8Array>,
  end?: Error,
): AsyncGenerator<Uint8Array, undefined> {
  yield* pieces;
  if (end !== undefined) throw end;
}
