import type { Call, CallResponse } from './call.ts';
import { attachToError, ChatError, isChatError } from '../outcome/chat-error.ts';
import { parseOr } from '../internal/json.ts';
import type { ResolvedLimits, ResolvedOptions } from '../options/options.ts';
import type { NoteIssue } from '../schema/issue.ts';
import type { DecodedCompletion } from '../schema/response.ts';
import { Accumulator } from '../stream/accumulate.ts';
import { noAnswer, unfinished } from '../stream/bad-ends.ts';
import type { WatchedBody } from './watched-body.ts';
import { streamDialect } from '../stream/stream-dialect.ts';
import { ChunkReader } from '../stream/chunk-reader.ts';
import { isEventStream } from '../stream/sse.ts';

/** The value of a whole body. @throws ChatError for an error in it, whatever the status, and for a body that is not JSON */
export async function readAnswer(
  { body }: CallResponse,
  call: Call,
  options: ResolvedOptions,
): Promise<unknown> {
  return checkAnswer(parseAnswer(await readText(body, options.limits)), call, options);
}

/** A complete answer. Some gateways stream unless `stream` is false, and some even then. */
export async function readCompletion(
  { body }: CallResponse,
  call: Call,
  options: ResolvedOptions,
): Promise<DecodedCompletion> {
  const text = withoutComments(await readText(body, options.limits));
  if (!text.startsWith('{') && isEventStream(text)) return readStreamed(text, call, options);
  const { provider } = options;
  const answer = checkAnswer(parseAnswer(text), call, options);
  return provider.decode(answer, call.note, provider.profile);
}

/** A whole answer behind the comments that kept its connection awake. */
function withoutComments(text: string): string {
  if (!text.startsWith(':')) return text;
  const rest = text.replace(/^(?::[^\n]*\n\s*)+/, '');
  return rest.startsWith('{') ? rest : text;
}

function checkAnswer(answer: unknown, { toError }: Call, { provider }: ResolvedOptions): unknown {
  const error = provider.findError(answer);
  if (error !== undefined) throw toError(error);
  return answer;
}

/** An event stream, put together. @throws ChatError what is wrong with it, with what had come as `partial` */
async function readStreamed(
  text: string,
  { note, toError }: Call,
  { provider, limits }: ResolvedOptions,
): Promise<DecodedCompletion> {
  note({
    code: 'streamed',
    message: 'the vendor sent a stream, although a complete response was requested',
  });
  // A whole answer in one event is what was asked for.
  const noteOther: NoteIssue = (issue) => {
    if (issue.code !== 'not_streamed') note(issue);
  };
  const accumulator = new Accumulator(limits, provider.profile.finishReasons);
  const pieces = [new TextEncoder().encode(text)];
  const bytes = { read: async () => pieces.shift(), cancel() {} };
  const dialect = streamDialect(provider, toError);
  const reader = new ChunkReader(bytes, dialect, limits, noteOther, accumulator);
  try {
    do {
      for (let chunk = reader.pull(); chunk !== undefined; chunk = reader.pull()) {
        accumulator.add(chunk);
      }
    } while (await reader.fill());
    if (accumulator.complete) return accumulator.completion(note);
    throw unfinished('stream');
  } catch (error) {
    throw isChatError(error) ? attachToError(error, { partial: accumulator.rescue(note) }) : error;
  }
}

/** @throws ChatError `limit_exceeded`, or what the body's reader throws */
async function readText(body: WatchedBody, { responseBytes }: ResolvedLimits): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const bytes = await body.read();
    if (bytes === undefined) return decodeText(pieces);
    size += bytes.length;
    if (size > responseBytes) {
      body.cancel();
      const message = `The answer is larger than ${responseBytes} bytes (option limits.responseBytes)`;
      throw new ChatError('limit_exceeded', message);
    }
    // Blank lines keep the connection open while the request is queued; they are not content.
    if (pieces.length === 0 && isBlank(bytes)) continue;
    body.gotContent();
    pieces.push(bytes);
    if (pieces[0]?.[0] !== brace && endsEvents(bytes)) {
      // Some hosts keep the connection open behind it.
      body.cancel();
      return decodeText(pieces);
    }
  }
}

const brace = 0x7b;

/** Whether the last of all events has come. */
function endsEvents(bytes: Uint8Array): boolean {
  return /(?:^|\n)data: ?\[DONE\]\s*$/.test(new TextDecoder().decode(bytes.subarray(-64)));
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte <= 0x20);
}

/** Most answers come in one piece; a decoder that has nothing to remember is the faster one. */
function decodeText(pieces: readonly Uint8Array[]): string {
  const decoder = new TextDecoder();
  if (pieces.length < 2) return decoder.decode(pieces[0]).trimStart();
  const text = pieces.map((bytes) => decoder.decode(bytes, { stream: true })).join('');
  return (text + decoder.decode()).trimStart();
}

function parseAnswer(text: string): unknown {
  const answer = parseOr(text);
  if (typeof answer !== 'string') return answer;
  throw noAnswer(text, 'answer');
}
