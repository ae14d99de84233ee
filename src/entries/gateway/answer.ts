import type { ChatErrorCode } from '../../index.ts';

/** Bytes that are pulled. */
export interface Pieces {
  /** The next piece, or `undefined` at the end. Rejects where the body has to break off. */
  read(): Promise<Uint8Array | undefined>;
  /** Whoever reads has left. */
  cancel(): void;
}

/** A response before it has the form of a server: a text, or pieces. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string | Pieces;
}

/** The gateway's own words, for what never reached a client. */
const gatewayCodes = ['unauthorized', 'body_too_large', 'unknown_route', 'internal_error'] as const;

type GatewayCode = (typeof gatewayCodes)[number];

/** What is in an error of OpenAI's form. */
export interface ErrorBody {
  message: string;
  code: ChatErrorCode | GatewayCode;
  param?: string | null | undefined;
  /** Of an error of ours: whether the same request may succeed later. */
  retryable?: boolean | undefined;
}

const json = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };

/** A body of JSON. */
export function jsonAnswer(status: number, value: unknown, headers: object = {}): Answer {
  return { status, headers: { ...json, ...headers }, body: JSON.stringify(value) };
}

/** An error in OpenAI's form. Retries have already been made here, so clients are told not to retry. */
export function errorAnswer(status: number, error: ErrorBody, headers: object = {}): Answer {
  // Readers take the code of a `flash_error` for one of the list.
  const isOwn = gatewayCodes.includes(error.code as GatewayCode);
  const type = isOwn ? 'gateway_error' : 'flash_error';
  const body = { error: { ...error, type, param: error.param ?? null } };
  return jsonAnswer(status, body, { 'x-should-retry': 'false', ...headers });
}

/** A body beyond the limit. */
export function tooLarge(): Answer {
  return errorAnswer(413, { message: 'The body is larger than 32 MiB', code: 'body_too_large' });
}

/** What fails where nothing should. */
export function unserved(): Answer {
  const message = 'The request could not be served';
  return errorAnswer(500, { message, code: 'internal_error' });
}

/** As the web has it. */
export function toResponse({ status, headers, body }: Answer): Response {
  return new Response(typeof body === 'string' ? body : toByteStream(body), { status, headers });
}

function toByteStream(pieces: Pieces): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const piece = await pieces.read();
        if (piece === undefined) controller.close();
        else controller.enqueue(piece);
      },
      cancel: () => pieces.cancel(),
    },
    { highWaterMark: 0 },
  );
}
