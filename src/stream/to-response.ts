import type { WebByteStream, WebResponse } from '../internal/web.ts';
import type { Report } from '../outcome/report.ts';
import type { NodeResponseLike, ToResponseInit, ToSSEStreamInit } from './hand-on.ts';
import type { ArrivingChunks } from './chunk-source.ts';
import type { OwnWay } from './encode-sse.ts';
import { encodeSSE } from './encode-sse.ts';
import { FrameReader, toByteStream } from './frames.ts';
import { checkInit, pipeToResponse, responseHeaders } from './hand-on.ts';

// The forms in which a stream is handed on. It is taken only after the options have passed.

interface HandableStream {
  readonly report: Report;
  [Symbol.asyncIterator](): ArrivingChunks;
}

export function handOnBytes(stream: HandableStream, init?: ToSSEStreamInit): WebByteStream {
  return toByteStream(handOnFrames(stream, init)) as WebByteStream;
}

export function handOnWeb(stream: HandableStream, init?: ToResponseInit): WebResponse {
  const own = checkInit(init, true);
  const headers = responseHeaders(own);
  const { status } = own;
  const body = toByteStream(framesOf(stream, own));
  return new Response(body, { status, headers } as object) as unknown as WebResponse;
}

export async function handOnNode(
  stream: HandableStream,
  response: NodeResponseLike,
  init?: ToResponseInit,
): Promise<void> {
  const own = checkInit(init, true);
  const headers = responseHeaders(own);
  await pipeToResponse(framesOf(stream, own), response, own.status ?? 200, headers);
}

/** For entries that need no web stream. */
export function handOnFrames(
  stream: HandableStream,
  init?: ToSSEStreamInit,
  ownWay?: OwnWay,
): FrameReader {
  return framesOf(stream, checkInit(init, false), ownWay);
}

function framesOf(stream: HandableStream, init: ToSSEStreamInit, ownWay?: OwnWay): FrameReader {
  const chunks = stream[Symbol.asyncIterator]();
  const source = encodeSSE({ chunks, report: stream.report }, init, ownWay);
  return new FrameReader(source, init);
}
