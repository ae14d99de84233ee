import type { ChatCompletionMessageParam } from 'deepseek-v4-flash';
import { createClient, isChatError } from 'deepseek-v4-flash';

const client = createClient();

const messages: ChatCompletionMessageParam[] = [{ role: 'user', content: 'Why is the sky blue?' }];

try {
  const stream = await client.chat.completions.create({ messages, stream: true });
  for await (const chunk of stream) {
    const delta = chunk.choices[0]?.delta;
    process.stdout.write(delta?.reasoning_content ?? delta?.content ?? '');
  }
  const { completion, usage, cost } = stream.report;
  console.log('\n', completion, usage?.completion_tokens, 'tokens,', cost?.usd, 'USD');
} catch (error) {
  process.exitCode = 1;
  if (isChatError(error, 'rate_limit')) console.error('wait', error.retryAfterMs, 'ms');
  else if (isChatError(error)) console.error(error.code, error.status, error.message);
  else throw error;
}
