import type { NodeRequestLike } from './types.ts';

/** The most that is read of a request. */
export const bodyLimitBytes = 32 * 1024 * 1024;

/** The text of a body, or that it is beyond the limit, whatever its head said. */
export type BodyText = string | 413;

/** Of a web request. What is refused unread is let go of. */
export async function readWebBody({ headers, body }: Request): Promise<BodyText> {
  if (isTooLong(headers.get('content-length'))) return 413;
  if (body === null) return '';
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  const gathered = createGatherer();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return gathered.text();
    if (gathered.add(value)) continue;
    void reader.cancel().catch(() => {});
    return 413;
  }
}

/** Of a `node:http` request, which is not ended where it is refused: its sender has to get the answer. */
export async function readNodeBody(request: NodeRequestLike): Promise<BodyText> {
  const { body, headers } = request;
  // Express's parsers leave nothing to read.
  if (body instanceof Uint8Array) return decodeWhole(body);
  if (body !== undefined) return typeof body === 'string' ? body : JSON.stringify(body);
  if (isTooLong(headers['content-length'])) return 413;
  const gathered = createGatherer();
  return new Promise((resolve, reject) => {
    request.on('data', (piece) => {
      if (gathered.add(piece)) return;
      request.pause();
      resolve(413);
    });
    request.on('end', () => resolve(gathered.text()));
    request.on('error', () => reject(new Error('The request ended before its body was complete')));
    request.on('close', () => reject(new Error('The request ended before its body was complete')));
  });
}

function isTooLong(contentLength: unknown): boolean {
  return Number(contentLength ?? 0) > bodyLimitBytes;
}

let decoderOfWhole: InstanceType<typeof TextDecoder> | undefined;

/** A decoder keeps nothing from one whole text to the next. */
function decodeWhole(bytes: Uint8Array | undefined): string {
  decoderOfWhole ??= new TextDecoder();
  return decoderOfWhole.decode(bytes);
}

function createGatherer(): { add(piece: Uint8Array): boolean; text(): string } {
  const pieces: Uint8Array[] = [];
  let size = 0;
  return {
    add(piece) {
      size += piece.length;
      if (size > bodyLimitBytes) pieces.length = 0;
      else pieces.push(piece);
      return size <= bodyLimitBytes;
    },
    text() {
      const [first, ...others] = pieces;
      if (others.length === 0) return decodeWhole(first);
      const decoder = new TextDecoder();
      return (
        pieces.map((piece) => decoder.decode(piece, { stream: true })).join('') + decoder.decode()
      );
    },
  };
}
