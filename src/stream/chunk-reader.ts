import { parseOr } from '../internal/json.ts';
import type { ByteReader } from '../internal/web.ts';
import { ChatError, isChatError } from '../outcome/chat-error.ts';
import type { ChatCompletionChunk, StreamMemory } from '../schema/chunk.ts';
import type { NoteIssue } from '../schema/issue.ts';
import type { CallLedger } from './attribute-tool-calls.ts';
import { ToolCallAttribution } from './attribute-tool-calls.ts';
import { EventQueue } from './event-queue.ts';
import { RepeatLearner } from './repeat-learner.ts';
import type { SSEEvent } from './sse.ts';
import { SSEDecoder } from './sse.ts';
import type { StreamDialect, StreamLimits } from './stream-dialect.ts';
import { beginsDocument, firstCharacter, WholeDocument } from './whole-document.ts';

const openBrace = 0x7b;

/**
 * Bytes → SSE → JSON → chunks, pulled: `pull` until there is none, then `fill`. Decodes an event when it is pulled, so
 * nothing queues up behind a slow reader.
 */
export class ChunkReader {
  readonly #body: ByteReader;
  readonly #dialect: StreamDialect;
  readonly #limits: StreamLimits;
  readonly #note: NoteIssue;
  readonly #sse: SSEDecoder;
  readonly #events = new EventQueue();
  readonly #learner: RepeatLearner;
  readonly #attribution: ToolCallAttribution;
  readonly #memory: StreamMemory = {};
  /** Whether all that came is white space. */
  #isFirst = true;
  /** A body that is not an event stream, and the chunk it contains. */
  #document: WholeDocument | undefined = undefined;
  #whole: ChatCompletionChunk | undefined = undefined;
  /** What is wrong with the bytes, which comes behind the events before it. */
  #broken: unknown = undefined;
  #hasEnded = false;
  #sawDone = false;
  /** The data of the last chunk, if it is that and no repetition. */
  #written: string | undefined = undefined;

  /** @param ledger assembles the tool calls: it must contain every chunk before the one that is pulled */
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
    this.#learner = new RepeatLearner(dialect, this.#memory);
    this.#attribution = new ToolCallAttribution(limits.toolCalls, note, ledger);
    this.#sse = new SSEDecoder(this.#events, { maxEventBytes: limits.eventBytes });
  }

  /** The next chunk that is here already. @throws ChatError for an error or nonsense in the stream */
  pull(): ChatCompletionChunk | undefined {
    if (this.#whole !== undefined) return this.#pullWhole();
    // What follows `[DONE]` is not of this answer.
    while (!this.#sawDone) {
      const event = this.#events.take();
      if (event === undefined) {
        if (this.#broken !== undefined) throw this.#broken;
        if (!this.#sse.hasMore) break;
        this.#advance();
        continue;
      }
      const chunk = typeof event === 'string' ? this.#readRepeat(event) : this.#readEvent(event);
      if (chunk !== undefined) return chunk;
    }
    // It would keep all of the read alive that it is of, as long as the next one is waited for.
    this.#written = undefined;
    return undefined;
  }

  /** Whether the last chunk is the one before it but for its text. */
  get isRepeat(): boolean {
    return this.#learner.isRepeat;
  }

  /** The JSON of the last chunk, as its event had it; `undefined` where the chunk is not just that. */
  jsonOf(chunk: ChatCompletionChunk): string | undefined {
    const { last } = this.#learner;
    return last === undefined ? this.#written : last.dataOf(chunk);
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

  /** Whether `fill` would read, not just report the end. */
  get wantsBytes(): boolean {
    return !this.#hasEnded && !this.#sawDone;
  }

  /** What `fill` does with what it has read; for who reads for it. */
  feed(bytes: Uint8Array | undefined): boolean {
    if (bytes === undefined) return this.#finish();
    if (this.#isFirst) this.#feedFirst(bytes);
    else if (this.#document === undefined) this.#sse.take(bytes);
    else this.#document.add(bytes);
    return true;
  }

  /** A few events at a time, until one has taught what the next ones repeat: also an answer in one read is mostly compared. */
  #advance(): void {
    try {
      this.#sse.advance(this.#learner.pattern, this.#learner.patience);
    } catch (error) {
      this.#broken = error;
    }
  }

  #pullWhole(): ChatCompletionChunk | undefined {
    const chunk = this.#whole;
    this.#whole = undefined;
    return chunk;
  }

  #readRepeat(text: string): ChatCompletionChunk | undefined {
    const repeat = this.#learner.gotRepeat();
    if (repeat === undefined) return undefined;
    this.#written = undefined;
    const chunk = repeat.chunk(text);
    return repeat.isCall ? this.#attribution.follow(chunk) : chunk;
  }

  #readEvent(event: SSEEvent): ChatCompletionChunk | undefined {
    this.#learner.gotOther();
    this.#written = undefined;
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
    return orInvalidResponse(() => {
      const error = dialect.findError(parsed);
      if (error !== undefined) throw dialect.toError(error);
      const decoded = dialect.decodeChunk(parsed, this.#note, this.#memory);
      const chunk = this.#attribution.attribute(decoded);
      // Data of several lines would be several fields: it is no pattern, and not to be handed on.
      if (chunk === parsed && dialect.isPlainChunk && !data.includes('\n')) {
        // Calls have been given their place here.
        if (!chunk.choices[0]?.delta.tool_calls) this.#written = data;
        // One lesson from a few events, the last of them: the next one is likeliest to repeat that.
        if (this.#events.isEmpty && event.event === undefined) this.#learner.learn(data, chunk);
      }
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

  /** Bytes of which none has been more than white space so far: is it an event stream at all? */
  #feedFirst(bytes: Uint8Array): void {
    const start = firstCharacter(bytes);
    this.#isFirst = start === -1;
    if (beginsDocument(bytes[start])) {
      this.#document = new WholeDocument(this.#limits.eventBytes);
      this.#document.add(bytes.subarray(start));
    } else {
      this.#sse.take(bytes);
    }
  }

  #finish(): boolean {
    this.#hasEnded = true;
    const document = this.#document;
    if (document !== undefined) {
      this.#whole = orInvalidResponse(() => document.decode(this.#dialect, this.#note));
      return true;
    }
    const leftover = this.#sse.end();
    if (leftover !== undefined) this.#takeLeftover(leftover);
    return !this.#events.isEmpty;
  }

  /** An event without its blank line counts if it is whole by what it says. */
  #takeLeftover(leftover: SSEEvent): void {
    const isDone = leftover.data.trim() === '[DONE]';
    const parsed = parseOr(leftover.data);
    if (isDone || (typeof parsed === 'object' && parsed !== null)) this.#events.onEvent(leftover);
    else this.#note({ code: 'cut_event', message: 'the stream ended in the middle of an event' });
  }
}

/** Whatever else is thrown over what a vendor sent, it was no answer: values nested deeper than the stack, for one. */
function orInvalidResponse<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (isChatError(error)) throw error;
    throw new ChatError('invalid_response', 'The response of the vendor could not be read');
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
    const message = `An event of the stream is not JSON (${data.length} characters)`;
    throw new ChatError('invalid_response', message);
  }
}
