import type { EventSourceMessage } from 'eventsource-parser';
import { createParser } from 'eventsource-parser';
import { ChatError } from '../errors.ts';
import type { Repeat } from './repeats.ts';
import { matchRepeat } from './repeats.ts';

/** One dispatched event. `bareLine` marks a line of JSON that was no field of any event. */
export interface SSEEvent {
  data: string;
  event?: string | undefined;
  id?: string | undefined;
  bareLine?: true | undefined;
}

/** Bytes of a `text/event-stream` in, events out. */
export interface SSEDecoder {
  /**
   * @param repeat events that repeat this one are told as their text alone
   * @throws ChatError `limit_exceeded` if an event is larger than the limit
   */
  feed(bytes: Uint8Array, repeat?: Repeat): void;
  /**
   * The body has ended. An event without its blank line is not dispatched, as the standard has it; it is returned, and
   * whoever knows what the data means decides.
   */
  end(): SSEEvent | undefined;
}

/** What an event that repeats another has around its data. */
const framing = 'data: \n\n'.length;

/**
 * The standard's event stream (https://html.spec.whatwg.org/multipage/server-sent-events.html): CR, LF and CRLF, a BOM,
 * comments, any split of bytes.
 */
export function createSSEDecoder(
  onEvent: (event: SSEEvent) => void,
  {
    maxEventBytes = Infinity,
    onRepeat = () => {},
  }: { maxEventBytes?: number | undefined; onRepeat?: ((text: string) => void) | undefined } = {},
): SSEDecoder {
  const decode = createTextDecoder();
  let receive = onEvent;
  const parser = createParser({
    onEvent(event: EventSourceMessage) {
      // The parser counts what it holds; an event that came in one piece it never held.
      if (event.data.length > maxEventBytes) throw tooLarge(maxEventBytes);
      receive(event);
    },
    onError(error) {
      if (error.type === 'max-buffer-size-exceeded') throw tooLarge(maxEventBytes);
      // Gateways write their errors as plain JSON into a stream; a parser drops the line, and with it the reason.
      if (error.type === 'unknown-field' && error.line?.startsWith('{')) {
        receive({ data: error.line, bareLine: true });
      }
    },
    ...(maxEventBytes !== Infinity && { maxBufferSize: maxEventBytes }),
  });
  /** Whether the parser holds nothing: all that it was given ended with a blank line. */
  let isBetween = true;
  let endsLine = false;

  /** Gives the parser what there is up to the next blank line; returns where that ends. */
  const feedEvent = (text: string, from: number): number => {
    const isBlank = !isBetween && endsLine && text.startsWith('\n', from);
    const blank = isBlank ? from - 1 : text.indexOf('\n\n', from);
    const end = blank === -1 ? text.length : blank + 2;
    parser.feed(text.slice(from, end));
    isBetween = blank !== -1;
    endsLine = text.endsWith('\n');
    return end;
  };

  return {
    feed(bytes, repeat) {
      const text = decode(bytes);
      if (repeat === undefined) {
        parser.feed(text);
        isBetween = text === '' ? isBetween : text.endsWith('\n\n');
        endsLine = text === '' ? endsLine : text.endsWith('\n');
        return;
      }
      let at = 0;
      while (at < text.length) {
        const match = isBetween ? matchRepeat(text, at, repeat) : undefined;
        if (match === undefined) {
          at = feedEvent(text, at);
        } else {
          if (match.end - at - framing > maxEventBytes) throw tooLarge(maxEventBytes);
          onRepeat(match.text);
          at = match.end;
        }
      }
    },
    end() {
      parser.feed(decode());
      let leftover: SSEEvent | undefined;
      receive = (event) => {
        // After a CR the parser waits for what may be an LF, and an event before the last one was whole.
        if (leftover !== undefined) onEvent(leftover);
        leftover = event;
      };
      parser.feed('\n\n');
      return leftover;
    },
  };
}

/**
 * Bytes to text, piece by piece; without bytes, what is left at the end. A character may be cut anywhere, so one decoder
 * has to follow the whole body; but pieces of whole characters can go through another, which is seven times as fast in
 * Node since it has nothing to remember.
 */
function createTextDecoder(): (bytes?: Uint8Array) => string {
  const following = new TextDecoder();
  const forgetful = new TextDecoder('utf-8', { ignoreBOM: true });
  // The first piece may have a mark of byte order, which is no character.
  let isWhole = false;
  return (bytes) => {
    if (bytes === undefined) return following.decode();
    const endsWhole = (bytes[bytes.length - 1] ?? 0xff) < 0x80;
    if (isWhole && endsWhole) return forgetful.decode(bytes);
    isWhole = endsWhole;
    return following.decode(bytes, { stream: true });
  };
}

function tooLarge(maxEventBytes: number): ChatError {
  const message = `One event of the stream is larger than ${maxEventBytes} bytes (option limits.eventBytes)`;
  return new ChatError('limit_exceeded', message);
}
