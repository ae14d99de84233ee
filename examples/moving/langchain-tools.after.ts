import { createClient, tool } from 'deepseek-v4-flash';
import * as z from 'zod';

const weather = tool({
  name: 'weather',
  description: 'The weather in a city, now',
  parameters: z.object({ city: z.string() }),
  execute: ({ city }) => ({ city, temperature: 21 }),
});
const client = createClient();

const run = client.chat.completions.runTools({
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Do I need a coat in Oslo?' },
  ],
  tools: [weather],
  maxSteps: 5,
  max_tokens: 2_000,
});
const { completion, end } = await run.final();
console.log(completion.text, end);
