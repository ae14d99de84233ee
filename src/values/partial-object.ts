import { GrowingTree } from './growing-tree.ts';

/** Reads a JSON object from pieces of text, and holds as much of it as is certain. */
export interface PartialObjectReader {
  /** The object so far: one and the same, growing. `undefined` until its brace has come. */
  readonly value: unknown;
  /** Takes more text. Says whether the value has changed. */
  add(piece: string): boolean;
}

/** What may come next, outside of texts, numbers and words. */
type Expected =
  | 'object'
  | 'value'
  | 'first value'
  | 'key'
  | 'first key'
  | 'colon'
  | 'comma'
  | 'nothing';

const string = /[^"\\]*/y;
const word = /[^\s,\]}]*/y;
const escapes: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/**
 * Every character is read once, and nothing is copied: strings grow as ropes, and the object in place. Text
 * before the first brace is skipped; invalid JSON ends the growth, and the final check reports it.
 */
export function createPartialObjectReader(): PartialObjectReader {
  return new Reader();
}

class Reader implements PartialObjectReader {
  readonly #tree = new GrowingTree();
  #expected: Expected = 'object';
  /** The text or the bare word that is being read. */
  #reading: 'key' | 'text' | 'word' | undefined;
  #text = '';
  /** The beginning of an escape, or the first half of a surrogate pair, which are not characters yet. */
  #escape = '';
  #half = '';

  get value(): unknown {
    return this.#tree.root;
  }

  add(piece: string): boolean {
    this.#tree.isChanged = false;
    let at = 0;
    while (at < piece.length && this.#expected !== 'nothing') {
      const character = piece.charAt(at);
      if (this.#reading === 'key' || this.#reading === 'text') {
        at = this.#readString(piece, at);
      } else if (this.#reading === 'word' || this.#isWordStart(character)) {
        at = this.#readWord(piece, at);
      } else {
        if (!/\s/.test(character)) this.#readMark(character);
        at++;
      }
    }
    return this.#tree.isChanged;
  }

  #open(value: Record<string, unknown> | unknown[]): void {
    this.#tree.open(value);
    this.#expected = Array.isArray(value) ? 'first value' : 'first key';
  }

  #close(): void {
    this.#tree.close();
    this.#expected = this.#tree.depth === 0 ? 'nothing' : 'comma';
  }

  /** Not JSON: a brace in what goes before the answer, or the end of what can be read. */
  #giveUp(character = ''): void {
    const isEmpty = this.#tree.depth === 1 && this.#expected === 'first key';
    this.#tree.leave();
    this.#reading = undefined;
    this.#expected = isEmpty ? 'object' : 'nothing';
    if (isEmpty && character === '{') this.#open({});
  }

  #append(run: string): void {
    if (run === '') return;
    const all = this.#half + run;
    const isHalf = isHighSurrogate(all.charCodeAt(all.length - 1));
    this.#half = isHalf ? all.slice(-1) : '';
    const whole = isHalf ? all.slice(0, -1) : all;
    if (whole === '') return;
    this.#text += whole;
    if (this.#reading === 'text') this.#tree.replace(this.#text);
  }

  #readString(piece: string, start: number): number {
    let at = start;
    while (at < piece.length) {
      const character = piece.charAt(at);
      if (this.#escape !== '') {
        at++;
        this.#readEscape(character);
      } else if (character === '\\') {
        this.#escape = character;
        at++;
      } else if (character === '"') {
        this.#endString();
        return at + 1;
      } else {
        const run = runOf(string, piece, at);
        this.#append(run);
        at += run.length;
      }
    }
    return at;
  }

  #readEscape(character: string): void {
    this.#escape += character;
    const decoded = decodeEscape(this.#escape);
    if (decoded === undefined) return;
    this.#escape = '';
    this.#append(decoded);
  }

  #endString(): void {
    const isKey = this.#reading === 'key';
    // Half a pair is a character after all if nothing follows it, as `JSON.parse` has it.
    this.#text += this.#half;
    if (this.#half !== '' && !isKey) this.#tree.replace(this.#text);
    this.#half = '';
    this.#reading = undefined;
    if (isKey) this.#tree.key = this.#text;
    this.#expected = isKey ? 'colon' : 'comma';
  }

  #isWordStart(character: string): boolean {
    return this.#beginsValue && /[-\dtfn]/.test(character);
  }

  #readWord(piece: string, at: number): number {
    if (this.#reading === undefined) this.#text = '';
    this.#reading = 'word';
    const run = runOf(word, piece, at);
    this.#text += run;
    const end = at + run.length;
    // More digits may follow, until something else does.
    if (end < piece.length) this.#endWord();
    return end;
  }

  #endWord(): void {
    this.#reading = undefined;
    const value = parseWord(this.#text);
    if (value === undefined) return this.#giveUp();
    this.#tree.put(value);
    this.#expected = 'comma';
  }

  get #beginsValue(): boolean {
    return this.#expected === 'value' || this.#expected === 'first value';
  }

  /** One character outside of texts and words. */
  #readMark(character: string): void {
    const expected = this.#expected;
    const beginsValue = this.#beginsValue;
    const { isInList } = this.#tree;
    if (character === '{' && (beginsValue || expected === 'object')) this.#open({});
    else if (expected === 'object') return;
    else if (character === '[' && beginsValue) this.#open([]);
    else if (character === '"' && (beginsValue || expected === 'key' || expected === 'first key')) {
      this.#beginString(beginsValue);
    } else if (character === ':' && expected === 'colon') this.#expected = 'value';
    else if (character === ',' && expected === 'comma') this.#expected = isInList ? 'value' : 'key';
    else if (this.#isEnd(character)) this.#close();
    else this.#giveUp(character);
  }

  #beginString(isValue: boolean): void {
    this.#reading = isValue ? 'text' : 'key';
    this.#text = '';
    if (isValue) this.#tree.put('');
  }

  #isEnd(character: string): boolean {
    const { isInList } = this.#tree;
    const isBehindValue = this.#expected === 'comma';
    return character === '}'
      ? isInList === false && (isBehindValue || this.#expected === 'first key')
      : character === ']' &&
          isInList === true &&
          (isBehindValue || this.#expected === 'first value');
  }
}

function runOf(pattern: RegExp, piece: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(piece)?.[0] ?? '';
}

/** The character of a complete escape; `undefined` if more of it has to arrive. */
function decodeEscape(escape: string): string | undefined {
  const kind = escape.charAt(1);
  if (kind !== 'u') return escapes[kind] ?? kind;
  return escape.length < 6 ? undefined : String.fromCharCode(Number.parseInt(escape.slice(2), 16));
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

function parseWord(text: string): number | boolean | null | undefined {
  try {
    return JSON.parse(text) as number | boolean | null;
  } catch {
    return undefined;
  }
}
