/** The known name that was probably meant: the same but for case, `-` and `_`, or with a slip or two. */
export function closestName(name: string, known: readonly string[]): string | undefined {
  const plain = plainName(name);
  const same = known.find((each) => plainName(each) === plain);
  if (same !== undefined) return same;
  if (plain.length > 40) return undefined;
  const limit = plain.length <= 5 ? 1 : plain.length <= 10 ? 2 : 3;
  let best: string | undefined;
  let least = limit + 1;
  for (const each of known) {
    const slips = distance(plain, plainName(each), least);
    if (slips < least) [best, least] = [each, slips];
  }
  return best;
}

function plainName(name: string): string {
  return name.replace(/[-_\s]/g, '').toLowerCase();
}

/** Letters that are missing, too many, wrong or swapped (Damerau and Levenshtein, the optimal string alignment). */
function distance(one: string, other: string, tooMany: number): number {
  if (Math.abs(one.length - other.length) >= tooMany) return tooMany;
  const rows = Array.from({ length: one.length + 1 }, (_, row) => [row]);
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Infinity;
  for (let column = 1; column <= other.length; column++) {
    rows[0]?.push(column);
    for (let row = 1; row <= one.length; row++) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      const slips = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + (isSame ? 0 : 1),
        isSwapped ? at(row - 2, column - 2) + 1 : Infinity,
      );
      rows[row]?.push(slips);
    }
  }
  return at(one.length, other.length);
}
