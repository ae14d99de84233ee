import type { BaseMessage } from '@langchain/core/messages';
import { HumanMessage, SystemMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatDeepSeek } from '@langchain/deepseek';
import * as z from 'zod';

const weather = tool(({ city }) => JSON.stringify({ city, temperature: 21 }), {
  name: 'weather',
  description: 'The weather in a city, now',
  schema: z.object({ city: z.string() }),
});
const model = new ChatDeepSeek({
  model: 'deepseek-v4-flash',
  maxTokens: 2_000,
  // Off, since the reasoning of the first step would not be sent back in the second.
  modelKwargs: { thinking: { type: 'disabled' } },
}).bindTools([weather]);

const messages: BaseMessage[] = [
  new SystemMessage('Be brief.'),
  new HumanMessage('Do I need a coat in Oslo?'),
];
for (let step = 0; step < 5; step++) {
  const answer = await model.invoke(messages);
  messages.push(answer);
  if (!answer.tool_calls?.length) {
    console.log(answer.text);
    break;
  }
  for (const call of answer.tool_calls) messages.push(await weather.invoke(call));
}
