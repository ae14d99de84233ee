import { isPending } from './pending.ts';

/**
 * How long somebody else's function is waited for. One that did not answer in time is not asked again at once: what hangs
 * would hold up every call.
 */
export class Patience {
  readonly #answerMs: number;
  readonly #awayMs: number;
  #awayUntilMs = 0;
  #triedAtMs = 0;

  constructor(answerMs: number, awayMs: number) {
    this.#answerMs = answerMs;
    this.#awayMs = awayMs;
  }

  get isOver(): boolean {
    return Date.now() < this.#awayUntilMs;
  }

  /** Whether it is time to see if the other side still answers: of many that wait for it, one tries. */
  takeTry(): boolean {
    if (Date.now() < this.#triedAtMs + this.#answerMs) return false;
    this.#triedAtMs = Date.now();
    return true;
  }

  /** What `given` comes to, or what `instead` gives once the time is over. @throws what `instead` throws */
  await<T>(given: Promise<T>, instead: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#awayUntilMs = Date.now() + this.#awayMs;
        try {
          resolve(instead());
        } catch (error) {
          reject(error);
        }
      }, this.#answerMs);
      given.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }
}

/**
 * What a function of somebody else's gives, at once or later, if it is what it should be; where it is not, or the function
 * fails, what `instead` gives.
 *
 * @param patience without it, the function may take as long as it likes
 */
export function orElse<T>(
  ask: () => T | Promise<T>,
  isRight: (value: unknown) => boolean,
  instead: () => T,
  patience?: Patience,
): T | Promise<T> {
  if (patience?.isOver === true) return instead();
  let given: T | Promise<T>;
  try {
    given = ask();
    if (isPending(given)) {
      const judged = Promise.resolve(given).then(
        (value) => (isRight(value) ? value : instead()),
        instead,
      );
      return patience === undefined ? judged : patience.await(judged, instead);
    }
    if (isRight(given)) return given;
  } catch {
    // It is what `instead` is for.
  }
  return instead();
}
