import { createClient } from 'deepseek-v4-flash';
import * as z from 'zod';

const Recipe = z.object({ title: z.string(), minutes: z.number(), steps: z.array(z.string()) });
const client = createClient();

const { choices } = await client.chat.completions.parse({
  messages: [{ role: 'user', content: 'A recipe for bread, please.' }],
  response_format: Recipe,
  thinking: { type: 'disabled' },
});
const { title, minutes } = choices[0].message.parsed;
console.log(title, minutes);
