// npx tsx examples/tools.ts "Which license has this project?"
// The model reads files of this repository until it can answer. Without a key, a script plays the model.
import { readdir, readFile, realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import type { ChatCompletionMessageParam } from 'deepseek-v4-flash';
import { createClient, isChatError, providers, tool } from 'deepseek-v4-flash';
import type { EmulatorAnswer, EmulatorRequest } from 'deepseek-v4-flash/testing';
import { createEmulator } from 'deepseek-v4-flash/testing';
import * as z from 'zod';

const root = await realpath(resolve(import.meta.dirname, '..'));

/** A path of the model's is input like any other: nothing outside of the repository, also by way of a link. */
async function inside(path: string): Promise<string> {
  const found = await realpath(resolve(root, path));
  if (found !== root && !found.startsWith(root + sep)) throw new Error(`${path} is outside`);
  return found;
}

const tools = [
  tool({
    name: 'list_files',
    description: 'Names of the files in a folder of the repository; "." is its top',
    parameters: z.object({ folder: z.string() }),
    async execute({ folder }) {
      const entries = await readdir(await inside(folder), { withFileTypes: true });
      const shown = entries.filter(({ name }) => !name.startsWith('.') && name !== 'node_modules');
      return shown.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
    },
  }),
  tool({
    name: 'read_file',
    description: 'Text of a file of the repository, from a line on',
    parameters: z.object({
      path: z.string(),
      from_line: z.int().min(1).default(1),
      lines: z.int().min(1).max(400).default(200),
    }),
    async execute({ path, from_line, lines }, { signal }) {
      const text = await readFile(await inside(path), { encoding: 'utf8', signal });
      return text
        .split('\n')
        .slice(from_line - 1, from_line - 1 + lines)
        .join('\n');
    },
  }),
];

/** Looks at the top, reads what looks like a license, and quotes it. */
function playModel({ body }: EmulatorRequest): EmulatorAnswer {
  const results = body?.messages?.filter(({ role }) => role === 'tool') ?? [];
  const last = String(results.at(-1)?.content);
  if (results.length === 0) {
    return { tool_calls: [{ name: 'list_files', arguments: { folder: '.' } }] };
  }
  if (results.length === 1) {
    const path = (JSON.parse(last) as string[]).find((name) => /licen/i.test(name));
    return { tool_calls: [{ name: 'read_file', arguments: { path, lines: 5 } }] };
  }
  const [license, , holder] = last.split('\n');
  return { content: `The file begins with "${license}" and goes on with "${holder}".` };
}

const withKey = Object.values(providers).find(({ profile }) =>
  profile.apiKeyVariables.some((name) => process.env[name]),
);
const client = withKey
  ? createClient({ provider: withKey })
  : createClient({ apiKey: 'none', transport: createEmulator({ answer: playModel }).transport });
console.log(withKey ? `Vendor: ${withKey.profile.name}` : 'Vendor: a script (no key is set)');

const question =
  process.argv.slice(2).join(' ') || 'Which license has this project, and who holds it?';
const messages: ChatCompletionMessageParam[] = [
  {
    role: 'system',
    content: 'You answer questions about a code repository. Look before you answer.',
  },
  { role: 'user', content: question },
];

try {
  const run = client.chat.completions.runTools({ messages, tools, maxSteps: 12 });
  for await (const event of run.events()) {
    if (event.type === 'tool.start') console.log('→', event.tool_call.function.name, event.args);
    else if (event.type === 'tool.result')
      console.log('←', event.result.content.length, 'characters');
    else if (event.type === 'content.delta') process.stdout.write(event.delta);
  }
  const { steps, usage, cost, end } = await run.final();
  console.log(
    `\n\n${end} after ${steps.length} steps, ${usage?.total_tokens} tokens, $${cost?.usd ?? '?'}`,
  );
} catch (error) {
  console.error(isChatError(error) ? `${error.code}: ${error.message}` : error);
  process.exitCode = 1;
}
