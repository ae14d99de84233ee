import { ChatError } from '../outcome/chat-error.ts';
import type { NoteIssue } from '../schema/issue.ts';
import type { ChatCompletionChunk, ChunkChoice } from '../schema/chunk.ts';
import type { FinishWords } from '../schema/finish-reason.ts';
import { answerEnd } from '../schema/finish-reason.ts';
import type {
  Annotation,
  DecodedCompletion,
  Choice,
  ChoiceLogprobs,
  FinishReason,
} from '../schema/response.ts';
import { settleToolCalls } from '../schema/whole-tool-call.ts';
import type { ChunkUsage } from '../schema/usage.ts';
import { GrowingAudio } from './growing-audio.ts';
import { GrowingCall } from './growing-call.ts';
import { GrowingText } from './growing-text.ts';
import { joinLogprobs } from './join-logprobs.ts';
import { KeptFields } from './kept-fields.ts';
import { SizeGauge, sizeOf } from './size-gauge.ts';
import type { CallLedger } from './attribute-tool-calls.ts';

export interface AccumulatorLimits {
  choices: number;
  argumentBytes: number;
  responseBytes: number;
  logprobBytes: number;
}

interface GrowingChoice {
  content: GrowingText | null;
  finish_reason: FinishReason;
  /** Whether one finish_reason was followed by another one. */
  hasTwoEnds: boolean;
  /** `undefined` until the stream mentions them. */
  reasoning_content: GrowingText | null | undefined;
  refusal: GrowingText | null | undefined;
  annotations: Annotation[] | undefined;
  audio: GrowingAudio | null | undefined;
  logprobs: ChoiceLogprobs | null | undefined;
  calls: Map<number, GrowingCall>;
  /** Fields of the message and of the choice that are only the vendor's. */
  message: KeptFields;
  rest: KeptFields;
}

const joinedInTop = new Set(['id', 'object', 'created', 'model', 'choices', 'usage']);
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

/** The one growing copy of an answer: folds chunks into what a call without `stream` would have given. Keeps none. */
export class Accumulator implements CallLedger {
  readonly #limits: AccumulatorLimits;
  readonly #words: FinishWords | undefined;
  readonly #gauge: SizeGauge;
  readonly #logprobGauge: SizeGauge;
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
    this.#limits = limits;
    this.#words = words;
    this.#gauge = new SizeGauge(limits.responseBytes, 'limits.responseBytes');
    this.#logprobGauge = new SizeGauge(limits.logprobBytes, 'limits.logprobBytes');
  }

  /** @throws ChatError `limit_exceeded` */
  add(chunk: ChatCompletionChunk): void {
    this.#begun = true;
    this.#repeated = undefined;
    if (chunk.id !== '') this.#id = chunk.id;
    if (chunk.created !== 0) this.#created = chunk.created;
    if (chunk.model !== '') this.#model = chunk.model;
    if (chunk.usage != null) this.#usage = chunk.usage;
    this.#top.keep(chunk, joinedInTop, this.#gauge);
    for (const choice of chunk.choices) this.#addChoice(choice);
  }

  /** As {@link Accumulator.add}, for a chunk that is the one before it but for its text. Tells whether it has one. */
  addRepeat({ choices: [choice] }: ChatCompletionChunk): boolean {
    if (choice === undefined) return false;
    const { delta } = choice;
    this.#repeated ??= this.#choiceAt(choice.index);
    addText(this.#repeated, delta, this.#gauge);
    for (const call of delta.tool_calls ?? []) {
      callAt(this.#repeated, call.index).add(call, this.#limits.argumentBytes, this.#gauge);
    }
    return !!(
      delta.content ||
      delta.reasoning_content ||
      delta.tool_calls?.[0]?.function?.arguments
    );
  }

  argumentsOf(choice: number, index: number): string {
    return this.#choices.get(choice)?.calls.get(index)?.text ?? '';
  }

  spoil(choice: number, index: number, reason: string): void {
    callAt(this.#choiceAt(choice), index).spoiled ??= reason;
  }

  /** Whether anything has been added. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Whether every answer has its `finish_reason`: the only proof that it is whole. */
  get complete(): boolean {
    if (this.#choices.size === 0) return false;
    for (const { finish_reason } of this.#choices.values())
      if (finish_reason === null) return false;
    return true;
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

  #addChoice(choice: ChunkChoice): void {
    const into = this.#choiceAt(choice.index);
    const { delta } = choice;
    const gauge = this.#gauge;
    addText(into, delta, gauge);
    into.refusal = grown(into.refusal, delta.refusal, gauge);
    if (delta.annotations) {
      gauge.add(sizeOf(delta.annotations));
      into.annotations ??= [];
      for (const annotation of delta.annotations) into.annotations.push(annotation);
    }
    if (delta.audio !== undefined) {
      gauge.add(sizeOf(delta.audio));
      into.audio ??= delta.audio && new GrowingAudio();
      if (delta.audio) into.audio?.add(delta.audio);
    }
    if (choice.logprobs !== undefined) {
      this.#logprobGauge.add(sizeOf(choice.logprobs));
      into.logprobs = joinLogprobs(into.logprobs, choice.logprobs);
    }
    if (choice.finish_reason !== null) {
      into.hasTwoEnds ||=
        into.finish_reason !== null && into.finish_reason !== choice.finish_reason;
      // An end that was told to be a bad one is not mended by another word.
      if (!this.#isBad(into.finish_reason)) into.finish_reason = choice.finish_reason;
    }
    for (const call of delta.tool_calls ?? []) {
      callAt(into, call.index).add(call, this.#limits.argumentBytes, gauge);
    }
    into.message.keep(delta, joinedInDelta, gauge);
    into.rest.keep(choice, joinedInChoice, gauge);
  }

  #isBad(reason: FinishReason): boolean {
    return reason !== null && answerEnd(reason, this.#words) !== 'good';
  }

  #choiceAt(index: number): GrowingChoice {
    const known = this.#choices.get(index);
    if (known !== undefined) return known;
    if (!Number.isSafeInteger(index) || index < 0) {
      throw new ChatError('invalid_response', 'A choice has an index that is no whole number');
    }
    if (index >= this.#limits.choices) {
      const message = `The answer has more than ${this.#limits.choices} choices (option limits.choices)`;
      throw new ChatError('limit_exceeded', message);
    }
    const fresh: GrowingChoice = {
      content: null,
      finish_reason: null,
      hasTwoEnds: false,
      reasoning_content: undefined,
      refusal: undefined,
      annotations: undefined,
      audio: undefined,
      logprobs: undefined,
      calls: new Map(),
      message: new KeptFields(),
      rest: new KeptFields(),
    };
    this.#choices.set(index, fresh);
    return fresh;
  }

  #build(isWhole: boolean, note: NoteIssue): DecodedCompletion {
    const sorted = [...this.#choices.entries()].toSorted(([a], [b]) => a - b);
    const built = sorted.map(([index, choice]) => {
      const finish_reason = isWhole ? choice.finish_reason : null;
      const isGoodEnd = answerEnd(finish_reason, this.#words) === 'good';
      return { ...buildChoice(index, choice, isGoodEnd, note), finish_reason };
    });
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

function callAt({ calls }: GrowingChoice, index: number): GrowingCall {
  let call = calls.get(index);
  if (call === undefined) calls.set(index, (call = new GrowingCall()));
  return call;
}

function addText(
  into: GrowingChoice,
  { content, reasoning_content }: ChunkChoice['delta'],
  gauge: SizeGauge,
): void {
  if (typeof content === 'string') {
    gauge.add(content.length);
    (into.content ??= new GrowingText()).add(content);
  }
  into.reasoning_content = grown(into.reasoning_content, reasoning_content, gauge);
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

function buildChoice(
  index: number,
  choice: GrowingChoice,
  isGoodEnd: boolean,
  note: NoteIssue,
): Omit<Choice, 'finish_reason'> {
  const { content, reasoning_content, refusal, annotations, audio, logprobs } = choice;
  if (choice.hasTwoEnds) {
    const message = 'the stream told two of them; a bad one counts, else the last';
    note({ code: 'two_finish_reasons', path: `choices.${index}.finish_reason`, message });
  }
  const entries = [...choice.calls.entries()]
    .toSorted(([a], [b]) => a - b)
    .map(([at, { draft, spoiled }]) => {
      return { draft, spoiled, path: `choices.${index}.message.tool_calls.${at}` };
    });
  return {
    ...choice.rest.values,
    index,
    message: {
      ...choice.message.values,
      role: 'assistant',
      content: content && content.toString(),
      ...(reasoning_content !== undefined && {
        reasoning_content: reasoning_content && reasoning_content.toString(),
      }),
      ...(refusal !== undefined && { refusal: refusal && refusal.toString() }),
      ...(annotations !== undefined && { annotations }),
      ...(audio !== undefined && { audio: audio && audio.value }),
      ...settleToolCalls(entries, isGoodEnd, note),
    },
    ...(logprobs !== undefined && { logprobs }),
  };
}
