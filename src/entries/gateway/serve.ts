import type { ChatCompletionCreateParams, ChatError, Client } from '../../index.ts';
import { isChatError } from '../../index.ts';
import type { Answer } from './answer.ts';
import { errorAnswer, jsonAnswer, tooLarge, unserved } from './answer.ts';
import { flashHeaders } from './flash-headers.ts';
import { readParams } from './openai-fields.ts';
import type { BodyText } from './read-body.ts';
import type { Reader } from './statuses.ts';
import { isAboutRequest, statusFor, wordsFor } from './statuses.ts';
import type { Addressee } from './stream-pieces.ts';
import { interrupted, streamPieces } from './stream-pieces.ts';

/** One request, whatever it came by. */
export interface Asked extends Addressee {
  method: string;
  /** Absolute or a path; everything before `/chat/completions` is ignored. */
  url: string;
  body(): Promise<BodyText>;
}

/** Answers a request by a client. Never rejects. */
export async function serve(client: Client<never>, asked: Asked): Promise<Answer> {
  const { method } = asked;
  const path = pathOf(asked.url);
  try {
    if (method === 'POST' && path.endsWith('/chat/completions')) return await chat(client, asked);
    if (method === 'GET' && path.endsWith('/models')) {
      const { data } = await client.models.list({ signal: asked.signal });
      return jsonAnswer(200, { object: 'list', data });
    }
    const message = 'Only POST …/chat/completions and GET …/models are served here';
    return errorAnswer(404, { message, code: 'unknown_route' });
  } catch (error) {
    return failure(error, asked.reader, []);
  }
}

async function chat(client: Client<never>, asked: Asked): Promise<Answer> {
  const { reader, signal, onDisconnect } = asked;
  const text = await asked.body();
  if (text === 413) return tooLarge();
  const body = parse(text);
  if (body === undefined) {
    const message = 'The body must be a JSON object';
    return errorAnswer(400, { message, code: 'invalid_request' });
  }
  const { params, dropped } = readParams(body);
  try {
    const { completions } = client.chat;
    const completion = await completions.create(params as unknown as ChatCompletionCreateParams, {
      // Aborted when the visitor leaves.
      signal: onDisconnect === 'finish' ? undefined : signal,
    });
    const { report } = completion;
    if (!('choices' in completion)) {
      return {
        status: 200,
        headers: { ...sseHeaders, ...flashHeaders(report, dropped) },
        body: streamPieces(completion, asked),
      };
    }
    const headers = flashHeaders(report, dropped);
    if (report.completion !== 'interrupted') return jsonAnswer(200, completion, headers);
    return failure(
      interrupted(String(completion.choices[0].finish_reason)),
      reader,
      dropped,
      headers,
    );
  } catch (error) {
    return failure(error, reader, dropped);
  }
}

function pathOf(url: string): string {
  return url.replace(/^[a-z]+:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
}

const sseHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  // nginx would gather the answer before it hands it on.
  'x-accel-buffering': 'no',
};

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const body: unknown = JSON.parse(text);
    const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
    return isObject ? (body as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function failure(
  error: unknown,
  reader: Reader,
  dropped: Parameters<typeof flashHeaders>[1],
  known?: Record<string, string>,
): Answer {
  if (!isChatError(error)) return unserved();
  const headers = known ?? flashHeaders(error.report, dropped);
  const errorBody = {
    message: wordsFor(error, reader),
    code: error.code,
    param: paramFor(error, reader),
    retryable: error.retryable,
  };
  return errorAnswer(statusFor(error, reader), errorBody, { ...headers, ...retryHeaders(error) });
}

/** A visitor hears of paths in his own request alone. */
function paramFor(error: ChatError, reader: Reader): string | undefined {
  return reader === 'owner' || isAboutRequest(error) ? error.param : undefined;
}

/** When it may be tried again by hand. */
function retryHeaders({ retryAfterMs }: ChatError): Record<string, string> {
  if (retryAfterMs === undefined) return {};
  return {
    'retry-after': String(Math.ceil(retryAfterMs / 1_000)),
    'retry-after-ms': String(Math.ceil(retryAfterMs)),
  };
}
