import { ChatError, isChatError } from '../errors.ts';
import { isCutOff, parseOr } from '../json.ts';
import type { NoteIssue } from '../report.ts';
import type { ChatCompletionChunk, DecodedChunk, StreamMemory } from '../schema/chunk.ts';
import type { ChatCompletion } from '../schema/response.ts';
import type { ByteReader } from '../web.ts';
import type { Repeat } from './repeats.ts';
import { learnRepeat } from './repeats.ts';
import type { SSEEvent } from './sse.ts';
import { createSSEDecoder } from './sse.ts';
import { createToolCallAttribution } from './tool-calls.ts';

/** What the stream decoder asks the vendor's dialect. */
export interface StreamDialect {
  decodeChunk(data: unknown, note: NoteIssue, memory: StreamMemory): DecodedChunk;
  /** Whether `decodeChunk` gives such data back as it is, whatever its text. Absent: nobody knows. */
  isPlainChunk?: ((data: unknown, memory: StreamMemory) => boolean) | undefined;
  /** A whole answer, for vendors that send one although a stream was asked for. */
  decode(body: unknown, note: NoteIssue): ChatCompletion;
  /** The error in an event or body; `undefined` if there is none. */
  findError(data: unknown): unknown;
  toError(error: unknown): ChatError;
}

export interface StreamLimits {
  eventBytes: number;
  toolCalls: number;
}

/** Chunks, pulled: `pull` until there is none, then `fill`. */
export interface ChunkReader {
  /** The next chunk that is here already. @throws ChatError for an error or nonsense in the stream */
  pull(): ChatCompletionChunk | undefined;
  /** Whether the last chunk is the one before it but for its text. */
  readonly isRepeat: boolean;
  /** Reads on. `false`: the stream has ended, in whatever way. @throws ChatError */
  fill(): Promise<boolean>;
  /** Whether `fill` would read, and not just tell of the end. */
  readonly wantsBytes: boolean;
  /** What `fill` does with what it has read; for who reads for it. */
  feed(bytes: Uint8Array | undefined): boolean;
  /** Whether the stream said that it was over. */
  readonly sawDone: boolean;
  /** Lets go of the body. */
  cancel(): void;
}

/** Bytes → SSE → JSON → chunks. Decodes an event when it is pulled, so nothing queues up behind a slow reader. */
export function createChunkReader(
  body: ByteReader,
  dialect: StreamDialect,
  limits: StreamLimits,
  note: NoteIssue,
): ChunkReader {
  const attribute = createToolCallAttribution(limits.toolCalls);
  /** A repetition is its text. */
  let events: (SSEEvent | string)[] = [];
  let next = 0;
  /** What the events that are here were compared with, and what the next ones will be. */
  let repeat: Repeat | undefined;
  let learned: Repeat | undefined;
  let untriedLessons = 0;
  let last: Repeat | undefined;
  let isRepeat = false;
  const memory: StreamMemory = {};
  let sawDone = false;
  let ended = false;
  /** Text of a body that is no event stream. */
  let document: DocumentText | undefined;
  let isFirst = true;
  let whole: ChatCompletionChunk | undefined;

  const sse = createSSEDecoder((event) => events.push(event), {
    maxEventBytes: limits.eventBytes,
    onRepeat: (text) => events.push(text),
  });

  /** A stream whose events never repeat, by an id of their own for one, is not looked at for ever. */
  const learn = (data: string, parsed: unknown, chunk: ChatCompletionChunk): void => {
    const { isPlainChunk } = dialect;
    if (untriedLessons >= mostUntriedLessons || chunk !== parsed || !isPlainChunk) return;
    const read = (other: unknown): unknown => (isPlainChunk(other, memory) ? other : undefined);
    if (read(parsed) === undefined) return;
    const lesson = learnRepeat(data, chunk, read);
    if (lesson === undefined) return;
    untriedLessons++;
    learned = lesson;
    last = lesson;
  };

  const decodeEvent = (event: SSEEvent): ChatCompletionChunk | undefined => {
    const { data } = event;
    if (event.event === 'error') throw dialect.toError(parseOr(data));
    if (event.bareLine) {
      const error = dialect.findError(parseOr(data));
      if (error !== undefined) throw dialect.toError(error);
      return undefined;
    }
    if (data.charCodeAt(0) !== openBrace && isNoChunk(data, event.event)) return undefined;
    const parsed = parse(data);
    return understood(() => {
      const error = dialect.findError(parsed);
      if (error !== undefined) throw dialect.toError(error);
      const chunk = attribute(dialect.decodeChunk(parsed, note, memory));
      // One lesson a read, from its last event: the next one is likeliest to repeat that.
      if (next === 0 && event.event === undefined) learn(data, parsed, chunk);
      return chunk;
    });
  };

  const isNoChunk = (data: string, name: string | undefined): boolean => {
    const text = data.trim();
    if (text === '[DONE]') {
      sawDone = true;
      return true;
    }
    // An empty event, a ping, or a comment that a gateway wrapped up as data.
    return text === '' || name === 'ping' || text.startsWith(':');
  };

  /** An event without its blank line counts if it is whole by what it says. */
  const takeLeftover = (leftover: SSEEvent): void => {
    const isDone = leftover.data.trim() === '[DONE]';
    const parsed = parseOr(leftover.data);
    if (isDone || (typeof parsed === 'object' && parsed !== null)) events.push(leftover);
    else note({ code: 'cut_event', message: 'the stream ended in the middle of an event' });
  };

  const finish = (): boolean => {
    ended = true;
    if (document !== undefined) {
      const text = document.end();
      whole = understood(() => decodeDocument(text, dialect, note));
      return true;
    }
    const leftover = sse.end();
    if (leftover !== undefined) takeLeftover(leftover);
    return next < events.length;
  };

  const feed = (bytes: Uint8Array | undefined): boolean => {
    if (bytes === undefined) return finish();
    const start = isFirst ? firstCharacter(bytes) : -1;
    if (start !== -1) {
      isFirst = false;
      // No field of an event stream begins like this; a document does.
      if ('{[<'.includes(String.fromCharCode(bytes[start] ?? 0))) {
        document = createDocument(limits.eventBytes);
        document.add(bytes.subarray(start));
        return true;
      }
    }
    repeat = learned;
    if (document === undefined) sse.feed(bytes, repeat);
    else document.add(bytes);
    return true;
  };

  return {
    get sawDone() {
      return sawDone;
    },
    get isRepeat() {
      return isRepeat;
    },
    pull() {
      if (whole !== undefined) {
        const chunk = whole;
        whole = undefined;
        return chunk;
      }
      while (next < events.length) {
        // What follows `[DONE]` is not of this answer.
        if (sawDone) return undefined;
        const event = events[next++] as SSEEvent | string;
        if (next === events.length) {
          events = [];
          next = 0;
        }
        if (typeof event === 'string' && repeat !== undefined) {
          isRepeat = last === repeat;
          last = repeat;
          untriedLessons = 0;
          return repeat.chunk(event);
        }
        isRepeat = false;
        last = undefined;
        const chunk = decodeEvent(event as SSEEvent);
        if (chunk !== undefined) return chunk;
      }
      return undefined;
    },
    get wantsBytes() {
      return !ended && !sawDone;
    },
    feed,
    async fill() {
      if (ended) return false;
      if (!sawDone) return feed(await body.read());
      ended = true;
      void drain(body);
      return false;
    },
    cancel: () => body.cancel(),
  };
}

const openBrace = 0x7b;

/** Events from which a pattern was taken that no other event had. */
const mostUntriedLessons = 8;

/** Whatever else is thrown over what a vendor sent, it was no answer: values nested deeper than the stack, for one. */
function understood<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (isChatError(error)) throw error;
    throw new ChatError('invalid_response', 'What the vendor sent could not be read');
  }
}

/** After `[DONE]` only the end of the body is missing; reading it lets the connection be used again. */
async function drain(body: ByteReader): Promise<void> {
  const timer = setTimeout(() => body.cancel(), 1_000);
  try {
    while ((await body.read()) !== undefined);
  } catch {
    // The answer is whole; how the connection ends is of no interest.
  } finally {
    clearTimeout(timer);
  }
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    // The parser's own message quotes the text, which is the answer.
    const message = `An event of the stream is no JSON (${data.length} characters)`;
    throw new ChatError('invalid_response', message);
  }
}

/** Position of the first byte that is no white space and no part of a BOM; -1 if there is none. */
function firstCharacter(bytes: Uint8Array): number {
  return bytes.findIndex((byte) => byte > 0x20 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf);
}

interface DocumentText {
  add(bytes: Uint8Array): void;
  end(): string;
}

function createDocument(maxBytes: number): DocumentText {
  const decoder = new TextDecoder();
  let text = '';
  return {
    add(bytes) {
      text += decoder.decode(bytes, { stream: true });
      if (text.length > maxBytes) {
        const message = `The answer is larger than ${maxBytes} bytes (option limits.eventBytes)`;
        throw new ChatError('limit_exceeded', message);
      }
    },
    end: () => text + decoder.decode(),
  };
}

/** A stream was asked for, and a whole answer, an error or a web page came. */
function decodeDocument(
  text: string,
  dialect: StreamDialect,
  note: NoteIssue,
): ChatCompletionChunk {
  const body = parseOr(text.trim());
  const error = dialect.findError(body);
  if (error !== undefined) throw dialect.toError(error);
  if (typeof body === 'string') throw noStream(text);
  const completion = dialect.decode(body, note);
  note({ code: 'not_streamed', message: 'the answer came whole, although a stream was asked for' });
  return asChunk(completion);
}

function noStream(text: string): ChatError {
  if (text.startsWith('{') && isCutOff(text)) {
    const message = 'The answer ended before it was whole: its JSON is cut off';
    return new ChatError('stream_interrupted', message, { retryable: true });
  }
  const what = text.startsWith('<') ? 'a web page' : 'something that is no JSON';
  return new ChatError('invalid_response', `The vendor answered with ${what} in place of a stream`);
}

function asChunk({ choices, ...completion }: ChatCompletion): ChatCompletionChunk {
  return {
    ...completion,
    object: 'chat.completion.chunk',
    choices: choices.map(({ message, ...choice }) => {
      const { tool_calls: calls, ...delta } = message;
      return {
        ...choice,
        delta: {
          ...delta,
          ...(calls && { tool_calls: calls.map((call, index) => ({ index, ...call })) }),
        },
      };
    }),
  };
}
