import { ChatError } from '../outcome/chat-error.ts';

/** Counts what is kept, in characters; a number takes eight. */
export class SizeGauge {
  readonly #limit: number;
  readonly #option: string;
  #size = 0;

  constructor(limit: number, option: string) {
    this.#limit = limit;
    this.#option = option;
  }

  /** @throws ChatError `limit_exceeded` */
  add(size: number): void {
    this.#size += size;
    if (this.#size > this.#limit) {
      const message = `The answer is larger than ${this.#limit} bytes (option ${this.#option})`;
      throw new ChatError('limit_exceeded', message);
    }
  }
}

/** How much text a JSON value holds. No recursion: a vendor may nest as deep as it likes. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  let size = 0;
  const left: unknown[] = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next === 'string') size += next.length;
    else if (typeof next !== 'object' || next === null) size += 8;
    else {
      for (const [key, inner] of Object.entries(next)) {
        size += key.length;
        left.push(inner);
      }
    }
  }
  return size;
}
