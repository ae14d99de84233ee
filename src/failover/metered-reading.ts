import type { Standing } from '../cost/budget.ts';
import type { StreamMeter } from '../cost/stream-meter.ts';
import { createStreamMeter } from '../cost/stream-meter.ts';
import { isPending } from '../internal/pending.ts';
import { budgetPassed } from '../outcome/budget-error.ts';
import type { ChatCompletionChunk } from '../schema/chunk.ts';
import type { NoteIssue } from '../schema/issue.ts';
import type { Accumulator } from '../stream/accumulate.ts';
import type { ChunkReading } from '../stream/chunk-source.ts';
import type { Reserved } from './spending.ts';

/** A reading under a limit on money: it fails once the answer has cost what was left for it. */
export class MeteredReading implements ChunkReading {
  readonly accumulator: Accumulator;
  readonly note: NoteIssue;
  readonly #reading: ChunkReading;
  readonly #meter: StreamMeter;
  readonly #standing: Reserved['standing'];
  #why: Standing | undefined = undefined;
  #mayGoOn: boolean | Promise<boolean> = true;

  constructor(reading: ChunkReading, meter: StreamMeter, standing: Reserved['standing']) {
    this.accumulator = reading.accumulator;
    this.note = reading.note;
    this.#reading = reading;
    this.#meter = meter;
    this.#standing = standing;
  }

  get isRepeat(): boolean {
    return this.#reading.isRepeat;
  }

  jsonOf(chunk: ChatCompletionChunk): string | undefined {
    return this.#reading.jsonOf(chunk);
  }

  pull(): ChatCompletionChunk | undefined {
    if (isPending(this.#mayGoOn)) return undefined;
    if (this.#why !== undefined) throw budgetPassed(this.#why);
    const chunk = this.#reading.pull();
    if (chunk !== undefined) this.#mayGoOn = this.#orWhy(this.#counted(chunk));
    return chunk;
  }

  async fill(): Promise<boolean> {
    if (!isPending(this.#mayGoOn)) return this.#reading.fill();
    this.#mayGoOn = await this.#mayGoOn;
    return true;
  }

  read(): Promise<Uint8Array | undefined> | undefined {
    return this.#mayGoOn === true ? this.#reading.read() : undefined;
  }

  feed(bytes: Uint8Array | undefined): void {
    this.#reading.feed(bytes);
  }

  failRead(error: unknown): unknown {
    return this.#reading.failRead(error);
  }

  gotContent(): void {
    this.#reading.gotContent();
  }

  gotFinish(): void {
    this.#reading.gotFinish();
  }

  rest(): ChatCompletionChunk | undefined {
    return this.#reading.rest();
  }

  /** Where it may not, it has to be known where the money is. */
  #orWhy(mayGoOn: boolean | Promise<boolean>): boolean | Promise<boolean> {
    if (mayGoOn === true) return true;
    return Promise.resolve(mayGoOn).then(async (may) => {
      if (!may) this.#why = await this.#standing();
      return may;
    });
  }

  #counted({ choices, usage }: ChatCompletionChunk): boolean | Promise<boolean> {
    let text = '';
    for (const { delta } of choices) {
      text += (delta.reasoning_content ?? '') + (delta.content ?? '') + (delta.refusal ?? '');
      for (const { function: called, custom } of delta.tool_calls ?? []) {
        text += called?.arguments ?? custom?.input ?? '';
      }
    }
    const mayGoOn = this.#meter.text(text);
    // What is whole has been paid for.
    if (this.accumulator.complete) return true;
    return usage == null || isPending(mayGoOn) ? mayGoOn : this.#meter.usage(usage);
  }
}

/** A reading that costs no more than what was set aside; one whose length the request limits needs no watching. */
export function metered(reading: ChunkReading, reserved: Reserved | undefined): ChunkReading {
  if (reserved === undefined || reserved.estimate.isLimited) return reading;
  const { reservation, estimate, standing } = reserved;
  const { prices, answerTokens } = estimate;
  if (prices === undefined) return reading;
  return new MeteredReading(
    reading,
    createStreamMeter({ reservation, prices, answerTokens }),
    standing,
  );
}
