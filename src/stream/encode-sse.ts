import { isChatError } from '../errors.ts';
import type { ChatCompletionChunk } from '../schema/chunk.ts';

/** Chunks → bytes in OpenAI's wire form. Pulled: a chunk is read when the other side wants one. */
export function encodeSSE(chunks: AsyncIterator<ChatCompletionChunk>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const frame = (data: string): Uint8Array => encoder.encode(`data: ${data}\n\n`);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await chunks.next();
          controller.enqueue(frame(done ? '[DONE]' : JSON.stringify(value)));
          if (done) controller.close();
        } catch (error) {
          // The status is sent long since. Without `[DONE]`, nobody takes this for the end of an answer.
          const told = isChatError(error) ? errorFrame(error) : { message: 'The stream failed' };
          controller.enqueue(frame(JSON.stringify({ error: told })));
          controller.close();
        }
      },
      async cancel() {
        await chunks.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

function errorFrame({
  message,
  code,
  param,
}: {
  message: string;
  code: string;
  param?: string | undefined;
}) {
  return { message, type: code, code, param: param ?? null };
}
