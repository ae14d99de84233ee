import type { Encoding } from './encoding.ts';

/** The form of the answer. What has to be said in words is added by {@link jsonInstruction}. */
export function encodeFormat({ request, profile, body, callerPath, adjust }: Encoding): void {
  const { response_format: format } = request;
  if (format === undefined) return;
  if (profile.jsonSchema === 'dropped') {
    const reason = `${profile.name} documents no \`response_format\`; a system message asks for the form`;
    adjust({
      param: 'response_format',
      action: 'dropped',
      lossy: !request.isValidated,
      from: { type: format.type },
      reason,
    });
    return;
  }
  if (format.type === 'json_object') {
    body.response_format = format;
    return;
  }
  const definition = withoutNull(format.json_schema);
  if (profile.jsonSchema === 'json_object') {
    body.response_format = { type: 'json_object' };
    const reason = `${profile.name} documents no \`json_schema\`; the schema goes into a system message`;
    const [from, to] = [{ type: 'json_schema' }, body.response_format];
    const lossy = !request.isValidated;
    adjust({ param: 'response_format', action: 'mapped', lossy, from, to, reason });
    return;
  }
  body.response_format = {
    type: 'json_schema',
    json_schema: definition,
    ...(profile.jsonSchema === 'sent with schema' &&
      definition.schema !== undefined && { schema: definition.schema }),
  };
  const canonical = 'response_format.json_schema.schema';
  const param = callerPath(canonical);
  if (param !== canonical) {
    const reason = 'the place where OpenAI and this vendor put it';
    adjust({ param, action: 'renamed', lossy: false, from: param, to: canonical, reason });
  }
}

function withoutNull(record: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value != null));
}

/**
 * The system message that JSON mode needs: the schema where the vendor has no place for one, else the word "json" if
 * no message has it (DeepSeek answers 400 without). `undefined` if nothing is needed.
 */
export function jsonInstruction(
  { request, profile }: Encoding,
  messages: readonly { content?: unknown }[],
): { text: string; reason: string } | undefined {
  const { response_format: format } = request;
  const hasPlace = profile.jsonSchema === 'sent' || profile.jsonSchema === 'sent with schema';
  if (format?.type === 'json_schema' && !hasPlace) {
    const { schema, description } = format.json_schema;
    const lines = ['Answer with one JSON object and nothing else.'];
    if (description != null) lines.push(description);
    if (schema != null) lines.push(`It must fit this JSON Schema: ${JSON.stringify(schema)}`);
    return {
      text: lines.join('\n'),
      reason: 'the only place where this vendor accepts a schema',
    };
  }
  if (format?.type !== 'json_object' || messages.some(mentionsJson)) return undefined;
  return {
    text: 'Answer with one JSON object and nothing else.',
    reason: 'JSON mode is refused unless a message contains the word "json"',
  };
}

function mentionsJson({ content }: { content?: unknown }): boolean {
  const texts = Array.isArray(content)
    ? content.map((part: { text?: unknown }) => part.text)
    : [content];
  return texts.some((text) => typeof text === 'string' && /json/i.test(text));
}
