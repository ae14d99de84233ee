/** Characters that are put together at a time. */
const maxWaiting = 256;

/**
 * A text that grows by small pieces. Strings joined with `+=` keep every piece, and two pointers for each, until they are
 * read; pieces kept in a list survive garbage collections and slow them down. So their
 * characters are copied to where some have room, and become a string when there is none left.
 */
export class GrowingText {
  #text = '';
  // Of numbers, not a typed array: as arguments of `fromCharCode` those take five times as long.
  readonly #waiting: number[] = [];
  #count = 0;
  length = 0;

  add(piece: string): void {
    this.length += piece.length;
    for (let at = 0; at < piece.length; at++) {
      this.#waiting[this.#count++] = piece.charCodeAt(at);
      if (this.#count === maxWaiting) this.#join(this.#waiting);
    }
  }

  toString(): string {
    this.#join(this.#waiting.slice(0, this.#count));
    return this.#text;
  }

  #join(characters: readonly number[]): void {
    this.#text += String.fromCharCode(...characters);
    this.#count = 0;
  }
}
