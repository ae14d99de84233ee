import { ChatError } from '../errors.ts';
import type { NoteIssue } from '../report.ts';
import type {
  ChatCompletionChunk,
  ChatCompletionDeltaToolCall,
  ChunkChoice,
} from '../schema/chunk.ts';
import type {
  Annotation,
  ChatCompletion,
  Choice,
  ChoiceLogprobs,
  FinishReason,
} from '../schema/response.ts';
import { completeToolCall } from '../schema/tool-call.ts';
import type { CompletionUsage } from '../schema/usage.ts';
import { GrowingText } from './growing-text.ts';

export interface AccumulatorLimits {
  choices: number;
  argumentBytes: number;
}

type Fields = Record<string, unknown>;

interface GrowingCall {
  id: string | undefined;
  type: 'function' | 'custom' | undefined;
  name: string | undefined;
  /** Arguments or input. */
  text: GrowingText;
  /** Its pieces name two functions: whose arguments are whose cannot be known. */
  isMixed: boolean;
  rest: Fields;
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
  logprobs: ChoiceLogprobs | null | undefined;
  calls: Map<number, GrowingCall>;
  /** Fields of the message and of the choice that are only the vendor's: the last value counts. */
  message: Fields;
  rest: Fields;
}

const joinedInTop = new Set(['id', 'object', 'created', 'model', 'choices', 'usage']);
const joinedInChoice = new Set(['index', 'delta', 'finish_reason', 'logprobs']);
const joinedInDelta = new Set([
  'role',
  'content',
  'reasoning_content',
  'refusal',
  'annotations',
  'tool_calls',
]);
const joinedInCall = new Set(['index', 'id', 'type', 'function', 'custom']);

/** The one growing copy of an answer: folds chunks into what a call without `stream` would have given. Keeps none. */
export class Accumulator {
  readonly #limits: AccumulatorLimits;
  readonly #choices = new Map<number, GrowingChoice>();
  readonly #top: Fields = {};
  /** The choice of the last repetition. */
  #repeated: GrowingChoice | undefined = undefined;
  #id = '';
  #created = 0;
  #model = '';
  #usage: CompletionUsage | undefined = undefined;
  #begun = false;

  constructor(limits: AccumulatorLimits) {
    this.#limits = limits;
  }

  /** @throws ChatError `limit_exceeded` */
  add(chunk: ChatCompletionChunk): void {
    this.#begun = true;
    this.#repeated = undefined;
    if (chunk.id !== '') this.#id = chunk.id;
    if (chunk.created !== 0) this.#created = chunk.created;
    if (chunk.model !== '') this.#model = chunk.model;
    if (chunk.usage != null) this.#usage = chunk.usage;
    keepLast(this.#top, chunk, joinedInTop);
    for (const choice of chunk.choices) {
      addChoice(this.#choiceAt(choice.index), choice, this.#limits);
    }
  }

  /** As {@link Accumulator.add}, for a chunk that is the one before it but for its text. Tells whether it has one. */
  addRepeat({ choices: [choice] }: ChatCompletionChunk): boolean {
    if (choice === undefined) return false;
    const { delta } = choice;
    this.#repeated ??= this.#choiceAt(choice.index);
    addText(this.#repeated, delta);
    for (const call of delta.tool_calls ?? []) addCall(this.#repeated.calls, call, this.#limits);
    return !!(
      delta.content ||
      delta.reasoning_content ||
      delta.tool_calls?.[0]?.function?.arguments
    );
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

  /** The whole answer. Calls that are not whole are left out, and noted. */
  completion(note: NoteIssue): ChatCompletion {
    return this.#build(true, note);
  }

  /** What there is so far, with `finish_reason: null`. */
  partial(note: NoteIssue): ChatCompletion {
    return this.#build(false, note);
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
      logprobs: undefined,
      calls: new Map(),
      message: {},
      rest: {},
    };
    this.#choices.set(index, fresh);
    return fresh;
  }

  #build(isWhole: boolean, note: NoteIssue): ChatCompletion {
    const sorted = [...this.#choices.entries()].toSorted(([a], [b]) => a - b);
    const built = sorted.map(([index, choice]) => buildChoice(index, choice, isWhole, note));
    if (built.length === 0) built.push(emptyChoice());
    return {
      ...this.#top,
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

function addChoice(into: GrowingChoice, choice: ChunkChoice, limits: AccumulatorLimits): void {
  const { delta } = choice;
  addText(into, delta);
  into.refusal = grown(into.refusal, delta.refusal);
  if (delta.annotations) (into.annotations ??= []).push(...delta.annotations);
  if (choice.logprobs !== undefined) into.logprobs = joinLogprobs(into.logprobs, choice.logprobs);
  if (choice.finish_reason !== null) {
    into.hasTwoEnds ||= into.finish_reason !== null && into.finish_reason !== choice.finish_reason;
    into.finish_reason = choice.finish_reason;
  }
  for (const call of delta.tool_calls ?? []) addCall(into.calls, call, limits);
  keepLast(into.message, delta, joinedInDelta);
  keepLast(into.rest, choice, joinedInChoice);
}

function addText(into: GrowingChoice, { content, reasoning_content }: ChunkChoice['delta']): void {
  if (typeof content === 'string') (into.content ??= new GrowingText()).add(content);
  into.reasoning_content = grown(into.reasoning_content, reasoning_content);
}

function grown(
  text: GrowingText | null | undefined,
  more: string | null | undefined,
): GrowingText | null | undefined {
  if (typeof more !== 'string') return text === undefined ? (more as null | undefined) : text;
  const grows = text ?? new GrowingText();
  grows.add(more);
  return grows;
}

function joinLogprobs(
  before: ChoiceLogprobs | null | undefined,
  more: ChoiceLogprobs | null,
): ChoiceLogprobs | null {
  if (more === null) return before ?? null;
  const into: ChoiceLogprobs = before ?? {};
  for (const field of ['content', 'refusal', 'reasoning_content'] as const) {
    const list = more[field];
    if (list === undefined) continue;
    if (list === null) {
      into[field] ??= null;
      continue;
    }
    const all = (into[field] ??= []);
    // One by one: a spread of an answer's worth of them is more arguments than a call can have.
    for (const item of list) all.push(item);
  }
  return into;
}

function addCall(
  calls: Map<number, GrowingCall>,
  piece: ChatCompletionDeltaToolCall,
  { argumentBytes }: AccumulatorLimits,
): void {
  let call = calls.get(piece.index);
  if (call === undefined) {
    call = {
      id: undefined,
      type: undefined,
      name: undefined,
      text: new GrowingText(),
      isMixed: false,
      rest: {},
    };
    calls.set(piece.index, call);
  }
  // Vendors repeat id, type and name; the first ones count.
  call.id ??= piece.id;
  call.type ??= piece.type ?? (piece.custom === undefined ? undefined : 'custom');
  const name = piece.function?.name ?? piece.custom?.name;
  if (name !== undefined && call.name !== undefined && name !== call.name) call.isMixed = true;
  call.name ??= name;
  call.text.add(piece.function?.arguments ?? piece.custom?.input ?? '');
  if (call.text.length > argumentBytes) {
    const message = `The arguments of a tool call are larger than ${argumentBytes} bytes (option limits.argumentBytes)`;
    throw new ChatError('limit_exceeded', message);
  }
  keepLast(call.rest, piece, joinedInCall);
}

/** Copies fields that are not joined elsewhere: the last value that is not null wins. */
function keepLast(into: Fields, from: object, except: ReadonlySet<string>): void {
  for (const key in from) {
    // An assignment to this one would change the prototype.
    if (except.has(key) || key === '__proto__') continue;
    const value = (from as Fields)[key];
    if (value != null || !(key in into)) into[key] = value;
  }
}

function buildChoice(
  index: number,
  choice: GrowingChoice,
  isWhole: boolean,
  note: NoteIssue,
): Choice {
  const { content, reasoning_content, refusal, annotations, logprobs } = choice;
  const finish_reason = isWhole ? choice.finish_reason : null;
  if (choice.hasTwoEnds) {
    const message = 'the stream told two of them; the last one counts';
    note({ code: 'two_finish_reasons', path: `choices.${index}.finish_reason`, message });
  }
  const calls = [...choice.calls.entries()]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([at, call], position) => {
      const path = `choices.${index}.message.tool_calls.${at}`;
      if (call.isMixed) {
        const message = 'left out: pieces of two calls came under one index';
        note({ code: 'incomplete_tool_call', path, message });
        return [];
      }
      return completeToolCall(assembled(call), finish_reason, path, position, note) ?? [];
    });
  return {
    ...choice.rest,
    index,
    message: {
      ...choice.message,
      role: 'assistant',
      content: content && content.toString(),
      ...(reasoning_content !== undefined && {
        reasoning_content: reasoning_content && reasoning_content.toString(),
      }),
      ...(refusal !== undefined && { refusal: refusal && refusal.toString() }),
      ...(annotations !== undefined && { annotations }),
      ...(calls.length > 0 && { tool_calls: calls }),
    },
    finish_reason,
    ...(logprobs !== undefined && { logprobs }),
  };
}

function assembled({
  id,
  type,
  name,
  text,
  rest,
}: GrowingCall): Omit<ChatCompletionDeltaToolCall, 'index'> {
  return {
    ...rest,
    id,
    type,
    ...(type === 'custom'
      ? { custom: { name, input: text.toString() } }
      : { function: { name, arguments: text.toString() } }),
  };
}
