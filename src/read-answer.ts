import type { Call, CallResponse } from './call.ts';
import { ChatError } from './errors.ts';
import { isCutOff, parseOr } from './json.ts';
import type { ResolvedLimits, ResolvedOptions } from './options.ts';
import type { WatchedBody } from './stream/clocks.ts';

/** The value of a whole body. @throws ChatError for an error in it, whatever the status, and for what is no JSON */
export async function readAnswer(
  { body }: CallResponse,
  { toError }: Call,
  { provider, limits }: ResolvedOptions,
): Promise<unknown> {
  const answer = parseAnswer(await readText(body, limits));
  const error = provider.findError(answer);
  if (error !== undefined) throw toError(error);
  return answer;
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
    // Blank lines keep the connection awake while the request is queued; they are no content.
    if (pieces.length === 0 && isBlank(bytes)) continue;
    body.gotContent();
    pieces.push(bytes);
  }
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte <= 0x20);
}

/** Most answers come in one piece; a decoder that has nothing to remember is the faster one. */
function decodeText([first, ...rest]: readonly Uint8Array[]): string {
  const decoder = new TextDecoder();
  if (first === undefined || rest.length === 0) return decoder.decode(first).trimStart();
  const text = [first, ...rest].map((bytes) => decoder.decode(bytes, { stream: true })).join('');
  return (text + decoder.decode()).trimStart();
}

function parseAnswer(text: string): unknown {
  const answer = parseOr(text);
  if (typeof answer !== 'string') return answer;
  if (text === '' || (text.startsWith('{') && isCutOff(text))) {
    const message = 'The answer ended before it was whole: its JSON is cut off';
    throw new ChatError('stream_interrupted', message, { retryable: true });
  }
  const what = text.startsWith('<') ? 'a web page' : 'something that is no JSON';
  throw new ChatError('invalid_response', `The vendor answered with ${what}`);
}
