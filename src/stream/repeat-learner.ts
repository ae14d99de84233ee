import type { ChatCompletionChunk, StreamMemory } from '../schema/chunk.ts';
import type { Repeat } from './repeats.ts';
import { learnRepeat } from './repeats.ts';
import type { StreamDialect } from './stream-dialect.ts';

/** Events from which a pattern was taken that no other event had. */
const maxUntriedLessons = 8;
/** Events that do not repeat, until one of them is learned from. */
const fewEvents = 2;

/** Learns which event the ones to come are likely to repeat. */
export class RepeatLearner {
  readonly #isPlainChunk: StreamDialect['isPlainChunk'];
  readonly #memory: StreamMemory;
  /** What the next events are to be compared with. It changes only when all those before them have been taken. */
  pattern: Repeat | undefined = undefined;
  #untriedLessons = 0;
  /** What the last event repeated, or taught. */
  last: Repeat | undefined = undefined;
  #isRepeat = false;

  constructor({ isPlainChunk }: StreamDialect, memory: StreamMemory) {
    this.#isPlainChunk = isPlainChunk;
    this.#memory = memory;
  }

  /** Whether the last event is the one before it but for its text. */
  get isRepeat(): boolean {
    return this.#isRepeat;
  }

  /** How many events in a row are worth reading without having learned from them. */
  get patience(): number {
    return this.#isOpen ? fewEvents : Infinity;
  }

  /** Whether it still learns: a stream whose events never repeat, by an id of their own for one, is not looked at for ever. */
  get #isOpen(): boolean {
    return !!this.#isPlainChunk && this.#untriedLessons < maxUntriedLessons;
  }

  /** The next event is a repetition: gives what it repeats. */
  gotRepeat(): Repeat | undefined {
    this.#isRepeat = this.last === this.pattern;
    this.#untriedLessons = 0;
    return (this.last = this.pattern);
  }

  /** The next event is not a repetition. */
  gotOther(): void {
    this.#isRepeat = false;
    this.last = undefined;
  }

  /** @param chunk what was parsed of the data, which was plain */
  learn(data: string, chunk: ChatCompletionChunk): void {
    if (!this.#isOpen) return;
    const read = (other: unknown): ChatCompletionChunk | undefined =>
      this.#isPlainChunk?.(other, this.#memory) ? (other as ChatCompletionChunk) : undefined;
    const lesson = learnRepeat(data, chunk, read);
    if (lesson === undefined) return;
    this.#untriedLessons++;
    this.pattern = this.last = lesson;
  }
}
