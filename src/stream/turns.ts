/** Whoever asks while another one waits comes after it. */
export class Turns {
  /** How many have asked and not had their turn. */
  waiting = 0;
  /** The turn that the next one comes after. A turn that nobody waited for is written here by whoever takes it. */
  last: Promise<unknown> = Promise.resolve();

  later<T>(begin: () => Promise<T>): Promise<T> {
    this.waiting++;
    const step = (): Promise<T> => {
      this.waiting--;
      return begin();
    };
    const turn = this.last.then(step, step);
    return (this.last = turn);
  }
}
