import { LocalAbort } from '../../index.ts';
import type { Answer, Pieces } from './answer.ts';
import { tooLarge, unserved } from './answer.ts';
import type { Gateway } from './create-handler.ts';
import { gateways } from './create-handler.ts';
import { readNodeBody } from './read-body.ts';
import type {
  FetchRequest,
  Handler,
  NodeHandler,
  NodeReplyLike,
  NodeRequestLike,
} from './types.ts';

/**
 * Turns a handler into a listener for `node:http`, also for Express. If the client disconnects, the call is cancelled.
 *
 * @example
 * createServer(nodeHandler(handler)).listen(8080);
 * app.use('/v1', nodeHandler(handler)); // Express
 */
export function nodeHandler(handler: Handler): NodeHandler {
  // One of ours needs no web objects, which cost more than the rest of it.
  const gateway = gateways.get(handler);
  return async (request, response) => {
    const leaving = gateway ? new LocalAbort() : new AbortController();
    const onClose = (): void => leaving.abort(new Error('The client disconnected'));
    response.on('close', onClose);
    // A socket that breaks must not end the process.
    response.on('error', onClose);
    const asking =
      leaving instanceof LocalAbort
        ? ask(gateway as Gateway, request, leaving)
        : askByWeb(handler, request, leaving.signal);
    const answer = await asking.catch(() => unserved());
    response.removeListener('close', onClose);
    // Drain an unwanted body: its sender reads the answer only after sending all of it.
    if (answer.status >= 400) request.resume();
    await send(answer, response);
  };
}

function ask(gateway: Gateway, request: NodeRequestLike, signal: LocalAbort): Promise<Answer> {
  const { url = '/', method = 'GET', headers } = request;
  const get = (name: string): string | null => {
    const value = headers[name.toLowerCase()];
    return value === undefined ? null : String(value);
  };
  const body = () => readNodeBody(request);
  return gateway({ url, method, headers: { get } }, { body, signal });
}

async function send({ status, headers, body }: Answer, response: NodeReplyLike): Promise<void> {
  if (typeof body !== 'string')
    return pipe(body, response, () => response.writeHead(status, headers));
  if (response.destroyed) return;
  headers['content-length'] = String(byteLength(body));
  response.writeHead(status, headers);
  // As a text, which Node sends with the head in one write.
  response.end(body);
}

/** `Buffer` counts without encoding. */
function byteLength(text: string): number {
  const { Buffer } = globalThis as { Buffer?: { byteLength(text: string): number } | undefined };
  return Buffer?.byteLength(text) ?? new TextEncoder().encode(text).length;
}

/** Pulled, no faster than the visitor takes it. */
async function pipe(body: Pieces, response: NodeReplyLike, open: () => unknown): Promise<void> {
  let isGone = response.destroyed;
  let wake = (): void => {};
  const onDrain = (): void => wake();
  const onClose = (): void => {
    isGone = true;
    body.cancel();
    wake();
  };
  if (isGone) return body.cancel();
  response.on('drain', onDrain);
  response.on('close', onClose);
  try {
    open();
    response.flushHeaders();
    for (;;) {
      const piece = await body.read();
      if (piece === undefined || isGone) break;
      const hasRoom = response.write(piece);
      // Middleware that compresses would keep it.
      response.flush?.();
      if (!hasRoom && !isGone) await new Promise<void>((resolve) => (wake = resolve));
    }
    response.removeListener('close', onClose);
    if (!isGone) response.end();
  } catch {
    // A body that breaks off does so for the visitor as well.
    body.cancel();
    response.destroy();
  } finally {
    response.removeListener('drain', onDrain);
  }
}

/** For a handler that is not ours, e.g. ours with headers for CORS around it. */
async function askByWeb(
  handler: Handler,
  nodeRequest: NodeRequestLike,
  signal: AbortSignal,
): Promise<Answer> {
  const { url = '/', method = 'GET', headers } = nodeRequest;
  const isBodiless = method === 'GET' || method === 'HEAD';
  const body = isBodiless ? null : await readNodeBody(nodeRequest);
  if (body === 413) return tooLarge();
  const request = new Request(new URL(url, `http://${String(headers.host ?? 'localhost')}`), {
    method,
    headers: webHeaders(headers),
    body,
    signal,
  });
  const response = (await handler(request as FetchRequest)) as Response;
  const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: {
      read: async () => (await reader?.read())?.value,
      cancel: () => void reader?.cancel().catch(() => {}),
    },
  };
}

function webHeaders(headers: NodeRequestLike['headers']): Headers {
  const kept = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    for (const each of [value ?? []].flat()) kept.append(name, each);
  }
  // Of the bytes that came, and not of the text that they are now.
  kept.delete('content-length');
  return kept;
}
