import OpenAI from 'openai';
import { createFetch } from 'deepseek-v4-flash/gateway';

const client = new OpenAI({
  apiKey: 'none', // the vendor's own is in DEEPSEEK_API_KEY
  fetch: createFetch({ provider: 'deepseek' }),
});

const { choices } = await client.chat.completions.create({
  model: 'deepseek-v4-flash',
  messages: [{ role: 'user', content: 'Why is the sky blue?' }],
});
console.log(choices[0]?.message.content);
