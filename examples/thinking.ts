// Thinking on, off, and with an effort: one spelling for all vendors, and the report says what each could do.
import type { ChatCompletionCreateParamsBase, ProviderId } from 'deepseek-v4-flash';
import { createClient, providers } from 'deepseek-v4-flash';
import { createEmulator } from 'deepseek-v4-flash/testing';

const { transport } = createEmulator();
const switches: Record<string, Partial<ChatCompletionCreateParamsBase>> = {
  on: { thinking: { type: 'enabled' } },
  off: { thinking: { type: 'disabled' } },
  'effort low': { reasoning_effort: 'low' },
};

for (const provider of Object.keys(providers) as ProviderId[]) {
  const client = createClient({ provider, apiKey: 'none', transport, onUnsupported: 'adjust' });
  for (const [name, params] of Object.entries(switches)) {
    const completion = await client.chat.completions.create({
      messages: [{ role: 'user', content: 'What is 17 times 23?' }],
      ...params,
    });
    const reasoned = completion.choices[0].message.reasoning_content?.length ?? 0;
    const changes = completion.report.adjustments.map(({ param, action }) => `${param} ${action}`);
    console.log(`${provider}, ${name}: ${reasoned} characters of reasoning`, ...changes);
  }
}
