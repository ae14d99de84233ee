import OpenAI from 'openai';
import { apiKey, messages, model, tools } from '../request.mjs';

export function connect(baseURL) {
  const { completions } = new OpenAI({ baseURL, apiKey }).chat;
  return {
    async stream(answer) {
      const stream = await completions.create({ model, messages, stream: true });
      for await (const chunk of stream) answer.addChunk(chunk);
    },
    async streamTools(answer) {
      const stream = await completions.create({ model, messages, tools, stream: true });
      for await (const chunk of stream) answer.addChunk(chunk);
    },
    async whole(answer) {
      const completion = await completions.create({ model, messages });
      answer.addMessage(completion.choices[0]);
    },
  };
}
