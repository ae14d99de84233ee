import { ChatError } from '../outcome/chat-error.ts';
import type { ChatCompletionChunk } from '../schema/chunk.ts';
import type { FinishWords } from '../schema/finish-reason.ts';
import { answerEnd } from '../schema/finish-reason.ts';
import type { NoteIssue } from '../schema/issue.ts';
import type { Choice, DecodedCompletion } from '../schema/response.ts';
import type { ChunkUsage } from '../schema/usage.ts';
import { laterUsage } from '../schema/usage.ts';
import type { CallLedger } from './attribute-tool-calls.ts';
import type { ChoiceRules } from './growing-choice.ts';
import { GrowingChoice } from './growing-choice.ts';
import { KeptFields } from './kept-fields.ts';
import { SizeGauge } from './size-gauge.ts';

export interface AccumulatorLimits {
  choices: number;
  argumentBytes: number;
  responseBytes: number;
  logprobBytes: number;
}

const joinedInTop = new Set(['id', 'object', 'created', 'model', 'choices', 'usage']);

/** The one growing copy of an answer: folds chunks into what a call without `stream` would have given. Keeps none. */
export class Accumulator implements CallLedger {
  readonly #maxChoices: number;
  readonly #rules: ChoiceRules;
  readonly #choices = new Map<number, GrowingChoice>();
  readonly #top = new KeptFields();
  /** The choice of the last repetition. */
  #repeated: GrowingChoice | undefined = undefined;
  #id = '';
  #created = 0;
  #model = '';
  #usage: ChunkUsage | undefined = undefined;
  #begun = false;

  /** @param words the host's own words for the end of an answer */
  constructor(limits: AccumulatorLimits, words?: FinishWords) {
    this.#maxChoices = limits.choices;
    this.#rules = {
      words,
      argumentBytes: limits.argumentBytes,
      gauge: new SizeGauge(limits.responseBytes, 'limits.responseBytes'),
      logprobGauge: new SizeGauge(limits.logprobBytes, 'limits.logprobBytes'),
    };
  }

  /** @throws ChatError `limit_exceeded` */
  add(chunk: ChatCompletionChunk): void {
    this.#begun = true;
    this.#repeated = undefined;
    if (chunk.id !== '') this.#id = chunk.id;
    if (chunk.created !== 0) this.#created = chunk.created;
    if (chunk.model !== '') this.#model = chunk.model;
    if (chunk.usage != null) this.#usage = laterUsage(this.#usage, chunk.usage);
    this.#top.keep(chunk, joinedInTop, this.#rules.gauge);
    for (const choice of chunk.choices) this.#choiceAt(choice.index).add(choice);
  }

  /** As {@link Accumulator.add}, for a chunk that is the one before it but for its text. Tells whether it has one. */
  addRepeat({ choices: [choice] }: ChatCompletionChunk): boolean {
    if (choice === undefined) return false;
    this.#repeated ??= this.#choiceAt(choice.index);
    return this.#repeated.addRepeat(choice.delta);
  }

  argumentsOf(choice: number, index: number): string {
    return this.#choices.get(choice)?.argumentsOf(index) ?? '';
  }

  spoil(choice: number, index: number, reason: string): void {
    this.#choiceAt(choice).spoil(index, reason);
  }

  /** Whether anything has been added. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Whether every answer has its `finish_reason`: the only proof that it is whole. */
  get complete(): boolean {
    if (this.#choices.size === 0) return false;
    for (const { finishReason } of this.#choices.values()) if (finishReason === null) return false;
    return true;
  }

  /** Whether an answer says itself that it is not whole. */
  get brokeOff(): boolean {
    const { words } = this.#rules;
    return [...this.#choices.values()].some(
      ({ finishReason }) =>
        finishReason !== null && answerEnd(finishReason, words) === 'interrupted',
    );
  }

  /** The whole answer. Calls that are not whole are kept apart, and noted. */
  completion(note: NoteIssue): DecodedCompletion {
    return this.#build(true, note);
  }

  /** What there is so far, with `finish_reason: null`. */
  partial(note: NoteIssue): DecodedCompletion {
    return this.#build(false, note);
  }

  /** The same for an error, which comes first; `undefined` for nothing, or for more than can be put together. */
  rescue(note: NoteIssue): DecodedCompletion | undefined {
    try {
      return this.#begun ? this.partial(note) : undefined;
    } catch {
      return undefined;
    }
  }

  #choiceAt(index: number): GrowingChoice {
    const known = this.#choices.get(index);
    if (known !== undefined) return known;
    if (!Number.isSafeInteger(index) || index < 0) {
      throw new ChatError('invalid_response', 'A choice has an index that is not a whole number');
    }
    if (index >= this.#maxChoices) {
      const message = `The answer has more than ${this.#maxChoices} choices (option limits.choices)`;
      throw new ChatError('limit_exceeded', message);
    }
    const fresh = new GrowingChoice(this.#rules);
    this.#choices.set(index, fresh);
    return fresh;
  }

  #build(isWhole: boolean, note: NoteIssue): DecodedCompletion {
    const sorted = [...this.#choices.entries()].toSorted(([a], [b]) => a - b);
    const built = sorted.map(([index, choice]) => choice.build(index, isWhole, note));
    if (built.length === 0) built.push(emptyChoice());
    return {
      ...this.#top.values,
      id: this.#id,
      object: 'chat.completion',
      created: this.#created,
      model: this.#model,
      choices: built as [Choice, ...Choice[]],
      ...(this.#usage !== undefined && { usage: this.#usage }),
    };
  }
}

function emptyChoice(): Choice {
  return { index: 0, message: { role: 'assistant', content: null }, finish_reason: null };
}
