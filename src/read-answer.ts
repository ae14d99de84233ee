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
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for (;;) {
    const bytes = await body.read();
    if (bytes === undefined) return text + decoder.decode();
    size += bytes.length;
    if (size > responseBytes) {
      body.cancel();
      const message = `The answer is larger than ${responseBytes} bytes (option limits.responseBytes)`;
      throw new ChatError('limit_exceeded', message);
    }
    // Blank lines keep the connection awake while the request is queued; they are no content.
    const piece = decoder.decode(bytes, { stream: true });
    if (text !== '' || piece.trim() !== '') body.gotContent();
    text = text === '' ? piece.trimStart() : text + piece;
  }
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
