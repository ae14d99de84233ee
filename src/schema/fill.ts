import type { Input } from './input.ts';
import {
  countInput,
  modelInput,
  shareInput,
  stopInput,
  temperatureInput,
  topLogprobsInput,
} from './request.ts';
import type { FinishReason } from './response.ts';
import type { ChunkUsage } from './usage.ts';

/** A request to fill in the middle of a text, without its `stream` switch. */
export interface CompletionCreateParamsBase {
  /** The text before the gap. */
  prompt: string;
  /** The text after the gap. */
  suffix?: string | null | undefined;
  /** Model id. @default 'deepseek-v4-flash' */
  model?: 'deepseek-v4-flash' | (string & {}) | null | undefined;
  /** Maximum number of tokens to generate, at least 1; at most 4,096 at DeepSeek. */
  max_tokens?: number | null | undefined;
  /** 0 to 2. */
  temperature?: number | null | undefined;
  /** 0 to 1. */
  top_p?: number | null | undefined;
  /** Up to 16 sequences at which the answer stops. */
  stop?: string | string[] | null | undefined;
  /** Repeat the prompt before the answer; cannot be combined with `suffix` or `logprobs`. */
  echo?: boolean | null | undefined;
  /** Number of most likely tokens to return, 0 to 20; not with `stream: true`. */
  logprobs?: number | null | undefined;
}

/** A request to fill in the middle, answered at once. */
export interface CompletionCreateParamsNonStreaming extends CompletionCreateParamsBase {
  /** Absent or `false`: a whole answer. */
  stream?: false | null | undefined;
}

/** A request to fill in the middle, answered as a stream. */
export interface CompletionCreateParamsStreaming extends CompletionCreateParamsBase {
  /** `true`: a stream. */
  stream: true;
}

/** A request to fill in the middle of a text. */
export type CompletionCreateParams =
  | CompletionCreateParamsNonStreaming
  | CompletionCreateParamsStreaming;

/** Log probabilities of the tokens; each list has one entry for each token. */
export interface CompletionLogprobs {
  /** Where each token begins in the text. */
  text_offset?: number[] | null | undefined;
  /** Log probability of each token. */
  token_logprobs?: number[] | null | undefined;
  /** The tokens. */
  tokens?: string[] | null | undefined;
  /** The most probable tokens at each place. */
  top_logprobs?: Record<string, number>[] | null | undefined;
}

/** One completion, or a piece of one in a stream. */
export interface CompletionChoice {
  index: number;
  /** What belongs into the gap. */
  text: string;
  /** `null` in a piece that is not the last. */
  finish_reason: FinishReason;
  /** Log probabilities of the tokens, if they were asked for. */
  logprobs?: CompletionLogprobs | null | undefined;
}

/** A text completion, or a piece of one in a stream. Unlisted fields are kept where the vendor put them. */
export interface Completion {
  /** The vendor's id; empty if it sent none. */
  id: string;
  object: 'text_completion';
  /** Unix seconds; 0 if the vendor sent none. */
  created: number;
  /** The model that answered. */
  model: string;
  /** Empty in a piece that only holds token counts. */
  choices: CompletionChoice[];
  /** Token counts; absent if the vendor sent none. */
  usage?: ChunkUsage | null | undefined;
  /** The vendor's mark of its configuration. */
  system_fingerprint?: string | null | undefined;
}

/** The request as a user writes it. */
export const completionInput = {
  strict: {
    prompt: 'string',
    suffix: 'string?',
    model: modelInput,
    max_tokens: countInput,
    temperature: temperatureInput,
    top_p: shareInput,
    stop: stopInput,
    stream: 'boolean?',
    echo: 'boolean?',
    logprobs: topLogprobsInput,
  },
} as const satisfies Input;
