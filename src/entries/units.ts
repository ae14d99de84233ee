// Money as whole numbers, for entries that add it up: a float loses the last digits of a sum of many calls.

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
