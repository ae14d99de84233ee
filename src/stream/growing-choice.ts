import type { ChatCompletionDelta, ChunkChoice } from '../schema/chunk.ts';
import type { FinishWords } from '../schema/finish-reason.ts';
import { answerEnd } from '../schema/finish-reason.ts';
import type { NoteIssue } from '../schema/issue.ts';
import type { Annotation, Choice, ChoiceLogprobs, FinishReason } from '../schema/response.ts';
import { settleToolCalls } from '../schema/whole-tool-call.ts';
import { GrowingAudio } from './growing-audio.ts';
import { GrowingCall } from './growing-call.ts';
import { GrowingText } from './growing-text.ts';
import { joinLogprobs } from './join-logprobs.ts';
import { KeptFields } from './kept-fields.ts';
import type { SizeGauge } from './size-gauge.ts';
import { sizeOf } from './size-gauge.ts';

/** What the choices of one answer share. */
export interface ChoiceRules {
  /** The host's own words for the end of an answer. */
  words: FinishWords | undefined;
  argumentBytes: number;
  /** These count all choices together. */
  gauge: SizeGauge;
  logprobGauge: SizeGauge;
}

const joinedInChoice = new Set(['index', 'delta', 'finish_reason', 'logprobs']);
const joinedInDelta = new Set([
  'role',
  'content',
  'reasoning_content',
  'refusal',
  'annotations',
  'audio',
  'tool_calls',
]);

/** One choice of an answer, put together from its pieces. */
export class GrowingChoice {
  readonly #rules: ChoiceRules;
  // Of the rules, what every chunk needs.
  readonly #gauge: SizeGauge;
  #finishReason: FinishReason = null;
  /** Whether one finish_reason was followed by another one. */
  #hasTwoEnds = false;
  #content: GrowingText | null = null;
  /** `undefined` until the stream mentions them. */
  #reasoning: GrowingText | null | undefined = undefined;
  #refusal: GrowingText | null | undefined = undefined;
  #annotations: Annotation[] | undefined = undefined;
  #audio: GrowingAudio | null | undefined = undefined;
  #logprobs: ChoiceLogprobs | null | undefined = undefined;
  readonly #calls = new Map<number, GrowingCall>();
  /** Fields of the message and of the choice that are only the vendor's. */
  readonly #messageFields = new KeptFields();
  readonly #choiceFields = new KeptFields();

  constructor(rules: ChoiceRules) {
    this.#rules = rules;
    this.#gauge = rules.gauge;
  }

  get finishReason(): FinishReason {
    return this.#finishReason;
  }

  /** @throws ChatError `limit_exceeded` */
  add(choice: ChunkChoice): void {
    const { delta } = choice;
    const gauge = this.#gauge;
    this.#addText(delta);
    this.#refusal = grown(this.#refusal, delta.refusal, gauge);
    if (delta.annotations) this.#addAnnotations(delta.annotations);
    if (delta.audio !== undefined) {
      gauge.add(sizeOf(delta.audio));
      this.#audio ??= delta.audio && new GrowingAudio();
      if (delta.audio) this.#audio?.add(delta.audio);
    }
    if (choice.logprobs !== undefined) {
      this.#rules.logprobGauge.add(sizeOf(choice.logprobs));
      this.#logprobs = joinLogprobs(this.#logprobs, choice.logprobs);
    }
    if (choice.finish_reason !== null) this.#addEnd(choice.finish_reason);
    this.#addCalls(delta);
    this.#messageFields.keep(delta, joinedInDelta, gauge);
    this.#choiceFields.keep(choice, joinedInChoice, gauge);
  }

  /** As {@link GrowingChoice.add}, for a delta that is the one before it but for its text. Tells whether it has one. */
  addRepeat(delta: ChatCompletionDelta): boolean {
    this.#addText(delta);
    this.#addCalls(delta);
    return !!(
      delta.content ||
      delta.reasoning_content ||
      delta.tool_calls?.[0]?.function?.arguments
    );
  }

  /** The arguments that a call has so far. */
  argumentsOf(index: number): string {
    return this.#calls.get(index)?.text ?? '';
  }

  /** A call is none, whatever it has come to. */
  spoil(index: number, reason: string): void {
    this.#callAt(index).spoiled ??= reason;
  }

  /** @param isWhole whether nothing more will come: if not, there is no finish_reason */
  build(index: number, isWhole: boolean, note: NoteIssue): Choice {
    if (this.#hasTwoEnds) {
      const message = 'the stream told two of them; a bad one counts, else the last';
      note({ code: 'two_finish_reasons', path: `choices.${index}.finish_reason`, message });
    }
    const finishReason = isWhole ? this.#finishReason : null;
    return {
      ...this.#choiceFields.values,
      index,
      message: this.#buildMessage(index, this.#isGood(finishReason), note),
      ...(this.#logprobs !== undefined && { logprobs: this.#logprobs }),
      finish_reason: finishReason,
    };
  }

  #buildMessage(index: number, isGoodEnd: boolean, note: NoteIssue): Choice['message'] {
    const [content, reasoning, refusal] = [this.#content, this.#reasoning, this.#refusal];
    const calls = [...this.#calls.entries()]
      .toSorted(([a], [b]) => a - b)
      .map(([at, { draft, spoiled }]) => {
        return { draft, spoiled, path: `choices.${index}.message.tool_calls.${at}` };
      });
    const { values } = this.#messageFields;
    return {
      ...values,
      // Where a vendor calls it so, it is no field of its own of which the last piece counts.
      ...(typeof values.reasoning === 'string' && reasoning && { reasoning: reasoning.toString() }),
      role: 'assistant',
      content: content && content.toString(),
      ...(reasoning !== undefined && { reasoning_content: reasoning && reasoning.toString() }),
      ...(refusal !== undefined && { refusal: refusal && refusal.toString() }),
      ...(this.#annotations !== undefined && { annotations: this.#annotations }),
      ...(this.#audio !== undefined && { audio: this.#audio && this.#audio.value }),
      ...settleToolCalls(calls, isGoodEnd, note),
    };
  }

  #addText({ content, reasoning_content }: ChatCompletionDelta): void {
    if (typeof content === 'string') {
      this.#gauge.add(content.length);
      (this.#content ??= new GrowingText()).add(content);
    }
    this.#reasoning = grown(this.#reasoning, reasoning_content, this.#gauge);
  }

  #addAnnotations(annotations: readonly Annotation[]): void {
    this.#gauge.add(sizeOf(annotations));
    this.#annotations ??= [];
    // One by one: a spread of an answer's worth of them is more arguments than a call can have.
    for (const annotation of annotations) this.#annotations.push(annotation);
  }

  #addCalls({ tool_calls: calls }: ChatCompletionDelta): void {
    if (!calls) return;
    const { argumentBytes } = this.#rules;
    for (const call of calls) this.#callAt(call.index).add(call, argumentBytes, this.#gauge);
  }

  #addEnd(reason: FinishReason): void {
    const before = this.#finishReason;
    this.#hasTwoEnds ||= before !== null && before !== reason;
    // An end that was told to be a bad one is not mended by another word.
    if (before === null || this.#isGood(before)) this.#finishReason = reason;
  }

  #isGood(reason: FinishReason): boolean {
    return answerEnd(reason, this.#rules.words) === 'good';
  }

  #callAt(index: number): GrowingCall {
    let call = this.#calls.get(index);
    if (call === undefined) this.#calls.set(index, (call = new GrowingCall()));
    return call;
  }
}

function grown(
  text: GrowingText | null | undefined,
  more: string | null | undefined,
  gauge: SizeGauge,
): GrowingText | null | undefined {
  if (typeof more !== 'string') return text === undefined ? (more as null | undefined) : text;
  const grows = text ?? new GrowingText();
  gauge.add(more.length);
  grows.add(more);
  return grows;
}
