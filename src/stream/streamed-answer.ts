import type { Report } from '../outcome/report.ts';
import type { ChatCompletionChunk } from '../schema/chunk.ts';
import type { DecodedCompletion } from '../schema/response.ts';
import { isHarmlessAfterFinish, unfinished } from './bad-ends.ts';
import type { ChunkReading } from './chunk-source.ts';
import { saysSomething } from './says-something.ts';

/** What has come of an answer: recorded chunk by chunk, before a reader is given it, and put together at the end. */
export class StreamedAnswer {
  readonly #reading: ChunkReading;
  readonly #report: Report;
  #sawFinish = false;

  constructor(reading: ChunkReading, report: Report) {
    this.#reading = reading;
    this.#report = report;
  }

  /** Whether every choice has its finish_reason. */
  get isWhole(): boolean {
    return this.#reading.accumulator.complete;
  }

  /** A chunk that is not just the one before it with another text. @throws ChatError `limit_exceeded` */
  record(chunk: ChatCompletionChunk): void {
    this.#reading.accumulator.add(chunk);
    for (const { delta } of chunk.choices) {
      if (!saysSomething(delta)) continue;
      this.#reading.gotContent();
      const { timings } = this.#report;
      if (delta.reasoning_content) timings.firstReasoningMs ??= Date.now() - timings.startedAt;
      else timings.firstContentMs ??= Date.now() - timings.startedAt;
    }
    if (!this.#sawFinish && this.isWhole) {
      this.#sawFinish = true;
      this.#reading.gotFinish();
    }
  }

  /** Every choice has its finish_reason, and then the connection broke or nothing more came: the answer is whole. */
  isWholeDespite(error: unknown): boolean {
    if (!this.isWhole || !isHarmlessAfterFinish(error)) return false;
    const message = 'after the finish_reason the connection did not end properly';
    this.#reading.note({ code: 'no_clean_end', message });
    return true;
  }

  /** Left after the finish_reason, the answer is whole; only the counts behind it may be missing. */
  isWholeThoughLeft(): boolean {
    if (!this.isWhole) return false;
    const message = 'reading ended after the finish_reason, before the end of the stream';
    this.#reading.note({ code: 'left_early', message });
    return true;
  }

  /** @throws ChatError `stream_interrupted` if it is not whole */
  completion(): DecodedCompletion {
    if (!this.isWhole) throw unfinished('stream');
    return this.#reading.accumulator.completion(this.#reading.note);
  }

  /** What had come; `undefined` for nothing, or for more than can be put together. */
  partial(): DecodedCompletion | undefined {
    try {
      // What was held back belongs to it, unless it is the very thing that broke the stream.
      const rest = this.#reading.rest();
      if (rest !== undefined) this.#reading.accumulator.add(rest);
    } catch {
      // The stream has its error.
    }
    return this.#reading.accumulator.rescue(this.#reading.note);
  }
}
