import type {
  ChatCompletionChunk,
  ChatCompletionDelta,
  ChatCompletionDeltaToolCall,
  ChunkChoice,
} from '../schema/chunk.ts';

// The hot path. Nearly all events of an answer are equal, byte by byte, but for one text in them: what the model wrote
// next. Once such an event has been read in the plain way, the ones that repeat it need not be parsed and checked again:
// what stands before the text and behind it is compared, and the chunk is copied with the new text in it. Whatever does
// not match to the last character takes the plain way, which stays the judge; tests hold the two equal.
//
// Whatever every event passes on its way, from the queue of bytes to the growing text, is a class: methods are shared by
// all streams. Closures would be objects of each, by the dozen, and with hundreds of streams none is still in the cache of
// the processor when its turn comes: that was a fifth of the cost of an event.

/** An event, seen as what stands before its text, and what stands behind it. */
export class Repeat {
  /** The event in a stream up to the text, and from its end on, blank line included. */
  readonly before: string;
  readonly behind: string;
  readonly #chunk: ChatCompletionChunk;
  readonly #choice: ChunkChoice;
  readonly #place: TextPlace;

  constructor(
    [before, behind]: readonly [string, string],
    chunk: ChatCompletionChunk,
    choice: ChunkChoice,
    place: TextPlace,
  ) {
    this.before = `data: ${before}`;
    this.behind = `${behind}\n\n`;
    this.#chunk = chunk;
    this.#choice = choice;
    this.#place = place;
  }

  /** The chunk that the event holds, with another text. */
  chunk(text: string): ChatCompletionChunk {
    const delta = deltaWith(text, this.#choice.delta, this.#place);
    return { ...this.#chunk, choices: [{ ...this.#choice, delta }] };
  }
}

/**
 * Learns from an event how the ones that repeat it look.
 *
 * @param data the event's data
 * @param chunk what it was read as, by {@link read}
 * @param read reads parsed data in the plain way; `undefined` for what does not pass as it is
 */
export function learnRepeat(
  data: string,
  chunk: ChatCompletionChunk,
  read: (parsed: unknown) => unknown,
): Repeat | undefined {
  const [choice] = chunk.choices;
  // An end comes once.
  if (choice === undefined || choice.finish_reason !== null) return undefined;
  if (!isFlat(chunk, 'choices') || !isFlat(choice, 'delta')) return undefined;
  const place = findText(choice.delta);
  if (place === undefined) return undefined;
  const { field, text: told } = place;
  const literal = JSON.stringify(told);
  const key = [`"${field}":`, `"${field}": `].find((each) => data.includes(each + literal));
  if (key === undefined) return undefined;
  const at = data.lastIndexOf(key + literal) + key.length + 1;
  const before = data.slice(0, at);
  const behind = data.slice(at + literal.length - 2);
  const repeat = new Repeat([before, behind], chunk, choice, place);
  // The proof that this text is that field, and that nothing else hangs on it.
  const probe = 'another text';
  const parsed: unknown = JSON.parse(before + probe + behind);
  if (read(parsed) !== parsed) return undefined;
  return JSON.stringify(parsed) === JSON.stringify(repeat.chunk(probe)) ? repeat : undefined;
}

/** The text of a delta: a field of its own, or the arguments of its only call. */
type TextPlace =
  | { field: 'content' | 'reasoning_content'; text: string }
  | { field: 'arguments'; text: string; call: ChatCompletionDeltaToolCall };

const textFields = ['content', 'reasoning_content'] as const;

function findText(delta: ChatCompletionDelta): TextPlace | undefined {
  if (delta.tool_calls !== undefined) return findArguments(delta, delta.tool_calls);
  const field = textFields.find((name) => delta[name]);
  if (field === undefined || !isFlat(delta)) return undefined;
  return { field, text: delta[field] ?? '' };
}

function findArguments(
  delta: ChatCompletionDelta,
  [call, ...others]: readonly ChatCompletionDeltaToolCall[],
): TextPlace | undefined {
  if (!call?.function?.arguments || others.length > 0) return undefined;
  if (!isFlat(delta, 'tool_calls') || !isFlat(call, 'function') || !isFlat(call.function))
    return undefined;
  return { field: 'arguments', text: call.function.arguments, call };
}

/** The delta with another text in that place. */
function deltaWith(
  text: string,
  delta: ChatCompletionDelta,
  place: TextPlace,
): ChatCompletionDelta {
  if (place.field === 'arguments') {
    const called = { ...place.call.function, arguments: text };
    return { ...delta, tool_calls: [{ ...place.call, function: called }] };
  }
  const copy = { ...delta };
  copy[place.field] = text;
  return copy;
}

/** Whether copying the fields copies everything. */
function isFlat(value: object, except?: string): boolean {
  return Object.entries(value).every(
    ([name, field]) => name === except || typeof field !== 'object' || field === null,
  );
}

/** Where a repetition ends, and its text. */
export interface RepeatMatch {
  end: number;
  text: string;
}

const quote = 0x22;
const backslash = 0x5c;
// Slices that are longer keep all of the text alive that they are of.
const longestSlice = 12;

/** The repetition that begins at `from`; `undefined` if there is none, or not the whole of it. */
export function matchRepeat(
  text: string,
  from: number,
  { before, behind }: Repeat,
): RepeatMatch | undefined {
  const start = from + before.length;
  // A slice is a view, and compared as bytes: five times as fast as `startsWith`.
  if (text.slice(from, start) !== before) return undefined;
  let isPlain = true;
  let at = start;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) break;
    // JSON has escapes for these; what has them as they are is no JSON.
    if (code < 0x20) return undefined;
    if (code === backslash) {
      isPlain = false;
      at++;
    }
  }
  const end = at + behind.length;
  if (text.slice(at, end) !== behind) return undefined;
  const written = text.slice(start, at);
  if (isPlain && written.length <= longestSlice) return { end, text: written };
  try {
    return { end, text: JSON.parse(`"${written}"`) as string };
  } catch {
    return undefined;
  }
}
