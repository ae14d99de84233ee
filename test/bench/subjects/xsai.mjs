import { generateText, streamText } from 'xsai';
import { apiKey, messages, model } from '../request.mjs';

export function connect(baseURL) {
  const options = { apiKey, baseURL: `${baseURL}/`, messages, model };
  return {
    async stream(answer) {
      for await (const event of streamText(options).fullStream) {
        if (event.type === 'text-delta') answer.addText(event.text);
        else if (event.type === 'reasoning-delta') answer.addReasoning(event.text);
        else if (event.type === 'finish') answer.finish = event.finishReason;
      }
    },
    async whole(answer) {
      const { text, reasoningText, finishReason } = await generateText(options);
      answer.addReasoning(reasoningText);
      answer.addText(text);
      answer.finish = finishReason;
    },
  };
}
