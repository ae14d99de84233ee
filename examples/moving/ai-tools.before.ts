import { createDeepSeek } from '@ai-sdk/deepseek';
import { stepCountIs, streamText, tool } from 'ai';
import * as z from 'zod';

const deepseek = createDeepSeek({ apiKey: process.env.DEEPSEEK_API_KEY ?? '' });

const result = streamText({
  model: deepseek('deepseek-v4-flash'),
  system: 'Be brief.',
  prompt: 'Do I need a coat in Oslo?',
  tools: {
    weather: tool({
      description: 'The weather in a city, now',
      inputSchema: z.object({ city: z.string() }),
      execute: async ({ city }) => ({ city, temperature: 21 }),
    }),
  },
  stopWhen: stepCountIs(5),
  maxOutputTokens: 2_000,
});

for await (const part of result.fullStream) {
  if (part.type === 'reasoning-delta') process.stdout.write(part.text);
  if (part.type === 'text-delta') process.stdout.write(part.text);
  if (part.type === 'tool-result') console.log('\n→', part.toolName, part.output);
  if (part.type === 'error') throw part.error;
}
const { outputTokens } = await result.totalUsage;
console.log('\n', await result.finishReason, outputTokens, 'tokens');
