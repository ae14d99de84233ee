import type { Client, ClientOptions } from '../../index.ts';
import { clientOf } from '../client-of.ts';
import type { Answer, Pieces } from './answer.ts';
import { toResponse } from './answer.ts';
import type { BodyText } from './read-body.ts';
import { readWebBody } from './read-body.ts';
import type { FetchFunction, FetchInit, FetchInput, FetchResponse } from './types.ts';
import { serve } from './serve.ts';

/**
 * A `fetch` for any client of OpenAI's API: its requests are answered by our vendors, wherever its base URL points. The
 * key of that client is ignored.
 *
 * An interrupted answer is an error there as well, and a failed request has already been retried as often as allowed:
 * `x-should-retry: false` tells that to the `openai` package; LangChain and the AI SDK need `maxRetries: 0`.
 *
 * @example
 * const openai = new OpenAI({ apiKey: 'none', fetch: createFetch({ provider: 'aimlapi' }) });
 *
 * @throws ChatError `invalid_options`
 */
export function createFetch<Options>(given: Client<Options> | ClientOptions = {}): FetchFunction {
  const client = clientOf(given as Client<never> | ClientOptions);
  return async (input: FetchInput, init?: FetchInit): Promise<FetchResponse> => {
    const { method, url, signal, body } = readRequest(input, init);
    if (signal?.aborted) throw signal.reason;
    const answer = await serve(client, { method, url, body, signal, reader: 'owner' });
    // As any `fetch` does, unlike a server whose client has disconnected.
    if (signal?.aborted) {
      if (typeof answer.body !== 'string') answer.body.cancel();
      throw signal.reason;
    }
    return toResponse(breakingOff(answer, signal)) as unknown as FetchResponse;
  };
}

interface ReadRequest {
  method: string;
  url: string;
  signal: AbortSignal | undefined;
  body(): Promise<BodyText>;
}

/** Programs for `fetch` give texts; whatever else it takes goes the way of a real request. */
function readRequest(input: FetchInput, init: FetchInit | undefined): ReadRequest {
  const isPlain = typeof input === 'string' || input instanceof URL;
  const { body, method, signal } = (init ?? {}) as RequestInit;
  if (isPlain && (body == null || typeof body === 'string')) {
    return {
      method: method?.toUpperCase() ?? 'GET',
      url: String(input),
      signal: signal ?? undefined,
      body: async () => body ?? '',
    };
  }
  const request = new Request(
    input as string,
    {
      ...(init as RequestInit),
      ...(body instanceof ReadableStream && { duplex: 'half' }),
    } as RequestInit,
  );
  return {
    method: request.method,
    url: request.url,
    // Its own, and not the request's copy, so that the reason is the caller's.
    signal: signal ?? (isPlain ? undefined : request.signal),
    body: () => readWebBody(request),
  };
}

/** The body ends with the signal's reason, as that of a real `fetch`. */
function breakingOff(answer: Answer, signal: AbortSignal | undefined): Answer {
  const { body } = answer;
  if (signal === undefined || typeof body === 'string') return answer;
  const breaking: Pieces = {
    async read() {
      const piece = await body.read();
      if (signal.aborted) throw signal.reason;
      return piece;
    },
    cancel: () => body.cancel(),
  };
  return { ...answer, body: breaking };
}
