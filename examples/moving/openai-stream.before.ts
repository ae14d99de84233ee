import OpenAI, { APIError, RateLimitError } from 'openai';

const client = new OpenAI({
  baseURL: 'https://api.deepseek.com',
  apiKey: process.env.DEEPSEEK_API_KEY,
});

const messages: OpenAI.ChatCompletionMessageParam[] = [
  { role: 'user', content: 'Why is the sky blue?' },
];

try {
  const stream = await client.chat.completions.create({
    model: 'deepseek-v4-flash',
    messages,
    stream: true,
    stream_options: { include_usage: true },
  });
  for await (const chunk of stream) {
    // The types do not know reasoning.
    const delta: { content?: string | null; reasoning_content?: string | null } | undefined =
      chunk.choices[0]?.delta;
    process.stdout.write(delta?.reasoning_content ?? delta?.content ?? '');
    if (chunk.usage) console.log('\n', chunk.usage.completion_tokens, 'tokens');
  }
} catch (error) {
  process.exitCode = 1;
  if (error instanceof RateLimitError) console.error('wait', error.headers?.get('retry-after'));
  else if (error instanceof APIError) console.error(error.status, error.message);
  else throw error;
}
