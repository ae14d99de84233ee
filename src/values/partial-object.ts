/** Reads a JSON object from pieces of text, and holds as much of it as is certain. */
export interface PartialObjectReader {
  /** The object so far: one and the same, growing. `undefined` until its brace has come. */
  readonly value: unknown;
  /** Takes more text. Says whether the value has changed. */
  add(piece: string): boolean;
}

interface Container {
  value: Record<string, unknown> | unknown[];
  isArray: boolean;
  /** Where the next value goes, in an object. */
  key: string;
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
 * Every character is looked at once, and nothing is copied: texts grow as ropes, and the object in its place. What
 * stands before the first brace is passed over; what is no JSON ends the growth, and is the final check's to tell.
 */
export function createPartialObjectReader(): PartialObjectReader {
  const stack: Container[] = [];
  let root: unknown;
  let expected: Expected = 'object';
  /** The text or the bare word that is being read. */
  let reading: 'key' | 'text' | 'word' | undefined;
  let text = '';
  /** The beginning of an escape, or the first half of a pair, which are no characters yet. */
  let escape = '';
  let half = '';
  let isChanged = false;

  const put = (value: unknown): void => {
    isChanged = true;
    const top = stack.at(-1);
    if (top === undefined) root = value;
    else if (Array.isArray(top.value)) top.value.push(value);
    else setOwn(top.value, top.key, value);
  };

  const replace = (value: string): void => {
    isChanged = true;
    const top = stack.at(-1);
    if (top === undefined) return;
    if (Array.isArray(top.value)) top.value[top.value.length - 1] = value;
    else setOwn(top.value, top.key, value);
  };

  const open = (value: Container['value']): void => {
    put(value);
    const isArray = Array.isArray(value);
    stack.push({ value, isArray, key: '' });
    expected = isArray ? 'first value' : 'first key';
  };

  const close = (): void => {
    stack.pop();
    expected = stack.length === 0 ? 'nothing' : 'comma';
  };

  /** Not JSON: a brace in what goes before the answer, or the end of what can be read. */
  const giveUp = (character = ''): void => {
    const isEmpty = stack.length === 1 && expected === 'first key';
    stack.length = 0;
    reading = undefined;
    expected = isEmpty ? 'object' : 'nothing';
    if (isEmpty && character === '{') open({});
  };

  const append = (run: string): void => {
    if (run === '') return;
    const all = half + run;
    const isHalf = isHighSurrogate(all.charCodeAt(all.length - 1));
    half = isHalf ? all.slice(-1) : '';
    const whole = isHalf ? all.slice(0, -1) : all;
    if (whole === '') return;
    text += whole;
    if (reading === 'text') replace(text);
  };

  const readString = (piece: string, start: number): number => {
    let at = start;
    while (at < piece.length) {
      const character = piece.charAt(at);
      if (escape !== '') {
        escape += character;
        at++;
        const decoded = decodeEscape(escape);
        if (decoded === undefined) continue;
        escape = '';
        append(decoded);
      } else if (character === '\\') {
        escape = character;
        at++;
      } else if (character === '"') {
        endString();
        return at + 1;
      } else {
        const run = runOf(string, piece, at);
        append(run);
        at += run.length;
      }
    }
    return at;
  };

  const endString = (): void => {
    const isKey = reading === 'key';
    // Half a pair is a character after all if nothing follows it, as `JSON.parse` has it.
    text += half;
    if (half !== '' && !isKey) replace(text);
    half = '';
    reading = undefined;
    const top = stack.at(-1);
    if (isKey && top !== undefined) top.key = text;
    expected = isKey ? 'colon' : 'comma';
  };

  const endWord = (): void => {
    reading = undefined;
    const value = parseWord(text);
    if (value === undefined) return giveUp();
    put(value);
    expected = 'comma';
  };

  /** One character outside of texts and words. */
  const readMark = (character: string): void => {
    const top = stack.at(-1);
    const beginsValue = expected === 'value' || expected === 'first value';
    if (character === '{' && (beginsValue || expected === 'object')) open({});
    else if (expected === 'object') return;
    else if (character === '[' && beginsValue) open([]);
    else if (character === '"' && (beginsValue || expected === 'key' || expected === 'first key')) {
      reading = beginsValue ? 'text' : 'key';
      text = '';
      if (beginsValue) put('');
    } else if (character === ':' && expected === 'colon') expected = 'value';
    else if (character === ',' && expected === 'comma') expected = top?.isArray ? 'value' : 'key';
    else if (
      character === '}' &&
      top?.isArray === false &&
      (expected === 'comma' || expected === 'first key')
    )
      close();
    else if (
      character === ']' &&
      top?.isArray === true &&
      (expected === 'comma' || expected === 'first value')
    )
      close();
    else giveUp(character);
  };

  const isWordStart = (character: string): boolean =>
    (expected === 'value' || expected === 'first value') && /[-\dtfn]/.test(character);

  return {
    get value() {
      return root;
    },
    add(piece) {
      isChanged = false;
      let at = 0;
      while (at < piece.length) {
        if (expected === 'nothing') break;
        const character = piece.charAt(at);
        if (reading === 'key' || reading === 'text') {
          at = readString(piece, at);
        } else if (reading === 'word' || isWordStart(character)) {
          if (reading === undefined) text = '';
          reading = 'word';
          const run = runOf(word, piece, at);
          text += run;
          at += run.length;
          // More digits may follow, until something else does.
          if (at < piece.length) endWord();
        } else {
          if (!/\s/.test(character)) readMark(character);
          at++;
        }
      }
      return isChanged;
    },
  };
}

function runOf(pattern: RegExp, piece: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(piece)?.[0] ?? '';
}

/** What a whole escape stands for; `undefined` if more of it has to come. */
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

/** As `JSON.parse` does it: an assignment to `__proto__` would change the prototype. */
function setOwn(into: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') into[key] = value;
  else
    Object.defineProperty(into, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
}
