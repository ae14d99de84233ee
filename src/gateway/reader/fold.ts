import type { ChatCompletionChunk, ChatCompletionDeltaToolCall } from '../../schema/chunk.ts';
import { answerEnd } from '../../schema/finish-reason.ts';
import type {
  ChatCompletion,
  Choice,
  FinishReason,
  InvalidToolCall,
} from '../../schema/response.ts';
import type { ChatCompletionMessageToolCall } from '../../schema/tool.ts';
import type { CompletionUsage } from '../../schema/usage.ts';

interface Folded {
  content: string | null;
  reasoning_content: string | undefined;
  refusal: string | undefined;
  finish_reason: FinishReason;
  calls: Map<number, { id: string; name: string; text: string; isCustom: boolean }>;
}

/** Chunks of one form, as the server sends them, put together. Which call a piece is of, it has found out. */
export class Fold {
  #top = { id: '', created: 0, model: '' };
  #usage: CompletionUsage | undefined;
  #choices = new Map<number, Folded>();

  add({ id, created, model, choices, usage }: ChatCompletionChunk): void {
    this.#top = {
      id: id || this.#top.id,
      created: created || this.#top.created,
      model: model || this.#top.model,
    };
    // The server has counted it.
    if (usage != null) this.#usage = usage as CompletionUsage;
    for (const { index, delta, finish_reason } of choices) {
      let into = this.#choices.get(index);
      if (into === undefined) {
        into = {
          content: null,
          reasoning_content: undefined,
          refusal: undefined,
          finish_reason: null,
          calls: new Map(),
        };
        this.#choices.set(index, into);
      }
      if (delta.content != null) into.content = (into.content ?? '') + delta.content;
      if (delta.reasoning_content != null) {
        into.reasoning_content = (into.reasoning_content ?? '') + delta.reasoning_content;
      }
      if (delta.refusal != null) into.refusal = (into.refusal ?? '') + delta.refusal;
      for (const call of delta.tool_calls ?? []) addCall(into.calls, call);
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
    const choices = sorted.map(
      ([index, { calls, finish_reason, content, reasoning_content, refusal }]): Choice => {
        return {
          index,
          message: {
            role: 'assistant',
            content,
            ...(reasoning_content !== undefined && { reasoning_content }),
            ...(refusal !== undefined && { refusal }),
            ...settle(calls, isWhole && answerEnd(finish_reason) === 'good'),
          },
          finish_reason: isWhole ? finish_reason : null,
        };
      },
    );
    return {
      ...this.#top,
      object: 'chat.completion',
      choices: choices as [Choice, ...Choice[]],
      ...(this.#usage !== undefined && { usage: this.#usage }),
    };
  }
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
    } else if (!isCustom && name !== '' && isObject(written)) {
      whole.push({ id, type: 'function', function: { name, arguments: written } });
    } else {
      const reason = 'it is not whole';
      invalid.push({ id, type: 'function', function: { name, arguments: text }, reason });
    }
  }
  return {
    ...(whole.length > 0 && { tool_calls: whole }),
    ...(invalid.length > 0 && { invalid_tool_calls: invalid }),
  };
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}
