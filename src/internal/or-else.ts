import { isPending } from './pending.ts';

/**
 * What a function of somebody else's gives, at once or later, if it is what it should be; where it is not, or the function
 * fails, what `instead` gives.
 */
export function orElse<T>(
  ask: () => T | Promise<T>,
  isRight: (value: unknown) => boolean,
  instead: () => T,
): T | Promise<T> {
  let given: T | Promise<T>;
  try {
    given = ask();
    if (isPending(given)) {
      return Promise.resolve(given).then((value) => (isRight(value) ? value : instead()), instead);
    }
    if (isRight(given)) return given;
  } catch {
    // It is what `instead` is for.
  }
  return instead();
}
