import type {
  ChatCompletionWithReport,
  Client,
  ClientOptions,
  Transport,
  TransportRequest,
} from 'deepseek-v4-flash';
import { createClient } from 'deepseek-v4-flash';

// What a vendor might send, byte by byte, and the client that reads it.

export interface WireResponse {
  status?: number;
  headers?: Record<string, string>;
  /** A text as it is, anything else as JSON. */
  body?: unknown;
  /** Events of a stream: a text as it is, anything else as JSON. `[DONE]` comes after them. */
  events?: readonly unknown[];
}

export const question = [{ role: 'user' as const, content: 'Hi' }];

const top = { id: 'c-1', created: 1_790_000_000, model: 'deepseek-v4-flash' };

/** One event of a stream. */
export function chunk(delta: object, finish_reason: unknown = null, more: object = {}): object {
  const choices = [{ index: 0, delta, finish_reason }];
  return { ...top, object: 'chat.completion.chunk', choices, ...more };
}

/** A whole answer. */
export function whole(message: object, finish_reason: unknown = 'stop', more: object = {}): object {
  const choices = [{ index: 0, message: { role: 'assistant', ...message }, finish_reason }];
  return { ...top, object: 'chat.completion', choices, ...more };
}

/** A tool call, or a piece of one. */
export function callOf(
  id: string | undefined,
  name: string | undefined,
  text: unknown,
  index?: number,
): object {
  return {
    ...(index !== undefined && { index }),
    ...(id !== undefined && { id }),
    type: 'function',
    function: { ...(name !== undefined && { name }), arguments: text },
  };
}

/** A transport that plays responses, the last one for ever. */
export function serving(responses: readonly WireResponse[]): {
  transport: Transport;
  requests: TransportRequest[];
} {
  const requests: TransportRequest[] = [];
  const transport: Transport = {
    async send(request) {
      requests.push(request);
      const response = responses[Math.min(requests.length, responses.length) - 1] ?? {};
      const { status = 200, headers = {}, body, events } = response;
      // Each event is a read of its own, as on a network.
      const texts = events === undefined ? [asText(body)] : [...events.map(asEvent), done];
      const pieces = texts
        .filter((text) => text !== '')
        .map((text) => new TextEncoder().encode(text));
      return { status, headers, body: { read: async () => pieces.shift(), cancel() {} } };
    },
  };
  return { transport, requests };
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

const done = 'data: [DONE]\n\n';

/** An event, as it is written: a text as it is, anything else as JSON. */
export function asEvent(event: unknown): string {
  return typeof event === 'string' ? event : `data: ${JSON.stringify(event)}\n\n`;
}

/** A client of a vendor that answers so, and what it was sent. */
export function clientOf(
  responses: WireResponse | readonly WireResponse[],
  options: ClientOptions = {},
): { client: Client; requests: TransportRequest[] } {
  const { transport, requests } = serving(
    Array.isArray(responses) ? (responses as WireResponse[]) : [responses as WireResponse],
  );
  const client = createClient({
    apiKey: 'sk-test-0123456789abcdef',
    maxRetries: 0,
    onUnsupported: 'adjust',
    transport,
    ...options,
  });
  return { client: client as Client, requests };
}

export async function readWhole(
  body: unknown,
  options?: ClientOptions,
): Promise<ChatCompletionWithReport> {
  const { client } = clientOf({ body }, options);
  return client.chat.completions.create({ messages: question });
}

export async function readStream(
  events: readonly unknown[],
  options?: ClientOptions,
): Promise<ChatCompletionWithReport> {
  const { client } = clientOf({ events }, options);
  return client.chat.completions.stream({ messages: question }).finalCompletion();
}

export const codesOf = ({ report }: ChatCompletionWithReport): string[] =>
  report.issues.map(({ code }) => code);
