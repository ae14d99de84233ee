/** Hands things over: whoever gives one waits until it is taken. */
export interface HandOver<T> {
  give(value: T): Promise<void>;
  /** The next one; `undefined` after the end. */
  next(): Promise<T | undefined>;
  /** No more is going to be given. */
  end(): void;
  /** No more is going to be taken, and nobody waits any longer. */
  drop(): void;
}

export function createHandOver<T>(): HandOver<T> {
  const given: { value: T; taken: () => void }[] = [];
  let wake = (): void => {};
  let isOver = false;
  let isDropped = false;
  return {
    give(value) {
      if (isDropped) return Promise.resolve();
      return new Promise((taken) => {
        given.push({ value, taken });
        wake();
      });
    },
    async next() {
      for (;;) {
        const first = given.shift();
        if (first !== undefined) {
          first.taken();
          return first.value;
        }
        if (isOver) return undefined;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    end() {
      isOver = true;
      wake();
    },
    drop() {
      isDropped = true;
      for (const { taken } of given.splice(0)) taken();
    },
  };
}
