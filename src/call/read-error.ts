import { ChatError, isChatError } from '../outcome/chat-error.ts';
import { parseOr } from '../internal/json.ts';
import { defaults } from '../options/options.ts';
import { isEventStream, readEvents } from '../stream/sse.ts';
import { authorOf, noteOf } from '../transport/proxy-answer.ts';
import type { TransportResponse } from '../transport/transport.ts';

/** Whether a status sends the request elsewhere. 304 does not. */
export function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

/** A redirect is an error: the key would be sent along. Proxies that require a login send redirects too. */
export function redirectError(
  name: string,
  response: Pick<TransportResponse, 'status' | 'headers' | 'proxy'>,
  url: string,
): ChatError {
  const { status, headers, proxy } = response;
  const { location } = headers;
  const author = authorOf(response, url, false);
  const who = author === 'proxy' ? ['The proxy', proxy].filter(Boolean).join(' ') : name;
  let target = '';
  try {
    // Only the origin: the rest of a redirect may hold anything.
    if (location !== undefined) target = ` to ${new URL(location, url).origin}`;
  } catch {
    // A location that is not a URL is ignored.
  }
  const message = `${who} answered ${status}, a redirect${target}; redirects are not followed, because the API key would be sent along${noteOf(author, proxy)}`;
  return new ChatError('unexpected_redirect', message, { status });
}

/** What can be had of an error's body in time and size: the status says enough without it. */
export async function readErrorBody(
  body: { read(): Promise<Uint8Array | undefined>; cancel(): void },
  maxBytes: number,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  const timer = setTimeout(() => body.cancel(), defaults.errorBodyMs);
  try {
    for (;;) {
      const bytes = await body.read();
      if (bytes === undefined) break;
      size += bytes.length;
      text += decoder.decode(bytes.subarray(0, Math.max(0, maxBytes - size + bytes.length)), {
        stream: true,
      });
      if (size >= maxBytes) {
        body.cancel();
        break;
      }
    }
  } catch (error) {
    // Whatever is wrong with the body, and however long it takes: the status has been told. Only who ended it comes first.
    const ends = ['aborted', 'deadline_exceeded'];
    if (!isChatError(error) || ends.includes(error.code)) throw error;
  } finally {
    clearTimeout(timer);
  }
  return text + decoder.decode();
}

/** The value of an error's body: JSON, or the text itself; of an event stream, what its first event with data holds. */
export function parseErrorBody(text: string): unknown {
  const body = parseOr(text);
  if (typeof body !== 'string' || !isEventStream(text)) return body;
  const [first] = readEvents(text).filter(({ data }) => data.trim() !== '');
  return first === undefined ? body : parseOr(first.data);
}
