// npx tsx examples/failover.ts
// Two vendors as one. The first one is killed in the middle of its answer, while you watch; the second one takes over.
import { createClient } from 'deepseek-v4-flash';
import { faults, startEmulator } from 'deepseek-v4-flash/testing';

// Vendors on sockets of this machine: no key is needed, and nothing is billed.
const emulator = await startEmulator({ delayMs: 40 });
emulator.reply(
  {
    ...faults.cutAfterEvents(8, 'reset'),
    answer: {
      content: 'Light of short waves is scattered more, which is why the sky',
      reasoning_content: '',
    },
  },
  {
    content: 'Air scatters blue light more than red light.',
    reasoning_content: '',
    usage: { prompt_tokens: 9, completion_tokens: 12, cached_tokens: 0 },
  },
);

const client = createClient({
  providers: [
    { provider: 'deepseek', baseURL: emulator.baseURL('deepseek'), apiKey: 'any' },
    { provider: 'shortapi', baseURL: emulator.baseURL('shortapi'), apiKey: 'any' },
  ],
  onInterrupted: 'restart',
  onUnsupported: 'adjust',
});

const stream = client.chat.completions.stream({
  messages: [{ role: 'user', content: 'Why is the sky blue?' }],
});
for await (const event of stream.events()) {
  if (event.type === 'content.delta') process.stdout.write(event.delta);
  // What was shown so far is void.
  else if (event.type === 'reset') process.stdout.write(' ✂ killed\n');
}

const { report } = await stream.finalCompletion();
console.log('\n');
console.table(
  report.attempts.map(({ provider, status, error, durationMs }) => ({
    provider,
    status,
    outcome: error ?? 'answered',
    ms: durationMs,
  })),
);
const { usd = '?', unpriced = 0 } = report.cost ?? {};
console.log(`Cost: $${usd}${unpriced > 0 ? `, and ${unpriced} attempt that may be billed` : ''}`);
for (const { message } of report.issues) console.log(`Note: ${message}`);
console.log('Health:', client.health());

await client.close();
await emulator.close();
