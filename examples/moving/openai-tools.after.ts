import { createClient, tool } from 'deepseek-v4-flash';
import * as z from 'zod';

const client = createClient();
const weather = tool({
  name: 'weather',
  description: 'The weather in a city, now',
  parameters: z.object({ city: z.string() }),
  execute: ({ city }) => ({ city, temperature: 21 }),
});

const run = client.chat.completions.runTools({
  messages: [{ role: 'user', content: 'Do I need a coat in Oslo?' }],
  tools: [weather],
  maxSteps: 5,
});
const { completion, messages, end, cost } = await run.final();
console.log(completion.text);
console.log(end, messages.length, 'messages,', cost?.usd, 'USD');
