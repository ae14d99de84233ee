import { createDeepSeek } from '@ai-sdk/deepseek';
import { generateText, streamText } from 'ai';
import { apiKey, messages, model as modelId } from '../request.mjs';

export function connect(baseURL) {
  const model = createDeepSeek({ baseURL, apiKey })(modelId);
  return {
    async stream(answer) {
      for await (const part of streamText({ model, messages }).fullStream) {
        if (part.type === 'text-delta') answer.addText(part.text);
        else if (part.type === 'reasoning-delta') answer.addReasoning(part.text);
        else if (part.type === 'finish') answer.finish = part.finishReason;
        else if (part.type === 'error') throw part.error;
      }
    },
    async whole(answer) {
      const { text, reasoningText, finishReason } = await generateText({ model, messages });
      answer.addReasoning(reasoningText);
      answer.addText(text);
      answer.finish = finishReason;
    },
  };
}
