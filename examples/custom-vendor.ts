// A vendor of your own is its facts. Here: a gateway with a cap of its own, its own field, and a model id prefix.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient, defineProvider } from 'deepseek-v4-flash';

const server = createServer((request, response) => {
  request.on('data', (body: Buffer) => console.log('received:', body.toString()));
  const message = { role: 'assistant', content: 'Hello from the seventh.' };
  response.end(JSON.stringify({ choices: [{ index: 0, message, finish_reason: 'stop' }] }));
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

const seventh = defineProvider({
  id: 'seventh',
  name: 'Seventh',
  baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
  apiKeyVariables: ['SEVENTH_KEY'],
  modelPrefix: 'seventh/',
  caps: { max_tokens: 4096 },
  thinking: { off: 'thinking.type', on: 'thinking.type' },
  parameters: { seed: 'dropped' },
});

const client = createClient({ provider: seventh, apiKey: 'none', onUnsupported: 'adjust' });
const completion = await client.chat.completions.create({
  messages: [{ role: 'user', content: 'Hello?' }],
  max_tokens: 10_000,
  thinking: { type: 'disabled' },
  seed: 7,
});
console.log('answered:', completion.choices[0].message.content);
console.log(completion.report.adjustments);
server.close();
