import type { SizeGauge } from './size-gauge.ts';
import { sizeOf } from './size-gauge.ts';

type Fields = Record<string, unknown>;

/** Fields that are only the vendor's, from many chunks: of each the last value that is not null. */
export class KeptFields {
  readonly values: Fields = {};
  readonly #sizes = new Map<string, number>();

  /** @param except fields that are joined elsewhere */
  keep(from: object, except: ReadonlySet<string>, gauge: SizeGauge): void {
    for (const key in from) {
      // An assignment to this one would change the prototype.
      if (except.has(key) || key === '__proto__') continue;
      const value = (from as Fields)[key];
      if (value == null ? key in this.values : value === this.values[key]) continue;
      const size = key.length + sizeOf(value);
      gauge.add(size - (this.#sizes.get(key) ?? 0));
      this.#sizes.set(key, size);
      this.values[key] = value;
    }
  }
}
