import { parseOr } from '../internal/json.ts';
import { ChatError } from '../outcome/chat-error.ts';
import type { ChatCompletionChunk } from '../schema/chunk.ts';
import type { NoteIssue } from '../schema/issue.ts';
import type { DecodedCompletion } from '../schema/response.ts';
import { noAnswer } from './bad-ends.ts';
import type { StreamDialect } from './stream-dialect.ts';

// A stream was asked for, and a whole answer, an error or a web page came.

/** Position of the first byte that is no white space and no part of a BOM; -1 if there is none. */
export function firstCharacter(bytes: Uint8Array): number {
  return bytes.findIndex((byte) => byte > 0x20 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf);
}

/** Whether a body whose first character this is holds no events: none of their fields begins like this. */
export function beginsDocument(character: number | undefined): boolean {
  return character !== undefined && '{[<'.includes(String.fromCharCode(character));
}

/** The text of a body that is not an event stream. */
export class WholeDocument {
  readonly #maxBytes: number;
  readonly #decoder = new TextDecoder();
  #text = '';

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws ChatError `limit_exceeded` */
  add(bytes: Uint8Array): void {
    this.#text += this.#decoder.decode(bytes, { stream: true });
    if (this.#text.length > this.#maxBytes) {
      const message = `The answer is larger than ${this.#maxBytes} bytes (option limits.eventBytes)`;
      throw new ChatError('limit_exceeded', message);
    }
  }

  /** The answer in it. @throws ChatError the error in it, or that it is neither */
  decode(dialect: StreamDialect, note: NoteIssue): ChatCompletionChunk {
    const text = this.#text + this.#decoder.decode();
    const body = parseOr(text.trim());
    const error = dialect.findError(body);
    if (error !== undefined) throw dialect.toError(error);
    if (typeof body === 'string') throw noAnswer(text, 'stream');
    const completion = dialect.decode(body, note);
    const message = 'the vendor sent a complete response, although a stream was requested';
    note({ code: 'not_streamed', message });
    return asChunk(completion);
  }
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
