import { ChatError, isChatError } from '../outcome/chat-error.ts';
import { parseOr } from '../internal/json.ts';
import type { NoteIssue } from '../schema/issue.ts';
import type { ChatCompletionChunk, StreamMemory } from '../schema/chunk.ts';
import type { DecodedCompletion } from '../schema/response.ts';
import type { ByteReader } from '../internal/web.ts';
import { noAnswer } from './bad-ends.ts';
import type { Repeat } from './repeats.ts';
import { learnRepeat } from './repeats.ts';
import type { SSEEvent, SSEReceiver } from './sse.ts';
import { SSEDecoder } from './sse.ts';
import type { CallLedger } from './attribute-tool-calls.ts';
import { ToolCallAttribution } from './attribute-tool-calls.ts';
import type { StreamDialect, StreamLimits } from './stream-dialect.ts';

const openBrace = 0x7b;

/** Events from which a pattern was taken that no other event had. */
const mostUntriedLessons = 8;

/** Places for events that a reader keeps. */
const mostKept = 64;

/**
 * Bytes → SSE → JSON → chunks, pulled: `pull` until there is none, then `fill`. Decodes an event when it is pulled, so
 * nothing queues up behind a slow reader.
 */
export class ChunkReader implements SSEReceiver {
  readonly #body: ByteReader;
  readonly #dialect: StreamDialect;
  readonly #limits: StreamLimits;
  readonly #note: NoteIssue;
  readonly #sse: SSEDecoder;
  readonly #attribution: ToolCallAttribution;
  readonly #memory: StreamMemory = {};
  /** What is here and was not pulled yet: the events from `#next` on, up to `#count`. A repetition is its text. */
  readonly #events: (SSEEvent | string | undefined)[] = [];
  #next = 0;
  #count = 0;
  /** What the events that are here were compared with, and what the next ones will be. */
  #repeat: Repeat | undefined = undefined;
  #learned: Repeat | undefined = undefined;
  #untriedLessons = 0;
  #last: Repeat | undefined = undefined;
  #isFirst = true;
  /** Text of a body that is no event stream. */
  #document: DocumentText | undefined = undefined;
  /** The chunk that the document was. */
  #whole: ChatCompletionChunk | undefined = undefined;
  #hasEnded = false;
  #isRepeat = false;
  #sawDone = false;

  /** @param ledger whoever puts the tool calls together: every chunk before the one that is pulled has to be in it */
  constructor(
    body: ByteReader,
    dialect: StreamDialect,
    limits: StreamLimits,
    note: NoteIssue,
    ledger?: CallLedger,
  ) {
    this.#body = body;
    this.#dialect = dialect;
    this.#limits = limits;
    this.#note = note;
    this.#attribution = new ToolCallAttribution(limits.toolCalls, note, ledger);
    this.#sse = new SSEDecoder(this, { maxEventBytes: limits.eventBytes });
  }

  /** The next chunk that is here already. @throws ChatError for an error or nonsense in the stream */
  pull(): ChatCompletionChunk | undefined {
    if (this.#whole !== undefined) return this.#pullWhole();
    while (this.#next < this.#count) {
      // What follows `[DONE]` is not of this answer.
      if (this.#sawDone) return undefined;
      const event = this.#takeEvent();
      if (typeof event === 'string' && this.#repeat !== undefined) {
        this.#isRepeat = this.#last === this.#repeat;
        this.#last = this.#repeat;
        this.#untriedLessons = 0;
        const chunk = this.#repeat.chunk(event);
        return this.#repeat.isCall ? this.#attribution.follow(chunk) : chunk;
      }
      this.#isRepeat = false;
      this.#last = undefined;
      const chunk = this.#decodeEvent(event as SSEEvent);
      if (chunk !== undefined) return chunk;
    }
    return undefined;
  }

  /** Whether the last chunk is the one before it but for its text. */
  get isRepeat(): boolean {
    return this.#isRepeat;
  }

  /** Whether the stream said that it was over. */
  get sawDone(): boolean {
    return this.#sawDone;
  }

  /** Reads on. `false`: the stream has ended, in whatever way. @throws ChatError */
  async fill(): Promise<boolean> {
    if (this.#hasEnded) return false;
    if (!this.#sawDone) return this.feed(await this.#body.read());
    this.#hasEnded = true;
    void drain(this.#body);
    return false;
  }

  /** Whether `fill` would read, and not just tell of the end. */
  get wantsBytes(): boolean {
    return !this.#hasEnded && !this.#sawDone;
  }

  /** What `fill` does with what it has read; for who reads for it. */
  feed(bytes: Uint8Array | undefined): boolean {
    if (bytes === undefined) return this.#finish();
    if (this.#isFirst) return this.#feedFirst(bytes);
    this.#repeat = this.#learned;
    if (this.#document === undefined) this.#sse.feed(bytes, this.#repeat);
    else this.#document.add(bytes);
    return true;
  }

  onEvent(event: SSEEvent): void {
    this.#events[this.#count++] = event;
  }

  onRepeat(text: string): void {
    this.#events[this.#count++] = text;
  }

  #takeEvent(): SSEEvent | string | undefined {
    const event = this.#events[this.#next];
    this.#events[this.#next++] = undefined;
    if (this.#next === this.#count) {
      // The list stays, and is written from its beginning again: one for every read would be much to clear away.
      if (this.#count > mostKept) this.#events.length = 0;
      this.#next = this.#count = 0;
    }
    return event;
  }

  #pullWhole(): ChatCompletionChunk | undefined {
    const chunk = this.#whole;
    this.#whole = undefined;
    return chunk;
  }

  #decodeEvent(event: SSEEvent): ChatCompletionChunk | undefined {
    const { data } = event;
    const dialect = this.#dialect;
    if (event.event === 'error') throw dialect.toError(parseOr(data));
    if (event.bareLine) {
      const error = dialect.findError(parseOr(data));
      if (error !== undefined) throw dialect.toError(error);
      return undefined;
    }
    if (data.charCodeAt(0) !== openBrace && this.#isNoChunk(data, event.event)) return undefined;
    const parsed = parse(data);
    return understood(() => {
      const error = dialect.findError(parsed);
      if (error !== undefined) throw dialect.toError(error);
      const decoded = dialect.decodeChunk(parsed, this.#note, this.#memory);
      const chunk = this.#attribution.attribute(decoded);
      // One lesson a read, from its last event: the next one is likeliest to repeat that.
      if (this.#count === 0 && event.event === undefined) this.#learn(data, parsed, chunk);
      return chunk;
    });
  }

  #isNoChunk(data: string, name: string | undefined): boolean {
    const text = data.trim();
    if (text === '[DONE]') {
      this.#sawDone = true;
      return true;
    }
    // An empty event, a ping, or a comment that a gateway wrapped up as data.
    return text === '' || name === 'ping' || text.startsWith(':');
  }

  /** A stream whose events never repeat, by an id of their own for one, is not looked at for ever. */
  #learn(data: string, parsed: unknown, chunk: ChatCompletionChunk): void {
    const { isPlainChunk } = this.#dialect;
    if (this.#untriedLessons >= mostUntriedLessons || chunk !== parsed || !isPlainChunk) return;
    const read = (other: unknown): ChatCompletionChunk | undefined =>
      isPlainChunk(other, this.#memory) ? (other as ChatCompletionChunk) : undefined;
    if (read(parsed) === undefined) return;
    const lesson = learnRepeat(data, chunk, read);
    if (lesson === undefined) return;
    this.#untriedLessons++;
    this.#learned = lesson;
    this.#last = lesson;
  }

  /** Bytes of which none has been more than white space so far: is it an event stream at all? */
  #feedFirst(bytes: Uint8Array): boolean {
    const start = firstCharacter(bytes);
    this.#isFirst = start === -1;
    // No field of an event stream begins like this.
    if (start !== -1 && '{[<'.includes(String.fromCharCode(bytes[start] ?? 0))) {
      this.#document = createDocument(this.#limits.eventBytes);
      this.#document.add(bytes.subarray(start));
    } else {
      this.#sse.feed(bytes);
    }
    return true;
  }

  #finish(): boolean {
    this.#hasEnded = true;
    if (this.#document !== undefined) {
      const text = this.#document.end();
      this.#whole = understood(() => decodeDocument(text, this.#dialect, this.#note));
      return true;
    }
    const leftover = this.#sse.end();
    if (leftover !== undefined) this.#takeLeftover(leftover);
    return this.#next < this.#count;
  }

  /** An event without its blank line counts if it is whole by what it says. */
  #takeLeftover(leftover: SSEEvent): void {
    const isDone = leftover.data.trim() === '[DONE]';
    const parsed = parseOr(leftover.data);
    if (isDone || (typeof parsed === 'object' && parsed !== null)) this.onEvent(leftover);
    else this.#note({ code: 'cut_event', message: 'the stream ended in the middle of an event' });
  }
}

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
  if (typeof body === 'string') throw noAnswer(text, 'stream');
  const completion = dialect.decode(body, note);
  note({ code: 'not_streamed', message: 'the answer came whole, although a stream was asked for' });
  return asChunk(completion);
}

function asChunk({ choices, ...completion }: DecodedCompletion): ChatCompletionChunk {
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
