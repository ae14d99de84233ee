import type { ChatCompletionChunk } from '../schema/chunk.ts';

// The way back of a repetition: what was read by comparing need not be written by walking through objects.

type Field = 'content' | 'reasoning_content';

/** The JSON of a chunk around its text. */
interface Pattern {
  readonly field: Field;
  readonly before: string;
  readonly behind: string;
  /** The other text, which stays what it is. */
  readonly other: Field;
  readonly kept: unknown;
}

/** Stands where the text does. */
const mark = '\u{F8FF}';

/** The JSON of an answer's chunks, one after the other. */
export class ChunkJSON {
  #pattern: Pattern | undefined = undefined;

  /** @param isRepeat whether it is the chunk before it but for one text */
  write(chunk: ChatCompletionChunk, isRepeat: boolean): string {
    if (!isRepeat) {
      this.#pattern = undefined;
      return JSON.stringify(chunk);
    }
    const delta = chunk.choices[0]?.delta;
    const pattern = (this.#pattern ??= patternOf(chunk));
    if (pattern === undefined || delta === undefined || delta[pattern.other] !== pattern.kept) {
      return JSON.stringify(chunk);
    }
    return pattern.before + JSON.stringify(delta[pattern.field]) + pattern.behind;
  }
}

/** `undefined` where the text is not the content or the reasoning. */
function patternOf(chunk: ChatCompletionChunk): Pattern | undefined {
  const [choice, ...others] = chunk.choices;
  if (choice === undefined || others.length > 0 || choice.delta.tool_calls) return undefined;
  const { delta } = choice;
  const field = delta.content ? 'content' : 'reasoning_content';
  if (!delta[field]) return undefined;
  const marked = { ...chunk, choices: [{ ...choice, delta: { ...delta, [field]: mark } }] };
  const [before, behind, ...more] = JSON.stringify(marked).split(`"${mark}"`);
  if (before === undefined || behind === undefined || more.length > 0) return undefined;
  const other = field === 'content' ? 'reasoning_content' : 'content';
  return { field, before, behind, other, kept: delta[other] };
}
