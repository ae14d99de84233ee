// The bare loop with a correct parser of server-sent events in place of `split`.

import { createParser } from '../../../node_modules/eventsource-parser/dist/index.js';
import { request } from '../../../node_modules/undici/index.js';
import { bareRequest } from '../request.mjs';

export function connect(baseURL) {
  const url = `${baseURL}/chat/completions`;
  return {
    async stream(answer) {
      const { body } = await request(url, bareRequest({ stream: true }));
      const decoder = new TextDecoder();
      const parser = createParser({
        onEvent({ data }) {
          if (data !== '[DONE]') answer.addChunk(JSON.parse(data));
        },
      });
      for await (const bytes of body) parser.feed(decoder.decode(bytes, { stream: true }));
    },
  };
}
