const quote = 0x22;
const backslash = 0x5c;
const openings = new Set([0x5b, 0x7b]);
const closings = new Set([0x5d, 0x7d]);

/**
 * How much of one JSON object or list has arrived, piece by piece. Only brackets are counted: whether the text between
 * them is JSON, the parser decides at the end. Each character is read once, however many pieces there are.
 */
export class JsonProgress {
  /** Characters so far. */
  length = 0;
  #depth = 0;
  #isInText = false;
  #isEscaped = false;
  #isClosed = false;
  /** The beginning of the text outside all brackets. */
  #bare = '';

  add(piece: string): void {
    this.length += piece.length;
    for (let at = 0; at < piece.length; at++) {
      this.#look(piece.charCodeAt(at));
      if (this.#isInText && !this.#isEscaped && at + 1 < piece.length) {
        at = nextInText(piece, at + 1) - 1;
      }
    }
  }

  /** `whole`: closed, and nothing came after it. `null` is how some hosts write that there are no arguments. */
  get state(): 'empty' | 'begun' | 'whole' {
    if (this.#isClosed) return this.#bare === '' ? 'whole' : 'begun';
    if (this.#depth > 0) return 'begun';
    if (this.#bare === '') return 'empty';
    return this.#bare === 'null' ? 'whole' : 'begun';
  }

  #look(code: number): void {
    if (this.#isInText) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (code === backslash) this.#isEscaped = true;
      else if (code === quote) this.#isInText = false;
    } else if (this.#depth === 0) {
      if (openings.has(code) && !this.#isClosed && this.#bare === '') this.#depth = 1;
      else if (code > 0x20 && this.#bare.length <= 4) this.#bare += String.fromCharCode(code);
    } else if (code === quote) this.#isInText = true;
    else if (openings.has(code)) this.#depth++;
    else if (closings.has(code) && --this.#depth === 0) this.#isClosed = true;
  }
}

/** Index of the next quote or escape inside a string: most characters of arguments are within strings. */
function nextInText(piece: string, from: number): number {
  ends.lastIndex = from;
  return ends.exec(piece)?.index ?? piece.length;
}

const ends = /["\\]/g;
