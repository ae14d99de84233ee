// What may come next in JSON, by what came before: `"` means a string, `0` a number or a literal.
const allowed = {
  firstName: '"}',
  name: '"',
  colon: ':',
  firstItem: '"0{[]',
  value: '"0{[',
  afterValue: ',}]',
} as const;

type State = keyof typeof allowed;

interface Opened {
  start: number;
  isList: boolean;
  /** How many objects had been found before it. */
  before: number;
}

const token = /\s*(?:([{}[\],:])|("[^"\\\n]*(?:\\.[^"\\\n]*)*")|-?\d[\d.eE+-]*|true|false|null)/y;

/**
 * The texts of the JSON objects in a text, each as large as it is, in their order. Prose that only begins like an object
 * does not hide one after it or inside it. No character is read more than a few times, whatever the text.
 */
export function findObjects(text: string): string[] {
  const found: [start: number, end: number][] = [];
  const open: Opened[] = [];
  let state: State = 'value';
  let at = text.indexOf('{');
  /** Where the last string began, if it came last: if it is not JSON, it was not a string. */
  let inText: number | undefined;
  while (at !== -1) {
    token.lastIndex = at;
    const [whole, mark, string] = token.exec(text) ?? [];
    const kind = string === undefined ? (mark ?? '0') : '"';
    const inner = open.at(-1);
    if (whole === undefined || !mayFollow(state, kind, inner)) {
      open.length = 0;
      state = 'value';
      at = text.indexOf('{', inText ?? at);
      inText = undefined;
      continue;
    }
    at = token.lastIndex;
    inText = string === undefined ? undefined : at - string.length + 1;
    if (kind === '{' || kind === '[') {
      open.push({ start: at - 1, isList: kind === '[', before: found.length });
    } else if ((kind === '}' || kind === ']') && inner !== undefined) {
      open.pop();
      if (kind === '}') found.splice(inner.before, Infinity, [inner.start, at]);
      if (open.length === 0) at = text.indexOf('{', at);
    }
    state = open.length === 0 ? 'value' : stateAfter(state, kind, open.at(-1)?.isList ?? false);
  }
  return found.map(([start, end]) => text.slice(start, end));
}

function mayFollow(state: State, kind: string, inner: Opened | undefined): boolean {
  if (kind === '}' && inner?.isList) return false;
  if (kind === ']' && !inner?.isList) return false;
  return allowed[state].includes(kind);
}

function stateAfter(state: State, kind: string, isList: boolean): State {
  switch (kind) {
    case '{':
      return 'firstName';
    case '[':
      return 'firstItem';
    case ':':
      return 'value';
    case ',':
      return isList ? 'value' : 'name';
    case '"':
      return state === 'name' || state === 'firstName' ? 'colon' : 'afterValue';
    default:
      return 'afterValue';
  }
}
