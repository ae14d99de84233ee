/** Lets a list, or the promise of one, be iterated, as programs for the `openai` package do. */
export function iterable<T extends object, Item>(
  list: T,
  items: () => Promise<Item[]>,
): T & AsyncIterable<Item> {
  return Object.defineProperty(list, Symbol.asyncIterator, {
    async *value() {
      yield* await items();
    },
  }) as T & AsyncIterable<Item>;
}
