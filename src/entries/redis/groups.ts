// How money is written for Lua, whose numbers are exact up to 2^53: groups of nine digits, from the whole dollars down. Only
// the first group may be below zero, so that groups can be compared one by one.

const size = 1_000_000_000n;
const count = 4;

/** @param units of the 36th digit behind the point */
export function toGroups(units: bigint): string {
  const groups: bigint[] = [];
  let rest = units;
  for (let at = 0; at < count; at++) {
    const group = ((rest % size) + size) % size;
    groups.unshift(group);
    rest = (rest - group) / size;
  }
  return [rest, ...groups].join(' ');
}

/** The way back from {@link toGroups}. */
export function fromGroups(text: string): bigint {
  return text.split(' ').reduce((sum, group) => sum * size + BigInt(group), 0n);
}
