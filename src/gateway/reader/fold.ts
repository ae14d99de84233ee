import type { ChatCompletionChunk, ChatCompletionDeltaToolCall } from '../../schema/chunk.ts';
import { isGoodEnd } from '../../schema/finish-reason.ts';
import type {
  ChatCompletion,
  Choice,
  FinishReason,
  InvalidToolCall,
} from '../../schema/response.ts';
import type { ChatCompletionMessageToolCall } from '../../schema/tool.ts';
import type { CompletionUsage } from '../../schema/usage.ts';
import { parse } from './frames.ts';

type Fields = Record<string, unknown>;

const textNames = ['content', 'reasoning_content', 'refusal'] as const;

interface Folded {
  /** Fields that are not read here, e.g. `annotations`. */
  rest: Fields;
  /** Those that have come. */
  texts: Partial<Record<(typeof textNames)[number], string>>;
  finish_reason: FinishReason;
  calls: Map<number, { id: string; name: string; text: string; isCustom: boolean }>;
}

/** Chunks of one form, as the server sends them, put together. Which call a piece is of, it has found out. */
export class Fold {
  readonly #top: Fields = { id: '', created: 0, model: '' };
  #usage: CompletionUsage | undefined;
  #choices = new Map<number, Folded>();

  add({ choices, usage, ...top }: ChatCompletionChunk): void {
    keep(this.#top, top);
    // The server has counted it.
    if (usage != null) this.#usage = usage as CompletionUsage;
    for (const { index, delta, finish_reason } of choices) {
      let into = this.#choices.get(index);
      if (into === undefined) {
        into = { rest: {}, texts: {}, finish_reason: null, calls: new Map() };
        this.#choices.set(index, into);
      }
      // Pieces of texts stay in it, and the whole texts replace them.
      const { tool_calls, ...rest } = delta;
      for (const name of textNames) {
        const text = delta[name];
        if (text != null) into.texts[name] = (into.texts[name] ?? '') + text;
      }
      for (const call of tool_calls ?? []) addCall(into.calls, call);
      keep(into.rest, rest);
      into.finish_reason = finish_reason ?? into.finish_reason;
    }
  }

  get isComplete(): boolean {
    const all = [...this.#choices.values()];
    return all.length > 0 && all.every(({ finish_reason }) => finish_reason !== null);
  }

  get completion(): ChatCompletion {
    return this.#build(true);
  }

  /** What there is so far, with `finish_reason: null`. */
  get partial(): ChatCompletion {
    return this.#build(false);
  }

  #build(isWhole: boolean): ChatCompletion {
    // Browsers have had `toSorted` since 2023 only.
    // oxlint-disable-next-line no-array-sort
    const sorted = [...this.#choices].sort(([a], [b]) => a - b);
    const choices = sorted.map(([index, { calls, finish_reason, texts, rest }]): Choice => ({
      index,
      message: {
        ...rest,
        role: 'assistant',
        content: null,
        ...texts,
        ...settle(calls, isWhole && isGoodEnd(finish_reason)),
      },
      finish_reason: isWhole ? finish_reason : null,
    }));
    return {
      ...(this.#top as Pick<ChatCompletion, 'id' | 'created' | 'model'>),
      object: 'chat.completion',
      choices: choices as [Choice, ...Choice[]],
      ...(this.#usage && { usage: this.#usage }),
    };
  }
}

/** Of each field the last value that says something. */
function keep(into: Fields, from: object): void {
  for (const [name, value] of Object.entries(from)) if (value) into[name] = value;
}

function addCall(
  calls: Folded['calls'],
  { index, id, function: called, custom }: ChatCompletionDeltaToolCall,
): void {
  const into = calls.get(index) ?? { id: '', name: '', text: '', isCustom: custom !== undefined };
  calls.set(index, into);
  into.id ||= id ?? '';
  into.name ||= called?.name ?? custom?.name ?? '';
  into.text += called?.arguments ?? custom?.input ?? '';
}

function settle(
  calls: Folded['calls'],
  isGoodEnd: boolean,
): { tool_calls?: ChatCompletionMessageToolCall[]; invalid_tool_calls?: InvalidToolCall[] } {
  const whole: ChatCompletionMessageToolCall[] = [];
  const invalid: InvalidToolCall[] = [];
  for (const { id, name, text, isCustom } of calls.values()) {
    const written = text.trim() === '' && isGoodEnd ? '{}' : text;
    if (isCustom && isGoodEnd) {
      whole.push({ id, type: 'custom', custom: { name, input: text } });
    } else if (!isCustom && name !== '' && parse(written) instanceof Object) {
      whole.push({ id, type: 'function', function: { name, arguments: written } });
    } else {
      const reason = 'it is incomplete';
      invalid.push({ id, type: 'function', function: { name, arguments: text }, reason });
    }
  }
  return {
    ...(whole[0] && { tool_calls: whole }),
    ...(invalid[0] && { invalid_tool_calls: invalid }),
  };
}
