// One request, the wire body of each vendor, and what was changed for each. Sends nothing and needs no key.
import type { ChatCompletionCreateParamsBase, ProviderId } from 'deepseek-v4-flash';
import { createClient, providers } from 'deepseek-v4-flash';

const request: ChatCompletionCreateParamsBase = {
  messages: [
    { role: 'developer', content: 'Be brief.' },
    { role: 'user', content: 'Name a prime number.' },
  ],
  max_completion_tokens: 20_000,
  thinking: { type: 'enabled' },
  reasoning_effort: 'medium',
  seed: 0,
  user_id: 'user-7',
};

for (const provider of Object.keys(providers) as ProviderId[]) {
  const client = createClient({ provider });
  const { url, body, adjustments } = client.chat.completions.prepare(request);
  const { messages: _messages, ...rest } = body;
  console.log(`\n${provider}: POST ${url}\n  ${JSON.stringify(rest)}`);
  for (const { param, action, lossy, from, to, reason } of adjustments) {
    const change = `${JSON.stringify(from)} → ${JSON.stringify(to)}`;
    console.log(`  ${lossy ? '!' : ' '} ${param} ${action}: ${change} (${reason})`);
  }
}
