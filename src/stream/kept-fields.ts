import type { SizeGauge } from './size-gauge.ts';
import { sizeOf } from './size-gauge.ts';

type Fields = Record<string, unknown>;

/** Fields that are only the vendor's, from many chunks: of each the last value that says something. */
export class KeptFields {
  readonly values: Fields = {};
  readonly #sizes = new Map<string, number>();

  /** @param except fields that are joined elsewhere */
  keep(from: object, except: ReadonlySet<string>, gauge: SizeGauge): void {
    for (const key in from) {
      // An assignment to this one would change the prototype.
      if (except.has(key) || key === '__proto__') continue;
      const value = (from as Fields)[key];
      const isNews = key in this.values ? value !== this.values[key] && says(value) : true;
      if (!isNews) continue;
      const size = key.length + sizeOf(value);
      gauge.add(size - (this.#sizes.get(key) ?? 0));
      this.#sizes.set(key, size);
      this.values[key] = value;
    }
  }
}

/** Whether a value has any content. An empty value does not replace an earlier one. */
function says(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return value != null;
  // Deeper than any vendor's fields: it may be anything.
  return depth > 8 || Object.values(value).some((each) => says(each, depth + 1));
}
