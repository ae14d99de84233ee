import ts from 'typescript';

// What is believed of a vendor, with where and when it was read: from the comments and the `date` fields of its file in
// `src/providers`. The head of a file lists its sources (`//   chat    https://…`) under a line with their date; a comment
// above a fact begins with the name of one of them, or holds an address or a date of its own.

export interface Fact {
  vendor: string;
  /** Path of the property, e.g. `models.deepseek-v4-flash.prices`. */
  fact: string;
  /** An address, or words where there is none. */
  source: string;
  /** `YYYY-MM-DD`; absent: nobody has written it down. */
  readOn: string | undefined;
  /** What the comment says. */
  words: string;
}

/** A fact, and how old it is. */
export interface AgedFact extends Fact {
  ageDays: number | undefined;
}

const day = /\b\d{4}-\d\d-\d\d\b/;
const address = /https?:\/\/[^\s),]+/;

interface Sources {
  named: Map<string, { source: string; readOn: string | undefined }>;
  /** What the head of the file says of all of them. */
  readOn: string | undefined;
}

function readSources(text: string): Sources {
  const named: Sources['named'] = new Map();
  let readOn: string | undefined;
  let first: string | undefined;
  for (const line of text.split('\n')) {
    const [, name, source] = /^\/\/ {3}(\w+) +(\S.*)$/.exec(line) ?? [];
    if (name !== undefined && source !== undefined) {
      named.set(name, { source: address.exec(source)?.[0] ?? source, readOn });
    } else if (line.startsWith('//') && day.test(line)) {
      readOn = day.exec(line)?.[0];
      first ??= readOn;
    }
  }
  return { named, readOn: first };
}

/** The facts of one file that have a comment above them, or a date in them. */
export function readFacts(vendor: string, text: string): Fact[] {
  const sources = readSources(text);
  const tree = ts.createSourceFile(`${vendor}.ts`, text, ts.ScriptTarget.ES2022, true);
  const found: Fact[] = [];
  // `undefined` outside of the facts.
  const visit = (node: ts.Node, path: readonly string[] | undefined): void => {
    if (!ts.isPropertyAssignment(node)) {
      const inside = holdsFacts(node) ? [] : path;
      return ts.forEachChild(node, (each) => visit(each, inside));
    }
    const name = ts.isIdentifier(node.name) || ts.isStringLiteral(node.name) ? node.name.text : '…';
    const here = path && [...path, name];
    const words = commentAbove(node, text) || ownDate(node) || '';
    if (here && words !== '') found.push(factOf(vendor, here, words, sources, node));
    ts.forEachChild(node.initializer, (each) => visit(each, here));
  };
  visit(tree, undefined);
  return found;
}

/** The two calls that are given a vendor's facts. */
function holdsFacts(node: ts.Node): boolean {
  return (
    ts.isCallExpression(node) && /^create(?:Decoder|Provider)$/.test(node.expression.getText())
  );
}

function commentAbove(node: ts.Node, text: string): string {
  const ranges = ts.getLeadingCommentRanges(text, node.getFullStart()) ?? [];
  const lines = ranges.map(({ pos, end }) => text.slice(pos, end).replace(/^\/\/ ?/, ''));
  return lines.join(' ').trim();
}

/** `prices: { date: '…' }`. */
function ownDate({ initializer }: ts.PropertyAssignment): string | undefined {
  if (!ts.isObjectLiteralExpression(initializer)) return undefined;
  const date = initializer.properties.find(
    (each): each is ts.PropertyAssignment =>
      ts.isPropertyAssignment(each) && each.name.getText() === 'date',
  );
  return date && `as read on ${date.initializer.getText().slice(1, -1)}`;
}

function factOf(
  vendor: string,
  path: readonly string[],
  words: string,
  { named, readOn: headReadOn }: Sources,
  node: ts.PropertyAssignment,
): Fact {
  // `chat: …`, and `first call (https://…, 2026-11-25): …`.
  const source = named.get(/^(\w+):/.exec(words)?.[1] ?? '');
  const isSeen = /^Seen\b|\bprobes?\b/i.test(words);
  return {
    vendor,
    fact: path.join('.'),
    source:
      address.exec(words)?.[0] ??
      source?.source ??
      (isSeen ? 'seen in answers' : "the vendor's pages"),
    readOn:
      day.exec(ownDate(node) ?? '')?.[0] ??
      day.exec(words)?.[0] ??
      (source !== undefined ? source.readOn : isSeen ? undefined : headReadOn),
    words,
  };
}

/** Those over `oldDays` first, the oldest of them on top; then those without a date; then the others. */
export function byAge(facts: readonly Fact[], today: Date, oldDays = 90): AgedFact[] {
  const aged = facts.map((fact) => ({ ...fact, ageDays: ageOf(fact.readOn, today) }));
  const rank = ({ ageDays }: AgedFact): number =>
    ageDays === undefined ? 1 : ageDays > oldDays ? 0 : 2;
  return aged.toSorted(
    (one, other) => rank(one) - rank(other) || (other.ageDays ?? 0) - (one.ageDays ?? 0),
  );
}

function ageOf(readOn: string | undefined, today: Date): number | undefined {
  if (readOn === undefined) return undefined;
  return Math.floor((today.getTime() - Date.parse(readOn)) / 86_400_000);
}
