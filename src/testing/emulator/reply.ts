import type { ErrorKind } from './error-words.ts';
import type { EmulatorScript, PlayedResponse } from './script.ts';

// What a test can tell the emulator to answer.

/**
 * An answer in plain words. What is left out is made up to fit the request, so `{}` is an answer that fits it: a call of
 * the first tool if there is one, JSON that fits the schema if it is asked for, else a sentence.
 *
 * @example
 * emulator.reply({ content: 'Forty-two.' });
 * emulator.reply({ tool_calls: [{ name: 'weather', arguments: { city: 'Rome' } }] });
 */
export interface EmulatorAnswer {
  /** The text, cut at a `stop` of the request and at its `max_tokens`. @default `''` beside calls, else a text that fits */
  content?: string | null | undefined;
  /** What was thought before it; `''` for nothing. @default a sentence, if the vendor thinks and was not told not to */
  reasoning_content?: string | undefined;
  /** The calls of tools, in their order. @default the first tool, unless `content` is given or its result is there */
  tool_calls?: EmulatorToolCall[] | undefined;
  /** Any word. @default `tool_calls` if there are any, `length` if `max_tokens` cut the answer, else `stop` */
  finish_reason?: string | undefined;
  /** What was used. @default a count of the words */
  usage?: EmulatorUsage | undefined;
}

/** The call of a tool, in plain words. */
export interface EmulatorToolCall {
  /** What the tool message answers. @default `call_00_emulated`, `call_01_emulated` … */
  id?: string | undefined;
  /** Name of the function. */
  name: string;
  /** An object is written as JSON; a text goes as it is, JSON or not. */
  arguments: string | object;
}

/** Counts of tokens, in plain words; each vendor has its own places for them. */
export interface EmulatorUsage {
  /** Of the messages. */
  prompt_tokens: number;
  /** Of the answer, reasoning included. */
  completion_tokens: number;
  /** How many of the prompt's came from the cache. @default 0 */
  cached_tokens?: number | undefined;
}

/**
 * One of the vendor's own errors, in its own status and form.
 *
 * @example
 * emulator.reply({ error: 'rate_limit', headers: { 'retry-after': '1' } }, { content: 'At last.' });
 */
export interface EmulatorError {
  /** What happened. */
  error: ErrorKind;
  /** What the vendor says of it. @default the vendor's own words */
  message?: string | undefined;
  /** Beside the vendor's own. @default none */
  headers?: Record<string, string> | undefined;
}

/**
 * The vendor's own answer with something wrong with it. The functions of `faults` make them.
 *
 * @example
 * emulator.reply(faults.cutAfterEvents(3, 'reset'), { ...faults.noDone(), answer: { content: 'Hello' } });
 */
export interface EmulatorFault {
  /** Makes what is played of what the vendor would have said. */
  fault: (response: PlayedResponse) => PlayedResponse;
  /** What the vendor would have said. @default an answer that fits the request */
  answer?: EmulatorAnswer | EmulatorError | EmulatorScript | undefined;
}

/** What to answer: in words, as an error, in bytes, or with a fault. */
export type EmulatorReply = EmulatorAnswer | EmulatorError | EmulatorScript | EmulatorFault;
