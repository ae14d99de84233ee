// npx tsx examples/chat.ts "Why is the sky blue?"      one question
// npx tsx examples/chat.ts                             a conversation in the terminal; an empty line ends it
import { createInterface } from 'node:readline/promises';
import type { ChatCompletionMessageParam } from 'deepseek-v4-flash';
import { createClient, isChatError, providers } from 'deepseek-v4-flash';
import { startEmulator } from 'deepseek-v4-flash/testing';

const withKey = Object.values(providers).find(({ profile }) =>
  profile.apiKeyVariables.some((name) => process.env[name]),
);
const emulator = withKey ? undefined : await startEmulator({ delayMs: 20 });
const client = emulator
  ? createClient({ baseURL: emulator.baseURL('deepseek'), apiKey: 'none' })
  : createClient({ provider: withKey });
console.log(
  withKey ? `Vendor: ${withKey.profile.name}` : 'Vendor: the built-in emulator (no key is set)',
);

const messages: ChatCompletionMessageParam[] = [];
const dim = (text: string): string => (process.stdout.isTTY ? `\x1b[2m${text}\x1b[22m` : text);

async function ask(question: string): Promise<void> {
  messages.push({ role: 'user', content: question });
  const stream = client.chat.completions.stream({ messages });
  let isThinking = false;
  for await (const event of stream.events()) {
    if (event.type === 'reasoning.delta') {
      isThinking = true;
      process.stdout.write(dim(event.delta));
    } else if (event.type === 'content.delta') {
      if (isThinking) process.stdout.write('\n\n');
      isThinking = false;
      process.stdout.write(event.delta);
    }
  }
  const completion = await stream.finalCompletion();
  messages.push(completion.choices[0].message);
  const { usage, cost, timings } = stream.report;
  const tokens = `${usage?.prompt_tokens ?? '?'} + ${usage?.completion_tokens ?? '?'} tokens`;
  const price = emulator ? 'nothing billed' : cost ? `$${cost.usd}` : 'cost unknown';
  console.log(dim(`\n\n${tokens}, ${price}, ${timings.totalMs} ms`));
}

try {
  const question = process.argv.slice(2).join(' ');
  if (question) await ask(question);
  else {
    const terminal = createInterface({
      input: process.stdin,
      output: process.stdout,
      prompt: '\n> ',
    });
    terminal.prompt();
    for await (const line of terminal) {
      if (line.trim() === '') break;
      await ask(line);
      terminal.prompt();
    }
    terminal.close();
  }
} catch (error) {
  console.error(isChatError(error) ? `\n${error.code}: ${error.message}` : error);
  process.exitCode = 1;
} finally {
  await emulator?.close();
}
