interface Container {
  value: Record<string, unknown> | unknown[];
  isArray: boolean;
  /** Where the next value goes, in an object. */
  key: string;
}

/** A JSON value that grows in its place, and what of it is still open. */
export class GrowingTree {
  root: unknown;
  isChanged = false;
  readonly #stack: Container[] = [];

  get depth(): number {
    return this.#stack.length;
  }

  /** Whether the innermost open value is a list; `undefined` if none is open. */
  get isInList(): boolean | undefined {
    return this.#stack.at(-1)?.isArray;
  }

  /** Names the field that the next value is of. */
  set key(key: string) {
    const top = this.#stack.at(-1);
    if (top !== undefined) top.key = key;
  }

  put(value: unknown): void {
    this.isChanged = true;
    const top = this.#stack.at(-1);
    if (top === undefined) this.root = value;
    else if (Array.isArray(top.value)) top.value.push(value);
    else setOwn(top.value, top.key, value);
  }

  /** Puts a value in the place of the last one. */
  replace(value: string): void {
    this.isChanged = true;
    const top = this.#stack.at(-1);
    if (top === undefined) return;
    if (Array.isArray(top.value)) top.value[top.value.length - 1] = value;
    else setOwn(top.value, top.key, value);
  }

  open(value: Container['value']): void {
    this.put(value);
    this.#stack.push({ value, isArray: Array.isArray(value), key: '' });
  }

  close(): void {
    this.#stack.pop();
  }

  /** Nothing more is put into it. */
  leave(): void {
    this.#stack.length = 0;
  }
}

/** As `JSON.parse` does it: an assignment to `__proto__` would change the prototype. */
function setOwn(into: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') into[key] = value;
  else
    Object.defineProperty(into, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
}
