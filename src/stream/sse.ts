import type { EventSourceMessage } from 'eventsource-parser';
import { createParser } from 'eventsource-parser';
import { ChatError } from '../errors.ts';

/** One dispatched event. `bareLine` marks a line of JSON that was no field of any event. */
export interface SSEEvent {
  data: string;
  event?: string | undefined;
  id?: string | undefined;
  bareLine?: true | undefined;
}

/** Bytes of a `text/event-stream` in, events out. */
export interface SSEDecoder {
  /** @throws ChatError `limit_exceeded` if an event is larger than the limit */
  feed(bytes: Uint8Array): void;
  /**
   * The body has ended. An event without its blank line is not dispatched, as the standard has it; it is returned, and
   * whoever knows what the data means decides.
   */
  end(): SSEEvent | undefined;
}

/**
 * The standard's event stream (https://html.spec.whatwg.org/multipage/server-sent-events.html): CR, LF and CRLF, a BOM,
 * comments, any split of bytes.
 */
export function createSSEDecoder(
  onEvent: (event: SSEEvent) => void,
  { maxEventBytes = Infinity }: { maxEventBytes?: number | undefined } = {},
): SSEDecoder {
  // One decoder for the whole body: a character may be cut anywhere.
  const decoder = new TextDecoder();
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
  return {
    feed: (bytes) => parser.feed(decoder.decode(bytes, { stream: true })),
    end() {
      parser.feed(decoder.decode());
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

function tooLarge(maxEventBytes: number): ChatError {
  const message = `One event of the stream is larger than ${maxEventBytes} bytes (option limits.eventBytes)`;
  return new ChatError('limit_exceeded', message);
}
