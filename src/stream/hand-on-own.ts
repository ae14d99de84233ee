import type { WebByteStream, WebResponse } from '../internal/web.ts';
import type { FrameSource } from './frames.ts';
import { FrameReader, toByteStream } from './frames.ts';
import type { NodeResponseLike, SharedInit } from './hand-on.ts';
import { checkInit, pipeToResponse, responseHeaders } from './hand-on.ts';

// For entries whose event streams have a form of their own: the same checks, headers, signs of life and ways out.

/** A form of event streams. */
export interface OwnForm<Init extends SharedInit> {
  /** The names of its options, beside those of every response. */
  names: readonly string[];
  /** Its headers, beside those of every event stream. */
  headers: Record<string, string>;
  /** Takes what is handed on; called after the options have passed. */
  open(init: Partial<Init>): FrameSource;
}

/** @throws ChatError `invalid_options` */
export function handOnOwn<Init extends SharedInit>(form: OwnForm<Init>, init: Init | undefined) {
  return {
    bytes(): WebByteStream {
      const own = checkInit(init, false, form.names);
      return toByteStream(new FrameReader(form.open(own), own)) as WebByteStream;
    },
    response(): WebResponse {
      const own = checkInit(init, true, form.names);
      const headers = responseHeaders(own, form.headers);
      const bytes = toByteStream(new FrameReader(form.open(own), own));
      return new Response(bytes, {
        status: own.status,
        headers,
      } as object) as unknown as WebResponse;
    },
    async node(response: NodeResponseLike): Promise<void> {
      const own = checkInit(init, true, form.names);
      const headers = responseHeaders(own, form.headers);
      const frames = new FrameReader(form.open(own), own);
      await pipeToResponse(frames, response, own.status, headers);
    },
  };
}
