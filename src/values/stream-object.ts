import type { Asker } from '../call/ask.ts';
import type { RequestOptions } from '../options/options.ts';
import { ChatStream } from '../stream/chat-stream.ts';
import type { StreamOutput } from '../stream/stream-output.ts';
import { deltaOf, formParams, refuseBesideSchema } from './answer-form.ts';
import type { ReadSchema } from './output-schema.ts';
import { readSchema } from './output-schema.ts';
import { createPartialObjectReader } from './partial-object.ts';
import type { Bound } from '../call/within-call.ts';
import { invalidOutput, readOutput, withParsed } from './read-output.ts';

/** A stream whose answer is held to a schema. @throws ChatError `invalid_request` for a schema that cannot be used */
export function streamObject<T>(
  asker: Asker,
  params: Record<string, unknown>,
  options: RequestOptions<unknown> | null | undefined,
): ChatStream<T> {
  const schema = readSchema(params.response_format, 'response_format');
  refuseBesideSchema(params);
  const asked = { params: { ...params, ...formParams(schema) }, options, isValidated: true };
  const output = createOutput(schema, asker.bound(options));
  return new ChatStream<T>({ ...asker.stream(asked), output });
}

function createOutput(schema: ReadSchema, bound: Bound): StreamOutput {
  return {
    grow() {
      const reader = createPartialObjectReader();
      return (chunk) => {
        const delta = deltaOf(chunk);
        return delta !== '' && reader.add(delta) ? reader.value : undefined;
      };
    },
    async finish(completion) {
      const output = await readOutput(completion, schema, bound);
      if (output.ok) return withParsed(completion, output.value);
      throw invalidOutput(completion, output);
    },
  };
}
