// The same loop over the `fetch` of Node: the floor of all that use it.

import { bareRequest } from '../request.mjs';

export function connect(baseURL) {
  const url = `${baseURL}/chat/completions`;
  return {
    async stream(answer) {
      const { body } = await fetch(url, bareRequest({ stream: true }));
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
      const response = await fetch(url, bareRequest());
      answer.addMessage((await response.json()).choices[0]);
    },
  };
}
