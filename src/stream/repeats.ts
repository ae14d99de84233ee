import type {
  ChatCompletionChunk,
  ChatCompletionDelta,
  ChatCompletionDeltaToolCall,
  ChunkChoice,
} from '../schema/chunk.ts';

// The hot path. Nearly all events of an answer are equal, byte by byte, but for one text in them: what the model wrote
// next. Once such an event has been read in the plain way, the ones that repeat it need not be parsed and checked again:
// the data before the text and after it is compared, and the chunk is copied with the new text in it. Whatever does
// not match to the last character takes the plain way, which stays the judge; tests hold the two equal.
//
// Whatever every event passes on its way, from the queue of bytes to the growing text, is a class: methods are shared by
// all streams. Closures would be objects of each, by the dozen, and with hundreds of streams none is still in the cache of
// the processor when its turn comes: that was a fifth of the cost of an event.

/** An event as a pattern: the data before its text, and the data after it. */
export class Repeat {
  /** The event in a stream up to the text, and from its end on, blank line included. */
  readonly before: string;
  readonly behind: string;
  readonly #chunk: ChatCompletionChunk;
  readonly #choice: ChunkChoice;
  readonly #field: TextField;

  /** @param chunk one that is not shared: readers may modify the chunks they receive */
  constructor(
    [before, behind]: readonly [string, string],
    chunk: ChatCompletionChunk,
    choice: ChunkChoice,
    field: TextField,
  ) {
    this.before = `data: ${before}`;
    this.behind = `${behind}\n\n`;
    this.#chunk = chunk;
    this.#choice = choice;
    this.#field = field;
  }

  /** Whether its text is the arguments of a tool call. */
  get isCall(): boolean {
    return this.#field === 'arguments';
  }

  /** The data of an event that was read as this chunk. Calls are given their place here, so not theirs. */
  dataOf({ choices: [choice] }: ChatCompletionChunk): string | undefined {
    if (this.#field === 'arguments' || choice === undefined) return undefined;
    const text = JSON.stringify(choice.delta[this.#field]);
    return this.before.slice('data: '.length, -1) + text + this.behind.slice(1, -2);
  }

  /** The chunk that the event holds, with another text. */
  chunk(text: string): ChatCompletionChunk {
    return chunkWith(text, this.#chunk, this.#choice, this.#field);
  }
}

/**
 * Learns from an event how the ones that repeat it look.
 *
 * @param data the event's data, on one line
 * @param chunk what it was read as, by {@link read}
 * @param read reads parsed data in the plain way; `undefined` for what does not pass as it is
 */
export function learnRepeat(
  data: string,
  chunk: ChatCompletionChunk,
  read: (parsed: unknown) => ChatCompletionChunk | undefined,
): Repeat | undefined {
  const [choice] = chunk.choices;
  // An end comes once.
  if (choice === undefined || choice.finish_reason !== null) return undefined;
  if (!isFlat(chunk, 'choices') || !isFlat(choice, 'delta')) return undefined;
  const foundText = findText(choice.delta);
  if (foundText === undefined) return undefined;
  const literal = JSON.stringify(foundText.text);
  const key = [`"${foundText.field}":`, `"${foundText.field}": `].find((each) =>
    data.includes(each + literal),
  );
  if (key === undefined) return undefined;
  const at = data.lastIndexOf(key + literal) + key.length + 1;
  const before = data.slice(0, at);
  const behind = data.slice(at + literal.length - 2);
  // The proof that this text is that field, and that nothing else hangs on it.
  const probe = 'another text';
  const proof = read(JSON.parse(before + probe + behind));
  const [proofChoice] = proof?.choices ?? [];
  if (proof === undefined || proofChoice === undefined) return undefined;
  const expected = chunkWith(probe, chunk, choice, foundText.field);
  if (JSON.stringify(proof) !== JSON.stringify(expected)) return undefined;
  return new Repeat([before, behind], proof, proofChoice, foundText.field);
}

/** The text of a delta: a field of its own, or the arguments of its only call. */
type TextField = 'content' | 'reasoning_content' | 'arguments';

function findText(delta: ChatCompletionDelta): { field: TextField; text: string } | undefined {
  if (delta.tool_calls !== undefined) return findArguments(delta, delta.tool_calls);
  if (!isFlat(delta)) return undefined;
  if (delta.content) return { field: 'content', text: delta.content };
  if (delta.reasoning_content) return { field: 'reasoning_content', text: delta.reasoning_content };
  return undefined;
}

function findArguments(
  delta: ChatCompletionDelta,
  [call, ...others]: readonly ChatCompletionDeltaToolCall[],
): { field: TextField; text: string } | undefined {
  if (!call?.function?.arguments || others.length > 0) return undefined;
  if (!isFlat(delta, 'tool_calls') || !isFlat(call, 'function') || !isFlat(call.function))
    return undefined;
  return { field: 'arguments', text: call.function.arguments };
}

/** A copy with another text in that place. */
function chunkWith(
  text: string,
  chunk: ChatCompletionChunk,
  choice: ChunkChoice,
  field: TextField,
): ChatCompletionChunk {
  const delta = { ...choice.delta };
  if (field === 'arguments') delta.tool_calls = callsWith(text, delta.tool_calls);
  else delta[field] = text;
  return { ...chunk, choices: [{ ...choice, delta }] };
}

function callsWith(
  text: string,
  [call]: readonly ChatCompletionDeltaToolCall[] = [],
): ChatCompletionDeltaToolCall[] {
  return call === undefined ? [] : [{ ...call, function: { ...call.function, arguments: text } }];
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
const maxSlice = 12;

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
    // JSON has escapes for these; text that contains them unescaped is not JSON.
    if (code < 0x20) return undefined;
    if (code === backslash) {
      isPlain = false;
      at++;
    }
  }
  const end = at + behind.length;
  if (text.slice(at, end) !== behind) return undefined;
  const written = text.slice(start, at);
  if (isPlain && written.length <= maxSlice) return { end, text: written };
  try {
    return { end, text: JSON.parse(`"${written}"`) as string };
  } catch {
    return undefined;
  }
}
