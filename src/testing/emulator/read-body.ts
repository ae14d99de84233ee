import { isRecord, listOf, looseRecord, should, text } from './checks.ts';
import type { Check } from './checks.ts';
import type { WireFormat, WireMessage, WireRequest, WireTool } from './wire-request.ts';

// A body as the vendors read it before any rule: it may be no JSON, or hold a text where a list is due. Whoever reads it
// after that can rely on what `WireRequest` says.

/** The body, if it is a JSON object. */
export function parseBody(body: string): WireRequest | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isRecord(value) ? (value as WireRequest) : undefined;
  } catch {
    return undefined;
  }
}

const object = looseRecord({});

const tool: Check = looseRecord<WireTool>({
  function: looseRecord({ name: text }),
});

const textOr =
  (other: Check): Check =>
  (value, path) =>
    typeof value === 'string' ? undefined : other(value, path);

const message: Check = looseRecord<WireMessage>({
  role: text,
  content: (value, path) => (value === null ? undefined : textOr(listOf(object))(value, path)),
  tool_calls: listOf(tool),
});

const request: Check = looseRecord<WireRequest>({
  model: text,
  messages: listOf(message),
  stream_options: object,
  max_tokens: should((value) => typeof value === 'number', 'a number'),
  stop: textOr(listOf(text)),
  thinking: looseRecord<NonNullable<WireRequest['thinking']>>({ reasoning_effort: text }),
  reasoning_effort: text,
  reasoning: looseRecord<NonNullable<WireRequest['reasoning']>>({ effort: text }),
  enable_thinking: should((value) => typeof value === 'boolean', 'true or false'),
  chat_template_kwargs: object,
  tools: listOf(tool),
  tool_choice: textOr(tool),
  response_format: looseRecord<WireFormat>({ json_schema: object }),
});

/** Why a vendor cannot read a body at all; `undefined` if it can. A field that is `null` is not given. */
export function findMalformed(body: WireRequest): string | undefined {
  const wrong = request(withoutNulls(body), '$');
  return (
    wrong &&
    `Failed to deserialize the JSON body into the target type: ${wrong.path.slice(2)} ${wrong.why}`
  );
}

/** A body without the fields that are `null`, which is how many clients write that they give none. Content may be null. */
export function withoutNulls(body: WireRequest): WireRequest {
  const { messages, ...rest } = given(body);
  if (!Array.isArray(messages)) return messages === undefined ? rest : { ...rest, messages };
  return {
    ...rest,
    messages: messages.map((each) =>
      isRecord(each)
        ? { ...given(each), ...('content' in each && { content: each.content }) }
        : each,
    ),
  };
}

function given<T extends Record<string, unknown>>(record: T): T {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null)) as T;
}
