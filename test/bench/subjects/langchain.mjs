import { ChatDeepSeek } from '@langchain/deepseek';
import { apiKey, messages, model as modelId } from '../request.mjs';

function add(answer, { content, additional_kwargs: more, response_metadata: metadata }) {
  answer.addReasoning(more.reasoning_content);
  answer.addText(content);
  if (metadata.finish_reason) answer.finish = metadata.finish_reason;
}

export function connect(baseURL) {
  const model = new ChatDeepSeek({ model: modelId, apiKey, configuration: { baseURL } });
  return {
    async stream(answer) {
      for await (const chunk of await model.stream(messages)) add(answer, chunk);
    },
    async whole(answer) {
      add(answer, await model.invoke(messages));
    },
  };
}
