import assert from 'node:assert/strict';
import { createClient, fetchTransport } from 'deepseek-v4-flash';
import { handlers } from 'deepseek-v4-flash/testing/msw';
import { setupServer } from 'msw/node';

const server = setupServer(...handlers());
server.listen({ onUnhandledRequest: 'error' });
const client = createClient({ apiKey: 'secret', transport: fetchTransport() });
const stream = await client.chat.completions.create({
  messages: [{ role: 'user', content: 'Hi' }],
  stream: true,
});
const completion = await stream.finalCompletion();
server.close();

assert.equal(completion.choices[0].finish_reason, 'stop');
console.log(`${completion.report.provider} by msw`);
