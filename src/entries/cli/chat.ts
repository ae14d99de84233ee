import type {
  ChatCompletionCreateParamsBase,
  ChatCompletionMessageParam,
  ChatStream,
  Client,
  Provider,
} from '../../index.ts';
import { createClient, isChatError } from '../../index.ts';
import type { Command } from './command.ts';
import type { Arguments } from './read-arguments.ts';
import { misuse } from './read-arguments.ts';
import type { Terminal } from './terminal.ts';
import { allVendors, findVendor, keyOf, requireKey } from './vendors.ts';

const help = `Asks the model, and prints the answer as it comes.

Usage: deepseek-v4-flash chat [options] "question"
       command | deepseek-v4-flash chat [options]     the question is standard input
       deepseek-v4-flash chat [options]               a conversation; an empty line ends it

Options:
  --vendor <id>       the vendor to ask (default: the first one whose key is set; without a key, the
                      built-in emulator, which needs no network)
  --emulator          ask the built-in emulator, whatever keys are set
  --model <name>      the model (default: deepseek-v4-flash)
  --system <text>     a system message
  --thinking <on|off> whether the model thinks before it answers (default: the vendor's)
  --max-tokens <n>    most tokens of the answer
  --json              print the whole answer and its report as JSON when it is done
  -h, --help          print this

The answer goes to standard output; the vendor, the thinking, the tokens and the cost to standard error.
`;

export const chat: Command = {
  summary: 'ask the model, and print the answer as it comes',
  help,
  flags: {
    vendor: { type: 'string' },
    emulator: { type: 'boolean' },
    model: { type: 'string' },
    system: { type: 'string' },
    thinking: { type: 'string' },
    'max-tokens': { type: 'string' },
    json: { type: 'boolean' },
  },
  async run(given, terminal) {
    const params = paramsOf(given);
    const asJSON = given.has('json');
    const { client, isBilled, close } = await open(given, terminal);
    const asker = { client, params, isBilled, asJSON, terminal };
    try {
      const question = given.words.join(' ') || (await piped(terminal));
      if (question === undefined) return await converse(asker);
      if (question.trim() === '') throw misuse('', 'The question is empty.');
      return await ask(asker, [...params.messages, { role: 'user', content: question }]);
    } finally {
      await close();
    }
  },
};

interface Asker {
  client: Client;
  params: ChatCompletionCreateParamsBase;
  isBilled: boolean;
  asJSON: boolean;
  terminal: Terminal;
}

function paramsOf(given: Arguments): ChatCompletionCreateParamsBase {
  const system = given.text('system');
  const model = given.text('model');
  const thinking = given.text('thinking');
  if (thinking !== undefined && thinking !== 'on' && thinking !== 'off') {
    throw misuse('thinking', '--thinking must be on or off.');
  }
  return {
    messages: system === undefined ? [] : [{ role: 'system', content: system }],
    model,
    max_tokens: given.count('max-tokens', 1, 1_000_000),
    thinking: thinking && { type: thinking === 'on' ? 'enabled' : 'disabled' },
  };
}

/** The vendor that is asked for, or has a key; else the emulator, which is said. */
async function open(
  given: Arguments,
  terminal: Terminal,
): Promise<{ client: Client; isBilled: boolean; close(): Promise<void> }> {
  const id = given.text('vendor');
  const vendor = vendorOf(id, given.has('emulator'), terminal);
  if (vendor !== undefined) {
    const client = createClient({ provider: vendor, apiKey: requireKey(vendor, terminal) });
    terminal.whisper(`Vendor: ${vendor.profile.name}\n\n`);
    return { client: client as Client, isBilled: true, close: () => client.close() };
  }
  const { startEmulator } = await import('../../testing/index.ts');
  const emulator = await startEmulator({ delayMs: 20 });
  const provider = findVendor(id ?? allVendors[0]?.id ?? '');
  const baseURL = emulator.baseURL(provider);
  const client = createClient({ provider, baseURL, apiKey: 'emulated' }) as Client;
  const why = given.has('emulator') ? '' : ' (no key is set)';
  terminal.whisper(`Vendor: the built-in emulator${why}\n\n`);
  const close = async (): Promise<void> => {
    await client.close();
    await emulator.close();
  };
  return { client, isBilled: false, close };
}

/** `undefined` for the emulator. A vendor that is named is not replaced by it, unless that is asked for. */
function vendorOf(
  id: string | undefined,
  isEmulated: boolean,
  terminal: Terminal,
): Provider | undefined {
  const named = id === undefined ? undefined : findVendor(id);
  if (isEmulated) return undefined;
  return named ?? allVendors.find((each) => keyOf(each, terminal) !== undefined);
}

async function piped({ input }: Terminal): Promise<string | undefined> {
  if (input.isTTY) return undefined;
  let text = '';
  for await (const piece of input) text += String(piece);
  return text;
}

/** One question. @returns the exit code */
async function ask(asker: Asker, messages: ChatCompletionMessageParam[]): Promise<number> {
  const { client, params, terminal } = asker;
  const stream = client.chat.completions.stream({ ...params, messages });
  const remove = terminal.onStop(() => stream.abort());
  try {
    await show(asker, stream);
    return 0;
  } catch (error) {
    if (!isChatError(error, 'aborted')) throw error;
    terminal.whisper('\n\nstopped\n');
    return 130;
  } finally {
    remove();
  }
}

async function show(
  { asJSON, isBilled, terminal }: Asker,
  stream: ChatStream,
): Promise<ChatCompletionMessageParam> {
  let isThinking = false;
  for await (const event of stream.events()) {
    if (event.type === 'reasoning.delta') {
      isThinking = true;
      terminal.whisper(event.delta);
    } else if (event.type === 'content.delta') {
      if (isThinking) terminal.tell('\n\n');
      isThinking = false;
      if (!asJSON) terminal.print(event.delta);
    }
  }
  const completion = await stream.finalCompletion();
  const { report } = stream;
  terminal.print(asJSON ? `${JSON.stringify({ ...completion, report }, null, 2)}\n` : '\n');
  const { usage, cost, timings } = report;
  const tokens = `${usage?.prompt_tokens ?? '?'} + ${usage?.completion_tokens ?? '?'} tokens`;
  const price = !isBilled ? 'nothing billed' : cost ? `$${cost.usd}` : 'cost unknown';
  const cut = report.completion === 'complete' ? '' : `, ${report.completion}`;
  terminal.whisper(`\n${tokens}, ${price}, ${timings.totalMs} ms${cut}\n`);
  return completion.choices[0].message;
}

/** Question after question, until an empty line. Ctrl-C stops the answer; between answers, it ends the conversation. */
async function converse(asker: Asker): Promise<number> {
  const { terminal, client, params } = asker;
  const messages = [...params.messages];
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({
    input: terminal.input,
    output: terminal.prompts,
    prompt: '\n> ',
  });
  let running: ChatStream | undefined;
  let isStopped = false;
  lines.on('SIGINT', () => {
    if (running !== undefined) return running.abort();
    isStopped = true;
    lines.close();
  });
  lines.prompt();
  for await (const line of lines) {
    if (line.trim() === '') break;
    messages.push({ role: 'user', content: line });
    running = client.chat.completions.stream({ ...params, messages });
    try {
      messages.push(await show(asker, running));
    } catch (error) {
      if (!isChatError(error, 'aborted')) throw error;
      // What came of it is part of the conversation.
      const content = error.partial?.choices[0].message.content ?? '';
      if (content === '') messages.pop();
      else messages.push({ role: 'assistant', content });
      terminal.whisper('\n\nstopped\n');
    }
    running = undefined;
    lines.prompt();
  }
  lines.close();
  return isStopped ? 130 : 0;
}
