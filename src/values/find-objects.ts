/** Maximum number of broken regions to skip while searching: a text with more contains no answer. */
const maxBroken = 64;

/**
 * The JSON values that may be the answer in a text: the whole text, else each object, or list of objects, in
 * it, between fences, after a preface, or in the middle of a sentence. Never a part of a broken one: a piece of it
 * may match the schema but is not the answer. So what follows a broken one counts only after a fence or a blank line,
 * and only if it is alone there.
 */
export function findObjects(text: string): unknown[] {
  const whole = parse(text);
  if (whole !== undefined) return [whole.value];
  const found: unknown[] = [];
  let broken = 0;
  for (let at = nextStart(text, 0); at !== -1;) {
    const end = endOf(text, at);
    const value = end === undefined ? undefined : parse(text.slice(at, end));
    if (end !== undefined && value !== undefined && (broken === 0 || standsAlone(text, at, end))) {
      found.push(value.value);
      at = nextStart(text, end);
      continue;
    }
    // Then what was found before was a draft of it.
    if (found.length > 0 && beginsObject(text, at)) return [];
    if (++broken > maxBroken) break;
    const separator = nextSeparator(text, end ?? at);
    at = separator === -1 ? -1 : nextStart(text, separator);
  }
  return found;
}

/** Whether this is JSON gone wrong, and not a brace in a sentence. */
function beginsObject(text: string, at: number): boolean {
  return /^\[?\s{0,64}\{\s{0,64}"/.test(text.slice(at, at + 200));
}

/** Where the next object begins, or the next list of some. */
function nextStart(text: string, from: number): number {
  starts.lastIndex = from;
  return starts.exec(text)?.index ?? -1;
}

const starts = /\{|\[(?=\s{0,64}\{)/g;

/** Where a fence or a blank line ends that comes next. */
function nextSeparator(text: string, from: number): number {
  separators.lastIndex = from;
  return separators.exec(text) === null ? -1 : separators.lastIndex;
}

const separators = /```[a-z]*|\n[ \t\r]{0,64}\n/gi;

/** Whether nothing around an object says that it is a part of something else. */
function standsAlone(text: string, start: number, end: number): boolean {
  const before = /"\s*:\s*$|[[{,]\s*$/.test(text.slice(Math.max(0, start - 200), start));
  const after = /^\s*[,\]}"]/.test(text.slice(end, end + 200));
  return !before && !after;
}

/** Where what begins at `start` is closed; `undefined` if it is not. A plain walk: long texts overflow a pattern's stack. */
function endOf(text: string, start: number): number | undefined {
  let depth = 0;
  let isInText = false;
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (isInText) {
      if (character === '\\') at++;
      else if (character === '"') isInText = false;
    } else if (character === '"') isInText = true;
    else if (character === '{' || character === '[') depth++;
    else if ((character === '}' || character === ']') && --depth === 0) return at + 1;
  }
  return undefined;
}

function parse(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
