/** Whoever asks while another one waits comes after it. */
export class Turns {
  /** How many have asked and not had their turn. */
  waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  now<T>(turn: Promise<T>): Promise<T> {
    this.#last = turn;
    return turn;
  }

  later<T>(begin: () => Promise<T>): Promise<T> {
    this.waiting++;
    const step = (): Promise<T> => {
      this.waiting--;
      return begin();
    };
    return this.now(this.#last.then(step, step));
  }
}
