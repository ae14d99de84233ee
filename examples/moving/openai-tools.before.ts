import OpenAI from 'openai';
import * as z from 'zod';

const client = new OpenAI({
  baseURL: 'https://api.deepseek.com',
  apiKey: process.env.DEEPSEEK_API_KEY,
});
const City = z.object({ city: z.string() });
const weather = ({ city }: z.infer<typeof City>): object => ({ city, temperature: 21 });

const messages: OpenAI.ChatCompletionMessageParam[] = [
  { role: 'user', content: 'Do I need a coat in Oslo?' },
];
for (let step = 0; step < 5; step++) {
  const { choices } = await client.chat.completions.create({
    model: 'deepseek-v4-flash',
    messages,
    tools: [
      {
        type: 'function',
        function: { name: 'weather', parameters: z.toJSONSchema(City) },
      },
    ],
  });
  const message = choices[0]?.message;
  if (message === undefined) throw new Error('The answer is empty');
  messages.push(message);
  if (!message.tool_calls?.length) {
    console.log(message.content);
    break;
  }
  for (const call of message.tool_calls) {
    if (call.type !== 'function') continue;
    // Throws if the model wrote no JSON, or other arguments.
    const args = City.parse(JSON.parse(call.function.arguments));
    messages.push({ role: 'tool', tool_call_id: call.id, content: JSON.stringify(weather(args)) });
  }
}
