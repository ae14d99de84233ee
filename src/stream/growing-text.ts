/** Characters that are put together at a time. */
const mostWaiting = 256;

/**
 * A text that grows by small pieces. Strings put together with `+=` keep every piece, and two pointers for each, until
 * somebody looks at them; pieces kept in a list outlive collections of garbage, which hold up everybody else. So
 * characters are copied to where some have room, and become a string when there is none left.
 */
export class GrowingText {
  #text = '';
  readonly #waiting = new Uint16Array(mostWaiting);
  #count = 0;
  length = 0;

  add(piece: string): void {
    this.length += piece.length;
    if (this.#count + piece.length > mostWaiting) this.#join();
    if (piece.length > mostWaiting) this.#text += piece;
    else this.#copy(piece);
  }

  toString(): string {
    this.#join();
    return this.#text;
  }

  #copy(piece: string): void {
    for (let at = 0; at < piece.length; at++) this.#waiting[this.#count++] = piece.charCodeAt(at);
  }

  #join(): void {
    if (this.#count === 0) return;
    this.#text += String.fromCharCode(...this.#waiting.subarray(0, this.#count));
    this.#count = 0;
  }
}
