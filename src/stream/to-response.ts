import type { WebByteStream, WebResponse } from '../internal/web.ts';
import type { Report } from '../outcome/report.ts';
import type { ChatCompletionChunk } from '../schema/chunk.ts';
import type { NodeResponseLike, ToResponseInit, ToSSEStreamInit } from './hand-on.ts';
import { checkInit, encodeSSE, pipeToResponse, responseHeaders } from './hand-on.ts';

// The forms in which a stream is handed on. It is taken only after the options have passed.

interface HandableStream {
  readonly report: Report;
  [Symbol.asyncIterator](): AsyncIterator<ChatCompletionChunk, undefined>;
}

export function handOnBytes(stream: HandableStream, init?: ToSSEStreamInit): WebByteStream {
  return encode(stream, checkInit(init, false)) as WebByteStream;
}

export function handOnWeb(stream: HandableStream, init?: ToResponseInit): WebResponse {
  const own = checkInit(init, true);
  const headers = responseHeaders(own);
  const { status } = own;
  return new Response(encode(stream, own), { status, headers } as object) as unknown as WebResponse;
}

export async function handOnNode(
  stream: HandableStream,
  response: NodeResponseLike,
  init?: ToResponseInit,
): Promise<void> {
  const own = checkInit(init, true);
  const headers = responseHeaders(own);
  await pipeToResponse(encode(stream, own), response, own.status ?? 200, headers);
}

function encode(stream: HandableStream, init: ToSSEStreamInit): ReadableStream<Uint8Array> {
  return encodeSSE({ chunks: stream[Symbol.asyncIterator](), report: stream.report }, init);
}
