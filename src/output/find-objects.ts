// A text of nothing but braces must not take for ever: so often it may be gone through.
const mostPasses = 4;

/**
 * The JSON values that a text may hold as its answer, likeliest first: the whole text, else each object that stands in
 * it, between fences, behind a preface, or in the middle of a sentence.
 */
export function* findObjects(text: string): Generator<unknown, void> {
  const whole = parse(text);
  if (whole !== undefined) yield whole.value;
  if (typeof whole?.value === 'object' && !Array.isArray(whole.value)) return;
  let left = mostPasses * text.length;
  let at = text.indexOf('{');
  while (at !== -1 && left > 0) {
    const end = endOfObject(text, at);
    left -= (end ?? text.length) - at;
    const found = end === undefined ? undefined : parse(text.slice(at, end));
    if (found !== undefined) yield found.value;
    at = text.indexOf('{', found === undefined ? at + 1 : end);
  }
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
