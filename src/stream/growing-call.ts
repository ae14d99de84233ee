import { ChatError } from '../outcome/chat-error.ts';
import type { ChatCompletionDeltaToolCall } from '../schema/chunk.ts';
import type { ToolCallDraft } from '../schema/whole-tool-call.ts';
import { isFalseStart, joinName } from '../schema/whole-tool-call.ts';
import { GrowingText } from './growing-text.ts';
import { KeptFields } from './kept-fields.ts';
import type { SizeGauge } from './size-gauge.ts';

const joined = new Set(['index', 'id', 'type', 'function', 'custom']);
const emptyObject = '{}';

/** A tool call, put together from its pieces. */
export class GrowingCall {
  #id: string | undefined = undefined;
  #type: 'function' | 'custom' | undefined = undefined;
  #name: string | undefined = undefined;
  /** Arguments or input. */
  #text = new GrowingText();
  /** Made when there are some: most calls have none. */
  #rest: KeptFields | undefined = undefined;
  /** Why the call is invalid, whatever arrives for it later. */
  spoiled: string | undefined = undefined;

  /** @throws ChatError `limit_exceeded` */
  add(piece: ChatCompletionDeltaToolCall, maxBytes: number, gauge: SizeGauge): void {
    // Vendors repeat id and type; the first ones count.
    this.#id ??= piece.id;
    this.#type ??= piece.type ?? (piece.custom === undefined ? undefined : 'custom');
    const name = piece.function?.name ?? piece.custom?.name;
    if (name !== undefined) this.#addName(name, gauge);
    this.#addText(piece.function?.arguments ?? piece.custom?.input ?? '', gauge);
    if (this.#text.length > maxBytes) {
      const message = `The arguments of a tool call are larger than ${maxBytes} bytes (option limits.argumentBytes)`;
      throw new ChatError('limit_exceeded', message);
    }
    for (const key in piece) {
      if (!joined.has(key)) {
        (this.#rest ??= new KeptFields()).keep(piece, joined, gauge);
        break;
      }
    }
  }

  /** The arguments so far. */
  get text(): string {
    return this.#text.toString();
  }

  get draft(): ToolCallDraft {
    const [id, type, name, text] = [this.#id, this.#type, this.#name, this.text];
    return {
      ...this.#rest?.values,
      id,
      type,
      ...(type === 'custom'
        ? { custom: { name, input: text } }
        : { function: { name, arguments: text } }),
    };
  }

  #addName(name: string, gauge: SizeGauge): void {
    const before = this.#name?.length ?? 0;
    if (this.#text.length === 0) this.#name = joinName(this.#name, name);
    else if (this.#name === undefined) this.#name = name;
    // Whose arguments are whose cannot be known.
    else if (this.#name !== name) this.spoiled ??= 'its pieces name two functions';
    gauge.add(this.#name.length - before);
  }

  #addText(piece: string, gauge: SizeGauge): void {
    if (piece === '') return;
    const mayBeFalse = this.#type !== 'custom' && this.#text.length === emptyObject.length;
    if (mayBeFalse && isFalseStart(this.#text.toString(), piece)) this.#text = new GrowingText();
    gauge.add(piece.length);
    this.#text.add(piece);
  }
}
