// The floor: what the work costs if nothing is checked. undici is the copy that the library uses too.

import { request } from '../../../node_modules/undici/index.js';
import { bareRequest } from '../request.mjs';

export function connect(baseURL) {
  const url = `${baseURL}/chat/completions`;
  return {
    async stream(answer) {
      const { body } = await request(url, bareRequest({ stream: true }));
      const decoder = new TextDecoder();
      let rest = '';
      for await (const bytes of body) {
        const blocks = (rest + decoder.decode(bytes, { stream: true })).split('\n\n');
        rest = blocks.pop();
        for (const block of blocks) {
          const data = block.slice(6);
          if (data !== '[DONE]') answer.addChunk(JSON.parse(data));
        }
      }
    },
    async whole(answer) {
      const { body } = await request(url, bareRequest());
      answer.addMessage((await body.json()).choices[0]);
    },
  };
}
