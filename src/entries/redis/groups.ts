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

const scale = 36;

/** A decimal as a whole number of its 36th digits behind the point. What is smaller is rounded up. */
export function parse(decimal: string): bigint {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(decimal.trim());
  if (match === null) throw new TypeError('An amount must be a plain decimal, e.g. 0.25');
  const [, sign, whole = '', fraction = ''] = match;
  const units = BigInt(whole + fraction.slice(0, scale).padEnd(scale, '0'));
  const rest = /[1-9]/.test(fraction.slice(scale)) ? 1n : 0n;
  return sign === '-' ? -units : units + rest;
}

/** The way back from {@link parse}. */
export function format(units: bigint): string {
  const sign = units < 0n ? '-' : '';
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const fraction = digits.slice(-scale).replace(/0+$/, '');
  return sign + digits.slice(0, -scale) + (fraction && `.${fraction}`);
}
