import type { Report } from '../outcome/report.ts';
import type { ChatCompletionChunk, ChatCompletionDelta } from '../schema/chunk.ts';
import type { NoteIssue } from '../schema/issue.ts';
import type { DecodedCompletion } from '../schema/response.ts';
import type { Accumulator } from './accumulate.ts';
import { isHarmlessAfterFinish, unfinished } from './bad-ends.ts';
import type { ChunkSource } from './chunk-source.ts';

export interface StreamedAnswerParts {
  source: ChunkSource;
  accumulator: Accumulator;
  report: Report;
  note: NoteIssue;
}

/** What has come of an answer: recorded chunk by chunk, before a reader is given it, and put together at the end. */
export class StreamedAnswer {
  readonly #source: ChunkSource;
  readonly #accumulator: Accumulator;
  readonly #report: Report;
  readonly #note: NoteIssue;
  #sawFinish = false;

  constructor({ source, accumulator, report, note }: StreamedAnswerParts) {
    this.#source = source;
    this.#accumulator = accumulator;
    this.#report = report;
    this.#note = note;
  }

  /** Whether every choice has its finish_reason. */
  get isWhole(): boolean {
    return this.#accumulator.complete;
  }

  /** A chunk that is not just the one before it with another text. @throws ChatError `limit_exceeded` */
  record(chunk: ChatCompletionChunk): void {
    this.#accumulator.add(chunk);
    for (const { delta } of chunk.choices) {
      if (!saysSomething(delta)) continue;
      this.#source.gotContent();
      const { timings } = this.#report;
      if (delta.reasoning_content) timings.firstReasoningMs ??= Date.now() - timings.startedAt;
      else timings.firstContentMs ??= Date.now() - timings.startedAt;
    }
    if (!this.#sawFinish && this.isWhole) {
      this.#sawFinish = true;
      this.#source.gotFinish();
    }
  }

  /** Every choice has its finish_reason, and then the connection broke or nothing more came: the answer is whole. */
  isWholeDespite(error: unknown): boolean {
    if (!this.isWhole || !isHarmlessAfterFinish(error)) return false;
    const message = 'after the finish_reason the connection did not end properly';
    this.#note({ code: 'no_clean_end', message });
    return true;
  }

  /** Left after the finish_reason, the answer is whole; only the counts behind it may be missing. */
  isWholeThoughLeft(): boolean {
    if (!this.isWhole) return false;
    const message = 'the stream was left after its finish_reason';
    this.#note({ code: 'left_early', message });
    return true;
  }

  /** @throws ChatError `stream_interrupted` if it is not whole */
  completion(): DecodedCompletion {
    if (!this.isWhole) throw unfinished('stream');
    return this.#accumulator.completion(this.#note);
  }

  /** What had come; `undefined` for nothing, or for more than can be put together. */
  partial(): DecodedCompletion | undefined {
    try {
      // What was held back belongs to it, unless it is the very thing that broke the stream.
      const rest = this.#source.rest();
      if (rest !== undefined) this.#accumulator.add(rest);
    } catch {
      // The stream has its error.
    }
    return this.#accumulator.rescue(this.#note);
  }
}

/** Whether there is more of the answer in it: a vendor that sends empty pieces for ever has stalled. */
function saysSomething(delta: ChatCompletionDelta): boolean {
  return (
    !!(delta.content || delta.reasoning_content || delta.refusal) ||
    !!delta.tool_calls?.some(
      ({ id, function: called, custom }) =>
        id || called?.name || called?.arguments || custom?.name || custom?.input,
    )
  );
}
