import { createClient, tool } from 'deepseek-v4-flash';
import * as z from 'zod';

const client = createClient();

const run = client.chat.completions.runTools({
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Do I need a coat in Oslo?' },
  ],
  tools: [
    tool({
      name: 'weather',
      description: 'The weather in a city, now',
      parameters: z.object({ city: z.string() }),
      execute: async ({ city }) => ({ city, temperature: 21 }),
    }),
  ],
  maxSteps: 5,
  max_tokens: 2_000,
});

for await (const event of run.events()) {
  if (event.type === 'reasoning.delta') process.stdout.write(event.delta);
  if (event.type === 'content.delta') process.stdout.write(event.delta);
  if (event.type === 'tool.result') console.log('\n→', event.result.content);
}
const { end, usage, cost } = await run.final();
console.log('\n', end, usage?.completion_tokens, 'tokens,', cost?.usd, 'USD');
