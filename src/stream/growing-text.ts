/** Pieces that are joined at a time. */
const mostPieces = 64;

/**
 * A text that grows by small pieces. Strings put together with `+=` keep every piece, and two pointers for each, until
 * somebody looks at them; joined now and then, they are characters.
 */
export class GrowingText {
  #text = '';
  #pieces: string[] = [];
  length = 0;

  add(piece: string): void {
    this.length += piece.length;
    if (this.#pieces.push(piece) === mostPieces) this.#join();
  }

  toString(): string {
    this.#join();
    return this.#text;
  }

  #join(): void {
    this.#text += this.#pieces.join('');
    this.#pieces = [];
  }
}
