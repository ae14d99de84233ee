import { decimals, fromScaled, scaled } from './decimal.ts';

// Money is added, compared and multiplied as whole numbers: a float loses the last digits of a sum of many calls.

/** Below zero, zero or above zero, as `one` is smaller than, equal to or larger than `other`. */
export function compareDecimals(one: string, other: string): number {
  const scale = Math.max(decimals(one), decimals(other));
  const [left, right] = [scaled(one, scale), scaled(other, scale)];
  return left === right ? 0 : left < right ? -1 : 1;
}

/** The exact difference of two decimals. */
export function subtractDecimals(one: string, other: string): string {
  const scale = Math.max(decimals(one), decimals(other));
  return fromScaled(scaled(one, scale) - scaled(other, scale), scale);
}

/** The exact product of two decimals. */
export function multiplyDecimals(one: string | number, other: string | number): string {
  const [left, right] = [decimals(one), decimals(other)];
  return fromScaled(scaled(one, left) * scaled(other, right), left + right);
}

/** A sum that grows, one call after another. */
export class ExactSum {
  #value = 0n;
  /** How many digits of the value stand behind the point. */
  #scale = 0;

  add(decimal: string): void {
    const scale = decimals(decimal);
    if (scale > this.#scale) this.#widen(scale);
    this.#value += scaled(decimal, this.#scale);
  }

  #widen(scale: number): void {
    this.#value *= 10n ** BigInt(scale - this.#scale);
    this.#scale = scale;
  }

  toString(): string {
    return fromScaled(this.#value, this.#scale);
  }
}
