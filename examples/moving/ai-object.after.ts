import { createClient, isChatError } from 'deepseek-v4-flash';
import * as z from 'zod';

const client = createClient();
const Recipe = z.object({ title: z.string(), minutes: z.number(), steps: z.array(z.string()) });

try {
  const { choices, usage } = await client.chat.completions.parse({
    messages: [{ role: 'user', content: 'A recipe for bread, please.' }],
    response_format: Recipe,
    thinking: { type: 'disabled' },
  });
  const { title, minutes } = choices[0].message.parsed;
  console.log(title, minutes, usage?.completion_tokens);
} catch (error) {
  process.exitCode = 1;
  if (!isChatError(error, 'invalid_output')) throw error;
  console.error('no object:', error.partial?.choices[0].message.content);
}
