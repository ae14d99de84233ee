import type { ChatCompletionChunk, ChunkChoice } from '../schema/chunk.ts';
import type { Choice, DecodedCompletion } from '../schema/response.ts';

const open = '<think>';
const close = '</think>';

/** Blank text that is held back before a tag: no template writes more. */
const maxBlanks = 4_096;

interface Split {
  reasoning: string;
  content: string;
}

/**
 * Takes `<think>…</think>` at the start of a text apart, however the text is cut into pieces. The line breaks that
 * gateways put around the tags are theirs, not the model's: one after the first tag, up to two after the second.
 */
class TextSplitter {
  #state: 'start' | 'reasoning' | 'content' = 'start';
  /** Blank text that came first. */
  #blanks = '';
  /** Text that may be the beginning of a tag. */
  #held = '';
  #breaksToDrop = 0;
  #found = false;

  /** Whether there was a tag. */
  get found(): boolean {
    return this.#found;
  }

  feed(text: string): Split {
    this.#held += text;
    // What ends one part begins the next one.
    if (this.#state === 'start') this.#findOpen();
    const reasoning = this.#state === 'reasoning' ? this.#takeReasoning() : '';
    const content = this.#state === 'content' ? this.#takeContent() : '';
    return { reasoning, content };
  }

  /** What was held back is text after all. */
  end(): Split {
    const rest = this.#state === 'start' ? this.#blanks + this.#held : this.#held;
    this.#held = this.#blanks = '';
    return this.#state === 'reasoning'
      ? { reasoning: rest, content: '' }
      : { reasoning: '', content: rest };
  }

  #findOpen(): void {
    // Each blank is looked at once: what is left begins with something else.
    const begun = this.#held.trimStart();
    this.#blanks += this.#held.slice(0, this.#held.length - begun.length);
    this.#held = begun;
    if (begun.startsWith(open)) {
      this.#state = 'reasoning';
      this.#found = true;
      this.#held = begun.slice(open.length);
      this.#breaksToDrop = 1;
    } else if (!open.startsWith(begun) || this.#blanks.length > maxBlanks) {
      this.#state = 'content';
      this.#held = this.#blanks + begun;
    }
  }

  #takeReasoning(): string {
    this.#dropBreaks();
    const at = this.#held.indexOf(close);
    const end = at === -1 ? this.#held.length - tailInTag(this.#held) : at;
    const reasoning = this.#held.slice(0, end);
    if (at === -1) {
      this.#held = this.#held.slice(end);
    } else {
      this.#state = 'content';
      this.#held = this.#held.slice(end + close.length);
      this.#breaksToDrop = 2;
    }
    return reasoning;
  }

  #takeContent(): string {
    this.#dropBreaks();
    const content = this.#held;
    this.#held = '';
    return content;
  }

  #dropBreaks(): void {
    while (this.#breaksToDrop > 0 && this.#held.startsWith('\n')) {
      this.#held = this.#held.slice(1);
      this.#breaksToDrop--;
    }
    if (this.#held !== '') this.#breaksToDrop = 0;
  }
}

/** How much of the end of a text may be the beginning of `</think>`. */
function tailInTag(text: string): number {
  for (let length = Math.min(close.length - 1, text.length); length > 0; length--) {
    if (close.startsWith(text.slice(-length))) return length;
  }
  return 0;
}

/** For streams: chunk in, chunk out, with the reasoning in its own field. */
export interface ThinkTagSplitter {
  split(chunk: ChatCompletionChunk): ChatCompletionChunk;
  /** What was held back when the stream broke off. */
  rest(): ChatCompletionChunk | undefined;
}

export function createThinkTagSplitter(): ThinkTagSplitter {
  const splitters = new Map<number, TextSplitter>();

  const splitChoice = (choice: ChunkChoice): ChunkChoice => {
    const { content } = choice.delta;
    let splitter = splitters.get(choice.index);
    if (splitter === undefined) splitters.set(choice.index, (splitter = new TextSplitter()));
    const split = splitter.feed(content ?? '');
    if (choice.finish_reason !== null) {
      const rest = splitter.end();
      split.reasoning += rest.reasoning;
      split.content += rest.content;
    }
    if (typeof content !== 'string' && split.content === '' && split.reasoning === '')
      return choice;
    const { reasoning } = split;
    const delta = {
      ...choice.delta,
      content: split.content,
      ...(reasoning && { reasoning_content: (choice.delta.reasoning_content ?? '') + reasoning }),
    };
    return { ...choice, delta };
  };

  return {
    split: (chunk) => ({ ...chunk, choices: chunk.choices.map(splitChoice) }),
    rest() {
      const choices = [...splitters].flatMap(([index, splitter]): ChunkChoice[] => {
        const { content, reasoning } = splitter.end();
        if (content === '' && reasoning === '') return [];
        const delta = {
          ...(content && { content }),
          ...(reasoning && { reasoning_content: reasoning }),
        };
        return [{ index, delta, finish_reason: null }];
      });
      if (choices.length === 0) return undefined;
      return { id: '', object: 'chat.completion.chunk', created: 0, model: '', choices };
    },
  };
}

/** For whole answers. */
export function splitThinkTags(completion: DecodedCompletion): DecodedCompletion {
  const choices = completion.choices.map((choice) => {
    const { content, reasoning_content } = choice.message;
    if (content === null) return choice;
    const splitter = new TextSplitter();
    const split = splitter.feed(content);
    const rest = splitter.end();
    if (!splitter.found) return splitAtEnd(choice, content);
    const reasoning = split.reasoning + rest.reasoning;
    const message = {
      ...choice.message,
      content: split.content + rest.content,
      ...(reasoning && { reasoning_content: (reasoning_content ?? '') + reasoning }),
    };
    return { ...choice, message };
  });
  return { ...completion, choices: choices as DecodedCompletion['choices'] };
}

/** Where the opening tag stood in the prompt, only the closing one is in the answer. */
function splitAtEnd(choice: Choice, content: string): Choice {
  // Reasoning that came in a place of its own: then the tag is the answer's.
  if (choice.message.reasoning_content) return choice;
  const at = content.indexOf(close);
  const begun = content.indexOf(open);
  if (at === -1 || (begun !== -1 && begun < at)) return choice;
  const reasoning = content.slice(0, at);
  const message = {
    ...choice.message,
    content: content.slice(at + close.length).replace(/^\n{1,2}/, ''),
    ...(reasoning && { reasoning_content: reasoning }),
  };
  return { ...choice, message };
}
