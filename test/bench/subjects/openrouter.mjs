// Speaks only OpenRouter's own dialect, which calls the reasoning `reasoning`; the server answers it so.

import { OpenRouter } from '@openrouter/sdk';
import { apiKey, messages, model } from '../request.mjs';

export function connect(serverURL) {
  const { chat } = new OpenRouter({ apiKey, serverURL });
  return {
    async stream(answer) {
      const stream = await chat.send({ chatRequest: { model, messages, stream: true } });
      for await (const { choices } of stream) {
        if (choices.length === 0) continue;
        const [{ delta, finishReason }] = choices;
        answer.addReasoning(delta.reasoning);
        answer.addText(delta.content);
        if (finishReason) answer.finish = finishReason;
      }
    },
    async whole(answer) {
      const { choices } = await chat.send({ chatRequest: { model, messages } });
      const [{ message, finishReason }] = choices;
      answer.addReasoning(message.reasoning);
      answer.addText(message.content);
      answer.finish = finishReason;
    },
  };
}
