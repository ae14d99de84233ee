/**
 * The JSON values that a text may hold as its answer: the whole text, else each object that stands in it, between
 * fences, behind a preface, or in the middle of a sentence. Never a part of an object that is broken or not closed: a
 * piece of an answer that was cut off may well fit the schema, and is not the answer.
 */
export function findObjects(text: string): unknown[] {
  const whole = parse(text);
  if (whole !== undefined) return [whole.value];
  const found: unknown[] = [];
  let at = text.indexOf('{');
  while (at !== -1) {
    const end = endOfObject(text, at);
    if (end === undefined) break;
    const object = parse(text.slice(at, end));
    if (object !== undefined) found.push(object.value);
    at = text.indexOf('{', end);
  }
  return found;
}

/** The text as one JSON value: all that counts of an answer that was cut off. */
export function wholeObject(text: string): unknown[] {
  const whole = parse(text);
  return whole === undefined ? [] : [whole.value];
}

/** Where the object that begins at `start` ends; `undefined` if it does not. */
function endOfObject(text: string, start: number): number | undefined {
  // Texts, closed or not, so that their braces do not count; else a single brace.
  const marks = /"[^"\\]*(?:\\.[^"\\]*)*(?:"|$)|[{}]/gs;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    if (mark[0] === '{') depth++;
    else if (mark[0] === '}') depth--;
    if (depth === 0) return marks.lastIndex;
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
