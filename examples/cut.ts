// npx tsx examples/cut.ts      a stream that breaks off is an error, and what had arrived is on it
import { createClient, isChatError } from 'deepseek-v4-flash';
import { faults, startEmulator } from 'deepseek-v4-flash/testing';

const emulator = await startEmulator({ delayMs: 20 });
const client = createClient({ baseURL: emulator.baseURL('deepseek'), apiKey: 'none' });

emulator.reply({
  ...faults.cutAfterEvents(14, 'reset'),
  answer: {
    reasoning_content: '',
    content:
      'Mix 500 g of flour with 350 g of water, add salt and yeast, and knead for ten minutes.',
  },
});
const stream = client.chat.completions.stream({
  messages: [{ role: 'user', content: 'A recipe for bread, please.' }],
});
try {
  for await (const text of stream.text()) process.stdout.write(text);
} catch (error) {
  if (!isChatError(error, 'stream_interrupted')) throw error;
  console.log(`\n\n${error.code}: ${error.message}`);
  console.log('What had arrived:', error.partial?.choices[0].message);
}
await emulator.close();
