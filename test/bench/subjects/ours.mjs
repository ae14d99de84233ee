import { createClient } from '../../../dist/index.js';
import { apiKey, messages, tools } from '../request.mjs';

/** Over undici, the default on Node; `options` may choose another transport. */
export function connect(baseURL, options = {}) {
  const client = createClient({ baseURL, apiKey, ...options });
  return {
    async stream(answer) {
      const stream = await client.chat.completions.create({ messages, stream: true });
      for await (const chunk of stream) answer.addChunk(chunk);
    },
    async streamTools(answer) {
      const params = { messages, tools, stream: true };
      const stream = await client.chat.completions.create(params);
      for await (const chunk of stream) answer.addChunk(chunk);
    },
    async whole(answer) {
      const completion = await client.chat.completions.create({ messages });
      answer.addMessage(completion.choices[0]);
    },
    /** Reads the growing object; `undefined` where this build has none. */
    async partialObject(schema) {
      const stream = client.chat.completions.stream({ messages, response_format: schema });
      if (typeof stream.partialObject !== 'function') {
        stream.abort();
        return undefined;
      }
      let last;
      let count = 0;
      for await (const partial of stream.partialObject()) {
        last = partial;
        count += 1;
      }
      return { last, count };
    },
  };
}
