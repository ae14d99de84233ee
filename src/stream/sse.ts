import type { EventSourceMessage, EventSourceParser } from 'eventsource-parser';
import { createParser } from 'eventsource-parser';
import { ChatError } from '../outcome/chat-error.ts';
import type { Repeat } from './repeats.ts';
import { matchRepeat } from './repeats.ts';

/** One dispatched event. `bareLine` marks a line of JSON that was no field of any event. */
export interface SSEEvent {
  data: string;
  event?: string | undefined;
  id?: string | undefined;
  bareLine?: true | undefined;
}

/** Receives the events, in the order of the stream. */
export interface SSEReceiver {
  onEvent(event: SSEEvent): void;
  /** An event that repeats the given one, as its text alone. */
  onRepeat?(text: string): void;
}

/** What an event that repeats another has around its data. */
const framing = 'data: \n\n'.length;

/**
 * Bytes in, events out: the standard's event stream (https://html.spec.whatwg.org/multipage/server-sent-events.html)
 * with CR, LF and CRLF, a BOM, comments, any split of bytes.
 */
export class SSEDecoder {
  readonly #receiver: SSEReceiver;
  readonly #maxEventBytes: number;
  readonly #parser: EventSourceParser;
  /** A character may be cut anywhere, so one decoder has to follow the whole body. */
  readonly #following = new TextDecoder();
  /** Whether the data so far ended with a complete character. The first piece may have a byte order mark, which does not count. */
  #isWhole = false;
  /** Whether the last piece was ASCII alone: the next one is likely to be so too. */
  #wasAscii = true;
  /** Whether the parser holds nothing: all that it was given ended with a blank line. */
  #isBetween = true;
  #endsLine = false;
  /** What was taken, and up to where it has become events. */
  #text = '';
  #at = 0;
  #hasEnded = false;
  /** What the body ended with. */
  #leftover: SSEEvent | undefined = undefined;

  constructor(
    receiver: SSEReceiver,
    { maxEventBytes = Infinity }: { maxEventBytes?: number | undefined } = {},
  ) {
    this.#receiver = receiver;
    this.#maxEventBytes = maxEventBytes;
    this.#parser = createParser({
      onEvent: (event: EventSourceMessage) => {
        // The parser counts what it holds; an event that came in one piece it never held.
        if (event.data.length > maxEventBytes) throw tooLarge(maxEventBytes);
        this.#receive(event);
      },
      onError: (error) => {
        if (error.type === 'max-buffer-size-exceeded') throw tooLarge(maxEventBytes);
        // Gateways write their errors as plain JSON into a stream; a parser drops the line, and with it the reason.
        if (error.type === 'unknown-field' && error.line?.startsWith('{')) {
          this.#receive({ data: error.line, bareLine: true });
        }
      },
      ...(maxEventBytes !== Infinity && { maxBufferSize: maxEventBytes }),
    });
  }

  /**
   * Takes bytes, and gives the events in them.
   *
   * @throws ChatError `limit_exceeded` if an event is larger than the limit
   */
  feed(bytes: Uint8Array): void {
    this.take(bytes);
    this.advance();
  }

  /** Takes bytes, behind what was taken before. */
  take(bytes: Uint8Array): void {
    const text = this.#decode(bytes);
    this.#text = this.hasMore ? this.#text.slice(this.#at) + text : text;
    this.#at = 0;
  }

  /** Whether {@link SSEDecoder.advance} would go on. */
  get hasMore(): boolean {
    return this.#text !== '';
  }

  /**
   * Gives the events in what was taken.
   *
   * @param repeat events that repeat this one are passed on as their text alone
   * @param mostOthers stops behind so many others
   * @throws ChatError `limit_exceeded` if an event is larger than the limit
   */
  advance(repeat?: Repeat, mostOthers = Infinity): void {
    const text = this.#text;
    let at = this.#at;
    if (text === '') return;
    let others = 0;
    if (repeat === undefined && mostOthers === Infinity) {
      this.#parser.feed(text.slice(at));
      this.#isBetween = text.endsWith('\n\n');
      this.#endsLine = text.endsWith('\n');
      at = text.length;
    }
    while (at < text.length) {
      const match = repeat && this.#isBetween ? matchRepeat(text, at, repeat) : undefined;
      if (match !== undefined) {
        if (match.end - at - framing > this.#maxEventBytes) throw tooLarge(this.#maxEventBytes);
        this.#receiver.onRepeat?.(match.text);
        at = match.end;
      } else {
        at = this.#feedEvent(text, at);
        if (++others === mostOthers) break;
      }
    }
    this.#at = at;
    // The next read may be long in coming, and what is held until then is copied by each collection of garbage.
    if (at === text.length) this.#text = '';
  }

  /**
   * The body has ended. An event without its blank line is not dispatched, as the standard has it; it is returned, and
   * the caller decides what it means.
   */
  end(): SSEEvent | undefined {
    this.advance();
    this.#parser.feed(this.#following.decode());
    this.#hasEnded = true;
    this.#parser.feed('\n\n');
    return this.#leftover;
  }

  #decode(bytes: Uint8Array): string {
    const wasWhole = this.#isWhole;
    this.#isWhole = (bytes[bytes.length - 1] ?? 0xff) < 0x80;
    const isForgetful =
      wasWhole && this.#isWhole && (this.#wasAscii || bytes.length < minHeldBytes);
    const text = isForgetful
      ? (forgetful ??= new TextDecoder('utf-8', { ignoreBOM: true })).decode(bytes)
      : this.#following.decode(bytes, { stream: true });
    this.#wasAscii = text.length === bytes.length;
    return text;
  }

  #receive(event: SSEEvent): void {
    if (!this.#hasEnded) return this.#receiver.onEvent(event);
    // After a CR the parser waits for what may be an LF, and an event before the last one was whole.
    if (this.#leftover !== undefined) this.#receiver.onEvent(this.#leftover);
    this.#leftover = event;
  }

  /** Gives the parser what there is up to the next blank line; returns where that ends. */
  #feedEvent(text: string, from: number): number {
    const isBlank = !this.#isBetween && this.#endsLine && text.startsWith('\n', from);
    const blank = isBlank ? from - 1 : text.indexOf('\n\n', from);
    const end = blank === -1 ? text.length : blank + 2;
    this.#parser.feed(text.slice(from, end));
    this.#isBetween = blank !== -1;
    this.#endsLine = text.endsWith('\n');
    return end;
  }
}

/** Whether a text begins as an event stream does, whatever its content type says. */
export function isEventStream(text: string): boolean {
  return /^\s*(?:data|event|id|retry)?:/.test(text);
}

/** All events of a text, the last one also without its blank line. */
export function readEvents(text: string): SSEEvent[] {
  const events: SSEEvent[] = [];
  const decoder = new SSEDecoder({ onEvent: (event) => void events.push(event) });
  decoder.feed(new TextEncoder().encode(text.trimStart()));
  const last = decoder.end();
  return last === undefined ? events : [...events, last];
}

/**
 * For pieces of whole characters: up to seven times as fast in Node as a decoder that has to remember what was cut off,
 * and one for all streams. In large pieces with more than ASCII in them it is the slower one.
 */
let forgetful: InstanceType<typeof TextDecoder> | undefined;
const minHeldBytes = 1_024;

function tooLarge(maxEventBytes: number): ChatError {
  const message = `One event of the stream is larger than ${maxEventBytes} bytes (option limits.eventBytes)`;
  return new ChatError('limit_exceeded', message);
}
