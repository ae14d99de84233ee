// The smallest stream. Runs against the emulator; with a key, `createClient()` alone is enough.
import { createClient } from 'deepseek-v4-flash';
import { createEmulator } from 'deepseek-v4-flash/testing';

const client = createClient({ apiKey: 'none', transport: createEmulator().transport });

const stream = await client.chat.completions.create({
  messages: [{ role: 'user', content: 'Say hello.' }],
  stream: true,
});
for await (const chunk of stream) {
  const { reasoning_content, content } = chunk.choices[0]?.delta ?? {};
  process.stdout.write(content ?? reasoning_content ?? '');
}

const completion = await stream.finalCompletion();
console.log('\n---');
console.log(completion.choices[0].finish_reason, stream.report.usage);
