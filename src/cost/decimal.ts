/** A number or decimal text as plain decimal text: `1e-7` → `0.0000001`. Exact: no arithmetic is done on it. */
export function decimalString(value: number | string): string {
  const text = String(value).trim();
  // Nearly all are plain already.
  if (!text.includes('e') && !text.includes('E')) return text;
  const match = /^(-?)(\d*)\.?(\d*)e([+-]?\d+)$/i.exec(text);
  if (match === null) return text;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const shift = Number(exponent);
  const digits = whole + fraction;
  const point = whole.length + shift;
  const padded = digits.padStart(digits.length + Math.max(0, 1 - point), '0').padEnd(point, '0');
  const at = Math.max(1, point);
  const decimals = padded.slice(at);
  return `${sign}${padded.slice(0, at)}${decimals && `.${decimals}`}`;
}

/**
 * Money as plain decimal text. Of a number 15 digits count: what a sum of floats has left behind them
 * (0.30000000000000004) is no money. A text stays what it is.
 */
export function moneyString(value: number | string): string {
  return decimalString(typeof value === 'number' ? Number(value.toPrecision(15)) : value);
}

/** Whether a text or number is a plain, finite decimal. */
export function isDecimal(value: unknown): value is number | string {
  if (typeof value === 'number') return Number.isFinite(value);
  // Two digits of exponent are more than any price has, and a thousand of them would be a gigabyte of zeros.
  return typeof value === 'string' && /^-?\d+(\.\d+)?(e[+-]?\d{1,2})?$/i.test(value.trim());
}

/** How many digits stand behind the point. */
export function decimals(decimal: number | string): number {
  const text = decimalString(decimal);
  const point = text.indexOf('.');
  return point < 0 ? 0 : text.length - point - 1;
}

/** A decimal without its point, `scale` digits of which stood behind it. */
export function scaled(decimal: number | string, scale: number): bigint {
  const text = decimalString(decimal);
  const point = text.indexOf('.');
  if (point < 0) return BigInt(text + '0'.repeat(scale));
  return BigInt(text.slice(0, point) + text.slice(point + 1).padEnd(scale, '0'));
}

const zero = 0x30;

/** The way back from {@link scaled}. */
export function fromScaled(value: bigint, scale: number): string {
  const sign = value < 0n ? '-' : '';
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const at = digits.length - scale;
  let end = digits.length;
  while (end > at && digits.charCodeAt(end - 1) === zero) end--;
  return (
    sign + (end === at ? digits.slice(0, at) : `${digits.slice(0, at)}.${digits.slice(at, end)}`)
  );
}

/** The exact sum of two decimals. */
export function addDecimals(one: string, other: string): string {
  const scale = Math.max(decimals(one), decimals(other));
  return fromScaled(scaled(one, scale) + scaled(other, scale), scale);
}
