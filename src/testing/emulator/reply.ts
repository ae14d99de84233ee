import type { ErrorKind } from './error-words.ts';
import type { EmulatorScript, PlayedResponse } from './script.ts';

// The replies that a test can queue.

/**
 * An answer in plain words. What is left out is made up to fit the request, so `{}` is an answer that fits it: a call of
 * the first tool if there is one, JSON that fits the schema if it is asked for, else a sentence.
 *
 * @example
 * emulator.reply({ content: 'Forty-two.' });
 * emulator.reply({ tool_calls: [{ name: 'weather', arguments: { city: 'Rome' } }] });
 */
export interface EmulatorAnswer {
  /** The text, cut at a `stop` of the request and at its `max_tokens`. @default `''` with tool calls, else a text that fits */
  content?: string | null | undefined;
  /** The reasoning before it; `''` for none. @default a sentence, unless thinking is off */
  reasoning_content?: string | undefined;
  /** The calls of tools, in their order. @default the first tool, unless `content` is given or its result is there */
  tool_calls?: EmulatorToolCall[] | undefined;
  /** Any word. @default `tool_calls` if there are any, `length` if `max_tokens` cut the answer, else `stop` */
  finish_reason?: string | undefined;
  /** Token counts. @default a count of the words */
  usage?: EmulatorUsage | undefined;
}

/** A tool call, in short form. */
export interface EmulatorToolCall {
  /** Id of the call. @default `call_00_emulated`, `call_01_emulated` …, counted over the conversation */
  id?: string | undefined;
  /** Name of the function. */
  name: string;
  /** An object is written as JSON; a string is sent unchanged, JSON or not. */
  arguments: string | object;
}

/** Token counts, in short form; each vendor has its own places for them. */
export interface EmulatorUsage {
  /** Tokens of the messages. */
  prompt_tokens: number;
  /** Tokens of the answer, reasoning included. */
  completion_tokens: number;
  /** Prompt tokens that came from the cache. @default 0 */
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
  /** The error message. @default the vendor's own words */
  message?: string | undefined;
  /** Added to the vendor's own headers. @default none */
  headers?: Record<string, string> | undefined;
}

/**
 * The vendor's own answer with something wrong with it. The functions of `faults` make them.
 *
 * @example
 * emulator.reply(faults.cutAfterEvents(3, 'reset'), { ...faults.noDone(), answer: { content: 'Hello' } });
 */
export interface EmulatorFault {
  /** Turns the response that the vendor would have sent into the one to send. */
  fault: (response: PlayedResponse) => PlayedResponse;
  /** What the vendor would have sent. @default an answer that fits the request */
  answer?: EmulatorAnswer | EmulatorError | EmulatorScript | undefined;
}

/** What to answer: in words, as an error, in bytes, or with a fault. */
export type EmulatorReply = EmulatorAnswer | EmulatorError | EmulatorScript | EmulatorFault;
