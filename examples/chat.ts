// npx tsx examples/chat.ts "Why is the sky blue?"      one question
// npx tsx examples/chat.ts                             a conversation in the terminal; an empty line ends it
// Ctrl-C stops the answer and keeps the conversation; twice, it ends the program.
import { createInterface } from 'node:readline/promises';
import type { ChatCompletionMessageParam, ChatStream } from 'deepseek-v4-flash';
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

let running: ChatStream | undefined;
let presses = 0;

function onCtrlC(): void {
  if (++presses > 1) process.exit(130);
  running?.abort();
  if (running === undefined) console.log(dim('\nCtrl-C once more ends this.'));
}

async function ask(question: string): Promise<void> {
  presses = 0;
  messages.push({ role: 'user', content: question });
  running = client.chat.completions.stream({ messages });
  try {
    await show(running);
  } catch (error) {
    if (!isChatError(error, 'aborted')) throw error;
    // What came of it is part of the conversation.
    const content = error.partial?.choices[0].message.content ?? '';
    if (content === '') messages.pop();
    else messages.push({ role: 'assistant', content });
    console.log(dim('\n\nstopped'));
  } finally {
    running = undefined;
  }
}

async function show(stream: ChatStream): Promise<void> {
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

process.on('SIGINT', onCtrlC);
try {
  const question = process.argv.slice(2).join(' ');
  if (question) await ask(question);
  else {
    const terminal = createInterface({
      input: process.stdin,
      output: process.stdout,
      prompt: '\n> ',
    });
    // In a terminal it is the prompt that sees the key.
    terminal.on('SIGINT', onCtrlC);
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
