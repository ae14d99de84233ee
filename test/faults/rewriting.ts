import { pick } from '../kit/random.ts';

// Ways to write the same stream differently. Each takes its numbers, from 0 to 1, one after the other.

/** Cuts bytes into pieces, some of them empty. */
export function inPieces(bytes: Uint8Array, next: () => number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  // Mostly small, now and then large.
  const most = pick([1, 3, 17, 200, 5_000], next());
  for (let at = 0; at < bytes.length;) {
    const end = at + Math.floor(next() * (most + 1));
    pieces.push(bytes.subarray(at, Math.max(end, at + (most === 1 ? 1 : 0))));
    at = Math.max(end, at + (most === 1 ? 1 : 0));
  }
  return pieces;
}

const comments = [
  ':',
  ': keep-alive',
  ': PING',
  ':{"error":{"message":"no error"}}',
  ': data: {"choices":[]}',
  ': [DONE] é漢😀',
  'retry: 3000',
  'id: 17',
  'unknown: field',
  ': '.padEnd(3_000, 'x'),
];

/** Puts comments, fields without a meaning and blank lines between the lines of a stream. */
export function withComments(text: string, next: () => number): string {
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  const share = next() * 0.6;
  const commented = lines.flatMap((line, at) => {
    const before = next() < share ? [pick(comments, next())] : [];
    // A blank line may only be doubled: elsewhere it would end an event.
    const isBetween = at === 0 || lines[at - 1] === '';
    const blank = isBetween && next() < share / 2 ? [''] : [];
    return [...before, ...blank, line];
  });
  return [...commented, last].join('\n');
}

/** Ends the lines by CR, LF or CRLF, or by all three. */
export function withLineEnds(text: string, next: () => number): string {
  const kinds = pick([['\r'], ['\n'], ['\r\n'], ['\r', '\n', '\r\n']], next());
  let before = '';
  return text
    .split('\n')
    .reduce((joined, line) => {
      let end = pick(kinds, next());
      // A CR and the LF of an empty line after it would be one line end.
      if (joined.endsWith('\r') && line === '' && end === '\n')
        end = before.startsWith('\r') ? before : '\r\n';
      before = end;
      return `${joined}${line}${end}`;
    }, '')
    .replace(/(\r\n|\r|\n)$/, '');
}
