import { ChatError } from '../outcome/chat-error.ts';
import type { NoteIssue } from '../schema/issue.ts';
import type {
  ChatCompletionChunk,
  ChatCompletionDeltaToolCall,
  DecodedChunk,
  DecodedToolCallDelta,
} from '../schema/chunk.ts';
import { isFalseStart, joinName } from '../schema/whole-tool-call.ts';
import { JsonProgress } from './json-progress.ts';

/** Whoever puts the calls together. */
export interface CallLedger {
  /** The arguments that a call has so far. */
  argumentsOf(choice: number, index: number): string;
  /** Marks a call as invalid, whatever arrives for it later. */
  spoil(choice: number, index: number, reason: string): void;
}

/** A call of one message, as far as it is known. */
interface OpenCall {
  index: number;
  id: string | undefined;
  name: string | undefined;
  progress: JsonProgress;
  /** Its arguments, if they came whole in one piece. */
  only?: string | undefined;
}

interface ChoiceCalls {
  choice: number;
  all: OpenCall[];
  /** By the vendor's index, under which more than one call may come: the last of them. */
  byIndex: Map<number, OpenCall>;
}

/** One piece, and what it says of the call that it is of. */
interface Piece {
  /** Free text: never looked into. */
  isCustom: boolean;
  index: number | undefined;
  id: string | undefined;
  name: string | undefined;
  text: string;
}

/**
 * Finds out which call each piece belongs to, and gives every call an index of its own. By the index that came, else by
 * a known id; a new id opens a call; else it can only be the one open call. Evidence against that is not passed over: a
 * guess could run one call with the arguments of another. What fits two calls is refused.
 */
export class ToolCallAttribution {
  readonly #maxCalls: number;
  readonly #note: NoteIssue;
  readonly #ledger: CallLedger | undefined;
  readonly #choices = new Map<number, ChoiceCalls>();

  constructor(maxCalls: number, note: NoteIssue = () => {}, ledger?: CallLedger) {
    this.#maxCalls = maxCalls;
    this.#note = note;
    this.#ledger = ledger;
  }

  /** Every piece has an index after this. @throws ChatError `invalid_response`, `limit_exceeded` */
  attribute(chunk: DecodedChunk): ChatCompletionChunk {
    for (const { index, delta } of chunk.choices) {
      if (delta.tool_calls === undefined) continue;
      const calls = this.#callsOf(index);
      // Entries of one event that say nothing of themselves are not of one call.
      const taken = new Set<OpenCall>();
      delta.tool_calls = delta.tool_calls.map((each) => this.#attributePiece(calls, each, taken));
    }
    return chunk as ChatCompletionChunk;
  }

  /** As {@link ToolCallAttribution.attribute}, for a chunk with more of the arguments of one known call and nothing else. */
  follow(chunk: ChatCompletionChunk): ChatCompletionChunk {
    const [choice] = chunk.choices;
    const [piece] = choice?.delta.tool_calls ?? [];
    if (choice === undefined || piece === undefined) return chunk;
    const call = this.#callsOf(choice.index).byIndex.get(piece.index);
    if (call === undefined) return chunk;
    grow(call, piece.function?.arguments ?? '');
    piece.index = call.index;
    return chunk;
  }

  #callsOf(choice: number): ChoiceCalls {
    let calls = this.#choices.get(choice);
    if (calls === undefined) {
      calls = { choice, all: [], byIndex: new Map() };
      this.#choices.set(choice, calls);
    }
    return calls;
  }

  #attributePiece(
    calls: ChoiceCalls,
    delta: DecodedToolCallDelta,
    taken: Set<OpenCall>,
  ): ChatCompletionDeltaToolCall {
    const { index, id } = delta;
    if (index !== undefined && (!Number.isSafeInteger(index) || index < 0)) {
      throw new ChatError(
        'invalid_response',
        'A tool call has an index that is not a whole number',
      );
    }
    const name = delta.function?.name ?? delta.custom?.name;
    const text = delta.function?.arguments ?? delta.custom?.input ?? '';
    const piece: Piece = { isCustom: delta.custom !== undefined, index, id, name, text };
    const call = this.#find(calls, piece, taken) ?? this.#open(calls, piece);
    if (index !== undefined) calls.byIndex.set(index, call);
    if (index === undefined && id === undefined) taken.add(call);
    const isAgain = this.#isSaidAgain(calls, call, piece);
    call.id ??= id;
    if (name !== undefined && call.progress.state === 'empty')
      call.name = joinName(call.name, name);
    if (isAgain) return { ...delta, index: call.index, function: { name, arguments: '' } };
    grow(call, text, piece.isCustom);
    return { ...delta, index: call.index };
  }

  /** The call that a piece is more of; `undefined` if it opens one. */
  #find(calls: ChoiceCalls, piece: Piece, taken: ReadonlySet<OpenCall>): OpenCall | undefined {
    const { index, id, name } = piece;
    const known = index === undefined ? undefined : calls.byIndex.get(index);
    if (id !== undefined) {
      // The same id is the same call under any index.
      const byId = known?.id === id ? known : calls.all.find((call) => call.id === id);
      if (byId !== undefined) {
        // Some hosts take the name of the function for an id: then whole calls share one.
        if (index !== undefined && known === undefined && this.#isNext(calls, byId, piece)) {
          return undefined;
        }
        if (isOtherName(byId, name) && byId.progress.state !== 'empty') {
          this.#spoil(calls, byId, 'its pieces name two functions');
        }
        return byId;
      }
    }
    if (known !== undefined) return this.#continues(calls, known, piece) ? known : undefined;
    if (index !== undefined) return undefined;
    if (id === undefined) return findAnonymous(calls.all, piece, taken);
    // A call whose id comes after its name.
    const [only, second] = calls.all;
    const completesIt = second === undefined && only?.id === undefined && name === undefined;
    return completesIt ? only : undefined;
  }

  /** Whether a piece with a name and arguments of its own can be no more of a call that is whole. */
  #isNext(calls: ChoiceCalls, call: OpenCall, piece: Piece): boolean {
    const isWhole = call.progress.state === 'whole';
    const hasOwn = piece.name !== undefined && piece.text.trim() !== '';
    return isWhole && hasOwn && !this.#isSaidAgain(calls, call, piece);
  }

  /** Whether a piece under the index of a call is more of it, and not another call under the same index. */
  #continues(calls: ChoiceCalls, known: OpenCall, { id, name }: Piece): boolean {
    const { state } = known.progress;
    const isOther = isOtherName(known, name);
    if (id === undefined || known.id === undefined) {
      if (!isOther || state === 'empty') return true;
      if (state === 'whole') return false;
      this.#spoil(calls, known, 'its pieces name two functions');
      return true;
    }
    if (isOther) return false;
    if (name !== undefined && known.name !== undefined) {
      if (state === 'whole') return false;
      if (state === 'empty') {
        // A call without arguments looks the same as an id that is generated anew for each piece.
        this.#issue('tool_call_ambiguous', calls, known, 'another call replaced it');
        this.#spoil(calls, known, 'another call arrived under its index before any arguments');
        return false;
      }
    }
    this.#issue('tool_call_id_changed', calls, known, 'a later piece has another id');
    return true;
  }

  /** Whether a piece is the same whole call once more. */
  #isSaidAgain(calls: ChoiceCalls, call: OpenCall, { id, name, text, isCustom }: Piece): boolean {
    const { progress, index } = call;
    if (
      isCustom ||
      text.length !== progress.length ||
      text.length === 0 ||
      progress.state !== 'whole'
    ) {
      return false;
    }
    if ((id ?? name) === undefined || isOtherName(call, name)) return false;
    // What came in this very event is not in the ledger yet.
    return (call.only ?? this.#ledger?.argumentsOf(calls.choice, index)) === text;
  }

  #spoil({ choice }: ChoiceCalls, { index }: OpenCall, reason: string): void {
    this.#ledger?.spoil(choice, index, reason);
  }

  #issue(code: string, { choice }: ChoiceCalls, { index }: OpenCall, message: string): void {
    this.#note({ code, path: `choices.${choice}.message.tool_calls.${index}`, message });
  }

  #open(calls: ChoiceCalls, { index, id }: Piece): OpenCall {
    if (calls.all.length >= this.#maxCalls) {
      const message = `The answer has more than ${this.#maxCalls} tool calls (option limits.toolCalls)`;
      throw new ChatError('limit_exceeded', message);
    }
    const taken = calls.all.map((call) => call.index);
    const isFree = index !== undefined && !taken.includes(index);
    const call: OpenCall = {
      index: isFree ? index : Math.max(-1, ...taken) + 1,
      id,
      name: undefined,
      progress: new JsonProgress(),
    };
    calls.all.push(call);
    return call;
  }
}

function grow(call: OpenCall, text: string, isCustom = false): void {
  if (!isCustom && call.only !== undefined && isFalseStart(call.only, text))
    call.progress = new JsonProgress();
  const isFirst = call.progress.length === 0;
  call.progress.add(text);
  // What is whole at once is rarely more than that, so it costs nothing to keep.
  call.only = isFirst && call.progress.state === 'whole' ? text : undefined;
}

/**
 * The call that a piece without index and id is more of; `undefined` if it opens one.
 *
 * @throws ChatError `invalid_response` if it fits two calls
 */
function findAnonymous(
  all: readonly OpenCall[],
  { name, text }: Piece,
  taken: ReadonlySet<OpenCall>,
): OpenCall | undefined {
  if (name !== undefined && taken.size > 0) return undefined;
  const open = all.filter((call) => !taken.has(call));
  if (name !== undefined && open.every((call) => isOtherName(call, name))) return undefined;
  const last = open.at(-1);
  const others = open.slice(0, -1);
  if (last === undefined || others.some(({ progress }) => progress.state !== 'whole')) {
    const message = 'A piece of a tool call does not say which call it belongs to';
    throw new ChatError('invalid_response', message);
  }
  if (name === undefined) return last;
  const isNext = last.progress.state === 'whole' && text.trim() !== '';
  return isNext || isOtherName(last, name) ? undefined : last;
}

function isOtherName(call: OpenCall, name: string | undefined): boolean {
  return name !== undefined && call.name !== undefined && name !== call.name;
}
