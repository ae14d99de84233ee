import { callAt } from '../internal/clock.ts';
import { isChatError } from '../outcome/chat-error.ts';
import { outrun } from './ends.ts';
import type { Route } from './route.ts';
import type { MayServe, Turn } from './turn.ts';
import type { Begin, Entry, Won } from './entry.ts';

/** The first of two vendors that gives what was asked for, and the next one where both fail. */
export class Race<T> {
  readonly #route: Route;
  readonly #begin: Begin<T>;
  readonly #mayServe: MayServe | undefined;
  readonly #running = new Map<Turn, Entry<T>>();
  #isOver = false;
  #resolve!: (won: Won<T>) => void;
  #reject!: (error: unknown) => void;

  constructor(route: Route, begin: Begin<T>, mayServe: MayServe | undefined) {
    this.#route = route;
    this.#begin = begin;
    this.#mayServe = mayServe;
  }

  /** @param afterMs how long the first one may be silent */
  async run(first: Turn, afterMs: number): Promise<Won<T>> {
    const result = new Promise<Won<T>>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const { clock } = this.#route.rules;
    const stopTimer = callAt(clock, clock.now() + afterMs, () => void this.#startSecond(first));
    this.#start(first);
    try {
      return await result;
    } finally {
      this.#isOver = true;
      stopTimer();
      await this.#endOthers();
    }
  }

  #start(turn: Turn): void {
    if (this.#isOver) return this.#route.unused(turn);
    const entry = this.#begin(turn);
    this.#running.set(turn, entry);
    entry.result.then(
      (value) => this.#finish(turn, entry, value),
      (error: unknown) => this.#fail(turn, error),
    );
  }

  #finish(turn: Turn, entry: Entry<T>, value: T): void {
    if (this.#isOver) return;
    try {
      entry.check?.(value);
    } catch (error) {
      return this.#fail(turn, error);
    }
    this.#isOver = true;
    this.#running.delete(turn);
    this.#resolve({ turn, value });
  }

  #fail(turn: Turn, error: unknown): void {
    if (this.#isOver) return;
    this.#running.delete(turn);
    try {
      this.#route.failed(turn, error);
    } catch (reason) {
      this.#isOver = true;
      this.#reject(reason);
      return;
    }
    if (this.#running.size === 0) void this.#startNext();
  }

  async #startNext(): Promise<void> {
    try {
      this.#start(await this.#route.next(this.#mayServe));
    } catch (error) {
      this.#isOver = true;
      this.#reject(error);
    }
  }

  /** A vendor that cannot be had is no reason to end the call, which has another one. */
  async #startSecond(first: Turn): Promise<void> {
    const budget = this.#route.rules.hedge?.budget;
    if (this.#isOver || this.#running.size !== 1 || budget?.take() !== true) return;
    try {
      const turn = await this.#route.another(this.#mayServe);
      if (turn === undefined || this.#isOver) {
        if (turn !== undefined) this.#route.unused(turn);
        return budget.giveBack();
      }
      const message = `${turn.candidate.name} was asked as well, since ${first.candidate.name} was silent`;
      this.#route.issues.push({ code: 'hedged', message });
      this.#start(turn);
    } catch {
      // The first one is still at work.
      budget.giveBack();
    }
  }

  /** Their attempts belong into the report. */
  async #endOthers(): Promise<void> {
    const others = [...this.#running];
    this.#running.clear();
    for (const [, entry] of others) entry.cancel(outrun());
    await Promise.all(
      others.map(async ([turn, entry]) => {
        const report = await entry.result.then(
          (late) => entry.discard(late),
          (error: unknown) => (isChatError(error) ? error.report : undefined),
        );
        this.#route.lost(turn, report);
      }),
    );
  }
}
